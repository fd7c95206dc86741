"""Programs run on the hub: limits, traps, and modules that mean harm."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence

import pytest

from jobspec import ir, range_chunk
from jobspec import run as running
from jobspec.errors import RunError
from jobspec.ir import Const, Function, Get, GetGlobal, If, Kind, Module, Op, Return, SetGlobal
from jobspec.run import Between, run_program
from jobspec.wasm import encode
from jobspec.wasm.codegen import assemble
from tests.jobspec.jobs import MEMORY_BYTES, compiled

I32, I64 = Kind.I32, Kind.I64
MEMORY = 4 << 20

OUTPUT_AT = 1024
INPUT_AT = 2048


def i32(value: int) -> Const:
    return Const(I32, value)


def header(rows: int) -> bytes:
    return struct.pack("<4sIIIIIq32s", b"OWCT", 1, 0, rows, rows, 64, 0, b"")


def program(
    *,
    input_body: Sequence[ir.Stmt] = (Return(i32(INPUT_AT)),),
    before_row: Sequence[ir.Stmt] = (),
    output: int = OUTPUT_AT,
    output_bytes: int = 64,
    memory: int = MEMORY,
) -> bytes:
    """Counts the rows of its chunk and writes a table of no columns; parts can be exchanged."""
    rows = ir.Load("i32.load", i32(INPUT_AT), 12)
    asked = Op("i32.gt_s", (Get("rows", I32), i32(0)))
    done = GetGlobal("done", I32)
    step = Function(
        name="step",
        params=(("rows", I32),),
        result=I32,
        exported=True,
        body=(
            ir.While(
                Op("i32.and", (asked, Op("i32.lt_s", (done, rows)))),
                (
                    *before_row,
                    SetGlobal("done", Op("i32.add", (done, i32(1)))),
                    ir.Set("rows", Op("i32.sub", (Get("rows", I32), i32(1)))),
                ),
            ),
            Return(Op("i32.sub", (rows, done))),
        ),
    )
    writes = (
        ir.MemoryCopy(i32(OUTPUT_AT), i32(INPUT_AT), i32(64)),
        ir.Store("i32.store", i32(OUTPUT_AT), i32(0), 12),
        ir.Store("i32.store", i32(OUTPUT_AT), done, 16),
        Return(i32(output)),
    )
    functions = (
        Function(
            name="input",
            params=(("bytes", I32),),
            result=I32,
            exported=True,
            body=tuple(input_body),
        ),
        step,
        Function(name="output", result=I32, exported=True, body=writes),
        Function(name="output_bytes", result=I32, exported=True, body=(Return(i32(output_bytes)),)),
    )
    return assemble(
        Module(
            functions=functions,
            globals=(ir.Global(name="done", kind=I32),),
            memory_maximum_bytes=memory,
        )
    )


def test_a_program_does_all_rows_of_its_chunk() -> None:
    run = run_program(program(), header(1000), fuel=None, memory_bytes=MEMORY)
    assert (run.rows_done, run.trap_site, run.fuel_used) == (1000, None, None)
    assert run.output == struct.pack("<4sIIIIIq32s", b"OWCT", 1, 0, 0, 1000, 64, 0, b"")


def test_an_empty_chunk_is_done_at_once() -> None:
    assert run_program(program(), header(0), fuel=10**6, memory_bytes=MEMORY).rows_done == 0


def test_rows_are_done_in_slices_and_each_is_told() -> None:
    told: list[int] = []
    run_program(
        program(),
        header(25),
        fuel=None,
        memory_bytes=MEMORY,
        slice_rows=10,
        after_slice=lambda between: told.append(between.rows_left),
    )
    assert told == [15, 5, 0]


@pytest.mark.parametrize(
    ("row_seconds", "expected"),
    [
        (1e-9, [64, 512, 4096, 10_000 - 64 - 512 - 4096]),
        (2**-14, [64, 512, *[819] * 11, 415]),
        (1.0, [64, *[1] * 9_936]),
    ],
)
def test_slices_come_to_take_the_time_that_they_should(
    monkeypatch: pytest.MonkeyPatch, row_seconds: float, expected: list[int]
) -> None:
    now = 0.0
    step = running._Program.call

    def call(self: running._Program, name: str, *args: int) -> int:
        nonlocal now
        if name == "step":
            now += args[0] * row_seconds
        return step(self, name, *args)

    monkeypatch.setattr(running, "perf_counter", lambda: now)
    monkeypatch.setattr(running._Program, "call", call)
    left = [10_000]
    run_program(
        program(),
        header(10_000),
        fuel=None,
        memory_bytes=MEMORY,
        slice_seconds=0.05,
        after_slice=lambda between: left.append(between.rows_left),
    )
    slices = [before - after for before, after in itertools.pairwise(left)]
    assert slices == expected


FLIGHT = "CAST(n * n AS string) || repeat('-', n % 7)"


@pytest.mark.parametrize(
    "steps",
    [
        ({"aggregate": {"n": "count(*)", "s": "sum(n * 0.1)", "m": "max(n % 997)"}},),
        ({"aggregate": {"f": "fsum(n)", "q": "approx_quantile(n, 0.5)"}, "by": ["k"]},),
        ({"aggregate": {"t": "string_agg(t, ',')", "d": "count(DISTINCT t)"}, "by": ["k"]},),
        ({"filter": "n % 3 = 0"}, {"select": ["n", "t"]}),
        ({"sort": ["k", "t desc"], "limit": 50},),
        ({"distinct": ["k"]},),
        ({"limit": 700},),
        ({"stop_when": "n = 4321"},),
    ],
    ids=lambda steps: "+".join(name for step in steps for name in step),
)
def test_outputs_between_slices_are_those_of_their_rows_and_change_nothing(
    steps: tuple[dict[str, object], ...],
) -> None:
    derive = {"derive": {"k": "n % 11", "t": FLIGHT}}
    job = compiled({"range": {"n": [0, 5_000]}}, derive, *steps)
    shown: list[tuple[int, bytes]] = []

    def show(between: Between) -> None:
        output = between.output(1 << 20)
        assert output is not None
        assert between.output(1 << 20) == output
        assert between.output(len(output) - 1) is None
        shown.append((5_000 - between.rows_left, output))

    chunk = range_chunk(job.plan, 0, 5_000)
    plain = run_program(job.wasm, chunk, fuel=None, memory_bytes=MEMORY_BYTES)
    watched = run_program(
        job.wasm,
        chunk,
        fuel=None,
        memory_bytes=MEMORY_BYTES,
        slice_rows=617,
        after_slice=show,
    )
    assert watched == plain
    assert shown[-1][1] == plain.output
    for rows, output in shown:
        part = run_program(
            job.wasm, range_chunk(job.plan, 0, rows), fuel=None, memory_bytes=MEMORY_BYTES
        )
        assert part.output == output


@pytest.mark.parametrize(("pages", "is_shown"), [(42, True), (41, False)])
def test_a_program_that_needs_its_memory_is_not_asked_for_outputs_on_the_way(
    pages: int, is_shown: bool
) -> None:
    grown = Op("memory.grow", (i32(20),))
    input_body = (If(Op("i32.eq", (grown, i32(-1))), (Return(i32(0)),)), Return(i32(INPUT_AT)))
    shown: list[bytes | None] = []
    run_program(
        program(input_body=input_body),
        header(10),
        fuel=None,
        memory_bytes=pages * 65536,
        after_slice=lambda between: shown.append(between.output(64)),
    )
    assert [output is not None for output in shown] == [is_shown]


@pytest.mark.parametrize("change", [{"output_bytes": 63}, {"output": 65536 - 10}])
def test_an_output_on_the_way_is_not_believed_either(change: dict[str, int]) -> None:
    with pytest.raises(RunError) as raised:
        run_program(
            program(**change),
            header(10),
            fuel=None,
            memory_bytes=MEMORY,
            slice_rows=5,
            after_slice=lambda between: between.output(100),
        )
    assert raised.value.code == "invalid"


def test_an_exception_after_a_slice_ends_the_run() -> None:
    def stop(between: Between) -> None:
        raise KeyboardInterrupt(between.rows_left)

    with pytest.raises(KeyboardInterrupt, match="15"):
        run_program(
            program(),
            header(25),
            fuel=None,
            memory_bytes=MEMORY,
            slice_rows=10,
            after_slice=stop,
        )


def test_fuel_used_is_the_same_every_time() -> None:
    first, second = (
        run_program(program(), header(500), fuel=10**9, memory_bytes=MEMORY) for _ in range(2)
    )
    assert first.fuel_used == second.fuel_used
    assert first.fuel_used is not None
    assert first.fuel_used > 500


def test_a_trap_ends_the_run_with_its_site_and_the_rows_before_it() -> None:
    at_row_seven = Op("i32.eq", (GetGlobal("done", I32), i32(7)))
    traps = If(at_row_seven, (ir.SetGlobal("trap", i32(4)), Return(i32(-4))))
    run = run_program(
        program(before_row=(traps,)), header(25), fuel=10**6, memory_bytes=MEMORY, slice_rows=5
    )
    assert (run.rows_done, run.trap_site) == (7, 3)


@pytest.mark.timeout(20)
def test_an_endless_loop_is_stopped_by_fuel() -> None:
    endless = program(before_row=(ir.While(i32(1), ()),))
    with pytest.raises(RunError) as raised:
        run_program(endless, header(1), fuel=1_000_000, memory_bytes=MEMORY)
    assert raised.value.code == "fuel_exhausted"


def test_a_program_that_needs_more_memory_at_the_start_is_refused() -> None:
    big = assemble(
        Module(
            functions=tuple(
                Function(
                    name=name,
                    params=tuple((f"p{index}", I32) for index in range(params)),
                    result=I32,
                    exported=True,
                    body=(Return(Op("i32.wrap_i64", (ir.Text(b"x" * 300_000),))),),
                )
                for name, params in (
                    ("input", 1),
                    ("step", 1),
                    ("output", 0),
                    ("output_bytes", 0),
                )
            ),
            memory_maximum_bytes=MEMORY,
        )
    )
    with pytest.raises(RunError) as raised:
        run_program(big, header(1), fuel=10**6, memory_bytes=65536)
    assert raised.value.code == "memory"


def test_memory_grows_up_to_the_limit_only() -> None:
    grown = Op("memory.grow", (i32(20),))
    wants_more = program(
        input_body=(
            If(Op("i32.eq", (grown, i32(-1))), (Return(i32(0)),)),
            Return(i32(INPUT_AT)),
        )
    )
    run_program(wants_more, header(1), fuel=10**6, memory_bytes=21 * 65536)
    with pytest.raises(RunError) as raised:
        run_program(wants_more, header(1), fuel=10**6, memory_bytes=20 * 65536)
    assert raised.value.code == "memory"


@pytest.mark.parametrize(
    ("wasm", "message"),
    [
        (b"", "not a WebAssembly module"),
        (b"\0asm\1\0\0\0", "exports its memory"),
        (program()[:-300], "not a WebAssembly module"),
        (program(output=MEMORY), "outside the program's memory"),
        (program(output=65536 - 10), "outside the program's memory"),
        (program(input_body=(Return(i32(-5)),)), "outside the program's memory"),
        (program(output=2048 + 64), "the output is malformed"),
        (program(output_bytes=63), "the output is malformed"),
        (
            program(before_row=(Return(i32(10)),)),
            "step did no row: 10 rows are left, as before",
        ),
        (
            program(before_row=(ir.Set("n", Op("i32.div_u", (i32(1), GetGlobal("done", I32)))),)),
            "integer divide by zero",
        ),
        (
            program(before_row=(ir.Store("i32.store8", i32(-1), i32(1)),)),
            "out of bounds memory access",
        ),
    ],
)
def test_modules_that_do_not_behave_are_refused(wasm: bytes, message: str) -> None:
    with pytest.raises(RunError) as raised:
        run_program(wasm, header(10), fuel=10**6, memory_bytes=MEMORY)
    assert raised.value.code == "invalid"
    assert message in raised.value.message


def test_a_module_with_imports_is_refused() -> None:
    types = encode.type_section([encode.function_type([], [])])
    imports = encode.section(
        2, encode.vector([encode.name("env") + encode.name("now") + b"\0" + b"\0"])
    )
    with pytest.raises(RunError, match="a program has no imports"):
        run_program(encode.MAGIC + types + imports, header(1), fuel=1, memory_bytes=MEMORY)


def test_exports_of_other_types_are_refused() -> None:
    functions = tuple(
        Function(name=name, result=I64, exported=True, body=(Return(Const(I64, 1)),))
        for name in ("input", "step", "output", "output_bytes")
    )
    wasm = assemble(Module(functions=functions, memory_maximum_bytes=MEMORY))
    with pytest.raises(RunError, match="exports input with i32"):
        run_program(wasm, header(1), fuel=1, memory_bytes=MEMORY)


def test_output_that_does_not_fit_is_a_matter_of_memory() -> None:
    with pytest.raises(RunError) as raised:
        run_program(program(output=0), header(1), fuel=10**6, memory_bytes=MEMORY)
    assert raised.value.code == "memory"


def test_a_run_of_everything_twice_gives_the_same_and_needs_twice_the_fuel() -> None:
    steps = {"derive": {"k": "n % 700"}}, {"aggregate": {"rows": "count(*)"}, "by": ["k"]}
    job = compiled({"range": {"n": [0, 3_000]}}, *steps)
    chunk = range_chunk(job.plan, 0, 3_000)
    once, twice = (
        run_program(job.wasm, chunk, fuel=10**9, memory_bytes=MEMORY_BYTES, twice=each)
        for each in (False, True)
    )
    assert (twice.output, twice.rows_done) == (once.output, once.rows_done)
    assert once.fuel_used is not None
    assert twice.fuel_used is not None
    assert 1.5 * once.fuel_used < twice.fuel_used < 2.5 * once.fuel_used


def test_a_trap_ends_a_run_of_everything_twice_as_any_other() -> None:
    job = compiled({"range": {"n": [0, 100]}}, {"derive": {"x": "(9223372036854775807 - 40) + n"}})
    chunk = range_chunk(job.plan, 0, 100)
    run = run_program(job.wasm, chunk, fuel=None, memory_bytes=MEMORY_BYTES, twice=True)
    assert (run.rows_done, run.trap_site is None) == (41, False)
