"""Conversions between types: which exist, which can fail, and how each is computed."""

from __future__ import annotations

from jobspec import ir, kernels
from jobspec.ir import Kind
from jobspec.sql.value import Value, both, either, i64, op, real, wide
from jobspec.types import ValueType

_BOOL, _I64, _U64 = ValueType.BOOL, ValueType.I64, ValueType.U64
_F32, _F64, _STRING = ValueType.F32, ValueType.F64, ValueType.STRING


def is_supported(source: ValueType, target: ValueType) -> bool:
    if source is target:
        return True
    if source is _STRING:
        return target.is_integer
    return target is not _STRING or not source.is_float


def can_fail(source: ValueType, target: ValueType) -> bool:
    """Whether some values of `source` do not fit `target`."""
    if target.is_integer:
        if source.is_integer:
            return source.minimum < target.minimum or source.maximum > target.maximum
        return source is not _BOOL
    return source is _F64 and target is _F32


def convert(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr | None]:
    """The converted value, and an i32 that is 1 where it fits (None if all do).

    Where it does not fit the value is arbitrary. `source.value` is a variable or a constant.
    """
    given = source.type
    if given is target:
        return source.value, None
    if target is _BOOL:
        return _to_bool(source), None
    if target is _STRING:
        return _to_string(body, source), None
    if given is _STRING:
        return _parsed(body, source.value, target)
    if target.is_float:
        return _to_float(body, source, target)
    if given.is_float:
        return _float_to_integer(body, source, target)
    return _narrow(wide(source), target), _fits(source, target)


def _to_bool(source: Value) -> ir.Expr:
    if source.type.is_float:  # NaN is true
        return op(f"{source.type.kind}.ne", source.value, real(source.type, 0.0))
    return op(f"{source.type.kind}.ne", source.value, ir.Const(source.type.kind, 0))


def _to_string(body: ir.Body, source: Value) -> ir.Expr:
    if source.type is _BOOL:
        return ir.Choose(source.value, ir.Text(b"true"), ir.Text(b"false"))
    kernel = "str_from_u64" if source.type is _U64 else "str_from_i64"
    return kernels.call(body, kernel, wide(source))


def _parsed(body: ir.Body, text: ir.Expr, target: ValueType) -> tuple[ir.Expr, ir.Expr]:
    """The kernel knows i64 and u64 only; narrower types are a question of range."""
    wide_type = _I64 if target.is_signed else _U64
    kernel = f"str_to_{wide_type}"
    number = body.temporary(kernels.call(body, kernel, text))
    parsed = body.temporary(ir.GetGlobal("str_parsed", Kind.I32))
    return _narrow(number, target), both(parsed, _fits(Value(wide_type, number), target))


def _to_float(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr | None]:
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


def _float_to_integer(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr]:
    """Halves go to the even neighbour. NaN fails both comparisons."""
    value = source.value
    if source.type is _F32:
        value = op("f64.promote_f32", value)
    rounded = body.temporary(op("f64.nearest", value))
    fits = both(
        op("f64.ge", rounded, real(_F64, float(target.minimum))),
        op("f64.lt", rounded, real(_F64, float(target.maximum + 1))),
    )
    suffix = "u" if target is _U64 else "s"
    return _narrow(op(f"i64.trunc_sat_f64_{suffix}", rounded), target), fits


def _narrow(value: ir.Expr, target: ValueType) -> ir.Expr:
    if target.kind is Kind.I64:
        return value
    if isinstance(value, ir.Const):
        return ir.Const(Kind.I32, value.value)
    return op("i32.wrap_i64", value)


def _fits(source: Value, target: ValueType) -> ir.Expr | None:
    """Whether an integer lies in the range of `target`; only the ends that matter are looked at."""
    given, value = source.type, wide(source)
    if given is _BOOL or not can_fail(given, target):
        return None
    if given is _U64:
        return op("i64.le_u", value, i64(target.maximum))
    low = op("i64.ge_s", value, i64(target.minimum)) if given.minimum < target.minimum else None
    high = op("i64.le_s", value, i64(target.maximum)) if given.maximum > target.maximum else None
    return both(low, high)
