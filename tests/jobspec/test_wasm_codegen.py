"""Modules of the intermediate representation, assembled and run in wasmtime."""

from __future__ import annotations

import math
from typing import Any

import pytest
import wasmtime

from jobspec import ir
from jobspec.errors import CompilerError
from jobspec.ir import Const, Function, Get, If, Kind, Module, Op, Return, Set, While
from jobspec.opcodes import LOADS, OPERATORS, STORES
from jobspec.wasm.codegen import TooMuchMemoryError, assemble
from tests.jobspec.running import Instance, returning

I32, I64, F32, F64 = Kind
N = Get("n", I64)


def i32(value: int) -> Const:
    return Const(I32, value)


def i64(value: int) -> Const:
    return Const(I64, value)


def plus(name: str, value: int) -> Set:
    return Set(name, Op("i64.add", (Get(name, I64), i64(value))))


def loop_function(*body: ir.Stmt, result: str = "sum") -> Function:
    return Function(
        name="f",
        params=(("n", I64),),
        result=I64,
        body=(*body, Return(Get(result, I64))),
    )


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_is_valid(name: str) -> None:
    params = tuple((f"p{index}", Kind(kind)) for index, kind in enumerate(OPERATORS[name][1]))
    function = returning(Op(name, tuple(Get(*param) for param in params)), *params)
    Instance(function)


@pytest.mark.parametrize("name", sorted(LOADS))
def test_every_load_is_valid(name: str) -> None:
    instance = Instance(returning(ir.Load(name, Get("p", I32), 4), ("p", I32)))
    instance.memory.write(instance.store, b"\xff" * 16, 104)
    value = instance.call("f", 100)
    assert math.isnan(value) if name[0] == "f" else value != 0


@pytest.mark.parametrize("name", sorted(STORES))
def test_every_store_is_valid(name: str) -> None:
    value = Const(Kind(STORES[name][1]), -1)
    instance = Instance(Function(name="f", body=(ir.Store(name, i32(100), value, 2**16),)))
    instance = Instance(Function(name="f", body=(ir.Store(name, i32(100), value, 4),)))
    instance.call("f")
    assert any(instance.memory.read(instance.store, 104, 112))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (i64(2**28), 2**28),
        (i64(-(2**63)), -(2**63)),
        (i64(2**63 + 5), -(2**63) + 5),
        (i32(-(2**28) - 1), -(2**28) - 1),
        (i32(0xFFFFFFFF), -1),
        (Const(F64, 0.1), 0.1),
        (Const(F64, -0.0), -0.0),
        (Const(F32, 0.5), 0.5),
        (ir.Choose(i32(1), i64(5), i64(6)), 5),
        (ir.Choose(i32(0), i64(5), i64(6)), 6),
        (Op("i64.sub", (i64(10), i64(3))), 7),
        (Op("i64.trunc_sat_f64_s", (Const(F64, 1e300),)), 2**63 - 1),
        (ir.Text("grün".encode()), 5 << 32 | 64),
        (ir.Text(b""), 64),
    ],
)
def test_expressions_give_their_value(expression: ir.Expr, expected: Any) -> None:
    value = Instance(returning(expression)).call("f")
    assert repr(value) == repr(expected)


def test_local_variables_take_the_kind_of_their_first_assignment() -> None:
    function = Function(
        name="f",
        params=(("a", F64),),
        result=F64,
        body=(
            Set("i", i64(3)),
            Set("x", Get("a", F64)),
            Set("j", i32(4)),
            Set("y", Op("f64.convert_i64_s", (Get("i", I64),))),
            Set("z", Op("f64.convert_i32_s", (Get("j", I32),))),
            Return(Op("f64.add", (Get("x", F64), Op("f64.add", (Get("y", F64), Get("z", F64)))))),
        ),
    )
    assert Instance(function).call("f", 0.5) == 7.5


def test_if_takes_one_of_its_blocks() -> None:
    function = Function(
        name="f",
        params=(("n", I64),),
        result=I64,
        body=(
            If(
                Op("i64.lt_s", (N, i64(0))),
                (Return(i64(-1)),),
                (If(Op("i64.eqz", (N,)), (Return(i64(0)),)),),
            ),
            Return(i64(1)),
        ),
    )
    instance = Instance(function)
    assert [instance.call("f", n) for n in (-5, 0, 5)] == [-1, 0, 1]


