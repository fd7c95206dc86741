"""Programs run on the hub: limits, traps, and modules that mean harm."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from jobspec import ir
from jobspec.errors import RunError
from jobspec.ir import Const, Function, Get, GetGlobal, If, Kind, Module, Op, Return, SetGlobal
from jobspec.run import run_program
from jobspec.wasm import encode
from jobspec.wasm.codegen import assemble

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
        after_slice=told.append,
    )
    assert told == [15, 5, 0]


def test_an_exception_after_a_slice_ends_the_run() -> None:
    def stop(rows_left: int) -> None:
        raise KeyboardInterrupt(rows_left)

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
