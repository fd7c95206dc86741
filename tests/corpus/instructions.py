"""A program that computes every instruction of the back end on awkward operands.

The operands come with the chunk: a table of 16 numbers a kind, and one a kind of those that no
division and no conversion traps on. Each result is stored in 8 bytes, NaNs as the canonical one.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from itertools import product

from jobspec.ir import (
    Body,
    Break,
    Call,
    Choose,
    Const,
    Continue,
    Do,
    Expr,
    Function,
    Get,
    GetGlobal,
    Global,
    If,
    Kind,
    Load,
    MemoryCopy,
    MemoryFill,
    Module,
    Op,
    Return,
    Set,
    SetGlobal,
    Store,
    TrapSites,
)
from jobspec.opcodes import LOADS, OF_MEMORY, OPERATORS, STORES
from jobspec.wasm.codegen import assemble

_SLOTS = 16
_PAGES = 8
_IN, _OUT = 1 << 16, 1 << 17
_INTEGERS = (0, 1, 2, 3, 5, 7, 31, 63, 127, 128, 0x8000, 0xFF80, 0x12345678, -2, -1, None)
_FLOATS = (
    *(0.0, -0.0, 0.5, -0.5, 1.5, -2.5, 3.75, 1e10, -1e10, 5e-324, 1e308, 4503599627370497.5),
    *(math.inf, -math.inf, math.nan, 0.1),
)
_SAFE = (1, 2, 3, 4, 5, 6, 7, 9, 10, 16, 31, 100, 1000, 12345, 65537, 2000000000)
_KINDS = (Kind.I32, Kind.I64, Kind.F32, Kind.F64)
_FORMATS = {Kind.I32: "<I4x", Kind.I64: "<Q", Kind.F32: "<f4x", Kind.F64: "<d"}
_CANONICAL = {Kind.F32: math.nan, Kind.F64: math.nan}


def program() -> bytes:
    operations = [name for name in OPERATORS if name not in OF_MEMORY]
    functions = [_operator(f"op_{number}", name) for number, name in enumerate(operations)]
    return assemble(
        Module(
            functions=(_input(), _step(functions), _output(), _output_bytes(), *functions),
            globals=(Global(name="out", kind=Kind.I32),),
            memory_maximum_bytes=_PAGES << 16,
        )
    )


def chunk() -> bytes:
    return b"".join(_table())


def _table() -> Iterator[bytes]:
    for kind, safe in product(_KINDS, (False, True)):
        for index in range(_SLOTS):
            yield struct.pack(_FORMATS[kind], _operand(kind, index, safe=safe))


def _operand(kind: Kind, index: int, *, safe: bool) -> int | float:
    if kind in {Kind.I32, Kind.I64}:
        bits = 32 if kind is Kind.I32 else 64
        number = _SAFE[index] if safe else _INTEGERS[index]
        return (1 << (bits - 1)) if number is None else number % (1 << bits)
    number = float(_SAFE[index]) if safe else _FLOATS[index]
    if kind is Kind.F32 and not math.isinf(number) and abs(number) > 3e38:
        return 3.4028234663852886e38
    return number


# --- functions ------------------------------------------------------------------------------------


def _i32(value: int) -> Const:
    return Const(Kind.I32, value)


def _out() -> Expr:
    return GetGlobal("out", Kind.I32)


def _input() -> Function:
    body = Body(TrapSites())
    pages = body.temporary(Op("memory.size", ()))
    missing = Op("i32.sub", (_i32(_PAGES), pages))
    body.add(
        If(Op("i32.lt_u", (pages, _i32(_PAGES))), (Set("grown", Op("memory.grow", (missing,))),))
    )
    body.add(SetGlobal("out", _i32(_OUT)), Return(_i32(_IN)))
    return Function(
        name="input",
        params=(("bytes", Kind.I32),),
        result=Kind.I32,
        body=body.statements(),
        exported=True,
    )


def _step(functions: list[Function]) -> Function:
    body = Body(TrapSites())
    body.add(SetGlobal("out", _i32(_OUT)))
    body.add(*(Do(function.name, ()) for function in functions))
    _memory(body)
    body.add(Return(_i32(0)))
    return Function(
        name="step",
        params=(("rows", Kind.I32),),
        result=Kind.I32,
        body=body.statements(),
        exported=True,
    )


def _output() -> Function:
    """It returns from within a loop without end, behind which the back end puts `unreachable`."""
    body = Body(TrapSites())
    with body.while_(_i32(1)):
        body.add(Return(_i32(_OUT)))
    return Function(name="output", result=Kind.I32, body=body.statements(), exported=True)


def _output_bytes() -> Function:
    written = Op("i32.sub", (_out(), _i32(_OUT)))
    return Function(name="output_bytes", result=Kind.I32, body=(Return(written),), exported=True)


def _operator(function: str, name: str) -> Function:
    """The operator on all operands, or pairs of them."""
    body = Body(TrapSites())
    kinds = [Kind(kind) for kind in OPERATORS[name][1]]
    first, second = Get("first", Kind.I32), Get("second", Kind.I32)
    traps = "trunc_f" in name or ".div_" in name or ".rem_" in name
    operands = [
        _load(kind, index, safe=traps and (number == 1 or "trunc" in name))
        for number, (kind, index) in enumerate(zip(kinds, (first, second), strict=False))
    ]
    body.add(Set("first", _i32(0)))
    with body.while_(Op("i32.lt_u", (first, _i32(_SLOTS))), [_advance(first)]):
        if len(kinds) == 1:
            _append(body, Op(name, tuple(operands)))
        else:
            body.add(Set("second", _i32(0)))
            with body.while_(Op("i32.lt_u", (second, _i32(_SLOTS))), [_advance(second)]):
                _append(body, Op(name, tuple(operands)))
    return Function(name=function, body=body.statements())


def _advance(index: Get) -> Set:
    return Set(index.name, Op("i32.add", (index, _i32(1))))


def _load(kind: Kind, index: Expr, *, safe: bool) -> Expr:
    table = (2 * _KINDS.index(kind) + safe) * _SLOTS * 8
    address = Op("i32.add", (_i32(_IN), Op("i32.shl", (index, _i32(3)))))
    return Load(f"{kind}.load", address, table)


def _append(body: Body, value: Expr) -> None:
    """Store a result; the half of the 8 bytes that it does not fill stays zero."""
    kept = body.temporary(value)
    if kept.kind in _CANONICAL:
        same = Op(f"{kept.kind}.eq", (kept, kept))
        kept = body.temporary(Choose(same, kept, Const(kept.kind, math.nan)))
    body.add(
        Store("i64.store", _out(), Const(Kind.I64, 0)),
        Store(f"{kept.kind}.store", _out(), kept),
        SetGlobal("out", Op("i32.add", (_out(), _i32(8)))),
    )


def _memory(body: Body) -> None:
    """Loads and stores of every width, at odd addresses too; copies, fills, loops left early."""
    for number, (name, (_, kind)) in enumerate(LOADS.items()):
        loaded = Load(name, _i32(_IN), 8 * number + number % 7)
        if kind in {"f32", "f64"}:  # a whole slot, so that no signalling NaN is made up
            loaded = Load(name, _i32(_IN), (2 * _KINDS.index(Kind(kind))) * _SLOTS * 8 + 24)
        _append(body, loaded)
    for number, (name, (_, kind)) in enumerate(STORES.items()):
        body.add(
            Store("i64.store", _out(), Const(Kind.I64, -1)),
            Store("i64.store", _out(), Const(Kind.I64, -1), 8),
            Store(name, _out(), _load(Kind(kind), _i32(5), safe=False), number % 7),
            SetGlobal("out", Op("i32.add", (_out(), _i32(16)))),
        )
    body.add(
        MemoryCopy(_out(), _i32(_IN + 3), _i32(61)),
        MemoryCopy(Op("i32.add", (_out(), _i32(5))), _out(), _i32(50)),
        MemoryFill(Op("i32.add", (_out(), _i32(9))), _i32(0xAB), _i32(7)),
        SetGlobal("out", Op("i32.add", (_out(), _i32(64)))),
    )
    index = Get("turn", Kind.I32)
    body.add(Set("turn", _i32(0)))
    with body.while_(_i32(1), [_advance(index)]):
        body.add(
            If(Op("i32.eq", (index, _i32(5))), (Break(),)),
            If(Op("i32.and", (index, _i32(1))), (Continue(),), (Do("output", (), Kind.I32),)),
        )
        _append(body, Call("output_bytes", (), Kind.I32))
    _append(body, Op("memory.size", ()))
