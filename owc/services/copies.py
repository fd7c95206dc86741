"""The tail of a job: idle volunteers are given copies of what has been running longest.

The first good result wins; whoever else works on the sub-job is told. A sub-job has one copy at a
time, never with the volunteer that has it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from owc import telemetry
from owc.domain.matching import queue_name
from owc.domain.sizing import COPY_SECONDS, may_copy
from owc.domain.states import JobState, SubJobState
from owc.services.aftermath import begin_change
from owc.services.granting import (
    SUB_JOB_COLUMNS,
    Asking,
    Share,
    grant,
    offer_of,
    pace_key,
    read_jobs,
    started,
)
from owc.services.hub import Hub
from owc.services.openings import Opening, openings_of
from owc.services.values import LeaseOffer
from owc.store import LOCK, AnyRow, JobRow, LeaseRow, SubJobRow


def copies_for(hub: Hub, idle: Sequence[Asking]) -> dict[str, LeaseOffer]:
    """One sub-job each for as many of these volunteers as there is something to copy for."""
    if not idle or not tails(hub, 1):
        return {}
    with begin_change(hub) as change:
        candidates = _candidates(change.session, change.now, 2 * len(idle), locked=True)
        jobs = read_jobs(change.session, {each.job_id for each in candidates})
        shares = []
        for asking in idle:
            chosen = next((each for each in candidates if _suits(asking, each, jobs)), None)
            if chosen is not None:
                candidates.remove(chosen)
                job = jobs[chosen.job_id]
                speed = asking.paces.get(pace_key(job.program_sha256), asking.speed)
                shares.append(
                    Share(
                        volunteer_id=asking.volunteer_id, job=job, sub_jobs=(chosen,), speed=speed
                    )
                )
        granted = grant(change, shares, copies=True)
    with hub.delivery("start"):
        hub.queue.start(started(granted))
    if granted:
        telemetry.event("copies_granted", sub_jobs=len(granted))
    return {each.share.volunteer_id: offer_of(hub, each) for each in granted}


def tails(hub: Hub, most: int) -> list[Opening]:
    """Sub-jobs of which idle volunteers could be given copies now, at most `most`."""
    now = hub.clock.now()
    with hub.database.read() as session:
        return openings_of(_candidates(session, now, most, locked=False))


def _candidates(session: Session, now: Any, most: int, *, locked: bool) -> list[AnyRow]:
    """Those that have run longest, of jobs of which nothing waits."""
    other = aliased(SubJobRow)
    waiting = select(other.id).where(
        other.job_id == JobRow.id, other.state == SubJobState.WAITING, other.asks.is_(None)
    )
    query = (
        select(
            *SUB_JOB_COLUMNS,
            SubJobRow.leased_at,
            JobRow.row_seconds,
            JobRow.requirement_key,
            JobRow.priority,
            JobRow.strategy,
            LeaseRow.volunteer_id,
        )
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .join(LeaseRow, LeaseRow.id == SubJobRow.lease_id)
        .where(
            JobRow.state == JobState.RUNNING,
            JobRow.next_row >= JobRow.rows_ready,
            ~waiting.exists(),
            SubJobRow.state == SubJobState.LEASED,
            SubJobRow.copy_lease_id.is_(None),
            SubJobRow.asks.is_(None),  # who may take it is not for chance
            SubJobRow.leased_at <= now - timedelta(seconds=COPY_SECONDS),
        )
        .order_by(SubJobRow.leased_at)
        .limit(most)
    )
    if locked:
        query = query.with_for_update(of=SubJobRow, skip_locked=True, **LOCK)
    rows = session.execute(query).all()
    return [
        row
        for row in rows
        if may_copy(
            leased_for=now - row.leased_at, sub_job_seconds=(row.row_seconds or 0.0) * row.rows
        )
    ]


def _suits(asking: Asking, sub_job: AnyRow, jobs: dict[str, AnyRow]) -> bool:
    job = jobs.get(sub_job.job_id)
    return (
        job is not None
        and sub_job.volunteer_id != asking.volunteer_id
        and queue_name(job.requirement_key, job.priority) in asking.queues
    )
