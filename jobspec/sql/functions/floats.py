"""Rounding of numbers, roots, and what only floats can be.

Not here: how decimals are rounded (`jobspec.sql.functions.decimals`).
"""

from __future__ import annotations

from collections.abc import Callable

from jobspec import ir
from jobspec.sql.comparisons import is_nan
from jobspec.sql.functions import decimals
from jobspec.sql.functions.signature import (
    SAME,
    Function,
    Lower,
    Operands,
    Overload,
    Takes,
    kernel,
)
from jobspec.sql.value import both, i64, op, real
from jobspec.types import ValueType

_INFINITY = float("inf")


def _unary_float(name: str) -> Lower:
    return lambda of: op(f"{of.type.kind}.{name}", of[0])


def _digits(of: Operands) -> int:
    return int(of[1].value) if len(of.values) > 1 and isinstance(of[1], ir.Const) else 0


def _trunc(of: Operands) -> ir.Expr:
    digits = _digits(of)
    if not of.type.is_float:
        return of[0] if digits >= 0 else _cut_integer(of, -digits)
    if digits == 0:
        return op(f"{of.type.kind}.trunc", of[0])
    return _scaled_to_digits(of, digits, lambda scaled: op("f64.trunc", scaled))


def _cut_integer(of: Operands, zeros: int) -> ir.Expr:
    power = 10**zeros
    if power > of.type.maximum:
        return i64(0)
    rest = op(f"i64.rem_{'u' if of.unsigned else 's'}", of[0], i64(power))
    return op("i64.sub", of[0], rest)


def _round(of: Operands) -> ir.Expr:
    digits = _digits(of)
    if not of.type.is_float:
        return of[0] if digits >= 0 else _round_integer(of, -digits)
    if digits == 0:
        return _half_away(of.body, of.type, of[0])
    return _scaled_to_digits(of, digits, lambda it: _half_away(of.body, ValueType.F64, it))


def _half_away(body: ir.Body, type_: ValueType, value: ir.Expr) -> ir.Expr:
    """Halves go away from zero, without the error of adding 0.5."""
    kind = type_.kind
    whole = body.temporary(op(f"{kind}.trunc", value))
    rest = op(f"{kind}.abs", op(f"{kind}.sub", value, whole))
    away = op(f"{kind}.add", whole, op(f"{kind}.copysign", real(type_, 1.0), value))
    return ir.Choose(op(f"{kind}.ge", rest, real(type_, 0.5)), away, whole)


def _scaled_to_digits(of: Operands, digits: int, whole: Callable[[ir.Expr], ir.Expr]) -> ir.Expr:
    """As DuckDB: scale, round, scale back, in f64; the value itself if that leaves the floats."""
    f64 = ValueType.F64
    value = of[0] if of.type is f64 else of.body.temporary(op("f64.promote_f32", of[0]))
    factor = real(f64, float(f"1e{min(abs(digits), 400)}"))
    scale, back = ("f64.mul", "f64.div") if digits > 0 else ("f64.div", "f64.mul")
    scaled = of.body.temporary(op(scale, value, factor))
    rounded = of.body.temporary(op(back, whole(scaled), factor))
    finite = op("f64.lt", op("f64.abs", rounded), real(f64, _INFINITY))
    instead = value
    if digits < 0:
        is_finite = op("f64.lt", op("f64.abs", value), real(f64, _INFINITY))
        instead = ir.Choose(is_finite, real(f64, 0.0), value)
    result = ir.Choose(finite, rounded, instead)
    return result if of.type is f64 else op("f32.demote_f64", result)