def test_while_counts() -> None:
    function = loop_function(
        Set("sum", i64(0)),
        Set("i", i64(0)),
        While(
            Op("i64.lt_s", (Get("i", I64), N)),
            (Set("sum", Op("i64.add", (Get("sum", I64), Get("i", I64)))), plus("i", 1)),
        ),
    )
    instance = Instance(function)
    assert [instance.call("f", n) for n in (-1, 0, 1, 100)] == [0, 0, 0, 4950]


def test_continue_goes_on_with_advance_and_break_leaves_the_innermost_loop() -> None:
    i, j = Get("i", I64), Get("j", I64)
    function = loop_function(
        Set("sum", i64(0)),
        Set("i", i64(0)),
        While(
            Op("i64.lt_s", (i, N)),
            (
                If(Op("i64.eq", (i, i64(2))), (ir.Continue(),)),
                Set("j", i64(0)),
                While(
                    i32(1),
                    (
                        If(Op("i64.gt_s", (j, i)), (ir.Break(),)),
                        plus("j", 1),
                        If(Op("i64.eq", (j, i64(1))), (If(i32(1), (ir.Continue(),)),)),
                        plus("sum", 1),
                    ),
                ),
                If(Op("i64.eq", (i, i64(8))), (If(i32(1), (ir.Break(),)),)),
            ),
            (plus("i", 1),),
        ),
    )

    def reference(n: int) -> int:
        total = 0
        for outer in range(n):
            if outer == 2:
                continue
            total += outer
            if outer == 8:
                break
        return total

    instance = Instance(function)
    assert [instance.call("f", n) for n in range(12)] == [reference(n) for n in range(12)]


def test_calls_pass_their_arguments_and_do_drops_the_result() -> None:
    add = Function(
        name="add",
        params=(("a", I64), ("b", I64)),
        result=I64,
        body=(
            ir.SetGlobal("trap", Op("i32.add", (ir.GetGlobal("trap", I32), i32(1)))),
            Return(Op("i64.sub", (Get("a", I64), Get("b", I64)))),
        ),
    )
    f = Function(
        name="f",
        result=I64,
        body=(
            ir.Do("add", (i64(1), i64(2)), I64),
            ir.Do("nothing", ()),
            Return(ir.Call("add", (i64(10), i64(3)), I64)),
        ),
    )
    instance = Instance(f, add, Function(name="nothing"))
    assert instance.call("f") == 7
    assert instance.trap() == 1


def test_a_trap_is_recorded_and_callers_leave() -> None:
    inner = Function(
        name="inner",
        params=(("n", I64),),
        result=F64,
        body=(If(Op("i64.eqz", (N,)), (ir.Trap(6),)), Return(Const(F64, 2.0))),
    )
    outer = Function(
        name="outer",
        params=(("n", I64),),
        result=I64,
        body=(Set("x", ir.Call("inner", (N,), F64)), ir.TrapCheck(), Return(i64(5))),
    )
    instance = Instance(inner, outer)
    assert instance.call("outer", 1) == 5
    assert instance.trap() is None
    assert instance.call("outer", 0) == 0
    assert instance.trap() == 6


def test_text_literals_are_stored_once_and_the_heap_begins_after_them() -> None:
    first, second, again = ir.Text(b"abc"), ir.Text(b"x" * 100), ir.Text(b"abc")
    functions = [
        Function(name=name, result=I64, body=(Return(text),))
        for name, text in (("first", first), ("second", second), ("again", again))
    ]
    heap = Function(
        name="heap", result=I32, body=(Return(ir.GetGlobal("heap_base", I32)),), exported=True
    )
    instance = Instance(*functions, heap)
    assert instance.call("first") == instance.call("again") == 3 << 32 | 64
    assert instance.call("second") == 100 << 32 | 128  # long ones are aligned
    assert instance.call("heap") == 256
    assert instance.memory.read(instance.store, 64, 67) == b"abc"
    assert instance.wasm.count(b"abc" + bytes(61) + b"x") == 1


