"""Cutting sources into chunks, and reading chunks and outputs back."""

from __future__ import annotations

import struct
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import (
    ChunkError,
    OutputError,
    SourceError,
    chunk_table,
    chunks,
    output_rows_done,
    output_table,
    range_chunk,
)
from jobspec.arrow import value_fault
from jobspec.table_bytes import encode_range
from jobspec.types import ValueType
from tests.jobspec.jobs import ParquetJob, compiled, inputs, output

TABLE = pa.table(
    {
        "n": pa.array([None if n % 7 == 0 else n for n in range(1000)], pa.int32()),
        "s": ["x" * (n % 50) + "é" for n in range(1000)],
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rows=st.integers(1, 1200), max_bytes=st.integers(1 << 10, 1 << 17))
def test_chunks_are_the_rows_in_order_within_both_bounds(
    tmp_path: Path, rows: int, max_bytes: int
) -> None:
    job = ParquetJob(tmp_path, TABLE)
    found = list(chunks(job.job.document, job.job.plan, job._open, rows=rows, max_bytes=max_bytes))
    assert all(chunk.rows <= rows and len(chunk.data) <= max_bytes for chunk in found)
    assert [chunk.first_row for chunk in found] == [
        sum(chunk.rows for chunk in found[:index]) for index in range(len(found))
    ]
    tables = [chunk_table(job.job.plan, chunk.data) for chunk in found]
    assert pa.concat_tables(tables).to_pylist() == TABLE.to_pylist()
    for before, after in pairwise(found):
        room = max_bytes - len(before.data)
        assert before.rows == rows or room < 1024 or after is found[-1]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (pa.array([0, 2_932_897], pa.int32()).view(pa.date32()), "a date is not in the years 1"),
        (pa.array([0, -719_163], pa.int32()).view(pa.date32()), "a date is not in the years 1"),
        (pa.array([0, 2**62], pa.int64()).view(pa.timestamp("us")), "a timestamp is not in the"),
    ],
)
def test_a_value_beyond_its_type_is_an_error_of_the_source(
    tmp_path: Path, array: pa.Array, message: str
) -> None:
    job = ParquetJob(tmp_path, pa.table({"x": array}))
    with pytest.raises(SourceError, match=f"column 'x', in rows 0 to 1: {message}"):
        job.chunks()


def test_a_decimal_with_more_digits_than_its_type_is_an_error_of_the_source() -> None:
    wide = pa.array([Decimal(1000), None])
    digits = pa.Array.from_buffers(pa.decimal128(3, 0), 2, wide.buffers())  # as a file may claim
    assert value_fault(digits, ValueType.decimal(3, 0)) == "a number has too many digits"
    assert value_fault(wide, ValueType.decimal(4, 0)) == ""


def test_a_row_larger_than_a_chunk_is_an_error_that_names_it(tmp_path: Path) -> None:
    table = pa.table({"s": ["x"] * 10 + ["x" * 5000] + ["x"]})
    job = ParquetJob(tmp_path, table)
    with pytest.raises(SourceError, match=r"row 10 \(from 0\) alone") as caught:
        job.chunks(max_bytes=4096)
    assert caught.value.row == 10


def test_strings_that_are_not_utf8_are_an_error(tmp_path: Path) -> None:
    bad = pa.StringArray.from_buffers(
        2, pa.py_buffer(struct.pack("<3i", 0, 1, 2)), pa.py_buffer(b"x\xff")
    )
    with pytest.raises(SourceError, match="'s', in rows 0 to 1: a string is not UTF-8"):
        ParquetJob(tmp_path, pa.table({"s": bad})).chunks()


def test_a_range_has_headers_for_chunks() -> None:
    job = compiled({"range": {"n": [10, 0, -3]}})
    chunk = range_chunk(job.plan, 1, 2)
    assert len(chunk) == 64
    assert chunk_table(job.plan, chunk).to_pydict() == {"n": [7, 4]}
    for first_row, rows in ((0, 5), (-1, 2), (4, 1), (0, -1)):
        with pytest.raises(ChunkError, match="not in a range of 4"):
            range_chunk(job.plan, first_row, rows)
    with pytest.raises(ChunkError, match="beyond the range of 4 rows"):
        chunk_table(job.plan, encode_range(first_row=3, rows=2))
    with pytest.raises(ChunkError, match="no rows to cut"):
        list(chunks(job.document, job.plan, rows=1, max_bytes=1 << 20))


def test_only_a_range_has_range_chunks() -> None:
    with pytest.raises(ChunkError, match="not a range"):
        range_chunk(compiled({"rows": [{"a": 1}]}).plan, 0, 1)


def test_bytes_that_are_no_chunk_are_refused() -> None:
    with pytest.raises(ChunkError, match="OWCT"):
        chunk_table(compiled({"rows": [{"a": 1}]}).plan, bytes(64))


def test_an_output_cannot_have_more_rows_than_its_source() -> None:
    job = compiled({"rows": [{"a": 1}, {"a": 2}, {"a": 3}]})
    good = output(job, inputs(job)[0])
    assert output_rows_done(good) == 3
    assert output_table(job.plan, good).to_pydict() == {"a": [1, 2, 3]}
    fewer_done = good[:16] + struct.pack("<I", 2) + good[20:]
    with pytest.raises(OutputError, match="3 rows cannot come from 2 source rows"):
        output_table(job.plan, fewer_done)
    limited = compiled({"rows": [{"a": 1}, {"a": 2}, {"a": 3}]}, {"limit": 2})
    with pytest.raises(OutputError, match="3 rows cannot come from"):
        output_table(limited.plan, good)


def test_a_total_has_exactly_one_row() -> None:
    total = compiled({"range": {"n": [0, 5]}}, {"aggregate": {"n": "count(*)"}})
    groups = compiled({"rows": [{"n": 1}, {"n": 2}]})
    two_rows = output(groups, inputs(groups)[0])
    plan = replace(total.plan, partial=groups.plan.partial)
    with pytest.raises(OutputError, match="has one row, not 2"):
        output_table(plan, two_rows)
