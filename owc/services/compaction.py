"""Settled sub-jobs move from SQL into segments, and out of them again when their word is doubted.

A segment has the settled sub-jobs that begin in a fixed stretch of a job's rows, once the stretch
is cut and nothing of it is open. Files are written before the transaction that names them; one that
loses the race is swept by retention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, select

from owc import telemetry
from owc.blobs import BlobRecord
from owc.blobs.segments import HUB, SettledSubJob, read_outputs, read_segment, write_segment
from owc.domain.states import COMPUTING, JobState, SubJobState
from owc.services import moves
from owc.services.aftermath import Change, begin_change, merge_task
from owc.services.hub import Hub
from owc.services.settled import of_row
from owc.store import LOCK, DoubtRow, JobRow, ResultRow, SegmentRow, SubJobRow

PUT_AWAY: Final = COMPUTING | {JobState.SUCCEEDED}
"""The states of jobs whose settled sub-jobs are put away; not while they are merged."""

STRETCHES = 16
"""Compacted of one job in one pass, one transaction each."""


def compact(hub: Hub, job_id: str) -> int:
    """One pass over a job: the stretches that are settled become segments. Sub-jobs that moved."""
    return sum(_compact_stretch(hub, job_id, start) for start in _ripe(hub, job_id))


def _ripe(hub: Hub, job_id: str) -> list[int]:
    """The first rows of stretches of which all is settled, and some of it is still in SQL."""
    with hub.database.read() as session:
        job = session.get(JobRow, job_id)
        if job is None or job.segment_rows is None or job.state not in PUT_AWAY:
            return []
        stretch = SubJobRow.first_row - SubJobRow.first_row % job.segment_rows
        is_settled = SubJobRow.state == SubJobState.SETTLED
        rows = session.execute(
            select(
                stretch.label("start"),
                func.count().label("sub_jobs"),
                func.count().filter(is_settled).label("settled"),
            )
            .where(
                SubJobRow.job_id == job_id,
                SubJobRow.state != SubJobState.REPLACED,
                SubJobRow.first_row < job.rows_ready,  # what lies behind a result's end stays
            )
            .group_by(stretch)
            .order_by(stretch)
        ).all()
        return [
            row.start
            for row in rows
            if row.settled == row.sub_jobs and _end(job, row.start) <= job.next_row
        ][:STRETCHES]


def _end(job: JobRow, start: int) -> int:
    """Where a stretch ends: with the source, if that is known to end in it."""
    end = start + (job.segment_rows or 0)
    return end if job.rows_total is None else min(end, job.rows_total)


def _compact_stretch(hub: Hub, job_id: str, start: int) -> int:
    with hub.database.read() as session:
        job = session.get_one(JobRow, job_id)
        end = _end(job, start)
        rows = session.execute(
            select(SubJobRow, ResultRow.output, ResultRow.output_sha256)
            .join(ResultRow, ResultRow.sub_job_id == SubJobRow.id)
            .where(
                SubJobRow.job_id == job_id,
                SubJobRow.first_row >= start,
                SubJobRow.first_row < end,
                SubJobRow.state == SubJobState.SETTLED,
                ResultRow.canonical,
            )
        ).all()
        older = session.get(SegmentRow, (job_id, start))
    settled = [
        (of_row(sub_job), output if output is not None else hub.blobs.read(sha256))
        for sub_job, output, sha256 in rows
    ]
    ids = [each.id for each, _ in settled]
    if older is not None:
        kept = read_segment(hub.blobs, older.sha256)
        outputs = (output for _, output in read_outputs(hub.blobs, older.sha256))
        settled += zip(kept, outputs, strict=True)
    settled.sort(key=lambda each: each[0].first_row)
    if not ids:
        return 0
    blob = write_segment(hub.blobs, settled)
    with begin_change(hub) as change:
        locked = change.session.get_one(JobRow, job_id, with_for_update=LOCK)
        if locked.state not in PUT_AWAY or _end(locked, start) != end:
            return 0
        if not _unchanged(change, ids, older, job_id, start):
            return 0
        _remove(change, ids)
        change.session.merge(
            SegmentRow(
                job_id=job_id,
                first_row=start,
                end_row=end,
                rows=sum(each.rows for each, _ in settled),
                sub_jobs=len(settled),
                sha256=blob.sha256,
                bytes=blob.bytes,
            )
        )
    telemetry.event("segment_written", job_id=job_id, first_row=start, sub_jobs=len(settled))
    return len(ids)


def _unchanged(
    change: Change, ids: Sequence[str], older: SegmentRow | None, job_id: str, start: int
) -> bool:
    """Whether all of it is still settled, and the segment still the one that was read."""
    still = change.session.scalars(
        select(SubJobRow.id)
        .where(SubJobRow.id.in_(ids), SubJobRow.state == SubJobState.SETTLED)
        .order_by(SubJobRow.id)
        .with_for_update(**LOCK)
    ).all()
    segment = change.session.get(SegmentRow, (job_id, start), with_for_update=LOCK)
    same = (segment and segment.sha256) == (older and older.sha256)
    return len(still) == len(ids) and same


def _remove(change: Change, ids: Sequence[str]) -> None:
    change.session.execute(delete(ResultRow).where(ResultRow.sub_job_id.in_(ids)))
    change.session.execute(delete(SubJobRow).where(SubJobRow.id.in_(ids)))


def reopen_doubted(hub: Hub, job_id: str) -> int:
    """Take out of a job's segments what rests on the word of volunteers who were caught since; the
    hub runs it itself. How many sub-jobs."""
    with hub.database.read() as session:
        doubted = set(
            session.scalars(select(DoubtRow.volunteer_id).where(DoubtRow.job_id == job_id))
        )
        starts = session.scalars(
            select(SegmentRow.first_row).where(SegmentRow.job_id == job_id)
        ).all()
    reopened = sum(_reopen_in(hub, job_id, start, doubted) for start in starts) if doubted else 0
    with begin_change(hub) as change:
        change.session.execute(
            delete(DoubtRow).where(DoubtRow.job_id == job_id, DoubtRow.volunteer_id.in_(doubted))
        )
        job = change.session.get(JobRow, job_id, with_for_update=LOCK)
        if job is not None and job.state is JobState.MERGING:
            # a merge that met the doubt has given up
            change.aftermath.tasks.append(merge_task(job_id))
    telemetry.event("doubts_settled", job_id=job_id, reopened=reopened)
    return reopened


def _reopen_in(hub: Hub, job_id: str, start: int, doubted: set[str]) -> int:
    with hub.database.read() as session:
        older = session.get(SegmentRow, (job_id, start))
    if older is None:
        return 0
    known = read_segment(hub.blobs, older.sha256)
    gone = [each for each in known if each.volunteer in doubted and each.verdict is None]
    if not gone:
        return 0
    first_rows = {each.first_row for each in gone}
    outputs = (output for _, output in read_outputs(hub.blobs, older.sha256))
    kept = [
        pair for pair in zip(known, outputs, strict=True) if pair[0].first_row not in first_rows
    ]
    blob = write_segment(hub.blobs, kept) if kept else None
    with begin_change(hub) as change:
        job = change.session.get_one(JobRow, job_id, with_for_update=LOCK)
        segment = change.session.get(SegmentRow, (job_id, start), with_for_update=LOCK)
        is_stale = segment is None or segment.sha256 != older.sha256
        if not is_stale and job.state not in {*COMPUTING, JobState.MERGING}:
            return 0
        if segment is not None and not is_stale:
            _take_out(change, job, segment, gone, blob)
    # written anew meanwhile: what is doubted may be in it still
    return _reopen_in(hub, job_id, start, doubted) if is_stale else len(gone)


def _take_out(
    change: Change,
    job: JobRow,
    segment: SegmentRow,
    gone: Sequence[SettledSubJob],
    blob: BlobRecord | None,
) -> None:
    if blob is None:
        change.session.delete(segment)
    else:
        segment.rows -= sum(each.rows for each in gone)
        segment.sub_jobs -= len(gone)
        segment.sha256, segment.bytes = blob.sha256, blob.bytes
    for each in gone:
        sub_job = _judged(job.id, each)
        change.session.add(sub_job)
        if each.volunteer != HUB:
            change.credits[each.volunteer, job.id] -= each.rows
        moves.reopen(change, job, sub_job)


def _judged(job_id: str, each: SettledSubJob) -> SubJobRow:
    """What was settled, as a row that the hub is to judge; the doubted output is not kept."""
    return SubJobRow(
        id=each.id,
        job_id=job_id,
        first_row=each.first_row,
        rows=each.rows,
        chunk_sha256=each.chunk_sha256,
        chunk_bytes=0,
        state=SubJobState.JUDGING,
        leases=each.leases,
        failures=each.failures,
        hub_runs=0,
    )
