"""Python's operators on numbers, with CPython's meaning except that integers wrap at 64 bits.

`//` and `%` floor and trap for zero; shifts by 64 and more give what Python gives, cut to 64 bits.
In kernels nothing is checked: a division by zero ends the run, shift counts are taken modulo the
width.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from jobspec.functions import mathematics
from jobspec.functions.context import Context, Value, integer, truth
from jobspec.functions.conversions import as_f64, literal, settle, unify
from jobspec.ir import Call, Choose, Const, Expr, Kind, Op
from jobspec.types import ValueType

BOOL, I64, U64, F64 = ValueType.BOOL, ValueType.I64, ValueType.U64, ValueType.F64

MAX_EXPONENT = 1024
WRITTEN_OUT = 16
"""Powers up to this one are multiplications in place."""

SIMPLE: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}
BITWISE: dict[type[ast.operator], str] = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor"}
SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
FOLDED: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}


def binary(ctx: Context, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
    symbol = SYMBOLS.get(type(op))
    if symbol is None:
        raise ctx.refuse("unsupported_python", node, "matrix products are left out")
    folded = _fold(op, left.literal, right.literal)
    if folded is not None:
        return literal(ctx, folded, node)
    if isinstance(op, ast.Div):
        return _true_divide(ctx, left, right, node)
    if isinstance(op, ast.Pow):
        return _power(ctx, left, right, node)
    if isinstance(op, ast.LShift | ast.RShift) and not ctx.trusted:
        return _shift(ctx, op, left, right, node)
    common, a, b = unify(ctx, left, right, node)
    takes = common.is_number or (common is BOOL and type(op) in BITWISE)
    if not takes or (common.is_float and type(op) in (*BITWISE, ast.LShift, ast.RShift)):
        hint = "int(...) makes a bool a number" if common is BOOL else ""
        raise ctx.refuse("type_mismatch", node, f"{symbol} does not take {common}", hint)
    return Value(common, _same_type(ctx, op, common, (a, b), node))


def _same_type(
    ctx: Context, op: ast.operator, common: ValueType, pair: tuple[Expr, Expr], node: ast.AST
) -> Expr:
    kind = common.kind
    match op:
        case ast.Add() | ast.Sub() | ast.Mult():
            return Op(f"{kind}.{SIMPLE[type(op)]}", pair)
        case ast.FloorDiv() | ast.Mod():
            return _floor(ctx, op, common, pair, node)
        case ast.LShift():
            return Op(f"{kind}.shl", pair)
        case ast.RShift():
            return Op(f"{kind}.shr_{'s' if common.is_signed else 'u'}", pair)
    return Op(f"{kind}.{BITWISE[type(op)]}", pair)


def _fold(op: ast.operator, left: int | None, right: int | None) -> int | None:
    """Two literals as one, where Python gives an integer of reasonable size."""
    if left is None or right is None or isinstance(op, ast.Div):
        return None
    if isinstance(op, ast.Pow | ast.LShift | ast.RShift) and not 0 <= right <= 64:
        return None
    if isinstance(op, ast.FloorDiv | ast.Mod) and right == 0:
        return None
    return FOLDED[type(op)](left, right)


# --- division -------------------------------------------------------------------------------------


def _is_zero(value: Expr) -> Expr:
    if isinstance(value, Const):
        return truth(value.value == 0)
    if value.kind in (Kind.F32, Kind.F64):
        return Op(f"{value.kind}.eq", (value, Const(value.kind, 0.0)))
    return Op(f"{value.kind}.eqz", (value,))


def _true_divide(ctx: Context, left: Value, right: Value, node: ast.AST) -> Value:
    if ctx.trusted:
        common, a, b = unify(ctx, left, right, node)
        if not common.is_float:
            raise ctx.refuse("type_mismatch", node, f"/ does not take {common}")
        return Value(common, Op(f"{common.kind}.div", (a, b)))
    a, b = as_f64(ctx, left, node), ctx.once(as_f64(ctx, right, node))
    ctx.trap_if(_is_zero(b), "division_by_zero", "division by zero", node)
    return Value(F64, Op("f64.div", (a, b)))


def _floor(
    ctx: Context, op: ast.operator, common: ValueType, pair: tuple[Expr, Expr], node: ast.AST
) -> Expr:
    """`//` and `%` of two values of one type."""
    a, b = pair
    divides = isinstance(op, ast.FloorDiv)
    if not ctx.trusted:
        b = ctx.once(b)
        ctx.trap_if(_is_zero(b), "division_by_zero", "division by zero", node)
    if common.is_float:
        if common is not F64:
            raise ctx.refuse("type_mismatch", node, f"// and % do not take {common}")
        return Call("float_floor_divide" if divides else "float_modulo", (a, b), Kind.F64)
    kind = common.kind
    divisor = int(b.value) if isinstance(b, Const) else None
    if divisor is not None and divisor > 0 and divisor & (divisor - 1) == 0:
        if not divides:
            return Op(f"{kind}.and", (a, Const(kind, divisor - 1)))
        shift = Const(kind, divisor.bit_length() - 1)
        return Op(f"{kind}.shr_{'s' if common.is_signed else 'u'}", (a, shift))
    if not common.is_signed:
        return Op(f"{kind}.{'div' if divides else 'rem'}_u", (a, b))
    if divisor is not None and divisor > 0:
        return _floor_by_positive(ctx, kind, divides, a, b)
    return Call(f"floor_{'divide' if divides else 'modulo'}_{kind}", (a, b), kind)


def _floor_by_positive(ctx: Context, kind: Kind, divides: bool, a: Expr, b: Expr) -> Expr:
    """The remainder's sign, as 0 or -1, is what truncation lacks to flooring."""
    a = ctx.once(a)
    remainder = ctx.once(Op(f"{kind}.rem_s", (a, b)))
    sign = Op(f"{kind}.shr_s", (remainder, Const(kind, 63 if kind is Kind.I64 else 31)))
    if divides:
        return Op(f"{kind}.add", (Op(f"{kind}.div_s", (a, b)), sign))
    return Op(f"{kind}.add", (remainder, Op(f"{kind}.and", (sign, b))))


