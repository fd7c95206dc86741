"""Comparisons of two lowered values of one type: an i32 that is 0 or 1.

As in DuckDB, NaN equals NaN and is above every other float, texts compare by their bytes (which is
the order of code points), and u64 compares with i64 by value. Decimals of one scale compare as
the integers that carry them, so do dates and timestamps.
"""

from __future__ import annotations

from jobspec import ir
from jobspec.ir import Kind
from jobspec.sql.value import FALSE, Value, both, either, i32, i64, negated, op
from jobspec.types import ValueType

_INTEGER = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(operator: str, left: Value, right: Value) -> ir.Expr:
    """`left operator right`. The operands are used several times: variables or constants."""
    if left.type.is_bytes:
        return _strings(operator, left.value, right.value)
    if left.type.is_float:
        return _floats(operator, left, right)
    if left.type.is_integer and left.type.kind is Kind.I64 and left.type is not right.type:
        if left.type is ValueType.U64:
            return _unsigned_with_signed(operator, left.value, right.value)
        return _unsigned_with_signed(_FLIPPED[operator], right.value, left.value)
    suffix = "" if operator in {"=", "<>"} else "_s" if left.type.is_signed else "_u"
    return op(f"{left.type.kind}.{_INTEGER[operator]}{suffix}", left.value, right.value)


def _unsigned_with_signed(operator: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
    suffix = "" if operator in {"=", "<>"} else "_u"
    alike = op(f"i64.{_INTEGER[operator]}{suffix}", left, right)
    if operator in {"=", "<", "<="}:
        return both(op("i64.ge_s", right, i64(0)), alike)
    return either(op("i64.lt_s", right, i64(0)), alike)


def _strings(operator: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
    if operator in {"=", "<>"}:
        equal = ir.Call("str_equal", (left, right), Kind.I32)
        return equal if operator == "=" else negated(equal)
    order = ir.Call("str_compare", (left, right), Kind.I32)
    return op(f"i32.{_INTEGER[operator]}_s", order, i32(0))


def _floats(operator: str, left: Value, right: Value) -> ir.Expr:
    """Comparisons of IEEE 754 are false if a side is NaN; what must not be false is added."""
    kind = left.type.kind
    plain = op(f"{kind}.{_INTEGER[operator]}", left.value, right.value)
    match operator:
        case "=":
            return either(plain, both(is_nan(left), is_nan(right)))
        case "<>":
            return negated(_floats("=", left, right))
        case "<=":
            return either(plain, is_nan(right))
        case ">=":
            return either(plain, is_nan(left))
        case "<":
            return negated(_floats(">=", left, right))
    return negated(_floats("<=", left, right))


def is_nan(value: Value) -> ir.Expr:
    if isinstance(value.value, ir.Const):
        return FALSE  # there are no literals of NaN
    return op(f"{value.type.kind}.ne", value.value, value.value)
