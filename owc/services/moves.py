"""The moves of jobs, sub-jobs and leases, each inside a Change that someone else began.

Every change of a state column is made here, checked against the tables of `owc.domain.states`.
What must follow outside SQL is noted in the Aftermath.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain.states import (
    JOB_MOVES,
    LEASE_MOVES,
    SUB_JOB_MOVES,
    JobState,
    LeaseState,
    Outcome,
    SubJobState,
    move,
    states_before,
)
from owc.domain.trust import Standing
from owc.services.aftermath import Change, merge_task
from owc.settings import Settings
from owc.store import JobRow, LeaseRow, LeaseSubJobRow, ResultRow, SubJobRow, VolunteerRow

OUTCOMES_BY_WEIGHT = (
    Outcome.RETURNED,
    Outcome.ERRORED,
    Outcome.EXPIRED,
    Outcome.RELEASED,
    Outcome.NOT_NEEDED,
)
"""A lease whose sub-jobs ended differently is called after the first of these among them."""

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
    _cancel_sub_jobs(change, job, after_seq=-1, reason=f"The job was {after}.")
    telemetry.event(f"job_{after}", job_id=job.id, reason=reason)


def stop_after(change: Change, job: JobRow, sub_job: SubJobRow) -> None:
    """The result ends in this sub-job: those before it are finished, those after it are not needed.

    From here on the job's totals are those of the sub-jobs that are needed.
    """
    if job.sub_jobs_total is not None and job.sub_jobs_total <= sub_job.seq:
        return
    _cancel_sub_jobs(
        change, job, after_seq=sub_job.seq, reason="The result was found before these rows."
    )
    needed = (SubJobRow.job_id == job.id) & (SubJobRow.seq <= sub_job.seq)
    settled = needed & (SubJobRow.state == SubJobState.SETTLED)
    job.sub_jobs_total = sub_job.seq + 1
    job.rows_total = sub_job.first_row + sub_job.rows
    job.sub_jobs_settled, job.rows_settled = change.session.execute(
        select(func.count(), func.coalesce(func.sum(SubJobRow.rows), 0)).where(settled)
    ).one()
    job.task_token = None  # a split that goes on has nothing more to do
    change.aftermath.changed_jobs[job.id] = None
    telemetry.event("job_stopped", job_id=job.id, seq=sub_job.seq)


def _cancel_sub_jobs(change: Change, job: JobRow, *, after_seq: int, reason: str) -> None:
    """None of the job's sub-jobs after that place is computed any more."""
    after = (SubJobRow.job_id == job.id) & (SubJobRow.seq > after_seq)
    live = select(SubJobRow.id).where(
        after, (SubJobRow.queued_at.is_not(None)) | (SubJobRow.lease_id.is_not(None))
    )
    change.aftermath.withdrawn.extend(change.session.scalars(live))
    cancellable = states_before(SUB_JOB_MOVES, SubJobState.CANCELLED)
    change.session.execute(
        update(SubJobRow)
        .where(after, SubJobRow.state.in_(cancellable))
        .values(state=SubJobState.CANCELLED, queued_at=None, lease_id=None)
    )
    leases = select(LeaseRow).where(LeaseRow.job_id == job.id, LeaseRow.state == LeaseState.ACTIVE)
    for lease in change.session.scalars(leases).all():
        change.session.execute(
            update(LeaseSubJobRow)
            .where(
                LeaseSubJobRow.lease_id == lease.id,
                LeaseSubJobRow.outcome.is_(None),
                LeaseSubJobRow.sub_job_id.in_(select(SubJobRow.id).where(after)),
            )
            .values(outcome=Outcome.NOT_NEEDED)
        )
        if end_leases_if_done(change, [lease]):
            change.aftermath.revoked.append((lease.volunteer_id, lease.id, reason))


def complete_if_settled(change: Change, job: JobRow) -> None:
    """A job whose every sub-job is settled goes on to its merge."""
    if job.state is JobState.RUNNING and job.sub_jobs_settled == job.sub_jobs_total:
        move_job(change, job, JobState.MERGING)
        change.aftermath.tasks.append(merge_task(job.id))


def _fail_if_due(change: Change, job: JobRow) -> None:
    """A sub-job that failed fails the job, once it is known that the result does not end before."""
    failed = change.session.execute(
        select(SubJobRow.seq, SubJobRow.failure)
        .where(SubJobRow.job_id == job.id, SubJobRow.state == SubJobState.FAILED)
        .order_by(SubJobRow.seq)
        .limit(1)
    ).one_or_none()
    if failed is None or job.state is not JobState.RUNNING:
        return
    if job.sub_jobs_total is not None and job.sub_jobs_total <= failed.seq:
        return
    settled_before = change.session.scalar(
        select(func.count()).where(
            SubJobRow.job_id == job.id,
            SubJobRow.seq < failed.seq,
            SubJobRow.state == SubJobState.SETTLED,
        )
    )
    if settled_before == failed.seq:
        end_job(change, job, JobState.FAILED, failed.failure)


# Leases


def end_lease(change: Change, lease: LeaseRow, outcome: Outcome) -> None:
    lease.state = move(LEASE_MOVES, lease.state, LeaseState.ENDED, kind="lease", entity_id=lease.id)
    lease.outcome = outcome
    lease.ended_at = change.now


