"""The table format: what is encoded is read back, and no bytes whatever break the reader."""

from __future__ import annotations

import math
import struct

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobspec import table_bytes
from jobspec.arrow import array_of, arrow_schema
from jobspec.errors import OutputError
from jobspec.types import Column, Scalar, ValueType

VALUES: dict[ValueType, st.SearchStrategy[Scalar]] = {
    ValueType.BOOL: st.booleans(),
    ValueType.F32: st.floats(width=32),
    ValueType.F64: st.floats(),
    ValueType.STRING: st.text("aé€😀\0 ", max_size=20),
    ValueType.BINARY: st.binary(max_size=20),
}

TYPES = [*ValueType, *(ValueType.decimal(*digits) for digits in ((1, 0), (9, 9), (18, 2)))]


def values_of(value_type: ValueType) -> st.SearchStrategy[Scalar]:
    """As `scalars` gives them."""
    if value_type in VALUES:
        return VALUES[value_type]
    return st.integers(value_type.minimum, value_type.maximum)


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[Column, ...], pa.RecordBatch]:
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=5))
    rows = draw(st.integers(0, 20))
    schema = []
    arrays = []
    for index, value_type in enumerate(types):
        nullable = draw(st.booleans())
        schema.append(Column(f"c{index}", value_type, nullable))
        cells = values_of(value_type)
        column = draw(
            st.lists(st.none() | cells if nullable else cells, min_size=rows, max_size=rows)
        )
        arrays.append(array_of(column, value_type))
    return tuple(schema), pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(tuple(schema)))


def same(left: pa.RecordBatch, right: pa.RecordBatch) -> bool:
    def cells(batch: pa.RecordBatch) -> list[object]:
        return [
            "NaN" if isinstance(value, float) and math.isnan(value) else value
            for column in batch.columns
            for value in column.to_pylist()
        ]

    return left.schema == right.schema and cells(left) == cells(right)


@given(table=tables(), first_row=st.integers(0, 2**62))
def test_what_is_encoded_is_decoded(
    table: tuple[tuple[Column, ...], pa.RecordBatch], first_row: int
) -> None:
    schema, batch = table
    data = table_bytes.encode(schema, batch, first_row=first_row)
    assert same(table_bytes.decode(schema, data), batch)
    assert table_bytes.read_header(data).first_row == first_row


@given(table=tables(), start=st.integers(0, 20))
def test_a_slice_of_a_table_is_encoded_as_if_it_stood_alone(
    table: tuple[tuple[Column, ...], pa.RecordBatch], start: int
) -> None:
    schema, batch = table
    part = batch.slice(start)
    alone = pa.RecordBatch.from_pylist(part.to_pylist(), schema=part.schema)
    if not any(map(math.isnan, filter(lambda v: isinstance(v, float), cells_of(part)))):
        assert table_bytes.encode(schema, part, first_row=0) == table_bytes.encode(
            schema, alone, first_row=0
        )


def cells_of(batch: pa.RecordBatch) -> list[object]:
    return [value for column in batch.columns for value in column.to_pylist()]


@settings(max_examples=500)
@given(table=tables(), data=st.data())
def test_changed_bytes_are_refused_or_still_a_table(
    table: tuple[tuple[Column, ...], pa.RecordBatch], data: st.DataObject
) -> None:
    schema, batch = table
    damaged = bytearray(table_bytes.encode(schema, batch, first_row=0))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = table_bytes.decode(schema, bytes(damaged))
    except OutputError:
        return
    decoded.validate(full=True)
    # Whatever is accepted is the one encoding of what it says.
    again = table_bytes.encode(
        schema, decoded, first_row=table_bytes.read_header(damaged).first_row
    )
    assert again[64:] == bytes(damaged)[64:]


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(OutputError):
        table_bytes.decode((Column("x", ValueType.I64),), data)


SCHEMA = (Column("x", ValueType.I32, nullable=True), Column("s", ValueType.STRING, nullable=True))
BATCH = pa.RecordBatch.from_pylist(
    [{"x": 1, "s": "añb"}, {"x": None, "s": None}, {"x": 3, "s": ""}],
    schema=arrow_schema(SCHEMA),
)
GOOD = table_bytes.encode(SCHEMA, BATCH, first_row=7)
# The layout of GOOD: header 0, descriptors 64, x 128 and 192, s 256 and 320, its bytes 384.


