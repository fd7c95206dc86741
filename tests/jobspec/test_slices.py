"""Slices of chunks, and results that are put together of partial outputs and of slices."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import (
    ChunkError,
    chunk_rows,
    chunk_table,
    output_rows_done,
    output_table,
    run_program,
    slice_chunk,
)
from jobspec.arrow import arrow_schema
from jobspec.program_plan import ProgramPlan
from jobspec.table_bytes import encode, encode_range
from jobspec.types import Column, Schema, ValueType
from tests.fuzz import values
from tests.jobspec import random_aggregates
from tests.jobspec.jobs import MEMORY_BYTES, ParquetJob, Program, compiled, inputs, output, result
from tests.jobspec.random_aggregates import INDEPENDENT, RandomAggregates, aggregates, bits
from tests.jobspec.test_table_bytes import tables

ROWS = compiled({"rows": [{"n": 1, "s": "a"}, {"n": None, "s": ""}, {"n": 3, "s": None}]})
(CHUNK,) = inputs(ROWS)


def plan_of(schema: Schema) -> ProgramPlan:
    """The plan of a program that reads such chunks."""
    return replace(ROWS.plan, source=schema)


# --- bytes ----------------------------------------------------------------------------------------


@given(table=tables(), first_row=st.integers(0, 2**62), data=st.data())
def test_a_slice_has_the_bytes_of_a_chunk_that_was_cut_there(
    table: tuple[Schema, pa.RecordBatch], first_row: int, data: st.DataObject
) -> None:
    schema, batch = table
    start = data.draw(st.integers(0, batch.num_rows))
    rows = data.draw(st.integers(0, batch.num_rows - start))
    chunk = encode(schema, batch, first_row=first_row)
    found = slice_chunk(plan_of(schema), chunk, start, rows)
    assert found == encode(schema, batch.slice(start, rows), first_row=first_row + start)
    assert chunk_rows(found) == (first_row + start, rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(seed=st.randoms(use_true_random=False), count=st.integers(1, 40), size=st.integers(1, 40))
def test_slices_of_one_chunk_are_the_chunks_of_fewer_rows(
    tmp_path: Path, seed: Any, count: int, size: int
) -> None:
    rows = list(zip(*(values.row(seed) for _ in range(count)), strict=True))
    schema = arrow_schema(values.SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(rows, schema, strict=True)]
    job = ParquetJob(tmp_path, pa.table(arrays, schema=schema))
    (whole,) = job.chunks()
    found = [
        slice_chunk(job.job.plan, whole, start, min(size, count - start))
        for start in range(0, count, size)
    ]
    assert found == job.chunks(rows=size)
    again = [slice_chunk(job.job.plan, part, 0, chunk_rows(part)[1]) for part in found]
    assert again == found


def test_a_chunk_of_no_columns_is_sliced_too() -> None:
    chunk = encode_range(first_row=5, rows=7)
    assert slice_chunk(plan_of(()), chunk, 2, 4) == encode_range(first_row=7, rows=4)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "rows"), [(-1, 2), (0, 4), (3, 1), (4, 0), (2, -1), (0, 2**70)])
def test_rows_that_a_chunk_does_not_have_are_refused(start: int, rows: int) -> None:
    with pytest.raises(ChunkError, match="are not in a chunk of 3"):
        slice_chunk(ROWS.plan, CHUNK, start, rows)


def test_a_range_has_no_slices() -> None:
    job = compiled({"range": {"n": [0, 9]}})
    with pytest.raises(ChunkError, match="use range_chunk"):
        slice_chunk(job.plan, inputs(job)[0], 0, 1)


@pytest.mark.parametrize(
    ("offset", "replacement", "message"),
    [
        (0, b"X", "OWCT"),
        (12, struct.pack("<I", 2**32 - 1), "says 3 of them are done"),
        (12, struct.pack("<II", 2**32 - 1, 2**32 - 1), "beyond the table's end"),
        (16, b"\2", "a chunk of 3 rows says 2 of them are done"),
        (24, struct.pack("<q", 2**63 - 1), "no source has a row"),
        (24, struct.pack("<q", -1), "the first row is -1"),
        (64, b"\6", "type code"),
        (68, b"\x40\xff\xff\xff", "the values lie at"),
    ],
)
def test_bytes_that_are_no_chunk_have_no_slices(
    offset: int, replacement: bytes, message: str
) -> None:
    damaged = bytearray(CHUNK)
    damaged[offset : offset + len(replacement)] = replacement
    with pytest.raises(ChunkError, match=message):
        slice_chunk(ROWS.plan, bytes(damaged), 0, 1)


@given(st.data())
def test_changed_bytes_have_no_slice_or_one_that_is_a_chunk(data: st.DataObject) -> None:
    damaged = bytearray(CHUNK)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.sampled_from([len(damaged), 128, 64, 63, 0]))]
    try:
        found = slice_chunk(ROWS.plan, bytes(damaged), 1, 2)
    except ChunkError:
        return
    assert chunk_table(ROWS.plan, found).num_rows == 2


def test_a_chunk_of_another_program_has_no_slices() -> None:
    plan = plan_of((Column("n", ValueType.I64, nullable=True),))
    with pytest.raises(ChunkError, match="2 columns, not 1"):
        slice_chunk(plan, CHUNK, 0, 1)


# --- partial outputs and the slices of the rest ---------------------------------------------------

FUEL = 10**9
LOOKUP = {
    "t": {
        "rows": [{"k": 0, "label": "a"}, {"k": 0, "label": "b"}, {"k": 2, "label": None}],
    }
}
STEPS: dict[str, list[dict[str, Any]]] = {
    "rows as they are": [],
    "filter": [{"filter": "i > 0 OR s = ''"}],
    "join": [{"join": {"table": "t", "on": {"i": "k"}, "how": "left"}}],
    "join and group": [
        {"join": {"table": "t", "on": {"i": "k"}}},
        {"aggregate": {"n": "count(*)", "last": "last(s)"}, "by": ["label"]},
    ],
    "join and limit": [{"join": {"table": "t", "on": {"i": "k"}}}, {"limit": 5}],
    "join and sort": [
        {"join": {"table": "t", "on": {"i": "k"}}},
        {"sort": ["label desc", "m"], "limit": 4},
    ],
    "limit": [{"filter": "i >= 0"}, {"limit": 3}],
    "limit of nothing": [{"limit": 0}],
    "stop_when": [{"stop_when": "i > 2"}],
    "stop_when it never is": [{"stop_when": "i > 7"}],
    "distinct": [{"distinct": ["i", "b"]}],
    "distinct texts": [{"select": ["s", "y"]}, {"distinct": True}],
    "sort": [{"sort": ["f desc nulls first", "s"], "limit": 5}],
    "sort by texts": [{"sort": ["s", "y desc"], "limit": 2}],
    "sample of rows": [{"sample": {"rows": 4, "seed": 2}}],
    "sample of a fraction": [{"sample": 0.5}, {"derive": {"r": "random()"}}],
    "total": [{"aggregate": {"n": "count(*)", "u": "max(u)", "m": "arg_max(s, m)"}}],
    "sketches": [
        {
            "aggregate": {
                "d": "approx_count_distinct(s)",
                "q": "approx_quantile(f, 0.5)",
                "h": "histogram(i)",
                "c": "count(DISTINCT y)",
            },
            "by": ["b"],
        }
    ],
}
"""Every closing step, and what stands before one."""
TABLE_ROWS = st.lists(
    st.fixed_dictionaries(
        {name: st.none() | cells for name, cells in random_aggregates.CELLS.items()}
    ),
    min_size=1,
    max_size=25,
)


def _job(folder: Path, table: pa.Table, steps: Sequence[dict[str, Any]]) -> ParquetJob:
    joins = any("join" in step for step in steps)
    return ParquetJob(folder, table, *steps, **({"shared": LOOKUP} if joins else {}))


def _partial(job: ParquetJob, chunk: bytes, done: int) -> bytes:
    """What a program that is in the middle of a chunk gives for its first rows; it goes on."""
    program = Program(job.job.wasm)
    program.input(chunk)
    if done:
        program.step(done)
    found = program.output()
    while program.step(3) > 0:
        pass
    assert program.output() == output(job.job, chunk), "being read does it no harm"
    return found


def _check(job: ParquetJob, cuts: Sequence[float]) -> None:
    """The chunk, cut anywhere again and again: the part done so far, and the slice of the rest."""
    (rest,) = job.chunks()
    plan = job.job.plan
    expected = result(job.job, [output(job.job, rest)])
    outputs = []
    for cut in cuts:
        _, rows = chunk_rows(rest)
        part = _partial(job, rest, int(cut * rows))
        done = output_rows_done(part)
        assert done >= int(cut * rows)
        assert output_table(plan, part).num_rows <= max(done, 1) * plan.matches
        if done:
            assert part == output(job.job, slice_chunk(plan, rest, 0, done))
        rest = slice_chunk(plan, rest, done, rows - done)
        outputs.append(part)
    outputs.append(output(job.job, rest))
    assert bits(result(job.job, outputs)) == bits(expected)


@pytest.mark.parametrize("kind", list(STEPS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(rows=TABLE_ROWS, cuts=st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_a_partial_output_and_the_slice_of_the_rest_have_the_result_of_the_whole(
    tmp_path: Path, kind: str, rows: list[dict[str, Any]], cuts: list[float]
) -> None:
    table = pa.Table.from_pylist(rows, pa.schema(random_aggregates.TYPES))
    _check(_job(tmp_path, table, STEPS[kind]), cuts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    drawn=aggregates(INDEPENDENT),
    cuts=st.lists(st.floats(0, 1), min_size=1, max_size=3),
)
def test_every_aggregate_is_the_same_of_a_partial_output_and_the_slice_of_the_rest(
    tmp_path: Path, drawn: RandomAggregates, cuts: list[float]
) -> None:
    if drawn.table.num_rows:
        _check(_job(tmp_path, drawn.table, [drawn.step]), cuts)


# --- rows that trap -------------------------------------------------------------------------------

TRAPS = {"derive": {"trapped": "CASE WHEN label = 'b' THEN i // i ELSE i END"}}
"""The second of the matches of a row of `LOOKUP` that is 0, and with it the row."""


@pytest.mark.parametrize("kind", [kind for kind in STEPS if not kind.startswith("join")])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@given(rows=TABLE_ROWS)
def test_the_output_before_a_row_that_traps_is_that_of_the_rows_before_it(
    tmp_path: Path, kind: str, rows: list[dict[str, Any]]
) -> None:
    _check_traps(tmp_path, rows, STEPS[kind])


def _check_traps(folder: Path, rows: list[dict[str, Any]], steps: list[dict[str, Any]]) -> None:
    """Leaving out the rows that trap one after the other is the job without them."""
    table = pa.Table.from_pylist(rows, pa.schema(random_aggregates.TYPES))
    join = {"join": {"table": "t", "on": {"i": "k"}, "how": "left"}}
    used = {"filter": "trapped IS NULL OR trapped > -9"}
    job = _job(folder, table, [join, TRAPS, used, *steps])
    plan = job.job.plan
    (rest,) = job.chunks()
    outputs = []
    while True:
        first, count = chunk_rows(rest)
        run = run_program(
            job.job.wasm, rest, fuel=FUEL, memory_bytes=MEMORY_BYTES, slice_rows=3, whole_rows=True
        )
        outputs.append(run.output)
        if run.trap_site is None:
            break
        assert rows[first + run.rows_done]["i"] == 0
        assert run.output == output(job.job, slice_chunk(plan, rest, 0, run.rows_done))
        start = run.rows_done + 1
        rest = slice_chunk(plan, rest, start, count - start)
    found = bits(result(job.job, outputs))
    kept = [slice_chunk(plan, chunk, row, 1) for chunk in job.chunks() for row in _good(rows)]
    empty = slice_chunk(plan, job.chunks()[0], 0, 0)
    assert found == bits(result(job.job, [output(job.job, part) for part in (empty, *kept)]))


def _good(rows: list[dict[str, Any]]) -> list[int]:
    return [number for number, row in enumerate(rows) if row["i"] != 0]
