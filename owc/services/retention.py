"""What has been kept long enough goes: results of old jobs, volunteers long gone, blobs of nobody.

One pass, idempotent, safe to run twice at once. A blob is removed when nothing in SQL names it and
its file is older than a day, so that what is being written, and will be named, stays. Whoever is
about to name a blob puts it first, so its age is looked at once more when it goes: what SQL said
before may not be so any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from owc import telemetry
from owc.domain.states import JOB_MOVES, JobState
from owc.services.hub import Hub
from owc.services.values import Retained
from owc.store import (
    LOCK,
    ChunkRow,
    HubProgramRow,
    JobRow,
    LeaseRow,
    ResultFileRow,
    ResultRow,
    SegmentRow,
    SharedFileRow,
    SubJobRow,
    UploadRow,
    VolunteerRow,
)

BATCH = 500
KEEP_VOLUNTEERS = timedelta(days=365)

_NAMED_BY: Sequence[InstrumentedAttribute[Any]] = (
    JobRow.program_sha256,
    JobRow.result_sha256,
    HubProgramRow.program_sha256,
    ResultFileRow.sha256,
    ChunkRow.sha256,
    SegmentRow.sha256,
    ResultRow.output_sha256,
    UploadRow.sha256,
)
"""Every column that names a blob, but for those of inputs, which count while their job may still be
computed or shown with them: a blob that stands in none of them belongs to nobody."""

_FINISHED: Final = [state for state, after in JOB_MOVES.items() if after <= {JobState.REMOVED}]
_HAS_INPUTS: Final = JobRow.state.not_in(_FINISHED) | JobRow.segment_rows.is_not(None)


def retain(hub: Hub) -> Retained:
    """One pass of all of it."""
    results = _forget_results(hub)
    _forget_uploads(hub)
    volunteers = _forget_volunteers(hub)
    blobs, size = _remove_blobs(hub)
    done = Retained(results=results, volunteers=volunteers, blobs=blobs, bytes=size)
    if results or volunteers or blobs:
        telemetry.event("retained", results=results, volunteers=volunteers, blobs=blobs, bytes=size)
    return done


def _forget_results(hub: Hub) -> int:
    """Jobs that ended long ago keep their page, and lose their window, inputs and results."""
    before = hub.clock.now() - timedelta(days=hub.settings.keep_results_days)
    with hub.database.write() as session:
        jobs = session.scalars(
            select(JobRow)
            .where(
                JobRow.state.in_(_FINISHED),
                JobRow.finished_at < before,
                JobRow.segment_rows.is_not(None),
            )
            .limit(BATCH)
            .with_for_update(skip_locked=True, **LOCK)
        ).all()
        for job in jobs:
            sub_jobs = select(SubJobRow.id).where(SubJobRow.job_id == job.id)
            session.execute(delete(ResultRow).where(ResultRow.sub_job_id.in_(sub_jobs)))
            for table in (SubJobRow, LeaseRow, ChunkRow, SegmentRow, ResultFileRow):
                session.execute(delete(table).where(table.job_id == job.id))
            job.result_sha256 = None
            job.segment_rows = None  # the mark of a job that has something to forget
    return len(jobs)


def _forget_uploads(hub: Hub) -> None:
    """Old ones that no job may still read."""
    before = hub.clock.now() - timedelta(days=hub.settings.keep_results_days)
    shared = (
        select(SharedFileRow.job_id)
        .join(JobRow, JobRow.id == SharedFileRow.job_id)
        .where(SharedFileRow.sha256 == UploadRow.sha256, _HAS_INPUTS)
    )
    read = select(JobRow.id).where(JobRow.source_sha256 == UploadRow.sha256, _HAS_INPUTS)
    with hub.database.write() as session:
        session.execute(
            delete(UploadRow).where(
                UploadRow.created_at < before, ~read.exists(), ~shared.exists()
            ),
            execution_options={"synchronize_session": False},
        )


def _forget_volunteers(hub: Hub) -> int:
    before = hub.clock.now() - KEEP_VOLUNTEERS
    with hub.database.write() as session:
        gone = session.scalars(
            select(VolunteerRow.id)
            .where(
                VolunteerRow.last_seen_at < before,
                VolunteerRow.process_id.is_(None),
                ~select(LeaseRow.id).where(LeaseRow.volunteer_id == VolunteerRow.id).exists(),
                ~select(ResultRow.id).where(ResultRow.volunteer_id == VolunteerRow.id).exists(),
            )
            .limit(BATCH)
            .with_for_update(skip_locked=True, **LOCK)
        ).all()
        session.execute(delete(VolunteerRow).where(VolunteerRow.id.in_(gone)))
    return len(gone)


def _remove_blobs(hub: Hub) -> tuple[int, int]:
    before = hub.clock.now() - timedelta(hours=hub.settings.keep_blobs_hours)
    removed = size = 0
    hub.blobs.put_back_left_over()
    for batch in _batches(hub.blobs.stored_before(before)):
        with hub.database.read() as session:
            named = _named(session, batch)
        for sha256 in batch:
            gone = hub.blobs.remove(sha256, put_before=before) if sha256 not in named else None
            if gone is not None:
                size += gone
                removed += 1
    return removed, size


def _named(session: Session, sha256s: Sequence[str]) -> set[str]:
    sources = select(JobRow.source_sha256).where(JobRow.source_sha256.in_(sha256s), _HAS_INPUTS)
    shared = (
        select(SharedFileRow.sha256)
        .join(JobRow, JobRow.id == SharedFileRow.job_id)
        .where(SharedFileRow.sha256.in_(sha256s), _HAS_INPUTS)
    )
    queries = [sources, shared, *(select(each).where(each.in_(sha256s)) for each in _NAMED_BY)]
    return {found for query in queries for found in session.scalars(query)}


def _batches(items: Iterable[str]) -> Iterable[list[str]]:
    batch: list[str] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
