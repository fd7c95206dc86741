"""`sum`, `min` and `max` of an array: one loop over its elements, from the first to the last."""

from __future__ import annotations

import ast

from jobspec.functions import arithmetic, arrays
from jobspec.functions.arrays import Array
from jobspec.functions.context import Context, Value
from jobspec.functions.conversions import unchecked
from jobspec.functions.ranges import over_elements
from jobspec.ir import Const, Get, Set, While
from jobspec.types import ValueType

BOOL, I64 = ValueType.BOOL, ValueType.I64


def total(ctx: Context, array: Array, node: ast.expr) -> Value:
    """The sum, in 64 bits or as a float; of bools how many are true."""
    loop = over_elements(ctx, array, node)
    kind = I64 if loop.type is BOOL else loop.type
    result = Value(kind, ctx.body.variable(Const(kind.kind, 0)))
    with ctx.body.collect() as block:
        element = Value(kind, unchecked(loop.current, loop.type, kind))
        added = arithmetic.binary(ctx, ast.Add(), result, element, node)
        _keep(ctx, result, added)
    ctx.body.add(While(loop.condition, tuple(block), loop.advance))
    return _finished(ctx, result)


def extreme(ctx: Context, array: Array, op: ast.cmpop, node: ast.expr) -> Value:
    """The first element that no other beats; an array without elements traps."""
    first = arrays.at(ctx, _of_numbers(ctx, array, node), Value(I64, Const(I64.kind, 0), 0), node)
    start = arrays.load(ctx, first)
    result = Value(start.type, ctx.body.variable(start.expr))
    loop = over_elements(ctx, array, node)
    with ctx.body.collect() as block:
        element = Value(loop.type, ctx.body.temporary(loop.current))
        _keep(ctx, result, arithmetic.extreme(ctx, [result, element], op, node))
    ctx.body.add(While(loop.condition, tuple(block), loop.advance))
    return _finished(ctx, result)


def _of_numbers(ctx: Context, array: Array, node: ast.expr) -> Array:
    if len(array.type.shape) > 1 or array.type.element is BOOL:
        message = f"numbers are compared, not the elements of {array.type}"
        raise ctx.refuse("type_mismatch", node, message, "go over them in a loop")
    return array


def _keep(ctx: Context, variable: Value, value: Value) -> None:
    if isinstance(variable.expr, Get):
        ctx.body.add(Set(variable.expr.name, value.expr))


def _finished(ctx: Context, variable: Value) -> Value:
    return Value(variable.type, ctx.body.temporary(variable.expr))
