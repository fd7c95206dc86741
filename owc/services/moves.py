"""The moves of jobs, sub-jobs and leases, each inside a Change that someone else began.

Every change of a state column is made here, checked against the tables of `owc.domain.states`.
What must follow outside SQL is noted in the Aftermath.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain.fairness import Rival, cost_seconds, first_level
from owc.domain.matching import queue_name
from owc.domain.states import (
    COMPUTING,
    JOB_MOVES,
    LEASE_MOVES,
    SUB_JOB_MOVES,
    JobState,
    LeaseState,
    Outcome,
    SubJobState,
    Verdict,
    move,
    states_before,
)
from owc.services.aftermath import Change, Revoked, merge_task
from owc.services.settled import settled_before
from owc.store import (
    LOCK,
    AnyRow,
    AuditRow,
    JobRow,
    LeaseRow,
    ResultRow,
    SkippedRow,
    SubJobRow,
)

OUTCOMES_BY_WEIGHT = (
    Outcome.RETURNED,
    Outcome.ERRORED,
    Outcome.EXPIRED,
    Outcome.RELEASED,
    Outcome.NOT_NEEDED,
)
"""A lease whose sub-jobs ended differently is called after the first of these among them."""

ELSEWHERE = "The result came from elsewhere."
"""Why who works on a sub-job need not go on."""

_ASKING = (SubJobState.WAITING, SubJobState.LEASED)
"""The states in which a sub-job can ask for another volunteer's result."""

# Jobs


def move_job(change: Change, job: JobRow, after: JobState) -> None:
    job.state = move(JOB_MOVES, job.state, after, kind="job", entity_id=job.id, history=job.history)
    job.history = [*job.history, f"{after} at {change.now.isoformat(timespec='seconds')}"]
    job.attempts = 0
    job.task_token = None
    if not JOB_MOVES[after] - {JobState.REMOVED}:
        job.finished_at = change.now
    change.aftermath.changed_jobs[job.id] = None


def end_job(change: Change, job: JobRow, after: JobState, reason: str) -> None:
    """Fail or cancel a job: nothing of it is computed any more."""
    move_job(change, job, after)
    job.failure = reason
    _cancel_sub_jobs(change, job, from_row=0, reason=f"The job was {after}.")
    telemetry.event(f"job_{after}", job_id=job.id, reason=reason)


def first_level_of(session: Session, job: JobRow) -> float:
    """Where a job begins among those that run beside it: neither ahead of them nor behind. What
    they have in the queue they have not had yet: it will stand behind, or be sorted anew."""
    its = SubJobRow.job_id == JobRow.id
    in_queue = its & (SubJobRow.state == SubJobState.WAITING)
    waiting = select(func.count()).where(in_queue).scalar_subquery()
    queued = select(func.count()).where(in_queue, SubJobRow.queued_at.is_not(None))
    others = session.execute(
        select(
            JobRow.requirement_key,
            JobRow.level_seconds,
            JobRow.row_seconds,
            JobRow.rows_per_sub_job,
            queued.scalar_subquery().label("queued"),
            exists().where(its, SubJobRow.state == SubJobState.LEASED).label("is_served"),
        ).where(
            JobRow.state == JobState.RUNNING,
            JobRow.priority == job.priority,
            (JobRow.next_row < JobRow.rows_ready) | (waiting > 0),
            JobRow.id != job.id,
        )
    )
    rivals = (
        Rival(
            level_seconds=each.level_seconds - each.queued * turn_seconds(each),
            is_mate=each.requirement_key == job.requirement_key,
            is_served=each.is_served,
        )
        for each in others
    )
    return max(first_level(rivals), job.level_seconds)


def turn_seconds(job: JobRow | AnyRow) -> float:
    """What a sub-job adds to its job's level."""
    return cost_seconds((job.row_seconds or 0.0) * (job.rows_per_sub_job or 1))


def stop_after(change: Change, job: JobRow, sub_job: SubJobRow) -> None:
    """The result ends in this sub-job: those before it are finished, those after it are not needed.

    From here on the job's totals are those of the sub-jobs that are needed.
    """
    end = sub_job.first_row + sub_job.rows
    if job.rows_total is not None and job.rows_total <= end and job.rows_ready <= end:
        return
    _cancel_sub_jobs(change, job, from_row=end, reason="The result was found before these rows.")
    job.rows_total = job.rows_ready = end
    job.next_row = min(job.next_row, end)
    settled = settled_before(change.session, change.hub.blobs, job, end)
    job.rows_settled, job.sub_jobs_settled = settled.rows, settled.sub_jobs
    job.rows_skipped = (
        change.session.scalar(
            select(func.count()).where(SkippedRow.job_id == job.id, SkippedRow.row < end)
        )
        or 0
    )
    job.sub_jobs_total = settled.sub_jobs + _open_count(change.session, job)
    job.task_token = None  # a split that goes on has nothing more to do
    change.aftermath.changed_jobs[job.id] = None
    telemetry.event("job_stopped", job_id=job.id, rows=end)


