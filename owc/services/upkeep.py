"""Repeated duties, one pass each, idempotent: each returns what it did.

`feed` tops up the queues, `expire` ends leases that were not renewed, `reconcile` compares Redis
with SQL and mends Redis, so that a flush at any moment costs no more than one pass.
"""

from __future__ import annotations

from sqlalchemy import select

from owc import telemetry
from owc.domain.matching import queue_name
from owc.domain.states import JobState, LeaseState, Outcome, SubJobState
from owc.queue import Task
from owc.services.aftermath import begin_change, check_tasks, task_of_state
from owc.services.dispatch import give_back
from owc.services.feeding import feed_queues, requeue_missing
from owc.services.hub import Hub
from owc.services.liveness import is_alive
from owc.services.values import Expired, Fed, Reconciled
from owc.store import JobRow, LeaseRow, SubJobRow

EXPIRE_BATCH = 200
BATCH = 500


def feed(hub: Hub) -> Fed:
    """Fill every queue up to its window from SQL."""
    entered, queued = feed_queues(hub), 0
    with hub.delivery("feed"):
        queued = sum(hub.queue.lengths(sorted(_names_in_use(hub))).values())
    return Fed(sub_jobs=entered, queued=queued)


def expire(hub: Hub) -> Expired:
    """End the leases whose time is over; their sub-jobs wait again."""
    leases = sub_jobs = 0
    while True:
        with begin_change(hub) as change:
            rows = change.session.scalars(
                select(LeaseRow)
                .where(LeaseRow.state == LeaseState.ACTIVE, LeaseRow.expires_at <= change.now)
                .limit(EXPIRE_BATCH)
            ).all()
            for row in rows:
                sub_jobs += give_back(change, hub.settings, row, Outcome.EXPIRED)
                change.aftermath.revoked.append((row.volunteer_id, row.id, "The lease ran out."))
        leases += len(rows)
        if len(rows) < EXPIRE_BATCH:
            break
    if leases:
        telemetry.event("expired", leases=leases, sub_jobs=sub_jobs)
        feed_queues(hub)
    return Expired(leases=leases, sub_jobs=sub_jobs)


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
                JobRow.state.in_((JobState.COMPILED, JobState.RUNNING, JobState.MERGING))
            )
        )
        needed: list[Task] = [task for job in jobs if (task := task_of_state(job)) is not None]
        judging = session.scalars(
            select(SubJobRow.id).where(SubJobRow.state == SubJobState.JUDGING)
        ).all()
    lost = [task for task in needed if task.id not in live_ids]
    lost += check_tasks([each for each in judging if each not in being_checked])
    for task in lost:
        hub.queue.enqueue_task(task)
    return len(lost)
