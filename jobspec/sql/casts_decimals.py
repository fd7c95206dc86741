"""Conversions of decimals from and to every type that has them.

A decimal of scale s is carried as its number times 10**s. What is lost rounds to the nearest,
halves away from zero, as DuckDB does; from floats too, unlike conversions of floats to integers.
"""

from __future__ import annotations

from jobspec import ir, kernels
from jobspec.sql.casts_numbers import fits, narrowed
from jobspec.sql.casts_texts import parsed
from jobspec.sql.value import TRUE, Value, both, i32, i64, negated, op, real, wide
from jobspec.types import ValueType

_BOOL, _I64, _F64 = ValueType.BOOL, ValueType.I64, ValueType.F64
Converted = tuple[ir.Expr, ir.Expr | None]


def _power(type_: ValueType) -> int:
    """What a decimal is multiplied by to be carried as a whole number."""
    return int(10**type_.scale)


def integer_fails(source: ValueType, target: ValueType) -> bool:
    ends = (0, 1) if source is _BOOL else (source.minimum, source.maximum)
    return max(abs(end) for end in ends) * _power(target) > target.maximum


def whole_fails(source: ValueType, target: ValueType) -> bool:
    """Whether some decimals, rounded, do not fit an integer type."""
    most = (source.maximum + _power(source) // 2) // _power(source)
    return -most < target.minimum or most > target.maximum


def rescaling_fails(source: ValueType, target: ValueType) -> bool:
    if target.scale >= source.scale:
        return source.maximum * (_power(target) // _power(source)) > target.maximum
    divisor = _power(source) // _power(target)
    return (source.maximum + divisor // 2) // divisor > target.maximum


def inside(value: ir.Expr, target: ValueType) -> ir.Expr:
    """Whether an i64 is a number that carries a value of the decimal type."""
    low = op("i64.ge_s", value, i64(target.minimum))
    return both(low, op("i64.le_s", value, i64(target.maximum)))


def from_integer(body: ir.Body, source: Value, target: ValueType) -> Converted:
    """An integer or bool. Looks at the value before it is multiplied, which may overflow."""
    del body
    value, scale = wide(source), 10**target.scale
    product = op("i64.mul", value, i64(scale)) if scale > 1 else value
    if not integer_fails(source.type, target):
        return product, None
    most = target.maximum // scale
    if source.type is _BOOL:
        return product, negated(source.value)  # only 0 fits a decimal without whole digits
    if not source.type.is_signed:
        return product, op("i64.le_u", value, i64(most))
    return product, both(op("i64.ge_s", value, i64(-most)), op("i64.le_s", value, i64(most)))


def from_float(body: ir.Body, source: Value, target: ValueType) -> Converted:
    """Scaled in f64, then rounded; NaN fails both comparisons."""
    value = source.value
    if source.type is not _F64:
        value = op("f64.promote_f32", value)
    scaled = body.temporary(op("f64.mul", value, real(_F64, float(10**target.scale))))
    whole = body.temporary(op("f64.trunc", scaled))
    rest = op("f64.abs", op("f64.sub", scaled, whole))
    away = op("f64.add", whole, op("f64.copysign", real(_F64, 1.0), scaled))
    rounded = body.temporary(ir.Choose(op("f64.ge", rest, real(_F64, 0.5)), away, whole))
    end = float(10**target.precision)
    fits_ = both(op("f64.gt", rounded, real(_F64, -end)), op("f64.lt", rounded, real(_F64, end)))
    return op("i64.trunc_sat_f64_s", rounded), fits_


def from_text(body: ir.Body, source: Value, target: ValueType) -> Converted:
    """The kernel fails from 10**18 on; smaller decimals are a question of range."""
    value = body.temporary(kernels.call(body, "decimal_parse", source.value, i32(target.scale)))
    is_number = parsed(body)
    return value, both(is_number, inside(value, target))


def rescaled(body: ir.Body, source: Value, target: ValueType) -> Converted:
    """A decimal with more or fewer digits after the point."""
    more = target.scale - source.type.scale
    fails = rescaling_fails(source.type, target)
    if more > 0:
        power = 10**more
        product = op("i64.mul", source.value, i64(power))
        most = i64(target.maximum // power)
        least = i64(-(target.maximum // power))
        fits_ = both(op("i64.ge_s", source.value, least), op("i64.le_s", source.value, most))
        return product, fits_ if fails else None
    value = source.value
    if more < 0:
        value = body.temporary(kernels.call(body, "decimal_rounded", value, i64(10**-more)))
    return value, inside(value, target) if fails else None


def to_integer(body: ir.Body, source: Value, target: ValueType) -> Converted:
    value = source.value
    if source.type.scale:
        power = i64(10**source.type.scale)
        value = body.temporary(kernels.call(body, "decimal_rounded", value, power))
    if not whole_fails(source.type, target):
        return narrowed(value, target), None
    return narrowed(value, target), fits(Value(_I64, value), target) or TRUE


def to_float(body: ir.Body, source: Value, target: ValueType) -> Converted:
    """By f64, as DuckDB does."""
    value: ir.Expr = op("f64.convert_i64_s", source.value)
    if source.type.scale:
        power = i64(_power(source.type))
        value = kernels.call(body, "decimal_to_f64", source.value, power)
    return value if target is _F64 else op("f32.demote_f64", value), None


def to_text(body: ir.Body, source: Value, target: ValueType) -> Converted:
    """A decimal without whole digits begins with its point, as in DuckDB."""
    del target
    type_ = source.type
    has_whole_digits = i32(int(type_.precision > type_.scale))
    return kernels.call(
        body, "decimal_text", source.value, i32(type_.scale), has_whole_digits
    ), None
