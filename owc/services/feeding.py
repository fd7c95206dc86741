"""Sub-jobs enter RQ's queues: cut from each job's cursor, a window at a time, in fair turns.

A row of `sub_job` exists only from here until its result is kept in a segment, so that a job of a
billion rows costs no more than its window. Sub-jobs that came back enter first, at the front.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, false, func, insert, or_, select, true, update
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain.fairness import LEAST_COST_SECONDS, Claim, is_pressed, level_of_turn, turns
from owc.domain.ids import new_ids
from owc.domain.matching import parse_queue_name, queue_name
from owc.domain.sizing import window_seconds
from owc.domain.states import JobState, SubJobState
from owc.queue import QueuedSubJob
from owc.services.hub import Hub
from owc.services.moves import turn_seconds
from owc.store import LOCK, AnyRow, ChunkRow, JobRow, SubJobRow

BATCH = 500
_SILENT = {"synchronize_session": False}
LOST_AFTER = timedelta(seconds=5)
"""A sub-job that has been queued for longer and is in no queue was lost, not just being leased."""


@dataclass(slots=True, kw_only=True)
class _Queue:
    """One queue and its jobs. Counts are of sub-jobs; `returned`: those that wait outside."""

    jobs: list[AnyRow] = field(default_factory=list)
    returned: Counter[str] = field(default_factory=Counter)
    queued: int = 0
    queued_long: int = 0
    queued_seconds: float = 0.0
    leased_seconds: float = 0.0


_COLUMNS = (
    JobRow.id,
    JobRow.requirement_key,
    JobRow.priority,
    JobRow.strategy,
    JobRow.source_kind,
    JobRow.row_seconds,
    JobRow.rows_per_sub_job,
    JobRow.next_row,
    JobRow.rows_ready,
    JobRow.rows_total,
    JobRow.rows_settled,
    JobRow.level_seconds,
    JobRow.deadline_at,
)


def feed_queues(hub: Hub, least: int = 0) -> int:
    """Top up every queue to its window, or by `least` sub-jobs, which somebody asks for now. How
    many entered.

    A Redis that has lost everything is noticed at once: what SQL believed in it enters again.
    """
    entered = 0
    with hub.delivery("feed"):
        if hub.queue.has_forgotten():
            with hub.database.write() as session:
                _unqueue(session, true())
        queues = _read_queues(hub)
        lengths = hub.queue.lengths(sorted(queues))
        for name, length in lengths.items():
            entered += _top_up(hub, name, queues[name], length=length, least=least)
    if entered:
        telemetry.event("fed", sub_jobs=entered)
    return entered


def make_room(hub: Hub, name: str) -> None:
    """Let a job that has just begun have its turns among what is queued already: the queue is
    emptied and fed anew."""
    with hub.database.write() as session:
        _unqueue(session, SubJobRow.job_id.in_(select(JobRow.id).where(_in_queue(name))))
    with hub.delivery("feed"):
        hub.queue.empty(name)
    feed_queues(hub)


def requeue_missing(hub: Hub, name: str) -> int:
    """Mark those as not queued that SQL has long believed in the queue and Redis does not have."""
    present = hub.queue.queued_ids(name)
    with hub.database.write() as session:
        believed = session.scalars(
            select(SubJobRow.id)
            .join(JobRow, JobRow.id == SubJobRow.job_id)
            .where(
                SubJobRow.state == SubJobState.WAITING,
                SubJobRow.queued_at < hub.clock.now() - LOST_AFTER,
                _in_queue(name),
            )
        )
        missing = [sub_job_id for sub_job_id in believed if sub_job_id not in present]
        for start in range(0, len(missing), BATCH):
            _unqueue(session, SubJobRow.id.in_(missing[start : start + BATCH]))
    return len(missing)


def waits(hub: Hub, names: Iterable[str]) -> bool:
    """Whether some sub-job belongs into one of these queues and is not in it."""
    returned = exists().where(
        SubJobRow.job_id == JobRow.id,
        SubJobRow.state == SubJobState.WAITING,
        SubJobRow.queued_at.is_(None),
    )
    found = select(JobRow.id).where(
        JobRow.state == JobState.RUNNING,
        or_(*map(_in_queue, names)),
        (JobRow.next_row < JobRow.rows_ready) | returned,
    )
    with hub.database.read() as session:
        return session.scalar(found.limit(1)) is not None


def _in_queue(name: str) -> ColumnElement[bool]:
    parsed = parse_queue_name(name)
    if parsed is None:
        return false()
    key, priority = parsed
    return (JobRow.requirement_key == key) & (JobRow.priority == priority)


def _unqueue(session: Session, which: ColumnElement[bool]) -> None:
    """Some of what waits is in no queue any more; its jobs have not had that work."""
    gone = session.scalars(
        update(SubJobRow)
        .where(SubJobRow.state == SubJobState.WAITING, SubJobRow.queued_at.is_not(None), which)
        .values(queued_at=None)
        .returning(SubJobRow.job_id),
        execution_options=_SILENT,
    )
    counts = Counter(gone.all())
    jobs = session.execute(
        select(JobRow.id, JobRow.row_seconds, JobRow.rows_per_sub_job)
        .where(JobRow.id.in_(list(counts)))
        .order_by(JobRow.id)
    )
    for job in jobs.all():
        _charge(session, job, -counts[job.id])


def _charge(session: Session, job: AnyRow, sub_jobs: int) -> None:
    """So many sub-jobs of a job enter its queue; fewer than none: have been taken out again."""
    session.execute(
        update(JobRow)
        .where(JobRow.id == job.id)
        .values(level_seconds=JobRow.level_seconds + turn_seconds(job) * sub_jobs),
        execution_options=_SILENT,
    )


def _read_queues(hub: Hub) -> dict[str, _Queue]:
    """Of every queue that a running job uses: its jobs, and what of them is in the window."""
    queues: dict[str, _Queue] = defaultdict(_Queue)
    long_ago = hub.clock.now() - LOST_AFTER
    with hub.database.read() as session:
        jobs = session.execute(
            select(*_COLUMNS).where(JobRow.state == JobState.RUNNING).order_by(JobRow.created_at)
        ).all()
        by_job = {}
        for job in jobs:
            by_job[job.id] = queue = queues[queue_name(job.requirement_key, job.priority)]
            queue.jobs.append(job)
        seconds = {job.id: job.row_seconds or 0.0 for job in jobs}
        counts = session.execute(
            select(
                SubJobRow.job_id,
                SubJobRow.state,
                SubJobRow.queued_at.is_not(None).label("is_queued"),
                func.count().label("number"),
                # what asks for another volunteer must not keep out what anybody may have
                func.sum(case((SubJobRow.asks.is_(None), SubJobRow.rows), else_=0)).label("rows"),
                func.count().filter(SubJobRow.asks.is_(None)).label("unasked"),
                func.count().filter(SubJobRow.queued_at < long_ago).label("long"),
            )
            .where(
                SubJobRow.job_id.in_(list(by_job)),
                SubJobRow.state.in_((SubJobState.WAITING, SubJobState.LEASED)),
            )
            .group_by(SubJobRow.job_id, SubJobRow.state, SubJobRow.queued_at.is_not(None))
        )
        for row in counts:
            queue, work = by_job[row.job_id], float(row.rows) * seconds[row.job_id]
            work = max(work, row.unasked * LEAST_COST_SECONDS)
            if row.state is SubJobState.LEASED:
                queue.leased_seconds += work
            elif row.is_queued:
                queue.queued += row.number
                queue.queued_long += row.long
                queue.queued_seconds += work
            else:
                queue.returned[row.job_id] += row.number
    return queues


def _top_up(hub: Hub, name: str, queue: _Queue, *, length: int, least: int) -> int:
    if length < queue.queued_long:
        requeue_missing(hub, name)  # they are fed by the next pass
    room = hub.settings.queue_window - length
    room_seconds = window_seconds(queue.leased_seconds) - queue.queued_seconds
    asked = min(least, room) if length == 0 else 0
    if room <= 0 or (room_seconds <= 0 and not asked):
        return 0
    claims = _claims(hub, queue)
    order = turns(claims, room=room, room_seconds=room_seconds) if room_seconds > 0 else []
    if len(order) < asked:  # the fleet does more than what it has leased tells
        order = turns(claims, room=asked, room_seconds=math.inf)
    if not order:
        return 0
    sub_jobs = _enter(hub, name, order, {claim.job_id: claim for claim in claims})
    hub.queue.enqueue(sub_jobs)
    strategies = {str(job.id): job.strategy for job in queue.jobs}
    told = Counter(strategies[job_id] for job_id in order)
    for strategy, count in told.items():
        hub.push.publish("work", {"queue": name, "sub_jobs": count, "strategy": strategy})
    return len(sub_jobs)


def _claims(hub: Hub, queue: _Queue) -> list[Claim]:
    now = hub.clock.now()
    pace = queue.leased_seconds / hub.settings.lease_target_seconds
    claims = []
    for job in queue.jobs:
        each = (job.row_seconds or 0.0) * (job.rows_per_sub_job or 1)
        uncut = -(-(job.rows_ready - job.next_row) // (job.rows_per_sub_job or 1))
        pressed_until = None
        if job.deadline_at is not None:
            rows_left = (job.rows_total or job.rows_ready) - job.rows_settled
            work = (job.row_seconds or 0.0) * rows_left
            if is_pressed(work_seconds=work, pace=pace, time_left=job.deadline_at - now):
                pressed_until = job.deadline_at
        claims.append(
            Claim(
                job_id=job.id,
                level_seconds=job.level_seconds,
                sub_job_seconds=each,
                available=queue.returned[job.id] + uncut,
                pressed_until=pressed_until,
            )
        )
    return claims


def _enter(
    hub: Hub, name: str, order: Sequence[str], claims: Mapping[str, Claim]
) -> list[QueuedSubJob]:
    """In one transaction, mark or make as many sub-jobs of each job as it has turns."""
    now = hub.clock.now()
    entering: dict[str, list[QueuedSubJob]] = {}
    with hub.database.write() as session:
        jobs = session.execute(
            select(*_COLUMNS)
            .where(JobRow.id.in_(set(order)), JobRow.state == JobState.RUNNING)
            .order_by(JobRow.id)
            .with_for_update(**LOCK)
        ).all()
        counts = Counter(order)
        for job in jobs:
            returned = _take_returned(session, job.id, counts[job.id], now)
            lacking = counts[job.id] - len(returned)
            cut = cut_sub_jobs(session, job, lacking, now) if lacking else []
            _charge(session, job, len(returned) + len(cut))
            found = [(sub_job_id, leases > 0) for sub_job_id, leases in returned]
            found += [(sub_job_id, False) for sub_job_id in cut]
            entering[job.id] = [
                QueuedSubJob(
                    id=sub_job_id,
                    queue=name,
                    at_front=at_front,
                    level=level_of_turn(claims[job.id], turn),
                )
                for turn, (sub_job_id, at_front) in enumerate(found)
            ]
    return _in_turns(order, entering)


def _take_returned(session: Session, job_id: str, most: int, now: datetime) -> Sequence[AnyRow]:
    rows = session.execute(
        select(SubJobRow.id, SubJobRow.leases)
        .where(
            SubJobRow.job_id == job_id,
            SubJobRow.state == SubJobState.WAITING,
            SubJobRow.queued_at.is_(None),
        )
        .order_by(SubJobRow.first_row)
        .limit(most)
        .with_for_update(skip_locked=True, **LOCK)
    ).all()
    for start in range(0, len(rows), BATCH):
        ids = [sub_job_id for sub_job_id, _ in rows[start : start + BATCH]]
        session.execute(
            update(SubJobRow).where(SubJobRow.id.in_(ids)).values(queued_at=now),
            execution_options=_SILENT,
        )
    return rows


def cut_sub_jobs(session: Session, job: AnyRow, most: int, now: datetime) -> list[str]:
    """Make the next sub-jobs of a job, which the caller has locked; their ids, in row order."""
    pieces = list(_next_pieces(session, job, most))
    if not pieces:
        return []
    ids = new_ids("sub", len(pieces))
    session.connection().execute(
        insert(SubJobRow),
        [
            {
                "id": sub_job_id,
                "job_id": job.id,
                "first_row": first_row,
                "rows": rows,
                "chunk_sha256": sha256,
                "chunk_bytes": size,
                "state": SubJobState.WAITING,
                "queued_at": now,
                "leases": 0,
                "failures": 0,
                "hub_runs": 0,
            }
            for sub_job_id, (first_row, rows, sha256, size) in zip(ids, pieces, strict=True)
        ],
    )
    first_row, rows, _, _ = pieces[-1]
    session.execute(
        update(JobRow).where(JobRow.id == job.id).values(next_row=first_row + rows),
        execution_options=_SILENT,
    )
    return list(ids)


def _next_pieces(
    session: Session, job: AnyRow, most: int
) -> Iterable[tuple[int, int, str | None, int]]:
    if job.source_kind == "range":
        size = job.rows_per_sub_job or 1
        starts = range(job.next_row, job.rows_ready, size)[:most]
        return [(start, min(size, job.rows_ready - start), None, 0) for start in starts]
    chunks = session.execute(
        select(ChunkRow.first_row, ChunkRow.rows, ChunkRow.sha256, ChunkRow.bytes)
        .where(ChunkRow.job_id == job.id, ~ChunkRow.is_part, ChunkRow.first_row >= job.next_row)
        .order_by(ChunkRow.first_row)
        .limit(most)
    ).all()
    return [(chunk.first_row, chunk.rows, chunk.sha256, chunk.bytes) for chunk in chunks]


def _in_turns(
    order: Sequence[str], entering: Mapping[str, list[QueuedSubJob]]
) -> list[QueuedSubJob]:
    """One of each job in its turn; a job that has fewer than it claimed is passed over."""
    pending = {job_id: iter(sub_jobs) for job_id, sub_jobs in entering.items()}
    found = (next(pending[job_id], None) for job_id in order if job_id in pending)
    return [sub_job for sub_job in found if sub_job is not None]
