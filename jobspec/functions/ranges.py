"""`for i in range(...)` and `for x in xs`: bounds are computed once, and no step can run past the
end of the type.

With a step of 1 or -1 a hidden counter is compared with the bound. With other steps the rounds
are counted beforehand, in unsigned numbers, since the counter could wrap before it is compared.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec.functions import arrays
from jobspec.functions.arrays import Array
from jobspec.functions.context import Context, Value, integer
from jobspec.functions.conversions import as_type, unify
from jobspec.ir import Choose, Const, Expr, Get, Kind, Op, Set, Stmt
from jobspec.types import ArrayType, ValueType

if TYPE_CHECKING:
    from jobspec.functions.expressions import Expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A loop: while `condition`, the variable is `current`; after each round `advance`."""

    type: ValueType
    current: Expr
    condition: Expr
    advance: tuple[Stmt, ...]
    rounds: int | None = None
    """How many rounds there are, where that is known."""
    over: str = ""
    """The array variable whose elements the loop goes over."""


def over_elements(ctx: Context, array: Array, node: ast.expr) -> Counted:
    """The loop over the elements of an array of one dimension, by their addresses."""
    if len(array.type.shape) != 1:
        raise ctx.refuse(
            "unsupported_python",
            node,
            f"a for loop goes over numbers, not over the rows of {array.type}",
            "write `for i in range(len(m)):`, and m[i] inside",
        )
    array = arrays.pinned(ctx, array)
    size = arrays.element_bytes(array.type.element)
    place = ctx.body.variable(array.address)
    total = Op("i32.mul", (array.lengths[0], Const(Kind.I32, size)))
    end = ctx.body.temporary(Op("i32.add", (array.address, total)))
    element = Array(ArrayType(array.type.element, ()), place, ())
    value = arrays.load(ctx, element)
    return Counted(
        type=value.type,
        current=value.expr,
        condition=Op("i32.lt_u", (place, end)),
        advance=(Set(place.name, Op("i32.add", (place, Const(Kind.I32, size)))),),
        over=array.root,
    )


def counted_range(ctx: Context, expressions: Expressions, call: ast.expr) -> Counted:
    """The loop over `range` with one to three integers."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)) or (
        call.func.id != "range"
    ):
        raise ctx.refuse(
            "unsupported_python",
            call,
            "a for loop goes over range(...) or an array",
            "use range or while",
        )
    if call.keywords or not 1 <= len(call.args) <= 3:
        count = len(call.args) + len(call.keywords)
        raise ctx.refuse("wrong_argument_count", call, f"range takes 1 to 3 arguments, not {count}")
    values = expressions.values(call.args)
    zero = Value(ValueType.I64, integer(ValueType.I64, 0), 0)
    one = Value(ValueType.I64, integer(ValueType.I64, 1), 1)
    if len(values) == 1:
        values.insert(0, zero)
    start, stop, step = values if len(values) == 3 else (*values, one)
    if any(value.literal is None and not value.type.is_integer for value in values):
        raise ctx.refuse("type_mismatch", call, "range takes integers", "int(...) makes one")
    common, first, last = unify(ctx, start, stop, call)
    if step.literal is None and step.type is not common:
        if start.literal is None or stop.literal is None:
            message = f"the step of range is {step.type}, its bounds are {common}"
            raise ctx.refuse("type_mismatch", call, message, "convert one of them")
        common = step.type
        first, last = as_type(ctx, start, common, call), as_type(ctx, stop, common, call)
    counter = ctx.body.variable(first)
    bound = last if isinstance(last, Const) else ctx.body.temporary(last)
    if step.literal in (1, -1):
        counted = _by_one(common, counter, bound, step.literal)
        return replace(counted, rounds=_rounds(start.literal, stop.literal, step.literal))
    stride: Expr
    if step.literal is not None:
        if step.literal == 0 or step.literal.bit_length() > 63:
            what = "beyond 64 bits" if step.literal else "zero"
            raise ctx.refuse("number_literal", call, f"the step of range is {what}")
        stride = Const(common.kind, step.literal)
    else:
        stride = ctx.body.temporary(step.expr)
        zero_step = Op(f"{common.kind}.eqz", (stride,))
        ctx.trap_if(zero_step, "range_step_zero", "the step of range is zero", call)
    counted = _by_count(ctx, common, counter, bound, stride)
    return replace(counted, rounds=_rounds(start.literal, stop.literal, step.literal))


def _rounds(start: int | None, stop: int | None, step: int | None) -> int | None:
    if start is None or stop is None or step is None:
        return None
    return max(0, -((start - stop) // step))


def _by_one(common: ValueType, counter: Get, bound: Expr, step: int) -> Counted:
    kind, sign = common.kind, "s" if common.is_signed else "u"
    return Counted(
        type=common,
        current=counter,
        condition=Op(f"{kind}.{'lt' if step > 0 else 'gt'}_{sign}", (counter, bound)),
        advance=(Set(counter.name, Op(f"{kind}.add", (counter, Const(kind, step)))),),
    )


def _by_count(ctx: Context, common: ValueType, counter: Get, bound: Expr, stride: Expr) -> Counted:
    kind, sign = common.kind, "s" if common.is_signed else "u"
    zero, one = Const(kind, 0), Const(kind, 1)

    def op(name: str, a: Expr, b: Expr) -> Op:
        return Op(f"{kind}.{name}", (a, b))

    def by_direction(up: Expr, down: Expr) -> Expr:
        if isinstance(stride, Const):
            return up if stride.value > 0 else down
        return Choose(op(f"gt_{sign}", stride, zero), up, down)

    distance = by_direction(op("sub", bound, counter), op("sub", counter, bound))
    size = by_direction(stride, op("sub", zero, stride))
    some = by_direction(op(f"lt_{sign}", counter, bound), op(f"gt_{sign}", counter, bound))
    rounds = op("add", op("div_u", op("sub", distance, one), size), one)
    left = ctx.body.variable(Choose(some, rounds, zero))
    return Counted(
        type=common,
        current=counter,
        condition=op("ne", left, zero),
        advance=(
            Set(counter.name, op("add", counter, stride)),
            Set(left.name, op("sub", left, one)),
        ),
    )