def test_static_memory_lies_between_literals_and_heap_and_begins_as_zeros() -> None:
    one, other = ir.Static("one", 100), ir.Static("other", 3)
    functions = [
        Function(name="text", result=I64, body=(Return(ir.Text(b"abc")),)),
        Function(name="one", result=I32, body=(Return(one),)),
        Function(name="other", result=I32, body=(Return(Op("i32.add", (other, i32(1)))),)),
        Function(name="again", result=I32, body=(Return(one),)),
        Function(name="heap", result=I32, body=(Return(ir.GetGlobal("heap_base", I32)),)),
    ]
    instance = Instance(*functions)
    assert instance.call("one") == instance.call("again") == 128
    assert instance.call("other") == 256 + 1
    assert instance.call("heap") == 320
    assert not any(instance.memory.read(instance.store, 128, 320))


def test_memory_is_copied_and_filled() -> None:
    body = (
        ir.MemoryFill(i32(100), i32(7), i32(10)),
        ir.MemoryCopy(i32(105), i32(98), i32(5)),
    )
    instance = Instance(Function(name="f", body=body))
    instance.call("f")
    assert instance.memory.read(instance.store, 98, 112) == bytes(
        [0, 0, 7, 7, 7, 7, 7, 0, 0, 7, 7, 7, 0, 0]
    )


def test_memory_has_its_declared_maximum() -> None:
    instance = Instance(
        returning(Op("memory.grow", (Get("n", I32),)), ("n", I32)), memory_bytes=10 * 65536 + 5
    )
    assert instance.call("f", 9) == 1
    assert instance.call("f", 1) == -1


def test_globals_of_the_module_keep_their_initial_value() -> None:
    module = Module(
        functions=(
            Function(
                name="f",
                result=I64,
                body=(Return(ir.GetGlobal("seed", I64)),),
                exported=True,
            ),
        ),
        globals=(ir.Global(name="seed", kind=I64, initial=-7),),
        memory_maximum_bytes=1 << 20,
    )
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, assemble(module)), [])
    assert instance.exports(store)["f"](store) == -7


def test_the_same_module_gives_the_same_bytes() -> None:
    def build() -> bytes:
        return Instance(loop_function(Set("sum", N), Set("t", ir.Text(b"x")))).wasm

    assert build() == build()


def test_deep_expressions_need_no_stack() -> None:
    expression: ir.Expr = N
    for _ in range(5_000):
        expression = Op("i64.add", (i64(1), expression))
    assert Instance(returning(expression, ("n", I64))).call("f", 1) == 5_001


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ((Return(i32(1)),), "f: the result takes i64, not i32"),
        ((Return(),), "a return lacks its value"),
        ((Return(Get("m", I64)),), "variable m is None, not i64"),
        ((Set("m", i32(1)), Set("m", i64(1)), Return(N)), "variable m takes i32, not i64"),
        ((If(N, ()), Return(N)), "a condition takes i32, not i64"),
        ((ir.Break(), Return(N)), "Break stands outside a loop"),
        ((ir.Do("f", (), I64), Return(N)), "f takes ['i64'] and gives i64"),
        ((ir.Do("g", ()), Return(N)), "f calls g, which does not exist"),
        ((ir.SetGlobal("g", N), Return(N)), "uses global variable g, which does not exist"),
        ((ir.Store("i32.store", N, i32(1)), Return(N)), "i32.store takes i32, not i64"),
        ((Return(ir.Load("i64.load", N)),), "i64.load takes an i32 address, not i64"),
        ((Return(ir.Choose(N, N, N)),), "a choice takes an i32"),
        (
            (Set("p", ir.Static("s", 8)), Set("q", ir.Static("s", 9)), Return(N)),
            "static memory s has two sizes",
        ),
    ],
)
def test_modules_that_are_not_well_formed_are_mistakes_of_ours(
    body: tuple[ir.Stmt, ...], message: str
) -> None:
    function = Function(name="f", params=(("n", I64),), result=I64, body=body)
    with pytest.raises(CompilerError) as raised:
        assemble(Module(functions=(function,), memory_maximum_bytes=1 << 20))
    assert message in raised.value.message


def test_literals_and_static_memory_larger_than_the_memory_are_refused() -> None:
    with pytest.raises(TooMuchMemoryError, match="need 196,608 bytes, of 131,072"):
        Instance(returning(ir.Text(b"x" * 2**17)), memory_bytes=2**17)
    with pytest.raises(TooMuchMemoryError, match="need 196,608 bytes, of 131,072"):
        Instance(returning(ir.Static("s", 2**17)), memory_bytes=2**17)
