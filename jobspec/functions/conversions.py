"""Conversions between number types.

A researcher's function never changes a number silently: where the target cannot hold a value,
the row traps with `cast_overflow`. Kernels convert as the instructions do: integers wrap, floats
saturate.
"""

from __future__ import annotations

import ast

from jobspec import ir
from jobspec.functions.context import Context, Value, integer, local_type, truth
from jobspec.ir import Const, Expr, Kind, Op
from jobspec.types import ValueType

BOOL, I64, U64, F64 = ValueType.BOOL, ValueType.I64, ValueType.U64, ValueType.F64

MAX_LITERAL_BITS = 512
"""Literals may pass beyond 64 bits on their way, as in `(1 << 64) - 1`."""


def literal(ctx: Context, value: int, node: ast.AST) -> Value:
    """A whole number that is still free to take a type; alone it is an i64."""
    if value.bit_length() > MAX_LITERAL_BITS:
        raise ctx.refuse("number_literal", node, "the number is too large")
    return Value(I64, integer(I64, value), value)


def constant(ctx: Context, value: object, node: ast.expr) -> Value:
    """A number, and in kernels a text, as it is written."""
    match value:
        case bool():
            return Value(BOOL, truth(value))
        case int():
            return literal(ctx, value, node)
        case float():
            return Value(F64, Const(Kind.F64, value))
        case str() if ctx.trusted:
            return Value(ValueType.STRING, ir.Text(value.encode()))
        case bytes() if ctx.trusted:
            return Value(ValueType.STRING, ir.Text(value))
    what = {str: "text", bytes: "text", complex: "complex numbers", type(None): "None"}
    name = what.get(type(value), "this constant")
    raise ctx.refuse("unsupported_python", node, f"the language leaves out {name}")


def settle(ctx: Context, value: Value, node: ast.AST) -> Value:
    """The value with a definite type."""
    if value.literal is None:
        return value
    return Value(I64, of_literal(ctx, value.literal, I64, node))


def of_literal(ctx: Context, value: int, target: ValueType, node: ast.AST) -> Expr:
    if target.is_float:
        return Const(target.kind, float(value))
    if not target.is_integer:
        raise ctx.refuse("type_mismatch", node, f"{value} is a number, not a {target}")
    if not target.minimum <= value <= target.maximum:
        raise ctx.refuse(
            "number_literal",
            node,
            f"{value if value.bit_length() <= 128 else 'the number'} does not fit {target}",
            f"{target} goes from {target.minimum} to {target.maximum}",
        )
    return integer(target, value)


def unify(ctx: Context, left: Value, right: Value, node: ast.AST) -> tuple[ValueType, Expr, Expr]:
    """Both values in the one type in which an operation is done."""
    if left.literal is None and right.literal is None and left.type is not right.type:
        if not ctx.trusted and left.type.is_number and right.type.is_number:
            if left.type.is_float or right.type.is_float:
                return (
                    F64,
                    unchecked(left.expr, left.type, F64),
                    unchecked(right.expr, right.type, F64),
                )
            hint = "convert one side: i64(...) or u64(...)"
        else:
            hint = "convert one side"
        raise ctx.refuse("type_mismatch", node, f"{left.type} meets {right.type}", hint)
    common = right.type if left.literal is not None else left.type
    return common, as_type(ctx, left, common, node), as_type(ctx, right, common, node)


def as_type(ctx: Context, value: Value, target: ValueType, node: ast.AST) -> Expr:
    """A value that has the target's type already, or is a literal that can take it."""
    if value.literal is not None:
        return of_literal(ctx, value.literal, target, node)
    return value.expr


def assigned(ctx: Context, value: Value, target: ValueType, node: ast.AST, what: str) -> Expr:
    """The value for a variable of type `target`: the same type, or an integer for a float."""
    if value.literal is not None and target.is_number:
        return of_literal(ctx, value.literal, target, node)
    if value.type is target:
        return value.expr
    if not ctx.trusted and value.type.is_integer and target.is_float:
        return unchecked(value.expr, value.type, target)
    hint = f"convert it: {'int' if target is I64 else target}(...)"
    if value.type is F64 and target is I64:
        hint = "convert it: int(...), or start the variable with a float such as 0.0"
    if BOOL in (value.type, target):
        hint = "compare a number to get a bool: x != 0; int(...) makes a bool a number"
    raise ctx.refuse("type_mismatch", node, f"{what} is {target}, not {value.type}", hint)


