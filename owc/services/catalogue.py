"""What anyone may read: jobs, sub-jobs, programs, results, volunteers. SQL and blobs only."""

from __future__ import annotations

import heapq
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session, undefer_group

from owc.blobs.segments import HUB
from owc.domain.matching import missing, requirement_of, satisfies
from owc.domain.states import COMPUTING, JobState, LeaseState, SubJobState
from owc.errors import NotFound, Removed, ResultNotReady
from owc.services import settled, summaries
from owc.services.hub import Hub
from owc.services.presence import record_of
from owc.services.skipping import skipped_rows
from owc.services.standing import credits_of
from owc.services.values import (
    HubProgram,
    JobSummary,
    JobView,
    Preview,
    ResultColumn,
    ResultFile,
    SubJobView,
    VolunteerRecord,
)
from owc.store import (
    PAGE,
    ChunkRow,
    HubProgramRow,
    JobRow,
    LeaseRow,
    ResultFileRow,
    SharedFileRow,
    SkippedRow,
    SubJobRow,
    VolunteerRow,
)

PAGE_MOST = 1000
SHOWN_SUB_JOBS = 50
SHOWN_SKIPPED = 50
_SHOWN_BEFORE_OPEN = 10
_AT_ONCE = 100
"""Volunteers that are looked at together."""


def list_jobs(hub: Hub, before: datetime | None = None, limit: int = 50) -> tuple[JobSummary, ...]:
    """Newest first; `before`: `created_at` of the last one of the page before."""
    with hub.database.read() as session:
        return summaries.where(
            session,
            (JobRow.state != JobState.REMOVED)
            & (JobRow.created_at < before if before is not None else true()),
            limit=max(1, min(limit, PAGE_MOST)),
        )


def job_summary(hub: Hub, job_id: str) -> JobSummary:
    """Raises NotFound, Removed."""
    with hub.database.read() as session:
        _job(session, job_id)
        return summaries.of_jobs(session, [job_id])[0]


def job_summaries(hub: Hub, job_ids: Sequence[str]) -> tuple[JobSummary, ...]:
    """Those that there are, but for removed ones."""
    with hub.database.read() as session:
        return summaries.where(
            session,
            JobRow.id.in_(job_ids) & (JobRow.state != JobState.REMOVED),
            limit=len(job_ids),
        )


def job_view(hub: Hub, job_id: str) -> JobView:
    """Everything that a job's page shows. Raises NotFound, Removed."""
    with hub.database.read() as session:
        job = _job(session, job_id)
        summary = summaries.of_jobs(session, [job_id])[0]
        shown = _sub_jobs(hub, session, job, _first_shown(session, job) - 1, SHOWN_SUB_JOBS)
        unmet = _unmet(session, job)
        programs = tuple(
            HubProgram(
                role=row.role,
                sha256=row.program_sha256,
                bytes=row.program_bytes,
                listing=row.listing,
            )
            for row in _hub_programs(session, job_id)
        )
        files = tuple(
            ResultFile(form=row.form, sha256=row.sha256, problem=row.problem, about=row.about)
            for row in _result_files(session, job_id)
        )
    return JobView(
        **{name: getattr(summary, name) for name in JobSummary.__dataclass_fields__},
        purpose=job.purpose,
        contact=job.contact,
        licence=job.licence,
        document=json.dumps(json.loads(job.document), ensure_ascii=False, indent=2),
        listing=job.listing,
        program_sha256=job.program_sha256,
        program_bytes=job.program_bytes,
        requirement=job.requirement,
        source_kind=job.source_kind,
        source_sha256=job.source_sha256,
        failure=job.failure,
        result_sha256=job.result_sha256,
        result_rows=job.result_rows,
        replicas=job.replicas,
        quorum=job.quorum,
        spot_check=job.spot_check,
        audited=job.audited,
        audits_failed=job.audits_failed,
        unmet=unmet,
        skipped_rows=tuple(skipped_rows(hub, job_id, limit=SHOWN_SKIPPED)),
        result_columns=tuple(
            ResultColumn(name=name, type=type_name) for name, type_name in job.result_columns or ()
        ),
        input_preview=_preview(job.input_preview),
        result_preview=_preview(job.result_preview),
        sub_jobs=shown,
        hub_programs=programs,
        result_files=files,
    )


def sub_jobs(
    hub: Hub, job_id: str, after_row: int = -1, limit: int = 200
) -> tuple[SubJobView, ...]:
    """Those that are or were in the job's window, in row order, from the first that begins after
    the row `after_row`. What has not been cut yet is not among them. Raises NotFound, Removed."""
    with hub.database.read() as session:
        job = _job(session, job_id)
        return _sub_jobs(hub, session, job, after_row, max(1, min(limit, PAGE_MOST)))


