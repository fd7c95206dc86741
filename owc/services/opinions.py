"""What a result makes of its sub-job: believed, another volunteer asked, or run by the hub.

Inside a Change that someone else began. The rules are `owc.domain.quorum` and `owc.domain.trust`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain import quorum
from owc.domain.quorum import Next, Opinion
from owc.domain.states import SubJobState, Verdict
from owc.domain.trust import Standing, is_cheaper_to_recompute, needs_check
from owc.services import moves, standing
from owc.services.aftermath import Change
from owc.settings import Settings
from owc.store import LOCK, AnyRow, JobRow, ResultRow, SubJobRow, VolunteerRow

ASKED_SECONDS: Final = timedelta(seconds=10)
"""So long a sub-job waits for another volunteer's result; then the hub's run takes its place."""


def is_drawn(settings: Settings, job: JobRow | AnyRow, record: Standing, draw: float) -> bool:
    """Whether a result is checked, by its volunteer's record and by chance. `draw` is uniform in
    [0, 1)."""
    return needs_check(
        record,
        trust_after=settings.trust_after,
        spot_check=max(settings.spot_check, job.spot_check or 0.0),
        draw=draw,
    )


def is_cheap(settings: Settings, job: JobRow | AnyRow, *, rows: int, output_bytes: int) -> bool:
    """Whether the hub computes so many rows of a job in less time than it takes to receive them."""
    return is_cheaper_to_recompute(
        run_seconds=(job.row_seconds or 0.0) * rows,
        output_bytes=output_bytes,
        receive_seconds=settings.receive_seconds,
    )


def hub_has_room(session: Session, settings: Settings) -> bool:
    """Whether what the hub is to run itself takes less than its budget of time."""
    seconds = session.scalar(
        select(func.sum(SubJobRow.rows * func.coalesce(JobRow.row_seconds, 0.0)))
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .where(SubJobRow.state == SubJobState.JUDGING)
    )
    return (seconds or 0.0) < settings.hub_backlog_seconds


def consider(
    change: Change, job: JobRow, sub_job: SubJobRow, *, ends: bool | None, must_run: bool
) -> None:
    """Do what the sub-job's results say is to be done; the latest has just been added, and the
    sub-job ended in the lease that it came in.

    `ends`: nothing behind it is needed, None in a job where that never happens; `must_run`: nothing
    but the hub's run decides.
    """
    session, settings = change.session, change.hub.settings
    session.flush()
    if must_run:
        leave_to_hub(change, sub_job)
        return
    votes = _votes(session, settings, sub_job)
    decision = quorum.decide(
        [vote.opinion for vote in votes],
        quorum=job.quorum,
        most=quorum.most_opinions(
            quorum=job.quorum,
            replicas=job.replicas,
            max_disagreements=settings.max_disagreements,
        ),
        hub_has_room=hub_has_room(session, settings),
    )
    match decision.next:
        case Next.BELIEVE:
            canonical = _believe(change, job, sub_job, votes, decision.answer)
            moves.settle(change, job, sub_job, canonical, ends=ends)
        case Next.HUB:
            leave_to_hub(change, sub_job)
        case asks:
            _ask(change, sub_job, asks)


def opinions_on(session: Session, sub_job_ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Who has said something of these sub-jobs: volunteers and their networks."""
    found: dict[str, list[tuple[str, str]]] = {}
    rows = session.execute(
        select(ResultRow.sub_job_id, VolunteerRow.id, VolunteerRow.network)
        .join(VolunteerRow, VolunteerRow.id == ResultRow.volunteer_id)
        .where(ResultRow.sub_job_id.in_(sub_job_ids))
    )
    for sub_job_id, volunteer_id, network in rows:
        found.setdefault(sub_job_id, []).append((volunteer_id, network))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Vote:
    result: ResultRow
    volunteer: VolunteerRow
    opinion: Opinion


def _votes(session: Session, settings: Settings, sub_job: SubJobRow) -> list[_Vote]:
    rows = session.execute(
        select(ResultRow, VolunteerRow)
        .join(VolunteerRow, VolunteerRow.id == ResultRow.volunteer_id)
        .where(ResultRow.sub_job_id == sub_job.id)
        .order_by(ResultRow.id)
        .with_for_update(of=VolunteerRow, **LOCK)
    )
    return [
        _Vote(
            result=result,
            volunteer=volunteer,
            opinion=Opinion(
                volunteer_id=volunteer.id,
                network=volunteer.network,
                answer=result.output_sha256,
                is_trusted=standing.checks_of(volunteer).is_trusted(settings.trust_after),
                is_drawn=result.is_drawn,
            ),
        )
        for result, volunteer in rows
    ]


def _believe(
    change: Change, job: JobRow, sub_job: SubJobRow, votes: Sequence[_Vote], answer: str | None
) -> ResultRow:
    """The result that is to stand for those that agree; who said something else loses trust."""
    party = [vote for vote in votes if vote.opinion.answer == answer]
    roots = quorum.roots([vote.opinion for vote in party])
    canonical = next(vote for vote in party if vote.opinion == roots[0])
    moves.not_needed_elsewhere(change, sub_job)
    for vote in votes:
        if vote not in party:
            vote.result.verdict = Verdict.DISAGREED
            standing.lose_trust(change, vote.volunteer)
            continue
        rests_on_it_alone = len(roots) == 1 and vote is canonical
        vote.result.verdict = None if rests_on_it_alone else Verdict.AGREED
        change.credits[vote.volunteer.id, job.id] += sub_job.rows
        if not rests_on_it_alone and (vote.opinion.is_drawn or not vote.opinion.is_trusted):
            standing.earn_trust(change, vote.volunteer)
    if len(votes) > 1:
        telemetry.event("quorum_reached", sub_job_id=sub_job.id, agreed=len(party), of=len(votes))
    return canonical.result


def leave_to_hub(change: Change, sub_job: SubJobRow) -> None:
    """The hub's own run decides; who is at it need not go on."""
    moves.not_needed_elsewhere(change, sub_job)
    moves.move_sub_job(change, sub_job, SubJobState.JUDGING)
    change.aftermath.to_check.append(sub_job.id)
    change.aftermath.finished.append(sub_job.id)


def _ask(change: Change, sub_job: SubJobRow, asks: Next) -> None:
    """Another volunteer is wanted; one that is at it already may be the one."""
    sub_job.asks, sub_job.asked_at = asks.value, sub_job.asked_at or change.now
    holders = moves.holders(change.session, sub_job)
    if holders:
        sub_job.lease_id, sub_job.copy_lease_id = holders[0].id, None
    elif sub_job.state is SubJobState.LEASED:
        moves.move_sub_job(change, sub_job, SubJobState.WAITING)
        change.aftermath.forgotten.append(sub_job.id)
    change.aftermath.changed_jobs[sub_job.job_id] = None