def passed(ctx: Context, value: Value, target: ValueType, node: ast.AST, what: str) -> Expr:
    """The value as an argument or result of declared type, checked where that is narrower."""
    if ctx.trusted or value.literal is not None or BOOL in (value.type, target):
        return assigned(ctx, value, target, node, what)
    if target.is_integer and value.type.is_integer:
        expression = ctx.once(value.expr)
        _trap_outside(ctx, expression, value.type, target, node)
        return unchecked(expression, value.type, target)
    if target is ValueType.F32:
        return unchecked(value.expr, value.type, target)
    return assigned(ctx, value, target, node, what)


def widened(ctx: Context, value: Expr, declared: ValueType) -> Value:
    """A parameter or a call's result in the type that it is computed with."""
    local = declared if ctx.trusted else local_type(declared)
    return Value(local, unchecked(value, declared, local))


def as_f64(ctx: Context, value: Value, node: ast.AST) -> Expr:
    """A number as a float, as Python's `float(x)` makes it."""
    if value.literal is not None:
        return of_literal(ctx, value.literal, F64, node)
    if not value.type.is_number:
        raise ctx.refuse("type_mismatch", node, f"a number is needed, not {value.type}")
    return unchecked(value.expr, value.type, F64)


def explicit(ctx: Context, value: Value, target: ValueType, node: ast.AST) -> Value:
    """The call of a type's name, such as `u8(x)`."""
    if value.literal is not None and target.is_number:
        expression = of_literal(ctx, value.literal, target, node)
        if ctx.trusted:
            return Value(target, expression)
        return Value(local_type(target), unchecked(expression, target, local_type(target)))
    value = settle(ctx, value, node)
    if ValueType.STRING in (value.type, target):
        raise ctx.refuse("type_mismatch", node, f"{value.type} does not convert to {target}")
    if ctx.trusted:
        return Value(target, unchecked(value.expr, value.type, target))
    if target is BOOL:
        return Value(BOOL, unchecked(value.expr, value.type, BOOL))
    if target.is_float:
        rounded = unchecked(value.expr, value.type, target)
        return Value(F64, unchecked(rounded, target, F64))
    local = local_type(target)
    if value.type is F64:
        value = Value(local, _truncated(ctx, value.expr, local, node))
    elif value.type is BOOL:
        return Value(local, unchecked(value.expr, BOOL, local))
    expression = ctx.once(value.expr)
    _trap_outside(ctx, expression, value.type, target, node)
    return Value(local, expression)


def _truncated(ctx: Context, value: Expr, target: ValueType, node: ast.AST) -> Expr:
    """A float towards zero, trapping outside the 64-bit target and for NaN."""
    value = ctx.once(value)
    low, compare = (-1.0, "f64.gt") if target is U64 else (-(2.0**63), "f64.ge")
    high = 2.0**64 if target is U64 else 2.0**63
    fits = Op(
        "i32.and",
        (Op(compare, (value, Const(Kind.F64, low))), Op("f64.lt", (value, Const(Kind.F64, high)))),
    )
    message = f"a float outside the range of {target} is converted to it"
    ctx.trap_if(Op("i32.eqz", (fits,)), "cast_overflow", message, node)
    return unchecked(value, F64, target)


def _trap_outside(
    ctx: Context, value: Expr, source: ValueType, target: ValueType, node: ast.AST
) -> None:
    """Trap unless a 64-bit integer lies within the range of an integer type."""
    if target is source:
        return
    outside: Expr
    if target.bits == 64:  # i64 to u64 or back: the other's upper half looks negative
        outside = Op("i64.lt_s", (value, integer(I64, 0)))
    elif source is U64 or not target.is_signed:
        outside = Op("i64.gt_u", (value, integer(I64, target.maximum)))
    else:
        outside = Op("i64.ne", (value, Op(f"i64.extend{target.bits}_s", (value,))))
    message = f"a number outside the range of {target} is converted to it"
    ctx.trap_if(outside, "cast_overflow", message, node)


def unchecked(value: Expr, source: ValueType, target: ValueType) -> Expr:
    """What the instructions do: integers wrap or extend, floats saturate or round."""
    if source is target:
        return value
    have, want = source.kind, target.kind
    if target is BOOL:
        return Op(f"{have}.ne", (value, Const(have, 0)))
    if have is want:
        return value
    sign = "s" if source.is_signed and source is not BOOL else "u"
    if source.is_float:
        if target.is_float:
            return Op("f64.promote_f32" if want is Kind.F64 else "f32.demote_f64", (value,))
        return Op(f"{want}.trunc_sat_{have}_{'s' if target.is_signed else 'u'}", (value,))
    if target.is_float:
        return Op(f"{want}.convert_{have}_{sign}", (value,))
    return Op("i32.wrap_i64" if want is Kind.I32 else f"i64.extend_i32_{sign}", (value,))
