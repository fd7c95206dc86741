"""Table bytes: the one binary format of chunks (what programs read) and outputs (what they write).

Little endian throughout. A table is a header, one descriptor a column, and the columns' regions:

    header, 64 bytes           descriptor, 16 bytes a column
     0  4  magic b"OWCT"        0  4  type code (`TYPE_CODES`)
     4  4  version, 1           4  4  offset of the values
     8  4  columns              8  4  offset of the validity, 0: the column has no NULLs
    12  4  rows                12  4  offset of the bytes, 0: not a string or binary column
    16  4  rows_done
    20  4  total bytes
    24  8  first_row
    32 32  zero

`rows` counts the rows in the table. `rows_done` counts the rows of the source that stand behind
it: in a chunk it equals `rows`; in an output it says how far the program came. `first_row` is the
global index of the first of those source rows.

The regions lie in the order of the columns, and within a column: values, validity, bytes. Each
begins at the next multiple of 64 after the one before it, and the table ends at such a multiple;
what lies between is zero. So a table's layout follows from its schema, its rows, which columns
have NULLs, and the lengths of its strings: equal tables are equal bytes.

    values     numbers as they are, a bool as one byte 0 or 1; of dates, timestamps and decimals the
               numbers that carry them (`ValueType.kind`), within their bounds; of strings and
               binaries, rows + 1 u32 offsets into the bytes, the first 0, never falling
    validity   one byte a row: 1, or 0 for NULL
    bytes      the strings' UTF-8 or the binaries' bytes, one after the other

A slot that is NULL holds zero, or no bytes. A chunk of a range source is a header without columns.
Outputs come from volunteers: `decode` believes nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobspec.arrow import arrow_schema, arrow_type, carriers, of_carriers, out_of_bounds
from jobspec.errors import OutputError
from jobspec.types import Column, Schema, ValueType

MAGIC = b"OWCT"
VERSION = 1
HEADER_BYTES = 64
DESCRIPTOR_BYTES = 16
ALIGNMENT = 64
FIRST_ROW_AT = 24
MAX_BYTES = (1 << 31) - 1
"""Larger tables cannot be addressed by Arrow's 32-bit string offsets."""

TYPE_CODES: dict[ValueType, int] = {
    ValueType.BOOL: 1,
    ValueType.I8: 2,
    ValueType.I16: 3,
    ValueType.I32: 4,
    ValueType.I64: 5,
    ValueType.U8: 6,
    ValueType.U16: 7,
    ValueType.U32: 8,
    ValueType.U64: 9,
    ValueType.F32: 10,
    ValueType.F64: 11,
    ValueType.STRING: 12,
    ValueType.BINARY: 13,
    ValueType.DATE: 14,
    ValueType.TIMESTAMP: 15,
}
_DECIMAL_CODE = 16


def type_code(value_type: ValueType) -> int:
    """The number that stands for a type; of a decimal, its digits stand above the low byte."""
    if value_type.is_decimal:
        return _DECIMAL_CODE | value_type.precision << 8 | value_type.scale << 16
    return TYPE_CODES[value_type]


_HEADER = struct.Struct("<4sIIIIIq32s")
_DESCRIPTOR = struct.Struct("<IIII")
_NO_BYTES = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first 64 bytes of a table."""

    columns: int
    rows: int
    rows_done: int
    total_bytes: int
    first_row: int

    def pack(self) -> bytes:
        return _HEADER.pack(
            MAGIC,
            VERSION,
            self.columns,
            self.rows,
            self.rows_done,
            self.total_bytes,
            self.first_row,
            _NO_BYTES,
        )


def aligned(size: int) -> int:
    """`size` rounded up to the next multiple of the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def value_bytes(value_type: ValueType) -> int:
    """The bytes of one slot in the values region (of a string or binary: its offset)."""
    return 4 if value_type.is_bytes else value_type.bits // 8


# --- writing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Regions:
    values: memoryview
    validity: memoryview | None
    text: memoryview | None


