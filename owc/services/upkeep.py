"""Repeated duties, one pass each, idempotent, safe to run twice at once: each returns what it did
itself, so that passes at once together say what was done.

`feed` tops up the queues, `expire` ends leases that were not renewed and jobs past their deadline,
`relieve` takes on what slow volunteers have begun, `arbitrate` has the hub run what no other
volunteer came to confirm in time, `prune` puts away what is settled, `reconcile`
compares Redis with SQL and mends Redis, so that a flush at any moment costs no more than one pass.
`retain` is in `owc.services.retention`, `beat` in `owc.services.presence`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from owc import telemetry
from owc.domain.matching import queue_name
from owc.domain.sizing import LONG_SECONDS, is_long
from owc.domain.states import COMPUTING, JobState, LeaseState, Outcome, SubJobState
from owc.queue import Checkpoint, Task
from owc.services import moves, replacing
from owc.services.aftermath import (
    audit_task,
    begin_change,
    check_tasks,
    doubt_task,
    task_of_state,
)
from owc.services.compaction import PUT_AWAY, compact
from owc.services.feeding import feed_queues, requeue_missing
from owc.services.giving_back import give_back
from owc.services.hub import Hub
from owc.services.liveness import is_alive
from owc.services.opinions import ASKED_SECONDS, hub_has_room, leave_to_hub
from owc.services.values import Expired, Fed, Pruned, Reconciled
from owc.store import LOCK, AuditRow, DoubtRow, JobRow, LeaseRow, ResultRow, SubJobRow

EXPIRE_BATCH = 200
RELIEVE_BATCH = 50
ARBITRATE_BATCH = 50
BATCH = 500
REMOVED_AT_ONCE = 10_000
PRUNE_AFTER = timedelta(minutes=1)
"""A lease that came back whole is kept this long, so that a repeated report is known as one."""

KEEP_LEASES = timedelta(days=1)
"""Results of a lease that ended otherwise may still come."""


def feed(hub: Hub) -> Fed:
    """Fill every queue up to its window from SQL."""
    return Fed(sub_jobs=feed_queues(hub))


def expire(hub: Hub) -> Expired:
    """End the leases whose time is over, and fail the jobs whose deadline has passed."""
    jobs = _end_overdue(hub)
    leases = sub_jobs = 0
    while True:
        due, ended, returned = _expire_batch(hub)
        leases, sub_jobs = leases + ended, sub_jobs + returned
        if due < EXPIRE_BATCH:
            break
    if leases:
        telemetry.event("expired", leases=leases, sub_jobs=sub_jobs)
        feed_queues(hub)
    return Expired(leases=leases, sub_jobs=sub_jobs, jobs=jobs)


def _expire_batch(hub: Hub) -> tuple[int, int, int]:
    """How many leases were due, how many of them this pass ended and no other, and how many of
    their sub-jobs nobody works on now."""
    now = hub.clock.now()
    overdue = (LeaseRow.state == LeaseState.ACTIVE) & (LeaseRow.expires_at <= now)
    with hub.database.read() as session:
        due = session.scalars(select(LeaseRow).where(overdue).limit(EXPIRE_BATCH)).all()
    if not due:
        return 0, 0, 0
    checkpoints = replacing.checkpoints_of(
        hub, [each for lease in due for each in moves.open_entries(lease)]
    )
    with begin_change(hub) as change:
        rows = change.session.scalars(
            select(LeaseRow)
            .where(overdue, LeaseRow.id.in_([lease.id for lease in due]))
            .order_by(LeaseRow.id)
            .with_for_update(skip_locked=True, **LOCK)
        ).all()
        returned = 0
        for row in rows:
            returned += give_back(change, row, Outcome.EXPIRED, checkpoints=checkpoints)
            moves.revoke(change, row, "The lease ran out.")
    return len(due), len(rows), returned


def _end_overdue(hub: Hub) -> int:
    unfinished = [JobState.COMPILED, *COMPUTING]
    with hub.database.read() as session:
        overdue = session.scalars(
            select(JobRow.id).where(
                JobRow.state.in_(unfinished), JobRow.deadline_at <= hub.clock.now()
            )
        ).all()
    failed = 0
    for job_id in overdue:
        with begin_change(hub) as change:
            job = change.session.get_one(JobRow, job_id, with_for_update=LOCK)
            if job.state in unfinished:
                done = f"{job.rows_settled:,} of {job.rows_total or job.rows_ready:,} rows"
                moves.end_job(
                    change, job, JobState.FAILED, f"The deadline passed with {done} done."
                )
                failed += 1
    return failed


def relieve(hub: Hub) -> int:
    """Take sub-jobs that have turned out too long from volunteers that are at them, where they have
    sent a checkpoint: the rest of each goes to others, in halves. How many."""
    now = hub.clock.now()
    with hub.database.read() as session:
        rows = session.execute(
            select(SubJobRow.id, SubJobRow.rows, SubJobRow.leased_at, JobRow.row_seconds)
            .join(JobRow, JobRow.id == SubJobRow.job_id)
            .where(
                SubJobRow.state == SubJobState.LEASED,
                SubJobRow.leased_at <= now - timedelta(seconds=LONG_SECONDS),
                JobRow.state == JobState.RUNNING,
            )
            .order_by(SubJobRow.leased_at)
            .limit(RELIEVE_BATCH)
        ).all()
    long = [
        row.id
        for row in rows
        if is_long(
            elapsed_seconds=(now - row.leased_at).total_seconds(),
            sub_job_seconds=(row.row_seconds or 0.0) * row.rows,
        )
    ]
    checkpoints = replacing.checkpoints_of(hub, long)
    relieved = sum(
        _relieve_one(hub, sub_job_id, checkpoint) for sub_job_id, checkpoint in checkpoints.items()
    )
    if relieved:
        feed_queues(hub)
    return relieved


def _relieve_one(hub: Hub, sub_job_id: str, checkpoint: Checkpoint) -> bool:
    with begin_change(hub) as change:
        sub_job = change.session.get(SubJobRow, sub_job_id, with_for_update=LOCK)
        if sub_job is None or sub_job.state is not SubJobState.LEASED:
            return False
        if not is_long(elapsed_seconds=checkpoint.elapsed_seconds, sub_job_seconds=0.0):
            return False  # it has waited in its lease, and has just begun
        job = change.session.get_one(JobRow, sub_job.job_id, with_for_update=LOCK)
        lease = change.session.get(LeaseRow, checkpoint.lease_id, with_for_update=LOCK)
        if lease is None or lease.state is not LeaseState.ACTIVE:
            return False
        holders = moves.holders(change.session, sub_job)
        if not replacing.take_checkpoint(change, job, sub_job, lease, checkpoint):
            return False
        for holder in holders:
            reason = "The rest of it goes to others: it takes longer than it should."
            moves.end_entries(change, holder, [sub_job_id], Outcome.NOT_NEEDED, reason=reason)
    return True


def arbitrate(hub: Hub) -> int:
    """Let the hub run what has waited long enough for another volunteer's result, or that another
    volunteer has held for too long, as far as it has room; the longest first. How many."""
    now = hub.clock.now()
    is_held = SubJobRow.leased_at <= now - timedelta(seconds=LONG_SECONDS)
    overdue = (
        (SubJobRow.asked_at <= now - ASKED_SECONDS)
        & JobRow.state.in_(COMPUTING)
        & (
            (SubJobRow.state == SubJobState.WAITING)
            | ((SubJobRow.state == SubJobState.LEASED) & is_held)
        )
    )
    with hub.database.read() as session:
        due = session.execute(
            select(SubJobRow.id, SubJobRow.job_id)
            .join(JobRow, JobRow.id == SubJobRow.job_id)
            .where(overdue)
            .order_by(SubJobRow.asked_at, SubJobRow.id)
            .limit(ARBITRATE_BATCH)
        ).all()
    taken = 0
    for sub_job_id, job_id in due:
        with begin_change(hub) as change:
            if not hub_has_room(change.session, hub.settings):
                break
            sub_job = change.session.get(SubJobRow, sub_job_id, with_for_update=LOCK)
            job = change.session.get_one(JobRow, job_id)
            if sub_job is None or not _is_overdue(sub_job, job, now):
                continue
            if sub_job.queued_at is not None:
                change.aftermath.withdrawn[moves.queue_of(job)] = [sub_job.id]
            leave_to_hub(change, sub_job)
            taken += 1
    return taken


def _is_overdue(sub_job: SubJobRow, job: JobRow, now: datetime) -> bool:
    """Whether the hub's run is to take the place of another volunteer's. One that asks has no
    copies, so a slow volunteer would hold the end of its job until its lease runs out."""
    if sub_job.state is not SubJobState.LEASED or sub_job.leased_at is None:
        return sub_job.state is SubJobState.WAITING
    return sub_job.asks is not None and is_long(
        elapsed_seconds=(now - sub_job.leased_at).total_seconds(),
        sub_job_seconds=(job.row_seconds or 0.0) * sub_job.rows,
    )


def prune(hub: Hub) -> Pruned:
    """Put settled sub-jobs into segments, and forget leases and rows that have served."""
    with hub.database.read() as session:
        jobs = session.scalars(
            select(JobRow.id).where(
                JobRow.state.in_(PUT_AWAY),
                select(SubJobRow.id)
                .where(SubJobRow.job_id == JobRow.id, SubJobRow.state == SubJobState.SETTLED)
                .exists(),
            )
        ).all()
    moved = sum(compact(hub, job_id) for job_id in jobs)
    now = hub.clock.now()
    with hub.database.write() as session:
        ended = LeaseRow.state == LeaseState.ENDED
        leases = session.execute(
            delete(LeaseRow).where(
                ended,
                (LeaseRow.ended_at < now - KEEP_LEASES)
                | (
                    (LeaseRow.outcome == Outcome.RETURNED) & (LeaseRow.ended_at < now - PRUNE_AFTER)
                ),
            )
        )
    unneeded = _remove_unneeded(hub)
    done = Pruned(sub_jobs=moved, leases=_count(leases), unneeded=unneeded)
    if moved or done.leases or unneeded:
        telemetry.event("pruned", sub_jobs=moved, leases=done.leases, unneeded=unneeded)
    return done


def reconcile(hub: Hub) -> Reconciled:
    """Make Redis agree with SQL: queued sub-jobs, marks of leases, tasks."""
    requeued = removed = tasks = 0
    with hub.delivery("reconcile"):
        names = sorted({*hub.queue.queue_names(), *_names_in_use(hub)})
        for name in names:
            requeued += requeue_missing(hub, name)
            removed += _remove_marks(hub, name)
        tasks = _requeue_tasks(hub)
    if requeued:
        feed_queues(hub)
    done = Reconciled(sub_jobs_requeued=requeued, marks_removed=removed, tasks_requeued=tasks)
    if not done.is_clean:
        telemetry.event(
            "reconciled", sub_jobs_requeued=requeued, marks_removed=removed, tasks_requeued=tasks
        )
    return done


def _remove_unneeded(hub: Hub) -> int:
    """Sub-jobs that were replaced, and those that jobs did not need which ended a while ago."""
    ended = JobRow.finished_at < hub.clock.now() - PRUNE_AFTER
    has_failed = JobRow.state.in_((JobState.FAILED, JobState.CANCELLED))
    is_unneeded = (SubJobRow.state == SubJobState.REPLACED) | (
        ended
        & (
            (SubJobRow.state == SubJobState.CANCELLED)
            | (has_failed & (SubJobRow.state != SubJobState.FAILED))
        )
    )
    query = (
        select(SubJobRow.id)
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .where(is_unneeded)
        .limit(REMOVED_AT_ONCE)
    )
    with hub.database.read() as session:
        ids = session.scalars(query).all()
    removed = 0
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        with hub.database.write() as session:
            session.execute(delete(ResultRow).where(ResultRow.sub_job_id.in_(batch)))
            done = session.execute(delete(SubJobRow).where(SubJobRow.id.in_(batch)))
            removed += _count(done)
    return removed


def _count(result: Any) -> int:
    return max(int(result.rowcount), 0)


def _names_in_use(hub: Hub) -> set[str]:
    with hub.database.read() as session:
        jobs = session.execute(
            select(JobRow.requirement_key, JobRow.priority)
            .where(JobRow.state == JobState.RUNNING)
            .distinct()
        )
        return {queue_name(key, priority) for key, priority in jobs}


def _remove_marks(hub: Hub, name: str) -> int:
    """Marks of started sub-jobs that, by SQL's word, nobody has leased."""
    started = sorted(hub.queue.started_ids(name))
    leased: set[str] = set()
    with hub.database.read() as session:
        for start in range(0, len(started), BATCH):
            leased.update(
                session.scalars(
                    select(SubJobRow.id).where(
                        SubJobRow.id.in_(started[start : start + BATCH]),
                        SubJobRow.state == SubJobState.LEASED,
                    )
                )
            )
    stale = [each for each in started if each not in leased]
    hub.queue.forget(stale)
    return len(stale)


