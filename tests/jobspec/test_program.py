"""Programs as volunteers meet them: call by call, short of memory, and where rows trap."""

from __future__ import annotations

import struct

import pytest

from jobspec import Limits, RunError, check_document, output_table, range_chunk, run_program
from jobspec.ir import STANDARD_TRAPS
from tests.jobspec.jobs import MEMORY_BYTES, Program, compiled, computed, document, inputs, output

BAD_CHUNK = [site.code for site in STANDARD_TRAPS].index("bad_chunk")
NUMBERS = {"range": {"n": [0, 10]}}
TRAPPING = ({"derive": {"x": "10 // (n - 3)"}}, {"aggregate": {"s": "sum(x)", "n": "count(*)"}})


def test_a_trap_ends_the_run_and_the_rows_before_it_have_a_result() -> None:
    job = compiled(NUMBERS, *TRAPPING)
    run = run_program(job.wasm, range_chunk(job.plan, 0, 10), fuel=None, memory_bytes=MEMORY_BYTES)
    assert run.trap_site is not None
    site = job.plan.traps[run.trap_site]
    assert (site.code, site.pointer) == ("division_by_zero", "/steps/0/derive/x")
    assert run.rows_done == 3
    assert output_table(job.plan, run.output).to_pylist()[0]["n"] == 3
    assert run.output == output(job, range_chunk(job.plan, 0, 3))


def test_a_trap_stays_until_the_next_chunk() -> None:
    job = compiled(NUMBERS, *TRAPPING)
    program = Program(job.wasm)
    program.input(range_chunk(job.plan, 0, 10))
    assert program.step(2) == 8
    trapped = program.step(8)
    assert trapped < 0
    before = program.output()
    assert program.step(8) == trapped
    assert program.output() == before
    program.input(range_chunk(job.plan, 4, 6))
    assert program.step(10) == 0
    assert program.output() == output(job, range_chunk(job.plan, 4, 6))


def test_a_trap_in_a_function_names_its_line() -> None:
    function = "def f(n: i64) -> i64:\n    m = n - 1\n    return 6 // m"
    job = compiled(NUMBERS, {"derive": {"x": "f(n)"}}, functions={"f": function})
    run = run_program(job.wasm, range_chunk(job.plan, 0, 10), fuel=None, memory_bytes=MEMORY_BYTES)
    assert run.trap_site is not None
    site = job.plan.traps[run.trap_site]
    assert (site.code, site.pointer, site.line) == ("division_by_zero", "/functions/f", 3)
    assert output_table(job.plan, run.output).to_pylist() == [{"n": 0, "x": -6}]


def test_an_instance_forgets_one_chunk_before_the_next() -> None:
    rows = {"rows": [{"k": key, "v": n} for n, key in enumerate("abcabdd")]}
    job = compiled(rows, {"aggregate": {"s": "sum(v)", "m": "max(k || '!')"}, "by": ["k"]})
    program = Program(job.wasm)
    chunks = inputs(job, rows=2)
    for chunk in [*chunks, *reversed(chunks)]:
        program.input(chunk)
        while program.step(1):
            pass
        assert program.output() == output(job, chunk)


def test_output_before_the_first_step_is_that_of_no_rows() -> None:
    for steps in ((), ({"aggregate": {"n": "count(*)", "m": "min(n)"}},)):
        job = compiled(NUMBERS, *steps)
        program = Program(job.wasm)
        program.input(range_chunk(job.plan, 0, 10))
        assert program.output() == output(job, range_chunk(job.plan, 0, 0))
        assert program.step(10) == 0
        assert program.output() == output(job, range_chunk(job.plan, 0, 10))


def test_steps_of_no_rows_do_nothing() -> None:
    job = compiled(NUMBERS)
    program = Program(job.wasm)
    program.input(range_chunk(job.plan, 0, 10))
    assert program.step(0) == 10
    assert program.step(4) == 6
    assert program.step(2**31 - 1) == 0
    assert program.step(5) == 0


@pytest.mark.parametrize(
    ("offset", "word"),
    [(0, 7), (4, 2), (8, 2), (12, -1), (20, 64), (64, 9), (68, 1 << 30), (12, 1 << 30)],
)
def test_bytes_that_are_not_the_programs_chunk_trap(offset: int, word: int) -> None:
    job = compiled({"rows": [{"a": 1}, {"a": 2}]}, {"aggregate": {"n": "sum(a)"}})
    chunk = bytearray(inputs(job)[0])
    chunk[offset : offset + 4] = struct.pack("<i", word)
    program = Program(job.wasm)
    program.input(bytes(chunk))
    assert program.step(10) == -1 - BAD_CHUNK


