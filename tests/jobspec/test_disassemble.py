"""The disassembler: every instruction we emit is shown, and the text assembles to the program."""

from __future__ import annotations

import math

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from jobspec import ir, kernels
from jobspec.errors import ProgramError
from jobspec.functions import compile_functions
from jobspec.ir import Const, Function, Get, Kind, Module, Op, Return
from jobspec.opcodes import LOADS, OPERATORS, STORES
from jobspec.problems import ProblemList
from jobspec.wasm import encode
from jobspec.wasm.codegen import assemble
from jobspec.wasm.disassemble import disassemble
from tests.jobspec.running import returning

I32, I64, F32, F64 = Kind


def program(*functions: Function) -> bytes:
    return assemble(Module(functions=functions, memory_maximum_bytes=1 << 20))


FLIGHT = """
def flight(n: i64) -> i32:
    steps = 0
    while True:
        if n == 1:
            break
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    for i in range(3):
        if i == 1:
            continue
        steps += i
    return steps
"""


def flight() -> Function:
    return compile_functions({"flight": FLIGHT.strip()}, ProblemList())["flight"].function


def same(wasm: bytes) -> bool:
    return bytes(wasmtime.wat2wasm(disassemble(wasm))) == wasm


def test_the_text_of_a_function_reads_like_webassembly() -> None:
    text = disassemble(
        program(returning(Op("i64.add", (Get("n", I64), Const(I64, -5))), ("n", I64)))
    )
    assert text == (
        "(module\n"
        '  (memory (export "memory") 1 16)\n'
        "  (global $trap (mut i32) (i32.const 0))\n"
        "  (global $heap_base (mut i32) (i32.const 64))\n"
        "  (func $f (param $n i64) (result i64)\n"
        "    local.get $n\n"
        "    i64.const -5\n"
        "    i64.add\n"
        "    return\n"
        "  )\n"
        ")\n"
    )  # fmt: skip


def test_all_operators_come_back() -> None:
    functions = [
        Function(
            name=name,
            params=tuple((f"p{index}", Kind(kind)) for index, kind in enumerate(params)),
            result=Kind(result),
            body=(
                Return(
                    Op(
                        name,
                        tuple(Get(f"p{index}", Kind(kind)) for index, kind in enumerate(params)),
                    )
                ),
            ),
        )
        for name, (_, params, result) in OPERATORS.items()
    ]
    text = disassemble(program(*functions))
    assert all(f"    {name}\n" in text for name in OPERATORS)
    assert same(program(*functions))


def test_all_loads_and_stores_come_back() -> None:
    loads = [
        Function(
            name=name, result=Kind(kind), body=(Return(ir.Load(name, Const(I32, 8), 1 << 20)),)
        )
        for name, (_, kind) in LOADS.items()
    ]
    stores = [
        Function(name=name, body=(ir.Store(name, Const(I32, 8), Const(Kind(kind), 1), 3),))
        for name, (_, kind) in STORES.items()
    ]
    assert same(program(*loads, *stores))


@pytest.mark.parametrize(
    "number",
    [0.0, -0.0, 0.1, -1e300, 5e-324, math.inf, -math.inf, math.nan, 1e22, 2.0**63, 123456.0],
)
def test_float_constants_come_back(number: float) -> None:
    assert same(program(returning(Const(F64, number))))
    assert same(program(returning(Const(F32, number))))


@given(st.integers(-(2**63), 2**63 - 1))
def test_integer_constants_come_back(number: int) -> None:
    assert same(program(returning(Const(I64, number))))


def test_control_flow_memory_and_literals_come_back() -> None:
    everything = Function(
        name="everything",
        exported=True,
        body=(
            ir.MemoryCopy(Const(I32, 1), Const(I32, 2), Const(I32, 3)),
            ir.MemoryFill(Const(I32, 1), Const(I32, 2), Const(I32, 3)),
            ir.Do("fn_flight", (Const(I64, 27),), I32),
            ir.TrapCheck(),
            ir.Set("größe", ir.Text(b'"quoted" \\ and \x00\xff')),
            ir.If(Const(I32, 1), (ir.Trap(3),), (ir.SetGlobal("trap", Const(I32, 0)),)),
        ),
    )
    assert same(program(everything, flight()))


def test_every_kernel_comes_back() -> None:
    functions = [kernels.function(name) for name in kernels.names()]
    assert same(program(*(function for function in functions if function)))


def changed(position: int, byte: int) -> bytes:
    wasm = bytearray(program(flight()))
    wasm[position] = byte
    return bytes(wasm)


@pytest.mark.parametrize(
    ("wasm", "message"),
    [
        (b"", "the text ends too early at byte 0"),
        (b"\x7fELF\1\0\0\0", "the beginning of a module was expected"),
        (encode.MAGIC + b"\x09\x01\x00", "section 9 is none of ours"),
        (encode.MAGIC + b"\x01\x01\x00\x01\x01\x00", "section 1 stands after section 1"),
        (encode.MAGIC + b"\x03\x02\x01\x00", "1 functions have 0 bodies"),
        (encode.MAGIC + b"\x01\x05\xff\xff\xff\xff\x0f", "there are not 4294967295 things"),
        (encode.MAGIC + b"\x01\x06\xff\xff\xff\xff\xff\x01", "longer than 32 bits"),
        (encode.MAGIC + b"\x00\x05\x04what", "a custom section is none of ours"),
        (encode.MAGIC + b"\x00\x05\x04na\xffe", "a name is not UTF-8"),
        (program(flight())[:-1], "the text ends too early"),
        (program(flight()) + b"\0", "the text ends too early"),
    ],
)
def test_foreign_bytes_are_refused_with_the_place(wasm: bytes, message: str) -> None:
    with pytest.raises(ProgramError) as raised:
        disassemble(wasm)
    assert message in raised.value.message


def shown_or_refused(wasm: bytes) -> str:
    try:
        return disassemble(wasm)
    except ProgramError as error:
        return error.message


@given(st.binary(max_size=200))
def test_random_sections_are_shown_or_refused(data: bytes) -> None:
    assert shown_or_refused(encode.MAGIC + data)


@given(position=st.integers(8, len(program(flight())) - 1), byte=st.integers(0, 255))
def test_changed_bytes_are_shown_or_refused(position: int, byte: int) -> None:
    assert shown_or_refused(changed(position, byte))


def test_too_many_variables_and_blocks_are_refused() -> None:
    signature = encode.type_section([encode.function_type([], [])])
    head = encode.MAGIC + signature + encode.function_section([0])
    wide = encode.code_section([encode.function_body([(60_000, "i32")], b"")])
    deep = encode.code_section([encode.function_body([], b"\x02\x40" * 2_000)])
    with pytest.raises(ProgramError, match="more than 50000 variables"):
        disassemble(head + wide)
    with pytest.raises(ProgramError, match="more than 1000 levels deep"):
        disassemble(head + deep)