# --- powers and shifts ----------------------------------------------------------------------------


def _power(ctx: Context, left: Value, right: Value, node: ast.AST) -> Value:
    exponent = right.literal
    if exponent is None or not 0 <= exponent <= MAX_EXPONENT:
        if not ctx.trusted and (left.type.is_float or right.type.is_float):
            return mathematics.power(ctx, left, right, node, "division_by_zero")
        raise ctx.refuse(
            "unsupported_python",
            node,
            f"** of integers takes a whole number from 0 to {MAX_EXPONENT}, as it stands",
            "1 << n is 2 ** n; float(x) ** n is a float",
        )
    left = settle(ctx, left, node)
    if not left.type.is_number:
        raise ctx.refuse("type_mismatch", node, f"** does not take {left.type}")
    if left.type.is_float and not ctx.trusted:
        base = ctx.once(left.expr)
        result = ctx.once(_product(ctx, Value(left.type, base), exponent))
        mathematics.trap_infinite(ctx, result, [base], mathematics.RANGE, node)
        return Value(left.type, result)
    return Value(left.type, _product(ctx, left, exponent))


def _product(ctx: Context, left: Value, exponent: int) -> Expr:
    """The left side multiplied by itself so often."""
    kind = left.type.kind
    if exponent > WRITTEN_OUT:
        return Call(f"power_{kind}", (left.expr, integer(I64, exponent)), kind)
    result: Expr | None = None
    square = left.expr
    while exponent:
        square = ctx.once(square)
        if exponent & 1:
            result = square if result is None else Op(f"{kind}.mul", (result, square))
        exponent >>= 1
        if exponent:
            square = Op(f"{kind}.mul", (square, square))
    return Const(kind, 1) if result is None else result