def manifest(hub: Hub, job_id: str) -> dict[str, Any]:
    """What it takes to recompute the job to the bit: versions, hashes, the partition."""
    with hub.database.read() as session:
        job = _job(session, job_id)
        found = settled.settled_sub_jobs(session, hub.blobs, job_id)
        partition = [
            {
                "id": each.id,
                "first_row": each.first_row,
                "rows": each.rows,
                "chunk_sha256": each.chunk_sha256,
                "result_sha256": each.result_sha256,
                "volunteer": each.volunteer,
                "verdict": each.verdict,
            }
            for each in found
        ]
        skipped = session.scalars(
            select(SkippedRow.row).where(SkippedRow.job_id == job_id).order_by(SkippedRow.row)
        ).all()
        hub_programs = {
            row.role: {
                "sha256": row.program_sha256,
                "bytes": row.program_bytes,
                "plan": json.loads(row.plan),
            }
            for row in _hub_programs(session, job_id)
        }
        files = {row.form: row.sha256 for row in _result_files(session, job_id) if row.sha256}
    return {
        "job_id": job.id,
        "name": job.name,
        "state": job.state,
        "versions": job.versions,
        "document": json.loads(job.document),
        "program": {"sha256": job.program_sha256, "bytes": job.program_bytes},
        "plan": json.loads(job.plan),
        "source": {"kind": job.source_kind, "sha256": job.source_sha256},
        "hub_programs": hub_programs,
        "result": {"sha256": job.result_sha256, "rows": job.result_rows, "files": files},
        "trust": {
            "replicas": job.replicas,
            "quorum": job.quorum,
            "spot_check": job.spot_check,
            "audited": job.audited,
            "audits_failed": job.audits_failed,
        },
        "skipped_rows": list(skipped),
        "sub_jobs": partition,
    }


def result_file(hub: Hub, job_id: str, form: str = "parquet") -> Path:
    """The result as Parquet, or as a file that was made of it, such as its picture (`png`).

    Raises NotFound, Removed, and ResultNotReady, also where there will never be such a file.
    """
    with hub.database.read() as session:
        job = _job(session, job_id)
    if job.result_sha256 is None:
        if job.state is JobState.SUCCEEDED:
            days = hub.settings.keep_results_days
            raise ResultNotReady(f"The result is no longer kept: this hub keeps them {days} days.")
        if job.failure is not None:
            raise ResultNotReady(f"The job is {job.state} and has no result: {job.failure}")
        raise ResultNotReady(f"The job has no result yet, it is {job.state}.")
    if form == "parquet":
        return hub.blobs.path(job.result_sha256)
    with hub.database.read() as session:
        file = session.get(ResultFileRow, (job_id, form))
    if file is None or file.sha256 is None:
        reason = file.problem if file is not None else "the job did not ask for it"
        raise ResultNotReady(f"The {form.upper()} file could not be made: {reason}.")
    return hub.blobs.path(file.sha256)


def program(hub: Hub, job_id: str) -> bytes:
    """The job's WebAssembly. Raises NotFound, Removed."""
    with hub.database.read() as session:
        job = _job(session, job_id)
    return hub.blobs.read(job.program_sha256)


def public_blob(hub: Hub, sha256: str) -> Path:
    """A program or an input of a job that is public. Raises NotFound, Removed, BadDigest."""
    path = hub.blobs.path(sha256)
    with hub.database.read() as session:
        chunk_of = select(ChunkRow.job_id).where(ChunkRow.sha256 == sha256)
        run_for = select(HubProgramRow.job_id).where(HubProgramRow.program_sha256 == sha256)
        shared_by = select(SharedFileRow.job_id).where(SharedFileRow.sha256 == sha256)
        states = session.scalars(
            select(JobRow.state)
            .where(
                # what was never approved, or was cancelled before it began, is not handed out
                JobRow.state != JobState.HELD,
                (JobRow.state != JobState.CANCELLED) | JobRow.rows_per_sub_job.is_not(None),
                or_(
                    JobRow.program_sha256 == sha256,
                    JobRow.source_sha256 == sha256,
                    JobRow.id.in_(chunk_of),
                    JobRow.id.in_(run_for),
                    JobRow.id.in_(shared_by),
                ),
            )
            .distinct()
        ).all()
    if not states:
        raise NotFound(f"There is no blob {sha256}.")
    if all(state is JobState.REMOVED for state in states):
        raise Removed
    return path


