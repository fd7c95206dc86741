"""`for i in range(...)`: bounds are computed once, and no step can run past the end of the type.

With a step of 1 or -1 a hidden counter is compared with the bound. With other steps the rounds
are counted beforehand, in unsigned numbers, since the counter could wrap before it is compared.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from jobspec.functions.context import Context, Value, integer
from jobspec.functions.conversions import as_type, unify
from jobspec.functions.expressions import Expressions
from jobspec.ir import Choose, Const, Expr, Get, Op, Set, Stmt
from jobspec.types import ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A loop: while `condition`, the variable is `current`; after each round `advance`."""

    type: ValueType
    current: Expr
    condition: Expr
    advance: tuple[Stmt, ...]


def counted_range(ctx: Context, expressions: Expressions, node: ast.For) -> Counted:
    """The loop of a `for` statement over `range` with one to three integers."""
    call = node.iter
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)) or (
        call.func.id != "range"
    ):
        raise ctx.refuse(
            "unsupported_python", node.iter, "a for loop goes over range(...)", "use range or while"
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
        return _by_one(common, counter, bound, step.literal)
    stride: Expr
    if step.literal is not None:
        stride = Const(common.kind, step.literal)
    else:
        stride = ctx.body.temporary(step.expr)
        zero_step = Op(f"{common.kind}.eqz", (stride,))
        ctx.trap_if(zero_step, "range_step_zero", "the step of range is zero", call)
    if step.literal == 0:
        raise ctx.refuse("number_literal", call, "the step of range is zero")
    return _by_count(ctx, common, counter, bound, stride)


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
