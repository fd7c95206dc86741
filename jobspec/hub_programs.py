"""The programs of a job that the hub runs itself: `finish` over the merged result, and `verify`.

Both run over a table that is cut into chunks as a source is, always in the same places, so that
whoever runs them again gets the same bytes. The rows of `verify` are numbered as its caller says,
because `random()` follows from their numbers and is to be foreseen by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import pyarrow as pa

from jobspec.chunks import cut, numbered_from
from jobspec.errors import MergeError, RunError, SourceError
from jobspec.merge import merge
from jobspec.program_plan import ProgramPlan
from jobspec.run import Run, run_program
from jobspec.table_bytes import read_header

CHUNK_ROWS = 1 << 16
CHUNK_BYTES = 4 << 20


class RunProgram(Protocol):
    """What runs a program on a chunk as `run_program` does."""

    def __call__(self, wasm: bytes, chunk: bytes, *, fuel: int, memory_bytes: int) -> Run: ...


def finish(
    wasm: bytes,
    plan: ProgramPlan,
    merged: Iterable[pa.RecordBatch],
    *,
    fuel: int,
    run: RunProgram = run_program,
) -> Iterator[pa.RecordBatch]:
    """The job's result: what the finish program makes of the merged rows.

    `fuel` bounds the work over each chunk; `run` may run it elsewhere. Raises MergeError where the
    program traps or cannot run.
    """
    yield from merge(plan, _outputs(wasm, plan, merged, fuel=fuel, which="merged", run=run))


def failing_rows(
    wasm: bytes,
    plan: ProgramPlan,
    rows: Iterable[pa.RecordBatch],
    *,
    fuel: int,
    first_number: int,
    run: RunProgram = run_program,
) -> int:
    """For how many rows the condition of a verify program is not true.

    `first_number`, from 0 up to but not including 2 ** 62, is the number of the first row, and so
    the seed of `random()`: the same one gives the same answer. One that whoever sent the rows
    could not know makes a probabilistic check sound.

    Raises MergeError where it traps or cannot be evaluated.
    """
    given = kept = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal given
        for batch in rows:
            given += batch.num_rows
            yield batch

    outputs = _outputs(
        wasm,
        plan,
        counted(),
        fuel=fuel,
        which="returned",
        run=run,
        first_number=first_number,
    )
    for output in outputs:
        kept += read_header(output).rows
    return given - kept


def _outputs(
    wasm: bytes,
    plan: ProgramPlan,
    rows: Iterable[pa.RecordBatch],
    *,
    fuel: int,
    which: str,
    run: RunProgram,
    first_number: int = 0,
) -> Iterator[bytes]:
    try:
        for chunk in cut(plan.source, rows, rows_each=CHUNK_ROWS, max_bytes=CHUNK_BYTES):
            memory_bytes = plan.requirement.memory_bytes
            data = numbered_from(chunk.data, first_number + chunk.first_row)
            done = run(wasm, data, fuel=fuel, memory_bytes=memory_bytes)
            if done.trap_site is not None:
                site = plan.traps[done.trap_site]
                row = chunk.first_row + done.rows_done
                place = site.pointer + (f", line {site.line}" if site.line else "")
                raise MergeError(
                    f"row {row:,} of the {which} rows failed: "
                    f"{site.message} ({site.code}) at {place}"
                )
            yield done.output
    except (RunError, SourceError) as error:
        raise MergeError(error.message) from error
