"""A job becomes sub-jobs (split), and its results become its answer (merge).

Both are long, run in tasks that may die at any point, and may be started twice. So each start takes
a token, and only the holder of the newest one writes; a split goes on after the chunks that are
there, since the same source cut by the same size gives the same pieces. Sub-jobs themselves are
cut when they enter the queues (`owc.services.feeding`): a range is ready for that at once, however
long.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import delete, func, select
from sqlalchemy.orm import undefer_group

import jobspec
from owc import telemetry
from owc.domain.ids import new_id
from owc.domain.sizing import segment_rows
from owc.domain.states import COMPUTING, JobState
from owc.errors import TooManySubJobs
from owc.services import moves, settled
from owc.services.aftermath import Aftermath, Change, begin_change, task_of_state
from owc.services.auditing import begin_audit, sample
from owc.services.cutting import Source
from owc.services.feeding import feed_queues, make_room
from owc.services.hub import Hub
from owc.services.plans import describe_trap, fuel_for, limits, read_plan, wall_seconds
from owc.services.previews import PREVIEW_ROWS, preview_of
from owc.services.probing import RowTooSlow, RowTraps
from owc.store import (
    LOCK,
    PAGE,
    AuditRow,
    ChunkRow,
    DoubtRow,
    HubProgramRow,
    JobRow,
    ResultFileRow,
)

BATCH_ROWS = 1000
BATCH_SECONDS = 1.0
"""A batch of chunks is written when it is this large or this old, so that work begins early."""

MERGE_PREFIX = "merge-"
"""Of the folders, in the data folder, in which results are put together."""


class _Overtaken(Exception):  # noqa: N818 - a way out, not an error
    """The job has moved on, or another start of the task has taken over."""


def split(hub: Hub, job_id: str) -> None:
    """Cut the job's source into sub-jobs and put them into the queues, as they come.

    A source that cannot be read, or a program that cannot run, fails the job with the reason.
    """
    started = _begin(hub, job_id, {JobState.COMPILED, *COMPUTING})
    if started is None:
        return
    job, token = started
    try:
        source = Source(hub, job)
        if job.rows_per_sub_job is None:
            job = _start_running(hub, job_id, token, source)
        if source.is_range:
            _open_range(hub, job, token)
        else:
            _write_chunks(hub, job, token, source)
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
    if started is not None:
        with contextlib.suppress(_Overtaken):
            if _is_audited(hub, *started):
                _merge(hub, *started)


def _merge(hub: Hub, job: JobRow, token: str) -> None:
    plan, job_id = read_plan(job.plan), job.id
    with hub.database.read() as session:
        finish = session.get(HubProgramRow, (job_id, "finish"))
    hub.settings.data_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=hub.settings.data_folder, prefix=MERGE_PREFIX) as folder:
        path = Path(folder) / "result.parquet"
        try:
            outputs = settled.outputs(hub.database, hub.blobs, job_id, before=job.rows_total or 0)
            batches = jobspec.merge(plan, outputs)
            if finish is not None:
                plan = read_plan(finish.plan)
                fuel = fuel_for(hub.settings.hub_run_seconds)
                wasm = hub.blobs.read(finish.program_sha256)
                run = partial(hub.runs.run, wall_seconds=wall_seconds(hub.settings))
                batches = jobspec.finish(wasm, plan, batches, fuel=fuel, run=run)
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

    with _holding(hub, job_id, token) as (change, held):
        if change.session.scalar(select(DoubtRow.job_id).where(DoubtRow.job_id == job_id)):
            # what was merged may rest on a liar's word: the task that looks begins it anew
            held.attempts = 0
            return
        held.result_sha256, held.result_rows = blob.sha256, rows
        held.result_preview, held.result_columns = preview, columns
        change.session.execute(delete(ResultFileRow).where(ResultFileRow.job_id == job_id))
        change.session.add_all(files)
        moves.move_job(change, held, JobState.SUCCEEDED)
    telemetry.event("job_merged", job_id=job_id, rows=rows)


def _is_audited(hub: Hub, job: JobRow, token: str) -> bool:
    """Whether the audit of what is settled has passed; if it was not drawn yet, it is now. It has
    the job merged when it is done."""
    with hub.database.read() as session:
        is_under_way = session.scalar(
            select(AuditRow.first_row).where(AuditRow.job_id == job.id).limit(1)
        )
    sampled = sample(hub, job) if job.audited is None else []
    with _holding(hub, job.id, token) as (change, held):
        if is_under_way is None and job.audited is not None:
            return True
        held.attempts = 0
        if held.audited is None:
            begin_audit(change, held, sampled)
        return held.audited == 0


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
        job = change.session.get(JobRow, job_id, with_for_update=LOCK)
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
        job = session.get(JobRow, job_id, with_for_update=LOCK, options=[undefer_group(PAGE)])
        if job is None or job.state not in states:
            return None
        if job.state in COMPUTING and job.rows_total is not None:
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
        job = change.session.get_one(JobRow, job_id, with_for_update=LOCK)
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
        job.fuel, job.fuel_rows = size.fuel, size.fuel_rows
        job.segment_rows = segment_rows(rows_per_sub_job=size.rows, row_bytes=size.row_bytes)
        job.level_seconds = moves.first_level_of(change.session, job)
        job.input_preview = preview
        # the same task goes on
        job.task_token, job.attempts = token, attempts
    return job


def _open_range(hub: Hub, job: JobRow, token: str) -> None:
    """All of a range can be cut at once: nothing of it needs to be read."""
    rows = read_plan(job.plan).rows or 0
    with _holding(hub, job.id, token) as (change, held):
        sub_jobs = -(-rows // (held.rows_per_sub_job or 1))
        if sub_jobs > hub.settings.max_sub_jobs:
            raise TooManySubJobs(
                f"The source makes {sub_jobs:,} sub-jobs of {held.rows_per_sub_job:,} rows; this"
                f" hub takes {hub.settings.max_sub_jobs:,} at most."
            )
        held.rows_ready = held.rows_total = rows
        held.sub_jobs_total = sub_jobs
        name = moves.queue_of(held)
        _end_split(change, held)
    make_room(hub, name)
    telemetry.event("job_split", job_id=job.id, sub_jobs=sub_jobs, rows=rows)


def _end_split(change: Change, job: JobRow) -> None:
    job.attempts, job.task_token = 0, None
    change.aftermath.changed_jobs[job.id] = None
    moves.complete_if_settled(change, job)


def _write_chunks(hub: Hub, job: JobRow, token: str, source: Source) -> None:
    size = job.rows_per_sub_job or 1
    with hub.database.read() as session:
        of_source = (ChunkRow.job_id == job.id) & ~ChunkRow.is_part
        written = session.scalar(select(func.count()).where(of_source)) or 0
    count, rows = 0, 0
    batch: list[ChunkRow] = []
    since = hub.clock.monotonic()
    for count, chunk in enumerate(source.chunks(size), 1):
        if count > hub.settings.max_chunks:
            raise TooManySubJobs(
                f"The source makes more than {hub.settings.max_chunks:,} sub-jobs of"
                f" {size:,} rows, the most that this hub takes."
            )
        rows += chunk.rows
        if count <= written:
            continue
        batch.append(_chunk_row(hub, job.id, chunk))
        if len(batch) >= BATCH_ROWS or hub.clock.monotonic() - since >= BATCH_SECONDS:
            _write_batch(hub, job.id, token, batch, rows)
            batch, since = [], hub.clock.monotonic()
    _write_batch(hub, job.id, token, batch, rows)

    with _holding(hub, job.id, token) as (change, held):
        held.rows_total = held.rows_ready = rows
        held.sub_jobs_total = count + held.sub_jobs_more
        _end_split(change, held)
    telemetry.event("job_split", job_id=job.id, sub_jobs=count, rows=rows)


def _write_batch(hub: Hub, job_id: str, token: str, batch: list[ChunkRow], rows_ready: int) -> None:
    if not batch:
        return

    with _holding(hub, job_id, token) as (change, job):
        change.session.add_all(batch)
        is_first, name = job.rows_ready == 0, moves.queue_of(job)
        job.rows_ready = rows_ready
        change.aftermath.changed_jobs[job_id] = None
    if is_first:
        make_room(hub, name)
    else:
        feed_queues(hub)


def _chunk_row(hub: Hub, job_id: str, chunk: jobspec.Chunk) -> ChunkRow:
    blob = hub.blobs.put(chunk.data)
    return ChunkRow(
        job_id=job_id,
        first_row=chunk.first_row,
        rows=chunk.rows,
        sha256=blob.sha256,
        bytes=blob.bytes,
        is_part=False,
    )
