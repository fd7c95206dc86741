"""Cuts a source into the chunks of sub-jobs, and reads chunks and outputs back as tables.

Not here: the bytes themselves (`jobspec.table_bytes`), reading files (`jobspec.sources`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from jobspec import table_bytes
from jobspec.aggregates.merging import check_states
from jobspec.arrow import value_fault
from jobspec.document import JobDocument
from jobspec.document_sources import RangeSource
from jobspec.errors import ChunkError, OutputError, SourceError
from jobspec.program_plan import Group, Limit, ProgramPlan, Sample, Search, Sort
from jobspec.sources.opening import reopen_source
from jobspec.sources.source import OpenUpload
from jobspec.types import Column, Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The input of one sub-job: rows `first_row` to `first_row + rows` of the source."""

    first_row: int
    rows: int
    data: bytes


def chunks(
    document: JobDocument,
    plan: ProgramPlan,
    open_upload: OpenUpload | None = None,
    *,
    rows: int,
    max_bytes: int,
) -> Iterator[Chunk]:
    """The rows of a `rows` or `upload` source in order, in chunks of at most `rows` rows.

    Chunks have at most `max_bytes`; a single row that needs more is an error. The source is
    streamed: a few batches are in memory at any time. Raises SourceError at the first bad row,
    when the chunks before it have been given already.
    """
    if isinstance(document.source, RangeSource):
        raise ChunkError("a range source has no rows to cut; use range_chunk")
    if rows < 1:
        raise ChunkError("a chunk has at least one row")
    source = reopen_source(document.source, open_upload)
    yield from cut(plan.source, source.read(plan.source), rows_each=rows, max_bytes=max_bytes)


def cut(
    schema: Schema, batches: Iterable[pa.RecordBatch], *, rows_each: int, max_bytes: int
) -> Iterator[Chunk]:
    """The rows of batches, whatever their sizes, in chunks of at most `rows_each` rows.

    Raises SourceError for a row that alone has more than `max_bytes`.
    """
    cutter = _Cutter(schema, rows_each, max_bytes)
    for batch in batches:
        yield from cutter.add(batch)
    yield from cutter.finish()


def range_chunk(plan: ProgramPlan, first_row: int, rows: int) -> bytes:
    """The chunk of rows `first_row` to `first_row + rows` of a range source."""
    if not plan.axes:
        raise ChunkError("the source is not a range")
    if not (first_row >= 0 and 0 <= rows < 1 << 31 and first_row + rows <= _rows(plan)):
        raise ChunkError(
            f"rows {first_row} to {first_row + rows} are not in a range of {_rows(plan)}"
        )
    return table_bytes.encode_range(first_row=first_row, rows=rows)


def chunk_table(plan: ProgramPlan, data: bytes) -> pa.Table:
    """The rows of a chunk; of a range source, the values of its axes."""
    try:
        batch = table_bytes.decode(plan.source, data)
        header = table_bytes.read_header(data)
    except OutputError as error:
        raise ChunkError(error.message) from None
    if not plan.axes:
        return pa.Table.from_batches([batch])
    if header.first_row + header.rows > _rows(plan):
        raise ChunkError(f"the chunk goes beyond the range of {_rows(plan)} rows")
    rows = np.arange(header.first_row, header.first_row + header.rows, dtype=np.int64)
    columns = {}
    for axis in reversed(plan.axes):
        rows, index = np.divmod(rows, axis.rows)
        columns[axis.name] = axis.start + index * axis.step
    return pa.table({axis.name: columns[axis.name] for axis in plan.axes})


def chunk_rows(data: bytes) -> tuple[int, int]:
    """The first row of a chunk, and how many rows it has. Raises ChunkError."""
    try:
        header = table_bytes.read_header(data)
    except OutputError as error:
        raise ChunkError(error.message) from None
    if header.rows_done != header.rows:
        raise ChunkError(f"a chunk of {header.rows} rows says {header.rows_done} of them are done")
    return header.first_row, header.rows


def slice_chunk(plan: ProgramPlan, data: bytes, start: int, rows: int) -> bytes:
    """Of a chunk that `chunks` made, the rows `start` to `start + rows`, counted from its first.

    The bytes are those that `chunks` makes where it cuts there. Raises ChunkError for bytes that
    are no chunk of the program, for rows that it does not have, and for a range (`range_chunk`).
    """
    if plan.axes:
        raise ChunkError("the source is a range; use range_chunk")
    first_row, count = chunk_rows(data)
    if not (start >= 0 and 0 <= rows <= count - start):
        raise ChunkError(f"rows {start} to {start + rows} are not in a chunk of {count}")
    if first_row + count >= 1 << 63:
        raise ChunkError(f"no source has a row {first_row + count}")
    if not plan.source:
        return table_bytes.encode_range(first_row=first_row + start, rows=rows)
    try:
        batch = table_bytes.decode(plan.source, data)
    except OutputError as error:
        raise ChunkError(error.message) from None
    return table_bytes.encode(plan.source, batch.slice(start, rows), first_row=first_row + start)


def _rows(plan: ProgramPlan) -> int:
    return math.prod(axis.rows for axis in plan.axes)