def _round_integer(of: Operands, zeros: int) -> ir.Expr:
    power = 10**zeros
    if power > of.type.maximum:
        return i64(0)
    suffix = "u" if of.unsigned else "s"
    rest = of.body.temporary(op(f"i64.rem_{suffix}", of[0], i64(power)))
    down = of.body.temporary(op("i64.sub", of[0], rest))
    half = i64(power // 2)
    up = op(f"i64.ge_{suffix}", rest, half)
    if of.unsigned:
        rounded = of.body.temporary(op("i64.add", down, ir.Choose(up, i64(power), i64(0))))
        of.overflow_if(op("i64.lt_u", rounded, down), "rounded number")
        return rounded
    lower = op("i64.le_s", rest, i64(-(power // 2)))
    step = ir.Choose(up, i64(power), ir.Choose(lower, i64(-power), i64(0)))
    rounded = of.body.temporary(op("i64.add", down, step))
    # Adding moves away from zero, so a change of sign is an overflow.
    turned = op("i64.lt_s", op("i64.xor", rounded, of[0]), i64(0))
    of.overflow_if(both(turned, op("i64.ne", rounded, i64(0))), "rounded number")
    return rounded


def _is_nan(of: Operands) -> ir.Expr:
    return is_nan(of.values[0])


def _is_inf(of: Operands) -> ir.Expr:
    kind = of.type.kind
    return op(f"{kind}.eq", op(f"{kind}.abs", of[0]), real(of.type, _INFINITY))


def _is_finite(of: Operands) -> ir.Expr:
    kind = of.type.kind
    return op(f"{kind}.lt", op(f"{kind}.abs", of[0]), real(of.type, _INFINITY))


def _function(name: str, takes: Takes, gives: ValueType | str, lower: Lower) -> tuple[Overload]:
    return (Overload(operation=name, takes=(takes,), gives=gives, lower=lower),)


def _sign_bit(of: Operands) -> ir.Expr:
    """NaN has no sign here, since processors differ about it."""
    sign = op("f64.lt", op("f64.copysign", real(ValueType.F64, 1.0), of[0]), real(ValueType.F64, 0))
    return both(sign, op("f64.eq", of[0], of[0]))


def _next_after(of: Operands) -> ir.Expr:
    name = "next_after" if of.type is ValueType.F64 else "next_after_f32"
    return of.call(name, of[0], of[1])


FUNCTIONS = (
    Function(
        name="ceil",
        overloads=(
            decimals.CEIL,
            *_function("ceil", Takes.FLOAT, SAME, _unary_float("ceil")),
        ),
        about="The least whole number that is not below.",
        examples=(("ceil(1.2)", "2"), ("ceil(-1.7e0)", "-1e0")),
        differs="gives a float of an integer too",
        aliases=("ceiling",),
    ),
    Function(
        name="even",
        overloads=_function("even", Takes.DOUBLE, ValueType.F64, kernel("away_to_even")),
        about="The nearest even whole number that is not nearer to zero.",
        examples=(("even(2.1)", "4"), ("even(-3)", "-4"), ("even(5e-324)", "2")),
    ),
    Function(
        name="floor",
        overloads=(
            decimals.FLOOR,
            *_function("floor", Takes.FLOAT, SAME, _unary_float("floor")),
        ),
        about="The greatest whole number that is not above.",
        examples=(("floor(1.7)", "1"), ("floor(-1.2e0)", "-2e0")),
        differs="gives a float of an integer too",
    ),
    Function(
        name="isfinite",
        overloads=_function("isfinite", Takes.FLOAT, ValueType.BOOL, _is_finite),
        about="Whether the number is neither infinite nor NaN.",
        examples=(("isfinite(1e0)", "TRUE"),),
    ),
    Function(
        name="isinf",
        overloads=_function("isinf", Takes.FLOAT, ValueType.BOOL, _is_inf),
        about="Whether the number is infinite.",
        examples=(("isinf(-1 / 0)", "TRUE"),),
    ),
    Function(
        name="isnan",
        overloads=_function("isnan", Takes.FLOAT, ValueType.BOOL, _is_nan),
        about="Whether the number is NaN.",
        examples=(("isnan(0 / 0)", "TRUE"),),
    ),
    Function(
        name="nextafter",
        overloads=(
            Overload(
                operation="nextafter",
                takes=(Takes.FLOAT, Takes.FLOAT),
                gives=SAME,
                lower=_next_after,
            ),
        ),
        about="The float beside the first one in the direction of the second.",
        examples=(("nextafter(1e0, 2e0)", "1.0000000000000002e0"),),
    ),
    Function(
        name="round",
        overloads=(
            Overload(
                operation="round",
                takes=(Takes.NUMBER, Takes.DIGITS),
                gives=SAME,
                lower=_round,
                optional=1,
            ),
            decimals.ROUND,
        ),
        about="The nearest number of so many digits after the point; halves go away from zero.",
        examples=(("round(2.5e0)", "3"), ("round(2.345, 2)", "2.35"), ("round(1250, -2)", "1300")),
    ),
    Function(
        name="signbit",
        overloads=_function("signbit", Takes.DOUBLE, ValueType.BOOL, _sign_bit),
        about="Whether the number has a minus sign, as -0 has; FALSE of NaN.",
        examples=(("signbit(-0e0)", "TRUE"), ("signbit(0)", "FALSE")),
    ),
    Function(
        name="sqrt",
        overloads=_function("sqrt", Takes.DOUBLE, ValueType.F64, _unary_float("sqrt")),
        about="The square root; NaN of what is below zero.",
        examples=(("sqrt(2)", "1.4142135623730951e0"), ("isnan(sqrt(-1))", "TRUE")),
    ),
    Function(
        name="trunc",
        overloads=(
            Overload(
                operation="trunc",
                takes=(Takes.NUMBER, Takes.DIGITS),
                gives=SAME,
                lower=_trunc,
                optional=1,
            ),
            decimals.TRUNC,
        ),
        about="The number without what stands after so many digits behind the point.",
        examples=(
            ("trunc(-1.7e0)", "-1"),
            ("trunc(2.567e0, 2)", "2.56e0"),
            ("trunc(1987, -2)", "1900"),
        ),
    ),
)