def _requeue_tasks(hub: Hub) -> int:
    """Tasks that SQL says are to be done and of which Redis knows nothing."""
    live = hub.queue.live_tasks(is_alive)
    being_checked = {
        sub_job_id
        for task in live
        if task.function == "check_sub_jobs"
        for sub_job_id in task.args[0]
    }
    live_ids = {task.id for task in live}
    with hub.database.read() as session:
        jobs = session.scalars(
            select(JobRow).where(
                JobRow.state.in_((JobState.COMPILED, *COMPUTING, JobState.MERGING))
            )
        )
        needed: list[Task] = [task for job in jobs if (task := task_of_state(job)) is not None]
        doubts = session.scalars(select(DoubtRow.job_id).distinct())
        needed += [doubt_task(job_id) for job_id in doubts]
        audits = session.execute(
            select(AuditRow.job_id, func.min(AuditRow.first_row).label("first_row")).group_by(
                AuditRow.job_id
            )
        ).all()
        judging = session.scalars(
            select(SubJobRow.id).where(SubJobRow.state == SubJobState.JUDGING)
        ).all()
    being_audited = {task.args[0] for task in live if task.function == "audit_job"}
    needed += [
        audit_task(row.job_id, row.first_row) for row in audits if row.job_id not in being_audited
    ]
    lost = [task for task in needed if task.id not in live_ids]
    lost += check_tasks([each for each in judging if each not in being_checked])
    for task in lost:
        hub.queue.enqueue_task(task)
    return len(lost)