def encode(schema: Schema, batch: pa.RecordBatch, *, first_row: int) -> bytes:
    """The columns of `schema`, found by name in `batch`, as a chunk.

    Raises ValueError for a table beyond `MAX_BYTES` and KeyError for a missing column.
    """
    regions = [_regions(column, batch.column(column.name)) for column in schema]
    descriptors = []
    pieces: list[tuple[int, memoryview]] = []
    position = aligned(HEADER_BYTES + DESCRIPTOR_BYTES * len(schema))
    for column, region in zip(schema, regions, strict=True):
        offsets = []
        for part in (region.values, region.validity, region.text):
            offsets.append(position if part is not None else 0)
            if part is not None:
                pieces.append((position, part))
                position = aligned(position + part.nbytes)
        descriptors.append(_DESCRIPTOR.pack(type_code(column.type), *offsets))
    if position > MAX_BYTES:
        raise ValueError(f"a table of {position} bytes is beyond the format's {MAX_BYTES}")
    table = bytearray(position)
    header = Header(
        columns=len(schema),
        rows=batch.num_rows,
        rows_done=batch.num_rows,
        total_bytes=position,
        first_row=first_row,
    )
    prefix = header.pack() + b"".join(descriptors)
    table[: len(prefix)] = prefix
    for offset, part in pieces:
        table[offset : offset + part.nbytes] = part
    return bytes(table)


def encode_range(*, first_row: int, rows: int) -> bytes:
    """The chunk of a range source: nothing but a header."""
    return Header(
        columns=0, rows=rows, rows_done=rows, total_bytes=HEADER_BYTES, first_row=first_row
    ).pack()


def _regions(column: Column, array: pa.Array) -> _Regions:
    array = carriers(array.cast(arrow_type(column.type)), column.type)
    validity = None
    if array.null_count:
        valid = array.is_valid().cast(pa.uint8()).to_numpy(zero_copy_only=False)
        validity = _raw(valid)
        array = array.fill_null(b"" if column.type.is_bytes else _zero(array.type))
    if column.type.is_bytes:
        offsets, text = _string_parts(array)
        return _Regions(_raw(offsets), validity, text)
    if column.type is ValueType.BOOL:
        array = array.cast(pa.uint8())
    return _Regions(_raw(array.to_numpy(zero_copy_only=False)), validity, None)


def _zero(arrow: pa.DataType) -> pa.Scalar:
    return pa.scalar(0, pa.int64()).cast(arrow)


def _raw(values: npt.NDArray[np.generic]) -> memoryview:
    return memoryview(np.ascontiguousarray(values).view(np.uint8).data)


def _string_parts(
    array: pa.StringArray | pa.BinaryArray,
) -> tuple[npt.NDArray[np.uint32], memoryview]:
    _, offset_buffer, text_buffer = array.buffers()
    if not len(array) or offset_buffer is None:
        return np.zeros(1, np.uint32), memoryview(b"")
    offsets = np.frombuffer(offset_buffer, np.int32)[array.offset : array.offset + len(array) + 1]
    text = memoryview(b"") if text_buffer is None else memoryview(text_buffer).cast("B")
    start, end = int(offsets[0]), int(offsets[-1])
    return (offsets - start).astype(np.uint32), text[start:end]


# --- reading --------------------------------------------------------------------------------------


def read_header(data: bytes) -> Header:
    """The header of a table. Raises OutputError unless it is one and its sizes are true."""
    if len(data) < HEADER_BYTES:
        raise OutputError(f"a table has at least {HEADER_BYTES} bytes, not {len(data)}")
    magic, version, columns, rows, rows_done, total, first_row, rest = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise OutputError("the bytes do not begin with OWCT")
    if version != VERSION:
        raise OutputError(f"the table has version {version}, not {VERSION}")
    if total != len(data) or total > MAX_BYTES or total % ALIGNMENT:
        raise OutputError(f"the header says {total} bytes, there are {len(data)}")
    if rest != _NO_BYTES:
        raise OutputError("the end of the header is not zero")
    if first_row < 0:
        raise OutputError(f"the first row is {first_row}")
    return Header(
        columns=columns, rows=rows, rows_done=rows_done, total_bytes=total, first_row=first_row
    )


def decode(schema: Schema, data: bytes) -> pa.RecordBatch:
    """The table of `data`, sharing its memory where the formats agree.

    Everything is checked: the header, where every region lies and that it lies inside, zero
    padding, offsets, UTF-8, bytes that stand for truth values, NULLs only where the schema has
    them. Raises OutputError that names what is wrong.
    """
    header = read_header(data)
    if header.columns != len(schema):
        raise OutputError(f"the table has {header.columns} columns, not {len(schema)}")
    if not schema and header.total_bytes != HEADER_BYTES:
        raise OutputError("a table without columns has more than a header")
    end = HEADER_BYTES + DESCRIPTOR_BYTES * len(schema)
    if end > len(data):
        raise OutputError("the descriptors do not fit into the table")
    reader = _Reader(data, header.rows, end)
    arrays = []
    descriptors = _DESCRIPTOR.iter_unpack(data[HEADER_BYTES:end])
    for column, descriptor in zip(schema, descriptors, strict=True):
        try:
            arrays.append(_column(reader, column, descriptor))
        except OutputError as error:
            raise OutputError(f"column {column.name!r}: {error.message}") from None
    reader.finish()
    if not schema:
        return pa.RecordBatch.from_arrays([], schema=pa.schema([]))
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(schema))


