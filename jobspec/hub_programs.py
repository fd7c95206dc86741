"""The programs of a job that the hub runs itself: `finish` over the merged result, and `verify`.

Both run over a table that is cut into chunks as a source is, always in the same places, so that
whoever runs them again gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from jobspec.chunks import cut
from jobspec.errors import MergeError, RunError, SourceError
from jobspec.merge import merge
from jobspec.program_plan import ProgramPlan
from jobspec.run import run_program
from jobspec.table_bytes import read_header

CHUNK_ROWS = 1 << 16
CHUNK_BYTES = 4 << 20


def finish(
    wasm: bytes, plan: ProgramPlan, merged: Iterable[pa.RecordBatch], *, fuel: int
) -> Iterator[pa.RecordBatch]:
    """The job's result: what the finish program makes of the merged rows.

    `fuel` bounds the work over each chunk. Raises MergeError where the program traps or cannot run.
    """
    yield from merge(plan, _outputs(wasm, plan, merged, fuel, "merged"))


def failing_rows(
    wasm: bytes, plan: ProgramPlan, rows: Iterable[pa.RecordBatch], *, fuel: int
) -> int:
    """For how many rows the condition of a verify program is not true.

    Raises MergeError where it traps or cannot be evaluated.
    """
    given = kept = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal given
        for batch in rows:
            given += batch.num_rows
            yield batch

    for output in _outputs(wasm, plan, counted(), fuel, "returned"):
        kept += read_header(output).rows
    return given - kept


def _outputs(
    wasm: bytes, plan: ProgramPlan, rows: Iterable[pa.RecordBatch], fuel: int, which: str
) -> Iterator[bytes]:
    try:
        for chunk in cut(plan.source, rows, rows_each=CHUNK_ROWS, max_bytes=CHUNK_BYTES):
            memory_bytes = plan.requirement.memory_bytes
            run = run_program(wasm, chunk.data, fuel=fuel, memory_bytes=memory_bytes)
            if run.trap_site is not None:
                site = plan.traps[run.trap_site]
                row = chunk.first_row + run.rows_done
                place = site.pointer + (f", line {site.line}" if site.line else "")
                raise MergeError(
                    f"row {row:,} of the {which} rows failed: "
                    f"{site.message} ({site.code}) at {place}"
                )
            yield run.output
    except (RunError, SourceError) as error:
        raise MergeError(error.message) from error
