"""Rows that fail are left out of the result of a job that says `on_error: skip`, and listed beside
it.

Only the hub's own run makes a row one to be skipped. The sub-job is replaced by what is around the
row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from owc import telemetry
from owc.domain.states import JobState, SubJobState
from owc.services import moves, replacing
from owc.services.aftermath import Change
from owc.services.hub import Hub
from owc.services.values import SkippedSourceRow
from owc.store import JobRow, SkippedRow, SubJobRow

PAGE_MOST: Final = 1000


def skip(
    change: Change, job: JobRow, sub_job: SubJobRow, row: int, *, code: str, message: str
) -> SubJobRow | None:
    """Leave a row out; the rows after it wait. The sub-job of those before it, to be settled by the
    caller, or None if there are none.

    A job of which too many rows fail fails itself.
    """
    before, after = replacing.around(change, job, sub_job, row)
    change.session.add(SkippedRow(job_id=job.id, row=row, code=code, message=message))
    job.rows_skipped += 1
    telemetry.event("row_skipped", job_id=job.id, row=row, code=code)
    most = change.hub.settings.max_skipped_rows
    if job.rows_skipped > most:
        reason = f"More than {most:,} rows of the source fail; the last, row {row:,}: {message}"
        moves.end_job(change, job, JobState.FAILED, reason)
        return None
    if before is not None:
        moves.move_sub_job(change, before, SubJobState.JUDGING)
    change.aftermath.feeds = change.aftermath.feeds or after is not None
    if before is None:
        moves.complete_if_settled(change, job)
    return before


def skipped_rows(
    hub: Hub, job_id: str, after: int = -1, limit: int = 200
) -> Sequence[SkippedSourceRow]:
    """The rows that were skipped, in row order, after `after`."""
    with hub.database.read() as session:
        rows = session.scalars(
            select(SkippedRow)
            .where(SkippedRow.job_id == job_id, SkippedRow.row > after)
            .order_by(SkippedRow.row)
            .limit(max(1, min(limit, PAGE_MOST)))
        )
        return [SkippedSourceRow(row=row.row, code=row.code, message=row.message) for row in rows]
