"""Sub-jobs from SQL into RQ's queues: a window of each queue, shared fairly among its jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, false, func, select, update
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain.matching import parse_queue_name, queue_name
from owc.domain.sizing import fair_shares, queue_window
from owc.domain.states import JobState, SubJobState
from owc.queue import QueuedSubJob
from owc.services.hub import Hub
from owc.store import JobRow, SubJobRow

BATCH = 500


@dataclass(slots=True, kw_only=True)
class _Backlog:
    """What one queue's jobs have: sub-jobs in Redis by SQL's word, and sub-jobs that wait."""

    queued: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    leased: int = 0


def feed_queues(hub: Hub) -> int:
    """Top up every queue to its window. How many sub-jobs entered.

    A queue that holds fewer than SQL says has lost some (Redis was flushed, or died with its last
    second): its sub-jobs are marked as not queued first, and so enter again.
    """
    entered = 0
    with hub.delivery("feed"):
        backlogs = _backlogs(hub)
        lengths = hub.queue.lengths(sorted(backlogs))
        lacking = [name for name in lengths if lengths[name] < sum(backlogs[name].queued.values())]
        if sum(requeue_missing(hub, name) for name in lacking):
            backlogs = _backlogs(hub)
        for name, length in lengths.items():
            backlog = backlogs[name]
            window = queue_window(leased=backlog.leased, most=hub.settings.queue_window)
            shares = fair_shares(window - length, backlog.queued, backlog.waiting)
            entered += _enqueue(hub, name, shares)
    if entered:
        telemetry.event("fed", sub_jobs=entered)
        hub.push.publish("work")
    return entered


def requeue_missing(hub: Hub, name: str) -> int:
    """Mark those as not queued that SQL believes in the queue and Redis does not have."""
    present = hub.queue.queued_ids(name)
    with hub.database.write() as session:
        believed = session.scalars(
            select(SubJobRow.id)
            .join(JobRow, JobRow.id == SubJobRow.job_id)
            .where(
                SubJobRow.state == SubJobState.WAITING,
                SubJobRow.queued_at.is_not(None),
                _in_queue(name),
            )
        )
        missing = [sub_job_id for sub_job_id in believed if sub_job_id not in present]
        for start in range(0, len(missing), BATCH):
            session.execute(
                update(SubJobRow)
                .where(SubJobRow.id.in_(missing[start : start + BATCH]))
                .values(queued_at=None)
            )
    return len(missing)


def has_unqueued(hub: Hub, name: str) -> bool:
    """Whether sub-jobs wait in SQL that belong into this queue and are not in it."""
    some = (
        select(SubJobRow.id)
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .where(
            SubJobRow.state == SubJobState.WAITING,
            SubJobRow.queued_at.is_(None),
            JobRow.state == JobState.RUNNING,
            _in_queue(name),
        )
        .limit(1)
    )
    with hub.database.read() as session:
        return session.scalar(some) is not None


def _in_queue(name: str) -> ColumnElement[bool]:
    parsed = parse_queue_name(name)
    if parsed is None:
        return false()
    key, priority = parsed
    return (JobRow.requirement_key == key) & (JobRow.priority == priority)


def _backlogs(hub: Hub) -> dict[str, _Backlog]:
    """Of every queue that a running job uses. Counts stop at the window: no more is needed."""
    backlogs: dict[str, _Backlog] = defaultdict(_Backlog)
    with hub.database.read() as session:
        jobs = session.execute(
            select(JobRow.id, JobRow.requirement_key, JobRow.priority)
            .where(JobRow.state == JobState.RUNNING)
            .order_by(JobRow.created_at)
        )
        for job_id, key, priority in jobs.all():
            backlog = backlogs[queue_name(key, priority)]
            window = hub.settings.queue_window
            waiting = SubJobRow.state == SubJobState.WAITING
            queued = waiting & SubJobRow.queued_at.is_not(None)
            backlog.queued[job_id] = count_some(session, job_id, queued, 2 * window)
            unqueued = waiting & SubJobRow.queued_at.is_(None)
            backlog.waiting[job_id] = count_some(session, job_id, unqueued, window)
            backlog.leased += count_some(
                session, job_id, SubJobRow.state == SubJobState.LEASED, window
            )
    return backlogs


def count_some(session: Session, job_id: str, condition: ColumnElement[bool], most: int) -> int:
    """How many sub-jobs of the job fulfil the condition; counting stops at `most`."""
    some = select(SubJobRow.seq).where(SubJobRow.job_id == job_id, condition).limit(most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _enqueue(hub: Hub, name: str, shares: dict[str, int]) -> int:
    entering: dict[str, list[QueuedSubJob]] = {}
    with hub.database.write() as session:
        for job_id, share in shares.items():
            rows = session.execute(
                select(SubJobRow.id, SubJobRow.leases)
                .where(
                    SubJobRow.job_id == job_id,
                    SubJobRow.state == SubJobState.WAITING,
                    SubJobRow.queued_at.is_(None),
                )
                .order_by(SubJobRow.seq)
                .limit(share)
            ).all()
            entering[job_id] = [
                QueuedSubJob(id=sub_job_id, queue=name, at_front=leases > 0)
                for sub_job_id, leases in rows
            ]
            ids = [sub_job_id for sub_job_id, _ in rows]
            for start in range(0, len(ids), BATCH):
                session.execute(
                    update(SubJobRow)
                    .where(SubJobRow.id.in_(ids[start : start + BATCH]))
                    .values(queued_at=hub.clock.now())
                )
    sub_jobs = _interleaved(list(entering.values()))
    if sub_jobs:
        hub.queue.enqueue(sub_jobs)
    return len(sub_jobs)


def _interleaved(lists: Sequence[list[QueuedSubJob]]) -> list[QueuedSubJob]:
    """One of each job in turn."""
    longest = max((len(each) for each in lists), default=0)
    return [each[place] for place in range(longest) for each in lists if place < len(each)]