class _Reader:
    """Walks over the regions in the one order in which they may lie."""

    def __init__(self, data: bytes, rows: int, end: int) -> None:
        self._data = data
        self._bytes = np.frombuffer(data, np.uint8)
        self._position = end
        self.rows = rows

    def region(self, what: str, offset: int, size: int) -> npt.NDArray[np.uint8]:
        """The next region, which is said to lie at `offset`, as bytes."""
        start = self._skip_padding()
        if offset != start:
            raise OutputError(f"the {what} lie at {offset}, not at {start}")
        if start + size > len(self._data):
            raise OutputError(f"the {what} need {size} bytes at {start}: beyond the table's end")
        self._position = start + size
        return self._bytes[start : start + size]

    def finish(self) -> None:
        if self._skip_padding() != len(self._data):
            raise OutputError("the table is longer than its columns")

    def _skip_padding(self) -> int:
        start = aligned(self._position)
        if self._data[self._position : start].strip(b"\0"):
            raise OutputError(f"the padding before {start} is not zero")
        return start


def _column(reader: _Reader, column: Column, descriptor: tuple[int, ...]) -> pa.Array:
    code, values_offset, validity_offset, text_offset = descriptor
    if code != type_code(column.type):
        raise OutputError(f"its type code is {code}, not {type_code(column.type)}")
    rows = reader.rows
    slots = rows + 1 if column.type.is_bytes else rows
    values = reader.region("values", values_offset, slots * value_bytes(column.type))
    nulls = None
    if validity_offset:
        if not column.nullable:
            raise OutputError("it has NULLs, which cannot be")
        nulls = _truths("validity", reader.region("validity", validity_offset, rows)) == 0
        if not nulls.any():
            raise OutputError("it has validity but no NULLs")
    if column.type.is_bytes:
        return _strings(reader, column.type, values, nulls, text_offset)
    if text_offset:
        raise OutputError("it has bytes but is no string or binary column")
    if nulls is not None:
        slots_of_nulls = values.reshape(rows, value_bytes(column.type))[nulls]
        if slots_of_nulls.any():
            raise OutputError("a NULL slot is not zero")
    bitmap = _bitmap(nulls)
    if column.type is ValueType.BOOL:
        bits = np.packbits(_truths("values", values), bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), rows, [bitmap, pa.py_buffer(bits)])
    return _numbers(column.type, rows, bitmap, values)


def _numbers(
    value_type: ValueType, rows: int, bitmap: pa.Buffer | None, values: npt.NDArray[np.uint8]
) -> pa.Array:
    buffers = [bitmap, pa.py_buffer(values)]
    if value_type.is_number:
        return pa.Array.from_buffers(arrow_type(value_type), rows, buffers)
    carrier = pa.int32() if value_type is ValueType.DATE else pa.int64()
    numbers = pa.Array.from_buffers(carrier, rows, buffers)
    if out_of_bounds(numbers, value_type):
        raise OutputError(f"a value is beyond {value_type}")
    return of_carriers(numbers, value_type)


def _bitmap(nulls: npt.NDArray[np.bool_] | None) -> pa.Buffer | None:
    return None if nulls is None else pa.py_buffer(np.packbits(~nulls, bitorder="little"))


def _truths(what: str, region: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if region.size and int(region.max()) > 1:
        raise OutputError(f"a byte of the {what} is neither 0 nor 1")
    return region


def _strings(
    reader: _Reader,
    value_type: ValueType,
    values: npt.NDArray[np.uint8],
    nulls: npt.NDArray[np.bool_] | None,
    text_offset: int,
) -> pa.Array:
    offsets = values.view(np.uint32)
    if offsets[0]:
        raise OutputError("its offsets do not begin with 0")
    if (offsets[1:] < offsets[:-1]).any():
        raise OutputError("its offsets fall")
    if nulls is not None and (offsets[1:] != offsets[:-1])[nulls].any():
        raise OutputError("a NULL slot is not empty")
    text = reader.region("bytes", text_offset, int(offsets[-1]))
    buffers = [_bitmap(nulls), pa.py_buffer(values), pa.py_buffer(text)]
    array = pa.Array.from_buffers(arrow_type(value_type), reader.rows, buffers)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        raise OutputError("a string is not UTF-8") from None
    return array