def test_the_layout_is_the_documented_one() -> None:
    assert GOOD[:40] == struct.pack("<4sIIIIIqq", b"OWCT", 1, 2, 3, 3, 448, 7, 0)
    assert GOOD[64:96] == struct.pack("<8I", 4, 128, 192, 0, 12, 256, 320, 384)
    assert GOOD[128:140] == struct.pack("<3i", 1, 0, 3)
    assert GOOD[192:195] == b"\1\0\1"
    assert GOOD[256:272] == struct.pack("<4I", 0, 4, 4, 4)
    assert GOOD[320:323] == b"\1\0\1"
    assert GOOD[384:388] == "añb".encode()


@pytest.mark.parametrize(
    ("offset", "replacement", "message"),
    [
        (0, b"X", "OWCT"),
        (4, b"\2", "version 2"),
        (8, b"\3", "3 columns, not 2"),
        (12, b"\4", "padding|offsets|lie|fall"),
        (12, b"\xff\xff\xff\xff", "beyond the table's end"),
        (20, b"\0\1", "bytes, there are"),
        (31, b"\x80", "first row"),
        (40, b"\1", "end of the header"),
        (64, b"\5", "column 'x': its type code is 5, not 4"),
        (68, b"\x81", "column 'x': the values lie at 129, not at 128"),
        (72, b"\0", "lie at"),
        (76, b"\1", "no string or binary column"),
        (96, b"\1", "the padding before 128"),
        (132, b"\1", "a NULL slot is not zero"),
        (140, b"\1", "the padding before 192"),
        (193, b"\2", "neither 0 nor 1"),
        (193, b"\1", "no NULLs"),
        (256, b"\1", "do not begin with 0"),
        (260, b"\5", "fall"),
        (268, b"\xff\xff", "beyond the table's end"),
        (264, b"\5\0\0\0\5", "a NULL slot is not empty"),
        (385, b"\xff", "column 's': a string is not UTF-8"),
        (447, b"\1", "the padding before 448"),
    ],
)
def test_a_malformed_table_is_refused_by_name(
    offset: int, replacement: bytes, message: str
) -> None:
    damaged = bytearray(GOOD)
    damaged[offset : offset + len(replacement)] = replacement
    with pytest.raises(OutputError, match=message):
        table_bytes.decode(SCHEMA, bytes(damaged))


def test_nulls_in_a_column_that_has_none_are_refused() -> None:
    schema = (Column("x", ValueType.I32), SCHEMA[1])
    with pytest.raises(OutputError, match="'x': it has NULLs, which cannot be"):
        table_bytes.decode(schema, GOOD)


def test_a_truth_value_other_than_0_and_1_is_refused() -> None:
    schema = (Column("b", ValueType.BOOL),)
    batch = pa.RecordBatch.from_pydict({"b": [True, False]})
    damaged = bytearray(table_bytes.encode(schema, batch, first_row=0))
    damaged[129] = 2
    with pytest.raises(OutputError, match="neither 0 nor 1"):
        table_bytes.decode(schema, bytes(damaged))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 95, 128, 447])
def test_a_table_cut_short_is_refused(size: int) -> None:
    with pytest.raises(OutputError):
        table_bytes.decode(SCHEMA, GOOD[:size])


def test_a_longer_table_is_refused() -> None:
    longer = bytearray(GOOD + bytes(64))
    longer[20:24] = struct.pack("<I", len(longer))
    with pytest.raises(OutputError, match="longer than its columns"):
        table_bytes.decode(SCHEMA, bytes(longer))


@pytest.mark.parametrize(
    "value_type", [ValueType.DATE, ValueType.TIMESTAMP, ValueType.decimal(5, 2)]
)
def test_a_number_that_carries_no_value_of_the_type_is_refused(value_type: ValueType) -> None:
    schema = (Column("x", value_type),)
    for bound, beyond in ((value_type.minimum, -1), (value_type.maximum, 1)):
        batch = pa.RecordBatch.from_arrays([array_of([bound], value_type)], names=["x"])
        data = table_bytes.encode(schema, batch, first_row=0)
        assert table_bytes.decode(schema, data).column("x").to_pylist()
        size = value_type.bits // 8
        damaged = bytearray(data)
        damaged[128 : 128 + size] = (bound + beyond).to_bytes(size, "little", signed=True)
        with pytest.raises(OutputError, match=r"column 'x': a value is beyond"):
            table_bytes.decode(schema, bytes(damaged))


def test_the_type_codes_of_decimals_tell_their_digits() -> None:
    codes = {table_bytes.type_code(ValueType.decimal(18, scale)) for scale in range(19)}
    assert len(codes) == 19
    assert codes.isdisjoint(table_bytes.TYPE_CODES.values())