def _shift(
    ctx: Context, op: ast.LShift | ast.RShift, left: Value, right: Value, node: ast.AST
) -> Value:
    left, right = settle(ctx, left, node), settle(ctx, right, node)
    if not (left.type.is_integer and right.type.is_integer):
        symbol = SYMBOLS[type(op)]
        raise ctx.refuse(
            "type_mismatch", node, f"{symbol} does not take {left.type} and {right.type}"
        )
    shifts_left = isinstance(op, ast.LShift)
    name = "i64.shl" if shifts_left else f"i64.shr_{'s' if left.type is I64 else 'u'}"
    if isinstance(right.expr, Const) and 0 <= right.expr.value < 64:
        return Value(left.type, Op(name, (left.expr, right.expr)))
    count = ctx.once(right.expr)
    if right.type is I64:
        negative = Op("i64.lt_s", (count, integer(I64, 0)))
        ctx.trap_if(negative, "negative_shift", "negative shift count", node)
    inside = Op("i64.lt_u", (count, integer(I64, 64)))
    if name == "i64.shr_s":  # from 63 on only copies of the sign are left
        capped = Choose(inside, count, integer(I64, 63))
        return Value(left.type, Op(name, (left.expr, capped)))
    return Value(left.type, Choose(inside, Op(name, (left.expr, count)), integer(I64, 0)))


# --- one operand, comparisons ---------------------------------------------------------------------


def unary(ctx: Context, op: ast.unaryop, operand: Value, node: ast.AST) -> Value:
    """`-`, `+` and `~`; `not` is among the conditions."""
    if operand.literal is not None:
        number = operand.literal
        folded = {ast.USub: -number, ast.UAdd: number, ast.Invert: ~number}[type(op)]
        return literal(ctx, folded, node)
    kind = operand.type.kind
    if isinstance(op, ast.UAdd) and operand.type.is_number:
        return operand
    if isinstance(op, ast.USub) and operand.type.is_float:
        return Value(operand.type, Op(f"{kind}.neg", (operand.expr,)))
    if isinstance(op, ast.USub) and operand.type.is_integer:
        return Value(operand.type, Op(f"{kind}.sub", (Const(kind, 0), operand.expr)))
    if isinstance(op, ast.Invert) and operand.type.is_integer:
        return Value(operand.type, Op(f"{kind}.xor", (operand.expr, Const(kind, -1))))
    hint = "`not` turns a bool round" if operand.type is BOOL else ""
    symbol = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(op)]
    raise ctx.refuse("type_mismatch", node, f"{symbol} does not take {operand.type}", hint)


def compare(ctx: Context, op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Expr:
    """One comparison; its i32 is 0 or 1."""
    name = COMPARISONS.get(type(op))
    if name is None:
        raise ctx.refuse(
            "unsupported_python", node, "`is` and `in` are left out", "write == or `or`"
        )
    common, a, b = unify(ctx, left, right, node)
    if not common.is_number and (common is not BOOL or name not in ("eq", "ne")):
        raise ctx.refuse("type_mismatch", node, f"{common} values have no order here")
    if common.is_integer and name not in ("eq", "ne"):
        name += "_s" if common.is_signed else "_u"
    return Op(f"{common.kind}.{name}", (a, b))


def extreme(ctx: Context, values: list[Value], op: ast.cmpop, node: ast.AST) -> Value:
    """`min` or `max`: a later value is taken where it compares as `op` says with the best one."""
    best = values[0]
    for value in values[1:]:
        common, a, b = unify(ctx, best, value, node)
        if not common.is_number:
            raise ctx.refuse("type_mismatch", node, f"min and max do not take {common}")
        a, b = ctx.once(a), ctx.once(b)
        better = compare(ctx, op, Value(common, b), Value(common, a), node)
        best = Value(common, Choose(better, b, a))
    return best


def absolute(ctx: Context, value: Value, node: ast.AST) -> Value:
    value = settle(ctx, value, node)
    kind = value.type.kind
    if value.type.is_float:
        return Value(value.type, Op(f"{kind}.abs", (value.expr,)))
    if not value.type.is_integer:
        raise ctx.refuse("type_mismatch", node, f"abs does not take {value.type}")
    if not value.type.is_signed:
        return value
    expression = ctx.once(value.expr)
    negative = Op(f"{kind}.lt_s", (expression, Const(kind, 0)))
    flipped = Op(f"{kind}.sub", (Const(kind, 0), expression))
    return Value(value.type, Choose(negative, flipped, expression))
