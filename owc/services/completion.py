"""A job becomes sub-jobs (split), and its results become its answer (merge).

Both are long, run in tasks that may die at any point, and may be started twice. So each start takes
a token, and only the holder of the newest one writes; a split goes on after the sub-jobs that are
there, since the same source cut by the same size gives the same pieces.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import delete, func, select
from sqlalchemy.orm import undefer_group

import jobspec
from owc import telemetry
from owc.domain.ids import new_id
from owc.domain.states import JobState, SubJobState
from owc.errors import TooManySubJobs
from owc.services import moves
from owc.services.aftermath import Aftermath, Change, begin_change, task_of_state
from owc.services.cutting import Piece, Source
from owc.services.feeding import feed_queues
from owc.services.hub import Hub
from owc.services.plans import describe_trap, fuel_for, limits, read_plan
from owc.services.previews import PREVIEW_ROWS, preview_of
from owc.services.probing import RowTooSlow, RowTraps
from owc.store import PAGE, HubProgramRow, JobRow, ResultFileRow, ResultRow, SubJobRow

BATCH_ROWS = 1000
BATCH_SECONDS = 1.0
"""A batch of sub-jobs is written when it is this large or this old, so that work begins early."""

OUTPUTS_AT_ONCE = 50

MERGE_PREFIX = "merge-"
"""Of the folders, in the data folder, in which results are put together."""


class _Overtaken(Exception):  # noqa: N818 - a way out, not an error
    """The job has moved on, or another start of the task has taken over."""


def split(hub: Hub, job_id: str) -> None:
    """Cut the job's source into sub-jobs and put them into the queues, as they come.

    A source that cannot be read, or a program that cannot run, fails the job with the reason.
    """
    started = _begin(hub, job_id, {JobState.COMPILED, JobState.RUNNING})
    if started is None:
        return
    job, token = started
    try:
        source = Source(hub, job)
        if job.rows_per_sub_job is None:
            job = _start_running(hub, job_id, token, source)
        _write_pieces(hub, job, token, source)
    except _Overtaken:
        return
    except (jobspec.SourceError, jobspec.DocumentError, jobspec.RunError) as error:
        fail(hub, job_id, f"The source could not be split: {error.message}")
    except TooManySubJobs as error:
        fail(hub, job_id, error.message)
    except RowTooSlow:
        seconds = hub.settings.hub_run_seconds
        fail(hub, job_id, f"One row alone takes longer than {seconds} seconds on the hub.")
    except RowTraps as trap:
        fail(hub, job_id, describe_trap(read_plan(job.plan), trap.site, trap.row))


def merge(hub: Hub, job_id: str) -> None:
    """Merge the canonical results in row order into a Parquet blob; the job has succeeded.

    A merge that cannot be done (a sum that overflows) fails the job with the reason.
    """
    started = _begin(hub, job_id, {JobState.MERGING})
    if started is None:
        return
    job, token = started
    plan = read_plan(job.plan)
    with hub.database.read() as session:
        finish = session.get(HubProgramRow, (job_id, "finish"))
    hub.settings.data_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=hub.settings.data_folder, prefix=MERGE_PREFIX) as folder:
        path = Path(folder) / "result.parquet"
        try:
            batches = jobspec.merge(plan, _outputs(hub, job_id))
            if finish is not None:
                plan = read_plan(finish.plan)
                fuel = fuel_for(hub.settings.hub_run_seconds)
                wasm = hub.blobs.read(finish.program_sha256)
                batches = jobspec.finish(wasm, plan, batches, fuel=fuel)
            rows = jobspec.write_parquet(path, jobspec.result_schema(plan), batches)
        except jobspec.JobspecError as error:
            fail(hub, job_id, f"The results could not be merged: {error.message}")
            return
        blob = hub.blobs.put_file(path)
        document = jobspec.parse_document(bytes(job.document), limits(hub))
        files = [
            _result_file_row(hub, job_id, file)
            for file in jobspec.make_result_files(document, path, Path(folder))
        ]
        with pq.ParquetFile(path) as file:
            first = next(file.iter_batches(PREVIEW_ROWS), None)
            preview = preview_of(first) if first is not None else None
    columns = [[column.name, str(column.type)] for column in plan.result]

    try:
        with _holding(hub, job_id, token) as (change, job):
            job.result_sha256, job.result_rows = blob.sha256, rows
            job.result_preview, job.result_columns = preview, columns
            change.session.execute(delete(ResultFileRow).where(ResultFileRow.job_id == job_id))
            change.session.add_all(files)
            moves.move_job(change, job, JobState.SUCCEEDED)
    except _Overtaken:
        return
    telemetry.event("job_merged", job_id=job_id, rows=rows)


def _result_file_row(hub: Hub, job_id: str, file: jobspec.ResultFile) -> ResultFileRow:
    return ResultFileRow(
        job_id=job_id,
        form=file.form,
        sha256=hub.blobs.put_file(file.path).sha256 if file.path is not None else None,
        problem=file.problem,
        about=dict(file.about),
    )


def fail(hub: Hub, job_id: str, reason: str) -> None:
    """Fail a job that is not finished yet."""
    with begin_change(hub) as change:
        job = change.session.get(JobRow, job_id, with_for_update=True)
        if job is not None and job.finished_at is None:
            moves.end_job(change, job, JobState.FAILED, reason)


def task_failed(hub: Hub, job_id: str, error: BaseException) -> None:
    """A task of this job raised what nobody expected. Start it again, or, after too many starts,
    fail the job: the mistake is the hub's, and the job's page says so."""
    telemetry.event("task_failed", job_id=job_id, error=repr(error))
    with hub.database.read() as session:
        job = session.get(JobRow, job_id)
    if job is None or job.finished_at is not None:
        return
    if job.attempts >= hub.settings.task_attempts:
        fail(hub, job_id, f"The hub made a mistake: {type(error).__name__}: {error}")
        return
    task = task_of_state(job)
    if task is not None:
        Aftermath(tasks=[task]).deliver(hub)


def _begin(hub: Hub, job_id: str, states: set[JobState]) -> tuple[JobRow, str] | None:
    """Take the job for one start of its task; None when there is nothing (more) to do."""
    token = new_id("token")
    with hub.database.write() as session:
        job = session.get(JobRow, job_id, with_for_update=True, options=[undefer_group(PAGE)])
        if job is None or job.state not in states:
            return None
        if job.state is JobState.RUNNING and job.sub_jobs_total is not None:
            return None
        job.task_token = token
        job.attempts += 1
        exhausted = job.attempts > hub.settings.task_attempts
    if exhausted:
        fail(hub, job_id, f"The hub gave up after {hub.settings.task_attempts} attempts.")
        return None
    return job, token


@contextmanager
def _holding(hub: Hub, job_id: str, token: str) -> Iterator[tuple[Change, JobRow]]:
    """One Change of a task, if it still holds the job. Raises _Overtaken."""
    with begin_change(hub) as change:
        job = change.session.get_one(JobRow, job_id, with_for_update=True)
        if job.task_token != token:
            raise _Overtaken
        yield change, job


def _start_running(hub: Hub, job_id: str, token: str, source: Source) -> JobRow:
    size = source.size()
    preview = source.preview()

    with _holding(hub, job_id, token) as (change, job):
        attempts = job.attempts
        moves.move_job(change, job, JobState.RUNNING)
        job.rows_per_sub_job, job.row_seconds = size.rows, size.row_seconds
        job.input_preview = preview
        # the same task goes on
        job.task_token, job.attempts = token, attempts
    return job


def _write_pieces(hub: Hub, job: JobRow, token: str, source: Source) -> None:
    size = job.rows_per_sub_job or 1
    with hub.database.read() as session:
        written = session.scalar(select(func.count()).where(SubJobRow.job_id == job.id)) or 0
    seq, rows = 0, 0
    batch: list[SubJobRow] = []
    since = hub.clock.monotonic()
    for seq, piece in enumerate(source.pieces(size), 1):
        if seq > hub.settings.max_sub_jobs:
            raise TooManySubJobs(
                f"The source makes more than {hub.settings.max_sub_jobs:,} sub-jobs of"
                f" {size:,} rows, the most that this hub takes."
            )
        rows += piece.rows
        if seq <= written:
            continue
        batch.append(_sub_job_row(hub, job.id, seq - 1, piece))
        if len(batch) >= BATCH_ROWS or hub.clock.monotonic() - since >= BATCH_SECONDS:
            _write_batch(hub, job.id, token, batch)
            batch, since = [], hub.clock.monotonic()
    _write_batch(hub, job.id, token, batch)

    with _holding(hub, job.id, token) as (change, held):
        held.rows_total, held.sub_jobs_total = rows, seq
        held.attempts, held.task_token = 0, None
        change.aftermath.changed_jobs[job.id] = None
        moves.complete_if_settled(change, held)
    telemetry.event("job_split", job_id=job.id, sub_jobs=seq, rows=rows)


def _write_batch(hub: Hub, job_id: str, token: str, batch: list[SubJobRow]) -> None:
    if not batch:
        return

    with _holding(hub, job_id, token) as (change, _):
        change.session.add_all(batch)
        change.aftermath.changed_jobs[job_id] = None
    feed_queues(hub)


def _sub_job_row(hub: Hub, job_id: str, seq: int, piece: Piece) -> SubJobRow:
    blob = hub.blobs.put(piece.chunk) if piece.chunk is not None else None
    return SubJobRow(
        id=new_id("sub"),
        job_id=job_id,
        seq=seq,
        first_row=piece.first_row,
        rows=piece.rows,
        chunk_sha256=blob.sha256 if blob else None,
        chunk_bytes=blob.bytes if blob else 0,
        state=SubJobState.WAITING,
        leases=0,
        failures=0,
        hub_runs=0,
    )


def _outputs(hub: Hub, job_id: str) -> Iterator[bytes]:
    """The canonical outputs in row order, a few at a time in memory."""
    after = -1
    while True:
        with hub.database.read() as session:
            rows = session.execute(
                select(SubJobRow.seq, ResultRow.output, ResultRow.output_sha256)
                .join(ResultRow, ResultRow.sub_job_id == SubJobRow.id)
                .where(SubJobRow.job_id == job_id, SubJobRow.seq > after, ResultRow.canonical)
                .order_by(SubJobRow.seq)
                .limit(OUTPUTS_AT_ONCE)
            ).all()
        if not rows:
            return
        for seq, output, sha256 in rows:
            yield output if output is not None else hub.blobs.read(sha256)
            after = seq
