"""Conversions among bools, integers and floats."""

from __future__ import annotations

from jobspec import ir
from jobspec.ir import Kind
from jobspec.sql.value import Value, both, either, i64, op, real, wide
from jobspec.types import ValueType

_BOOL, _U64, _F32, _F64 = ValueType.BOOL, ValueType.U64, ValueType.F32, ValueType.F64


def float_fails(source: ValueType, target: ValueType) -> bool:
    return source is _F64 and target is _F32


def integer_fails(source: ValueType, target: ValueType) -> bool:
    return source.minimum < target.minimum or source.maximum > target.maximum


def to_bool(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    """Whether a number is not zero; NaN is not."""
    del body, target
    kind = source.type.kind
    return op(f"{kind}.ne", source.value, ir.Const(kind, 0)), None


def to_float(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr | None]:
    given, value = source.type, source.value
    if given is _F32:
        return op("f64.promote_f32", value), None
    if given is _F64:
        narrow = body.temporary(op("f32.demote_f64", value))
        infinite = op("f32.eq", op("f32.abs", narrow), real(_F32, float("inf")))
        was_infinite = op("f64.eq", op("f64.abs", value), real(_F64, float("inf")))
        return narrow, either(op("i32.eqz", infinite), was_infinite)
    suffix = "s" if given.is_signed else "u"
    return op(f"{target.kind}.convert_{value.kind}_{suffix}", value), None


def to_integer(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr | None]:
    """A bool or an integer of another type."""
    del body
    return narrowed(wide(source), target), fits(source, target)


def float_to_integer(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr]:
    """Halves go to the even neighbour. NaN fails both comparisons."""
    value = source.value
    if source.type is _F32:
        value = op("f64.promote_f32", value)
    rounded = body.temporary(op("f64.nearest", value))
    inside = both(
        op("f64.ge", rounded, real(_F64, float(target.minimum))),
        op("f64.lt", rounded, real(_F64, float(target.maximum + 1))),
    )
    suffix = "u" if target is _U64 else "s"
    return narrowed(op(f"i64.trunc_sat_f64_{suffix}", rounded), target), inside


def narrowed(value: ir.Expr, target: ValueType) -> ir.Expr:
    """An i64 as the kind that carries an integer type."""
    if target.kind is Kind.I64:
        return value
    if isinstance(value, ir.Const):
        return ir.Const(Kind.I32, value.value)
    return op("i32.wrap_i64", value)


def fits(source: Value, target: ValueType) -> ir.Expr | None:
    """Whether an integer lies in the range of `target`; only the ends that matter are looked at."""
    given, value = source.type, wide(source)
    if given is _BOOL or not integer_fails(given, target):
        return None
    if given is _U64:
        return op("i64.le_u", value, i64(target.maximum))
    low = op("i64.ge_s", value, i64(target.minimum)) if given.minimum < target.minimum else None
    high = op("i64.le_s", value, i64(target.maximum)) if given.maximum > target.maximum else None
    return both(low, high)