def output_batch(plan: ProgramPlan, data: bytes) -> pa.RecordBatch:
    """The partial result in an output. Raises OutputError that names what is wrong with it."""
    batch = table_bytes.decode(plan.partial, data)
    header = table_bytes.read_header(data)
    most = header.rows_done * plan.matches
    match plan.closing:
        case Group(keys=()):
            most = 1
            if header.rows != 1:
                raise OutputError(f"an aggregate without groups has one row, not {header.rows}")
        case Limit(rows=rows) | Search(rows=rows) | Sort(rows=int(rows)) | Sample(rows=rows):
            most = min(most, rows)
    if header.rows > most:
        raise OutputError(f"{header.rows} rows cannot come from {header.rows_done} source rows")
    if isinstance(plan.closing, Group):
        check_states(plan.closing.keys, plan.closing.aggregates, batch)
    return batch


def output_table(plan: ProgramPlan, data: bytes) -> pa.Table:
    """`output_batch` as a table."""
    return pa.Table.from_batches([output_batch(plan, data)])


def output_ends(plan: ProgramPlan, data: bytes) -> bool | None:
    """Whether nothing after an output can be part of the result; None where that never happens."""
    match plan.closing:
        case Limit(rows=rows) | Search(rows=rows):
            return table_bytes.read_header(data).rows >= rows
    return None


def output_rows_done(data: bytes) -> int:
    """How many source rows stand behind an output. Raises OutputError."""
    return table_bytes.read_header(data).rows_done


def output_first_row(data: bytes) -> int:
    """The row of the source from which on an output says it is. Raises OutputError."""
    return table_bytes.read_header(data).first_row


def without_place(data: bytes) -> bytes:
    """An output with its first row said to be 0: equal for rows elsewhere that gave the same, and
    as well formed as the output itself."""
    return numbered_from(data, 0)


def numbered_from(data: bytes, first_row: int) -> bytes:
    """A chunk or output of the same rows, whose first one is said to be another."""
    place = first_row.to_bytes(8, "little", signed=True)
    return data[: table_bytes.FIRST_ROW_AT] + place + data[table_bytes.FIRST_ROW_AT + 8 :]


class _Cutter:
    """Gathers batches until they make a chunk."""

    def __init__(self, schema: Schema, rows: int, max_bytes: int) -> None:
        self._schema = schema
        self._rows = rows
        self._max_bytes = min(max_bytes, table_bytes.MAX_BYTES)
        # Every region may need padding: values, validity and bytes of every column.
        frame = table_bytes.HEADER_BYTES + len(schema) * (
            table_bytes.DESCRIPTOR_BYTES + 3 * table_bytes.ALIGNMENT
        )
        self._room = self._max_bytes - table_bytes.aligned(frame)
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        self._first_row = 0

    def add(self, batch: pa.RecordBatch) -> Iterator[Chunk]:
        """Takes a batch and gives the chunks that are full."""
        self._check(batch)
        start = 0
        ends = np.cumsum(_row_bytes(self._schema, batch))
        while start < batch.num_rows:
            done = int(ends[start - 1]) if start else 0
            room = self._room - self._pending_bytes
            fitting = int(np.searchsorted(ends, done + room, side="right")) - start
            count = min(fitting, self._rows - self._pending_rows, batch.num_rows - start)
            if count:
                self._pending.append(batch.slice(start, count))
                self._pending_rows += count
                self._pending_bytes += int(ends[start + count - 1]) - done
                start += count
            elif not self._pending_rows:
                row = self._first_row
                raise SourceError(
                    f"row {row} (from 0) alone has more bytes than a chunk of"
                    f" {self._max_bytes} bytes has room for; shorten its strings, or leave the"
                    " longest column out of the job",
                    row,
                )
            if start < batch.num_rows:
                yield self._take()

    def finish(self) -> Iterator[Chunk]:
        if self._pending_rows:
            yield self._take()

    def _take(self) -> Chunk:
        if len(self._pending) == 1:
            (batch,) = self._pending
        else:
            batch = pa.concat_batches(self._pending)
        chunk = Chunk(
            first_row=self._first_row,
            rows=batch.num_rows,
            data=table_bytes.encode(self._schema, batch, first_row=self._first_row),
        )
        self._first_row += batch.num_rows
        self._pending = []
        self._pending_rows = self._pending_bytes = 0
        return chunk

    def _check(self, batch: pa.RecordBatch) -> None:
        """What a reader may have let through, a program must not meet."""
        row = self._first_row + self._pending_rows
        for column in self._schema:
            array = batch.column(column.name)
            place = f"column {column.name!r}, in rows {row} to {row + batch.num_rows - 1}"
            if array.null_count and not column.nullable:
                raise SourceError(f"{place}: a NULL where the file says there is none", row)
            if fault := value_fault(array, column.type):
                raise SourceError(f"{place}: {fault}", row)


def _row_bytes(schema: Schema, batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """What each row adds to a chunk."""
    sizes = np.full(batch.num_rows, sum(map(_slot_bytes, schema)), np.int64)
    for column in schema:
        if column.type.is_bytes:
            lengths = pa.compute.binary_length(batch.column(column.name)).fill_null(0)
            sizes += lengths.to_numpy(zero_copy_only=False)
    return sizes


def _slot_bytes(column: Column) -> int:
    return table_bytes.value_bytes(column.type) + column.nullable