@pytest.mark.parametrize("size", [0, 63, -1, 1 << 30, 2**31 - 1, -(2**31)])
def test_a_chunk_of_an_impossible_size_is_refused(size: int) -> None:
    program = Program(compiled(NUMBERS).wasm)
    assert program.call("input", size) == 0
    assert program.step(1) <= 0


def test_running_out_of_memory_ends_the_run_with_a_clear_error() -> None:
    # Twenty thousand groups with a string of their own do not fit into a megabyte.
    raw = document(
        {"range": {"n": [0, 20_000]}},
        {"derive": {"s": "CAST(n AS string) || ' is a key that takes some room'"}},
        {"aggregate": {"n": "count(*)"}, "by": ["s"]},
    )
    job = check_document(raw, limits=Limits(memory_bytes=1 << 20))
    chunk = range_chunk(job.plan, 0, 20_000)
    with pytest.raises(RunError) as caught:
        run_program(job.wasm, chunk, fuel=None, memory_bytes=MEMORY_BYTES)
    assert caught.value.code == "memory"
    assert len(computed(job, rows=2000)) == 20_000


def test_strings_made_in_one_row_outlive_it() -> None:
    job = compiled(
        {"range": {"n": [0, 3000]}},
        {"derive": {"s": "'<' || CAST(n % 100 AS string) || '>'"}},
        {"aggregate": {"low": "min(s)", "high": "arg_max(s || s, n)"}, "by": ["s"]},
    )
    expected = [{"s": f"<{n}>", "low": f"<{n}>", "high": f"<{n}><{n}>"} for n in range(100)]
    for rows in (3000, 700):
        assert computed(job, rows) == expected


def test_a_best_string_that_is_replaced_in_every_row_fits_a_small_memory() -> None:
    steps = (
        {"derive": {"s": "CAST(n + 100000 AS string)"}},
        {"aggregate": {"best": "max(s)", "rows": "count(*)"}},
    )
    raw = document({"range": {"n": [0, 50_000]}}, *steps)
    job = check_document(raw, limits=Limits(memory_bytes=1 << 20))
    assert computed(job) == [{"best": "149999", "rows": 50_000}]


def test_many_groups_are_found_again() -> None:
    source = {"range": {"n": [0, 300_000]}}
    job = compiled(
        source,
        {"derive": {"k": "n * 7919 % 100003"}},
        {"aggregate": {"n": "count(*)", "first": "min(n)"}, "by": ["k"]},
    )
    rows = computed(job)
    assert len(rows) == 100_003
    assert [row["first"] for row in rows] == list(range(100_003))
    assert sum(row["n"] for row in rows) == 300_000


def test_floats_leave_a_program_with_one_nan() -> None:
    job = compiled(
        {"range": {"n": [0, 2]}},
        {"derive": {"x": "(n - n) / (n - n)", "y": "CAST((n - n) / (n - n) AS f32)"}},
    )
    table = output_table(job.plan, output(job, inputs(job)[0]))
    doubles, singles = (table.column(name).combine_chunks().buffers()[1] for name in "xy")
    assert bytes(doubles)[:8] == struct.pack("<Q", 0x7FF8000000000000)
    assert bytes(singles)[:4] == struct.pack("<I", 0x7FC00000)


def test_every_type_passes_through_a_program() -> None:
    types = ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "string"]
    low = [False, -128, -(2**15), -(2**31), -(2**63), 0, 0, 0, 0, -0.5, -0.1, ""]
    high = [True, 127, 2**15 - 1, 2**31 - 1, 2**63 - 1, 255, 2**16 - 1, 2**32 - 1, 2**64 - 1]
    high += [1.5, 0.1, "ñ"]  # type: ignore[list-item]  # of mixed types
    rows = [dict(zip(types, values, strict=True)) for values in (low, high)]
    rows.append(dict.fromkeys(types))
    columns = {name: name for name in types}
    job = compiled({"rows": rows, "columns": columns})
    for count in (1, 3):
        assert computed(job, count) == rows
    assert [column.type.value for column in job.plan.result] == types
    extremes = {f"{f}_{name}": f"{f}({name})" for f in ("min", "max") for name in types}
    job = compiled({"rows": rows, "columns": columns}, {"aggregate": extremes})
    assert list(computed(job)[0].values()) == low + high
    job = compiled(
        {"rows": rows + rows, "columns": columns}, {"aggregate": {"n": "count(*)"}, "by": types}
    )
    assert computed(job, 4) == [{**row, "n": 2} for row in rows]
