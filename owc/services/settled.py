"""Settled sub-jobs of a job, wherever they are kept: in SQL while they are in the window, then in
segments.

Reads only. A sub-job is in one of the two places, never in both.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from owc.blobs import Blobs
from owc.blobs.segments import HUB, SettledSubJob, read_outputs, read_segment
from owc.domain.states import SubJobState
from owc.store import Database, JobRow, ResultRow, SegmentRow, SubJobRow

OUTPUTS_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """How much of a job is settled."""

    rows: int
    sub_jobs: int


def settled_before(session: Session, blobs: Blobs, job: JobRow, row: int) -> Settled:
    """What is settled of the rows before `row`, at which some sub-job begins or the source ends."""
    rows, sub_jobs = session.execute(
        select(func.coalesce(func.sum(SubJobRow.rows), 0), func.count()).where(
            SubJobRow.job_id == job.id,
            SubJobRow.first_row < row,
            SubJobRow.state == SubJobState.SETTLED,
        )
    ).one()
    rows = int(rows)  # PostgreSQL adds integers up to a decimal
    for segment in _segments(session, job.id, before=row):
        if segment.end_row <= row:
            rows, sub_jobs = rows + segment.rows, sub_jobs + segment.sub_jobs
            continue
        before = [each for each in read_segment(blobs, segment.sha256) if each.first_row < row]
        rows, sub_jobs = rows + sum(each.rows for each in before), sub_jobs + len(before)
    return Settled(rows=rows, sub_jobs=sub_jobs)


def settled_sub_jobs(
    session: Session, blobs: Blobs, job_id: str, *, from_row: int = 0
) -> Iterator[SettledSubJob]:
    """All of them in row order, from the first that begins at or after `from_row`."""
    in_sql = session.scalars(
        select(SubJobRow)
        .where(
            SubJobRow.job_id == job_id,
            SubJobRow.first_row >= from_row,
            SubJobRow.state == SubJobState.SETTLED,
        )
        .order_by(SubJobRow.first_row)
    ).all()
    in_segments = segmented(session, blobs, job_id, from_row=from_row)
    return heapq.merge(map(of_row, in_sql), in_segments, key=lambda each: each.first_row)


def segmented(
    session: Session, blobs: Blobs, job_id: str, *, from_row: int
) -> Iterator[SettledSubJob]:
    """Those that are in segments, in row order; files are read as they are reached."""
    return (
        each
        for segment in _segments(session, job_id, after=from_row)
        for each in read_segment(blobs, segment.sha256)
        if each.first_row >= from_row
    )


def outputs(database: Database, blobs: Blobs, job_id: str, *, before: int) -> Iterator[bytes]:
    """The canonical outputs of a job's rows before `before`, in row order, a few at a time in
    memory. Raises NotFound."""
    with database.read() as session:
        segments = list(_segments(session, job_id, before=before))
    in_segments = (
        each
        for segment in segments
        for each in read_outputs(blobs, segment.sha256)
        if each[0] < before
    )
    in_sql = _outputs_in_sql(database, blobs, job_id, before)
    for _, output in heapq.merge(in_segments, in_sql, key=lambda each: each[0]):
        yield output


def _outputs_in_sql(
    database: Database, blobs: Blobs, job_id: str, before: int
) -> Iterator[tuple[int, bytes]]:
    after = -1
    while True:
        with database.read() as session:
            rows = session.execute(
                select(SubJobRow.first_row, ResultRow.output, ResultRow.output_sha256)
                .join(ResultRow, ResultRow.sub_job_id == SubJobRow.id)
                .where(
                    SubJobRow.job_id == job_id,
                    SubJobRow.first_row > after,
                    SubJobRow.first_row < before,
                    SubJobRow.state == SubJobState.SETTLED,
                    ResultRow.canonical,
                )
                .order_by(SubJobRow.first_row)
                .limit(OUTPUTS_AT_ONCE)
            ).all()
        if not rows:
            return
        for first_row, output, sha256 in rows:
            yield first_row, output if output is not None else blobs.read(sha256)
            after = first_row


def _segments(
    session: Session, job_id: str, *, before: int | None = None, after: int = 0
) -> list[SegmentRow]:
    """Those with rows in [after, before), in row order; they do not overlap."""
    query = (
        select(SegmentRow)
        .where(SegmentRow.job_id == job_id, SegmentRow.end_row > after)
        .order_by(SegmentRow.first_row)
    )
    if before is not None:
        query = query.where(SegmentRow.first_row < before)
    return list(session.scalars(query))


def of_row(row: SubJobRow) -> SettledSubJob:
    return SettledSubJob(
        id=row.id,
        first_row=row.first_row,
        rows=row.rows,
        chunk_sha256=row.chunk_sha256,
        result_sha256=row.result_sha256 or "",
        volunteer=row.volunteer_id or HUB,
        verdict=row.verdict,
        leases=row.leases,
        failures=row.failures,
    )