def _open_count(session: Session, job: JobRow) -> int:
    """Sub-jobs that are still to be settled, whether their rows are there or not."""
    uncut = -(-(job.rows_ready - job.next_row) // (job.rows_per_sub_job or 1))
    open_states = [state for state in SubJobState if SubJobState.CANCELLED in SUB_JOB_MOVES[state]]
    there = session.scalar(
        select(func.count()).where(SubJobRow.job_id == job.id, SubJobRow.state.in_(open_states))
    )
    return uncut + (there or 0)


def _cancel_sub_jobs(change: Change, job: JobRow, *, from_row: int, reason: str) -> None:
    """None of the job's sub-jobs from that row on is computed any more."""
    session = change.session
    after = (SubJobRow.job_id == job.id) & (SubJobRow.first_row >= from_row)
    live = select(SubJobRow.id).where(
        after, (SubJobRow.queued_at.is_not(None)) | (SubJobRow.lease_id.is_not(None))
    )
    withdrawn = change.aftermath.withdrawn.setdefault(queue_of(job), [])
    withdrawn.extend(session.scalars(live))
    cancelled = set(
        session.scalars(
            update(SubJobRow)
            .where(after, SubJobRow.state.in_(states_before(SUB_JOB_MOVES, SubJobState.CANCELLED)))
            .values(state=SubJobState.CANCELLED, queued_at=None, lease_id=None)
            .returning(SubJobRow.id)
        )
    )
    leases = select(LeaseRow).where(LeaseRow.job_id == job.id, LeaseRow.state == LeaseState.ACTIVE)
    for lease in session.scalars(leases).all():
        gone = [each for each in open_entries(lease) if each in cancelled]
        end_entries(change, lease, gone, Outcome.NOT_NEEDED, reason=reason)


def complete_if_settled(change: Change, job: JobRow) -> None:
    """A job whose every row is settled or skipped goes on to its merge."""
    if job.state in COMPUTING and job.rows_total == job.rows_settled + job.rows_skipped:
        move_job(change, job, JobState.MERGING)
        change.aftermath.tasks.append(merge_task(job.id))


def fail_if_due(change: Change, job: JobRow) -> None:
    """A sub-job that failed fails the job, once it is known that the result does not end before."""
    failed = change.session.execute(
        select(SubJobRow.first_row, SubJobRow.failure)
        .where(SubJobRow.job_id == job.id, SubJobRow.state == SubJobState.FAILED)
        .order_by(SubJobRow.first_row)
        .limit(1)
    ).one_or_none()
    if failed is None or job.state not in COMPUTING:
        return
    if job.rows_total is not None and job.rows_total <= failed.first_row:
        return
    settled = settled_before(change.session, change.hub.blobs, job, failed.first_row)
    if settled.rows == failed.first_row:
        end_job(change, job, JobState.FAILED, failed.failure)


# Leases


def end_lease(change: Change, lease: LeaseRow, outcome: Outcome) -> None:
    lease.state = move(LEASE_MOVES, lease.state, LeaseState.ENDED, kind="lease", entity_id=lease.id)
    lease.outcome = outcome
    lease.ended_at = change.now


def open_entries(lease: LeaseRow) -> list[str]:
    """The sub-jobs of a lease that have not ended."""
    return [sub_job_id for sub_job_id, outcome in lease.entries.items() if outcome is None]


def outcome_of(entries: Mapping[str, str | None]) -> Outcome:
    """What a lease is called of which every sub-job has ended."""
    outcomes = set(entries.values())
    return next(each for each in OUTCOMES_BY_WEIGHT if each in outcomes)


def end_entries(
    change: Change,
    lease: LeaseRow,
    sub_job_ids: Iterable[str],
    outcome: Outcome,
    *,
    reason: str | None = None,
) -> None:
    """End some sub-jobs of a lease, and the lease with its last; `reason`: the volunteer is told
    why it need not go on with them."""
    ended = dict.fromkeys(sub_job_ids, outcome.value)
    if not ended:
        return
    lease.entries = {**lease.entries, **ended}
    lease.open_count = len(open_entries(lease))
    if lease.state is LeaseState.ACTIVE and lease.open_count == 0:
        end_lease(change, lease, outcome_of(lease.entries))
    if reason is not None:
        change.aftermath.revoked.append(
            Revoked(
                volunteer_id=lease.volunteer_id,
                lease_id=lease.id,
                sub_job_ids=tuple(ended) if lease.state is LeaseState.ACTIVE else None,
                reason=reason,
            )
        )


def revoke(change: Change, lease: LeaseRow, reason: str) -> None:
    """Tell a lease's volunteer that it has ended."""
    change.aftermath.revoked.append(
        Revoked(volunteer_id=lease.volunteer_id, lease_id=lease.id, sub_job_ids=None, reason=reason)
    )


# Sub-jobs


def move_sub_job(change: Change, sub_job: SubJobRow, after: SubJobState) -> None:
    if after not in SUB_JOB_MOVES[sub_job.state]:
        move(
            SUB_JOB_MOVES,
            sub_job.state,
            after,
            kind="sub_job",
            entity_id=sub_job.id,
            history=_history(change.session, sub_job),
        )
    sub_job.state = after
    sub_job.queued_at = None
    if after not in _ASKING:
        sub_job.asks = sub_job.asked_at = None
    if after is not SubJobState.LEASED:
        sub_job.lease_id = sub_job.copy_lease_id = sub_job.leased_at = None


def another_holds(change: Change, sub_job: SubJobRow, lease_id: str) -> bool:
    """Whether a sub-job that has ended in one lease goes on in another, as a copy."""
    others = [lease.id for lease in holders(change.session, sub_job) if lease.id != lease_id]
    if others:
        sub_job.lease_id, sub_job.copy_lease_id = others[0], None
    return bool(others)


def return_sub_job(change: Change, sub_job: SubJobRow) -> None:
    """A lease brought nothing: the sub-job waits again, or, after too many, the hub runs it."""
    change.aftermath.changed_jobs[sub_job.job_id] = None
    settings = change.hub.settings
    if sub_job.failures >= settings.max_failures or sub_job.leases >= settings.max_leases:
        move_sub_job(change, sub_job, SubJobState.JUDGING)
        change.aftermath.to_check.append(sub_job.id)
    else:
        move_sub_job(change, sub_job, SubJobState.WAITING)
    change.aftermath.forgotten.append(sub_job.id)


def holders(session: Session, sub_job: SubJobRow) -> list[LeaseRow]:
    """The active leases in which the sub-job is open."""
    ids = sorted(each for each in (sub_job.lease_id, sub_job.copy_lease_id) if each is not None)
    found = (session.get(LeaseRow, each, with_for_update=LOCK) for each in ids)
    return [
        lease
        for lease in found
        if lease is not None
        and lease.state is LeaseState.ACTIVE
        and sub_job.id in open_entries(lease)
    ]


def settle(
    change: Change, job: JobRow, sub_job: SubJobRow, result: ResultRow, *, ends: bool | None
) -> None:
    """Believe this result. Its verdict is None when it was taken on the volunteer's word.

    `ends`: nothing after this sub-job can be part of the job's result; None in a job where that
    never happens.
    """
    move_sub_job(change, sub_job, SubJobState.SETTLED)
    result.canonical = True
    sub_job.result_sha256 = result.output_sha256
    sub_job.volunteer_id = result.volunteer_id
    sub_job.verdict = result.verdict
    sub_job.settled_at = change.now
    job.rows_settled += sub_job.rows
    job.sub_jobs_settled += 1
    change.aftermath.changed_jobs[job.id] = None
    if ends:
        stop_after(change, job, sub_job)
    complete_if_settled(change, job)
    if ends is not None:
        fail_if_due(change, job)


def fail_sub_job(change: Change, job: JobRow, sub_job: SubJobRow, reason: str) -> None:
    """A row of it traps, which fails the job unless its result ends before."""
    move_sub_job(change, sub_job, SubJobState.FAILED)
    sub_job.failure = reason
    change.aftermath.changed_jobs[job.id] = None
    fail_if_due(change, job)


def reopen(change: Change, job: JobRow, sub_job: SubJobRow) -> None:
    """A sub-job that was settled, and is now judged, no longer counts as settled; who had credit
    for it has it no longer."""
    if job.state is JobState.MERGING:
        move_job(change, job, JobState.RUNNING)
        job.audited = None  # what is settled then is audited anew
        change.session.execute(delete(AuditRow).where(AuditRow.job_id == job.id))
    job.rows_settled -= sub_job.rows
    job.sub_jobs_settled -= 1
    for result in change.session.scalars(
        select(ResultRow).where(
            ResultRow.sub_job_id == sub_job.id, ResultRow.volunteer_id.is_not(None)
        )
    ):
        if result.canonical or result.verdict is Verdict.AGREED:
            change.credits[result.volunteer_id or "", job.id] -= sub_job.rows
        result.canonical, result.verdict = False, None
    change.aftermath.to_check.append(sub_job.id)
    change.aftermath.changed_jobs[job.id] = None


def not_needed_elsewhere(change: Change, sub_job: SubJobRow) -> None:
    """A result came: whoever else works on the sub-job need not go on."""
    for other in holders(change.session, sub_job):
        end_entries(change, other, [sub_job.id], Outcome.NOT_NEEDED, reason=ELSEWHERE)


def queue_of(job: JobRow) -> str:
    return queue_name(job.requirement_key, job.priority)


def _history(session: Session, sub_job: SubJobRow) -> list[str]:
    leases = session.scalars(
        select(LeaseRow).where(LeaseRow.job_id == sub_job.job_id).order_by(LeaseRow.granted_at)
    )
    return [
        f"{lease.id} at {lease.granted_at.isoformat()}: {lease.entries[sub_job.id]}"
        for lease in leases
        if sub_job.id in lease.entries
    ]
