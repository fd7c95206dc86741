"""Summaries of jobs, read in one query however many jobs they are about."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from owc.domain.states import LeaseState
from owc.services.values import JobSummary
from owc.store import JobRow, LeaseRow


def of_jobs(session: Session, job_ids: Sequence[str]) -> tuple[JobSummary, ...]:
    return where(session, JobRow.id.in_(job_ids), limit=len(job_ids))


def where(
    session: Session, condition: ColumnElement[bool], *, limit: int
) -> tuple[JobSummary, ...]:
    """Newest first."""
    at_work = (
        select(func.count(LeaseRow.volunteer_id.distinct()))
        .where(LeaseRow.job_id == JobRow.id, LeaseRow.state == LeaseState.ACTIVE)
        .scalar_subquery()
    )
    query = (
        select(
            JobRow.id,
            JobRow.name,
            JobRow.about,
            JobRow.state,
            JobRow.submitter,
            JobRow.priority,
            JobRow.strategy,
            JobRow.on_error,
            JobRow.created_at,
            JobRow.finished_at,
            JobRow.deadline_at,
            JobRow.rows_total,
            JobRow.rows_settled,
            JobRow.rows_skipped,
            JobRow.sub_jobs_total,
            JobRow.sub_jobs_settled,
            at_work.label("volunteers_at_work"),
            JobRow.formats,
        )
        .where(condition)
        .order_by(JobRow.created_at.desc(), JobRow.id.desc())
        .limit(limit)
    )
    return tuple(
        JobSummary(**{**row._mapping, "formats": tuple(row.formats)})
        for row in session.execute(query)
    )