def volunteers(hub: Hub, limit: int = 100) -> tuple[VolunteerRecord, ...]:
    """Latest seen first."""
    with hub.database.read() as session:
        rows = session.scalars(
            select(VolunteerRow)
            .order_by(VolunteerRow.last_seen_at.desc(), VolunteerRow.id)
            .limit(max(1, min(limit, PAGE_MOST)))
        ).all()
        at_work: Counter[str] = Counter()
        for volunteer_id, count in session.execute(
            select(LeaseRow.volunteer_id, LeaseRow.open_count).where(
                LeaseRow.state == LeaseState.ACTIVE,
                LeaseRow.volunteer_id.in_([row.id for row in rows]),
            )
        ):
            at_work[volunteer_id] += count
        earned = credits_of(session, [row.id for row in rows])
        return tuple(
            record_of(hub, row, credit=earned.get(row.id, 0), sub_jobs_at_work=at_work[row.id])
            for row in rows
        )


def _job(session: Session, job_id: str) -> JobRow:
    job = session.get(JobRow, job_id, options=[undefer_group(PAGE)])
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    if job.state is JobState.REMOVED:
        raise Removed(f"The job {job_id} was taken down.")
    return job


def _hub_programs(session: Session, job_id: str) -> Sequence[HubProgramRow]:
    return session.scalars(
        select(HubProgramRow)
        .where(HubProgramRow.job_id == job_id)
        .order_by(HubProgramRow.role)
        .options(undefer_group(PAGE))
    ).all()


def _result_files(session: Session, job_id: str) -> Sequence[ResultFileRow]:
    return session.scalars(
        select(ResultFileRow).where(ResultFileRow.job_id == job_id).order_by(ResultFileRow.form)
    ).all()


def _unmet(session: Session, job: JobRow) -> tuple[str, ...]:
    """Why nobody who is connected can run a job that has work to hand out."""
    if job.state is not JobState.RUNNING:
        return ()
    fleet = select(VolunteerRow.capabilities).where(VolunteerRow.process_id.is_not(None))
    # its queue's, which may be a little more than its own
    needed = requirement_of(job.requirement_key)
    one_by_one = fleet.execution_options(yield_per=_AT_ONCE)  # mostly the first of them can
    if any(satisfies(each, needed) for each in session.scalars(one_by_one)):
        return ()
    return missing(needed, session.scalars(fleet).all())


def _first_shown(session: Session, job: JobRow) -> int:
    """The row from which a job's page shows its sub-jobs: a little before those that are not
    settled."""
    size = job.rows_per_sub_job or 1
    if job.state not in COMPUTING or (job.sub_jobs_total or 0) <= SHOWN_SUB_JOBS:
        return 0
    of_state = [
        session.scalar(
            select(func.min(SubJobRow.first_row)).where(
                SubJobRow.job_id == job.id, SubJobRow.state == state
            )
        )
        for state in (SubJobState.WAITING, SubJobState.LEASED, SubJobState.JUDGING)
    ]  # one by one, each is the first entry of an index
    first_open = min((row for row in of_state if row is not None), default=job.next_row)
    last = (job.rows_total or 0) - SHOWN_SUB_JOBS * size
    return max(0, min(first_open - _SHOWN_BEFORE_OPEN * size, last))


def _sub_jobs(
    hub: Hub, session: Session, job: JobRow, after_row: int, limit: int
) -> tuple[SubJobView, ...]:
    rows = session.scalars(
        select(SubJobRow)
        .where(
            SubJobRow.job_id == job.id,
            SubJobRow.first_row > after_row,
            SubJobRow.state != SubJobState.REPLACED,
        )
        .order_by(SubJobRow.first_row)
        .limit(limit)
    )
    in_window = [_sub_job_view(row) for row in rows]
    put_away = (
        SubJobView(**{**asdict(each), "state": SubJobState.SETTLED})
        for each in settled.segmented(session, hub.blobs, job.id, from_row=after_row + 1)
    )
    merged = heapq.merge(in_window, put_away, key=lambda each: each.first_row)
    return tuple(itertools.islice(merged, limit))


def _sub_job_view(row: SubJobRow) -> SubJobView:
    """One that was settled, and is judged again, still has what it rested on: that is not shown."""
    is_settled = row.state is SubJobState.SETTLED
    return SubJobView(
        id=row.id,
        first_row=row.first_row,
        rows=row.rows,
        state=row.state,
        chunk_sha256=row.chunk_sha256,
        result_sha256=row.result_sha256 if is_settled else None,
        volunteer=(row.volunteer_id or HUB) if is_settled else None,
        verdict=row.verdict if is_settled else None,
        leases=row.leases,
        failures=row.failures,
    )


def _preview(stored: dict[str, Any] | None) -> Preview | None:
    if stored is None:
        return None
    return Preview(
        columns=tuple(stored["columns"]), rows=tuple(tuple(row) for row in stored["rows"])
    )
