"""A sub-job is replaced by others that have its rows, in one transaction.

Three reasons: its volunteer is gone and has left a checkpoint (the rows done, and the rest); it
turned out too long or too large (two halves); a row of it traps and is skipped (what is around that
row). What a checkpoint says is a result like any other: judged, or taken on the word of a volunteer
that has earned it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import jobspec
from owc import telemetry
from owc.domain.ids import new_ids
from owc.domain.states import SubJobState
from owc.queue import Checkpoint
from owc.services import moves, opinions, standing
from owc.services.aftermath import Change
from owc.services.hub import Hub
from owc.services.plans import chunk_of, read_plan
from owc.store import LOCK, ChunkRow, JobRow, LeaseRow, ResultRow, SubJobRow, VolunteerRow

LEAST_SECONDS = 1.0
"""A checkpoint of less work than this is not worth another row."""


def checkpoints_of(hub: Hub, sub_job_ids: Sequence[str]) -> Mapping[str, Checkpoint]:
    """What volunteers have sent of these; nothing while Redis is away."""
    found: Mapping[str, Checkpoint] = {}
    with hub.delivery("checkpoints"):
        if sub_job_ids:
            found = hub.queue.checkpoints(sub_job_ids)
    return found


def take_checkpoint(
    change: Change, job: JobRow, sub_job: SubJobRow, lease: LeaseRow, checkpoint: Checkpoint
) -> bool:
    """Keep the rows that a volunteer has done of a sub-job that it will not finish: the rest waits.
    Whether it was worth it; if not, nothing has changed.

    The caller has ended the sub-job in the lease and found no other holder.
    """
    plan = read_plan(job.plan)
    done = checkpoint.rows_done
    if checkpoint.lease_id != lease.id or checkpoint.elapsed_seconds < LEAST_SECONDS:
        return False
    if sub_job.asks is not None:
        return False  # somebody has done it all; of a part it could not be said who agrees
    if not 0 < done < sub_job.rows or not _is_output(plan, sub_job, checkpoint):
        return False
    if jobspec.output_ends(plan, checkpoint.output):
        return False  # what ends the result is reported, not left behind
    first, _ = _replace(change, job, sub_job, [(sub_job.first_row, done), _rest_of(sub_job, done)])
    volunteer = change.session.get_one(VolunteerRow, lease.volunteer_id, with_for_update=LOCK)
    result = keep_output(
        change,
        first,
        checkpoint.output,
        rows_done=done,
        elapsed_seconds=checkpoint.elapsed_seconds,
        volunteer_id=volunteer.id,
        lease_id=lease.id,
    )
    result.is_drawn = opinions.is_drawn(
        change.hub.settings, job, standing.checks_of(volunteer), change.hub.draw()
    )
    ends = jobspec.output_ends(plan, checkpoint.output)
    opinions.consider(change, job, first, ends=ends, must_run=False)
    telemetry.event("checkpoint_taken", sub_job_id=sub_job.id, rows=done, of=sub_job.rows)
    return True


def halve(change: Change, job: JobRow, sub_job: SubJobRow) -> bool:
    """Two sub-jobs of half its rows wait in its place; False for one row, which has no half."""
    if sub_job.rows < 2:
        return False
    half = sub_job.rows // 2
    _replace(change, job, sub_job, [(sub_job.first_row, half), _rest_of(sub_job, half)])
    telemetry.event("sub_job_halved", sub_job_id=sub_job.id, rows=sub_job.rows)
    return True


def around(
    change: Change, job: JobRow, sub_job: SubJobRow, row: int
) -> tuple[SubJobRow | None, SubJobRow | None]:
    """In its place, sub-jobs of the rows before and after one that is skipped, which the caller
    moves on; None where there are none."""
    before = row - sub_job.first_row
    pieces = [
        piece
        for piece in ((sub_job.first_row, before), _rest_of(sub_job, before + 1))
        if piece[1] > 0
    ]
    made = {child.first_row: child for child in _replace(change, job, sub_job, pieces)}
    return made.get(sub_job.first_row) if before else None, made.get(row + 1)


def keep_output(
    change: Change,
    sub_job: SubJobRow,
    output: bytes,
    *,
    rows_done: int,
    elapsed_seconds: float,
    volunteer_id: str | None,
    lease_id: str | None,
) -> ResultRow:
    """The output of a whole sub-job as a row; its bytes there while they are small, else a blob."""
    is_small = len(output) <= change.hub.settings.inline_result_bytes
    if not is_small:
        change.hub.blobs.put(output)
    result = ResultRow(
        sub_job_id=sub_job.id,
        volunteer_id=volunteer_id,
        lease_id=lease_id,
        output=output if is_small else None,
        output_sha256=hashlib.sha256(output).hexdigest(),
        rows_done=rows_done,
        trap_site=None,
        elapsed_seconds=elapsed_seconds,
        canonical=False,
        is_drawn=False,
        received_at=change.now,
    )
    change.session.add(result)
    return result


def _rest_of(sub_job: SubJobRow, done: int) -> tuple[int, int]:
    return sub_job.first_row + done, sub_job.rows - done


def _is_output(plan: jobspec.ProgramPlan, sub_job: SubJobRow, checkpoint: Checkpoint) -> bool:
    output = checkpoint.output
    try:
        jobspec.output_table(plan, output)
        return (
            jobspec.output_rows_done(output) == checkpoint.rows_done
            and jobspec.output_first_row(output) == sub_job.first_row
        )
    except jobspec.OutputError:
        return False


def _replace(
    change: Change, job: JobRow, sub_job: SubJobRow, pieces: Sequence[tuple[int, int]]
) -> list[SubJobRow]:
    """New sub-jobs, in no state yet but waiting, in the place of one."""
    was_queued = sub_job.queued_at is not None
    moves.move_sub_job(change, sub_job, SubJobState.REPLACED)
    if was_queued:
        change.aftermath.withdrawn.setdefault(moves.queue_of(job), []).append(sub_job.id)
    else:
        change.aftermath.forgotten.append(sub_job.id)
    change.session.flush()  # its place is free before others take it
    children = []
    for child_id, (first_row, rows) in zip(new_ids("sub", len(pieces)), pieces, strict=True):
        sha256, size = _chunk(change, job, sub_job, first_row, rows)
        child = SubJobRow(
            id=child_id,
            job_id=job.id,
            first_row=first_row,
            rows=rows,
            chunk_sha256=sha256,
            chunk_bytes=size,
            state=SubJobState.WAITING,
            leases=1,  # it enters its queue at the front, as what came back
            failures=0,
            hub_runs=0,
        )
        change.session.add(child)
        children.append(child)
    change.session.flush()
    job.sub_jobs_more += len(pieces) - 1
    if job.sub_jobs_total is not None:
        job.sub_jobs_total += len(pieces) - 1
    change.aftermath.changed_jobs[job.id] = None
    return children


def _chunk(
    change: Change, job: JobRow, sub_job: SubJobRow, first_row: int, rows: int
) -> tuple[str | None, int]:
    """The part of a stored chunk that a child has; ranges have none."""
    if sub_job.chunk_sha256 is None:
        return None, 0
    data = jobspec.slice_chunk(
        read_plan(job.plan),
        chunk_of(change.hub, job, sub_job),
        first_row - sub_job.first_row,
        rows,
    )
    blob = change.hub.blobs.put(data)
    change.session.merge(
        ChunkRow(
            job_id=job.id,
            first_row=first_row,
            rows=rows,
            sha256=blob.sha256,
            bytes=blob.bytes,
            is_part=True,
        )
    )
    return blob.sha256, blob.bytes
