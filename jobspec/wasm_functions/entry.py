"""The way into a researcher's module: a function of ours that makes every call the first one.

It gives the module the memory and global variables that it began with, canonical NaNs, and checks
the result. Memory that no reachable instruction writes is laid out once.
"""

from __future__ import annotations

import math

from jobspec import ir
from jobspec.ir import Call, Choose, Const, Expr, Get, GetGlobal, Kind, Op
from jobspec.types import ValueType
from jobspec.wasm_functions.module import WasmModule
from jobspec.wasm_functions.rewrite import Surroundings

Params = tuple[tuple[str, ValueType], ...]


def entry(
    around: Surroundings,
    index: int,
    params: Params,
    result: ValueType,
    *,
    writes: bool,
    touches: bool,
    may_trap: bool,
) -> ir.Function:
    """Calls the module's function of that index.

    `writes` says whether the module can change its memory, `touches` whether it looks at it.
    """
    body = ir.Body(around.traps)
    if touches:
        _lay_out(body, around, writes=writes)
    for number, variable in enumerate(around.module.globals):
        value = Const(Kind(variable.kind), variable.initial)
        body.add(ir.SetGlobal(around.variable(number), value))
    arguments = tuple(_canonical(Get(name, type_.kind)) for name, type_ in params)
    returned = body.temporary(Call(around.function(index), arguments, result.kind))
    if may_trap:
        body.add(ir.TrapCheck())
    body.add(ir.Return(_checked(body, around, returned, result)))
    taken = ", ".join(f"{name}: {type_}" for name, type_ in params)
    return ir.Function(
        name=around.name,
        params=tuple((name, type_.kind) for name, type_ in params),
        result=result.kind,
        body=body.statements(),
        comment=f"{around.name.removeprefix('fn_')}({taken}) -> {result}: compiled elsewhere",
    )


def variables(around: Surroundings, *, writes: bool, touches: bool) -> tuple[ir.Global, ...]:
    """The global variables that the module and its entry need."""
    own = (
        ir.Global(name=around.variable(number), kind=Kind(variable.kind), initial=variable.initial)
        for number, variable in enumerate(around.module.globals)
    )
    once = [ir.Global(name=_ready(around), kind=Kind.I32)] if touches and not writes else []
    return (*own, *once)


def _ready(around: Surroundings) -> str:
    return f"{around.name} ready"


def _lay_out(body: ir.Body, around: Surroundings, *, writes: bool) -> None:
    """The memory as it was in the beginning."""
    module = around.module
    start = ir.Static(around.memory, around.memory_bytes)
    if not writes:  # static memory begins as zeros
        ready = GetGlobal(_ready(around), Kind.I32)
        with body.when(Op("i32.eqz", (ready,))):
            _copy_data(body, module, start)
            body.add(ir.SetGlobal(_ready(around), Const(Kind.I32, 1)))
        return
    body.add(ir.MemoryFill(start, Const(Kind.I32, 0), Const(Kind.I32, around.memory_bytes)))
    _copy_data(body, module, start)


def _copy_data(body: ir.Body, module: WasmModule, start: ir.Static) -> None:
    for address, content in module.data:
        if content:
            body.add(
                ir.MemoryCopy(
                    Op("i32.add", (start, Const(Kind.I32, address))),
                    Op("i32.wrap_i64", (ir.Text(content),)),
                    Const(Kind.I32, len(content)),
                )
            )


def _canonical(value: Expr) -> Expr:
    if value.kind not in (Kind.F32, Kind.F64):
        return value
    return Choose(Op(f"{value.kind}.eq", (value, value)), value, Const(value.kind, math.nan))


def _checked(body: ir.Body, around: Surroundings, value: Expr, result: ValueType) -> Expr:
    """The result as its type says: a bool is 0 or 1, and a narrow integer fits."""
    if result is ValueType.BOOL:
        return Op("i32.ne", (value, Const(Kind.I32, 0)))
    if result.is_integer and result.bits < 32:
        narrow: Expr = Op("i32.and", (value, Const(Kind.I32, result.maximum)))
        if result.is_signed:
            narrow = Op(f"i32.extend{result.bits}_s", (value,))
        message = f"the result does not fit {result}"
        site = ir.TrapSite(code="cast_overflow", pointer=around.pointer, message=message)
        body.trap_if(Op("i32.ne", (narrow, value)), site)
    return value