def end_leases_if_done(change: Change, leases: Iterable[LeaseRow]) -> list[LeaseRow]:
    """End the active ones of which nothing is open: as returned if anything came back."""
    active = {lease.id: lease for lease in leases if lease.state is LeaseState.ACTIVE}
    change.session.flush()
    outcomes: dict[str, set[Outcome | None]] = {lease_id: set() for lease_id in active}
    rows = change.session.execute(
        select(LeaseSubJobRow.lease_id, LeaseSubJobRow.outcome).where(
            LeaseSubJobRow.lease_id.in_(active)
        )
    )
    for lease_id, outcome in rows:
        outcomes[lease_id].add(outcome)
    done = [lease for lease in active.values() if None not in outcomes[lease.id]]
    for lease in done:
        found = [each for each in OUTCOMES_BY_WEIGHT if each in outcomes[lease.id]]
        end_lease(change, lease, found[0])
    return done


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
    if after is not SubJobState.LEASED:
        sub_job.lease_id = None


def return_sub_job(change: Change, sub_job: SubJobRow, settings: Settings) -> None:
    """A lease brought nothing: the sub-job waits again, or, after too many, the hub runs it."""
    if sub_job.failures >= settings.max_failures or sub_job.leases >= settings.max_leases:
        move_sub_job(change, sub_job, SubJobState.JUDGING)
        change.aftermath.to_check.append(sub_job.id)
    else:
        move_sub_job(change, sub_job, SubJobState.WAITING)
    change.aftermath.forgotten.append(sub_job.id)
    change.aftermath.changed_jobs[sub_job.job_id] = None


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
        _fail_if_due(change, job)


def fail_sub_job(change: Change, job: JobRow, sub_job: SubJobRow, reason: str) -> None:
    """A row of it traps, which fails the job unless its result ends before."""
    move_sub_job(change, sub_job, SubJobState.FAILED)
    sub_job.failure = reason
    change.aftermath.changed_jobs[job.id] = None
    _fail_if_due(change, job)


def lose_trust(change: Change, volunteer: VolunteerRow) -> None:
    """A volunteer was caught: its standing falls, and what rests on its word alone, in jobs that
    are not finished, is checked by the hub after all."""
    _judge(volunteer, agreed=False)
    unfinished = {JobState.RUNNING, JobState.MERGING}
    rows = change.session.execute(
        select(SubJobRow, JobRow)
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .where(
            SubJobRow.volunteer_id == volunteer.id,
            SubJobRow.state == SubJobState.SETTLED,
            SubJobRow.verdict.is_(None),
            JobRow.state.in_(unfinished),
            # what lies behind the end of the result is not needed
            (JobRow.sub_jobs_total.is_(None)) | (SubJobRow.seq < JobRow.sub_jobs_total),
        )
    ).all()
    for sub_job, job in rows:
        if job.state is JobState.MERGING:
            move_job(change, job, JobState.RUNNING)
        move_sub_job(change, sub_job, SubJobState.JUDGING)
        job.rows_settled -= sub_job.rows
        job.sub_jobs_settled -= 1
        change.aftermath.to_check.append(sub_job.id)
        change.aftermath.changed_jobs[job.id] = None
        change.session.execute(
            update(ResultRow).where(ResultRow.sub_job_id == sub_job.id).values(canonical=False)
        )
    telemetry.event("trust_lost", volunteer_id=volunteer.id, reopened=len(rows))


def not_needed_elsewhere(change: Change, sub_job: SubJobRow, lease_id: str) -> None:
    """A late result came while another lease holds the sub-job: that one need not go on."""
    if sub_job.lease_id is None or sub_job.lease_id == lease_id:
        return
    other = change.session.get_one(LeaseRow, sub_job.lease_id)
    entry = change.session.get_one(LeaseSubJobRow, (other.id, sub_job.id))
    entry.outcome = Outcome.NOT_NEEDED
    if end_leases_if_done(change, [other]):
        change.aftermath.revoked.append(
            (other.volunteer_id, other.id, "The result came from elsewhere.")
        )


def earn_trust(volunteer: VolunteerRow) -> None:
    _judge(volunteer, agreed=True)


def standing_of(volunteer: VolunteerRow) -> Standing:
    return Standing(agreed=volunteer.agreed, disagreed=volunteer.disagreed)


def _judge(volunteer: VolunteerRow, *, agreed: bool) -> None:
    standing = standing_of(volunteer).after(agreed=agreed)
    volunteer.agreed, volunteer.disagreed = standing.agreed, standing.disagreed


def _history(session: Session, sub_job: SubJobRow) -> list[str]:
    leases = session.execute(
        select(LeaseRow.granted_at, LeaseSubJobRow.lease_id, LeaseSubJobRow.outcome)
        .join(LeaseRow, LeaseRow.id == LeaseSubJobRow.lease_id)
        .where(LeaseSubJobRow.sub_job_id == sub_job.id)
        .order_by(LeaseRow.granted_at)
    )
    return [f"{lease_id} at {at.isoformat()}: {outcome}" for at, lease_id, outcome in leases]
