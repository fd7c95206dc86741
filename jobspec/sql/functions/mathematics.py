"""Powers, exponentials, logarithms, trigonometry: functions of f64 that kernels compute.

Every result is within one unit in the last place of the correctly rounded one, and has the same
bits in every engine. What has no value is NaN, and what is too large infinite, as in DuckDB.
"""

from __future__ import annotations

import math

from jobspec import ir
from jobspec.sql.functions.signature import (
    SAME,
    Function,
    Lower,
    Operands,
    Overload,
    Takes,
    kernel,
)
from jobspec.sql.value import op, real
from jobspec.types import ValueType

_F64 = ValueType.F64
_DOUBLE = Takes.DOUBLE
Examples = tuple[tuple[str, str], ...]


def _overload(operation: str, lower: Lower, operands: int = 1) -> Overload:
    return Overload(operation=operation, takes=(_DOUBLE,) * operands, gives=_F64, lower=lower)


def _row(name: str, about: str, examples: Examples, differs: str = "") -> Function:
    """A function of one operand that the kernel `math_<name>` computes."""
    overload = _overload(name, kernel(f"math_{name}"))
    return Function(
        name=name, overloads=(overload,), about=about, examples=examples, differs=differs
    )


def _times(factor: float) -> Lower:
    return lambda of: op("f64.mul", of[0], real(_F64, factor))


def _pi(of: Operands) -> ir.Expr:
    del of
    return real(_F64, math.pi)


def _floor_quotient(of: Operands) -> ir.Expr:
    kind = of.type.kind
    return op(f"{kind}.floor", op(f"{kind}.div", of[0], of[1]))


def _floor_remainder(of: Operands) -> ir.Expr:
    if of.type is _F64:
        return of.call("float_modulo", of[0], of[1])
    sides = (op("f64.promote_f32", of[0]), op("f64.promote_f32", of[1]))
    return op("f32.demote_f64", of.call("float_modulo", *sides))


def _of_two_floats(operation: str, lower: Lower) -> Overload:
    return Overload(operation=operation, takes=(Takes.FLOAT, Takes.FLOAT), gives=SAME, lower=lower)


_POWER = _overload("power", kernel("math_pow"), 2)
_LOG10 = _overload("log10", kernel("math_log10"))
_MISSING = "DuckDB has no such function"

OPERATORS = (
    Function(
        name="**",
        overloads=(_POWER,),
        about="The power, as a float; `^` is the same. It binds from the left.",
        examples=(("2 ** 10", "1024"), ("2 ^ 0.5", "1.4142135623730951e0"), ("2 ** 3 ** 2", "64")),
    ),
)

FUNCTIONS = (
    _row(
        "acos",
        "The angle between 0 and pi of that cosine; NaN beyond -1 and 1.",
        (("acos(-1)", "pi()"), ("isnan(acos(2))", "TRUE")),
    ),
    _row(
        "acosh",
        "The inverse of cosh; NaN below 1.",
        (("acosh(1)", "0"), ("round(acosh(2), 9)", "1.316957897e0")),
    ),
    _row(
        "asin",
        "The angle between -pi/2 and pi/2 of that sine; NaN beyond -1 and 1.",
        (("asin(1)", "pi() / 2"),),
    ),
    _row("asinh", "The inverse of sinh.", (("round(asinh(1), 9)", "0.881373587e0"),)),
    _row(
        "atan",
        "The angle between -pi/2 and pi/2 of that tangent.",
        (("atan(1)", "pi() / 4"),),
    ),
    Function(
        name="atan2",
        overloads=(_overload("atan2", kernel("math_atan2"), 2),),
        about="The angle of the point (x, y), its second and first operand, between -pi and pi.",
        examples=(("atan2(1, -1)", "pi() * 3 / 4"), ("atan2(0, -1)", "pi()")),
    ),
    _row(
        "atanh",
        "The inverse of tanh; NaN beyond -1 and 1.",
        (("round(atanh(0.5), 9)", "0.549306144e0"),),
    ),
    _row("cbrt", "The cube root.", (("cbrt(-8)", "-2"),)),
    _row("cos", "The cosine of an angle in radians.", (("cos(0)", "1"), ("cos(pi())", "-1"))),
    _row("cosh", "The hyperbolic cosine.", (("round(cosh(1), 9)", "1.543080635e0"),)),
    _row("cot", "The cotangent of an angle in radians.", (("round(cot(1), 9)", "0.642092616e0"),)),
    Function(
        name="degrees",
        overloads=(_overload("degrees", _times(180.0 / math.pi)),),
        about="The angle in degrees instead of radians.",
        examples=(("degrees(pi())", "180"),),
    ),
    _row("exp", "e to that power.", (("exp(0)", "1"), ("round(exp(1), 9)", "2.718281828e0"))),
    _row("exp2", "2 to that power.", (("exp2(-2)", "0.25"),), _MISSING),
    _row(
        "expm1",
        "e to that power, less 1: every digit of it near 0.",
        (("expm1(1e-20)", "1e-20"),),
        _MISSING,
    ),
    Function(
        name="fdiv",
        overloads=(_of_two_floats("fdiv", _floor_quotient),),
        about="The quotient, rounded down, as a float.",
        examples=(("fdiv(7, 2)", "3"), ("fdiv(-7, 2)", "-4")),
    ),
    Function(
        name="fmod",
        overloads=(_of_two_floats("fmod", _floor_remainder),),
        about="What a division that is rounded down leaves: it has the sign of the divisor.",
        examples=(("fmod(5.5, 2)", "1.5"), ("fmod(-5.5, 2)", "0.5"), ("fmod(1e200, 7)", "4")),
        differs="exact, where DuckDB takes a rounded product off",
    ),
    _row(
        "gamma",
        "The gamma function, which is (x - 1)! of whole numbers; NaN at negative ones.",
        (("gamma(5)", "24"), ("round(gamma(0.5), 9)", "1.772453851e0")),
    ),
    Function(
        name="hypot",
        overloads=(_overload("hypot", kernel("math_hypot"), 2),),
        about="The length of a vector: the root of the sum of its squared coordinates.",
        examples=(("hypot(3, 4)", "5"), ("hypot(3e300, 4e300)", "5e300")),
        differs=_MISSING,
    ),
    _row(
        "lgamma",
        "The logarithm of the size of the gamma function.",
        (("round(lgamma(10), 9)", "12.80182748e0"), ("lgamma(1)", "0")),
    ),
    _row("ln", "The natural logarithm; NaN below 0.", (("ln(1)", "0"), ("ln(0)", "-1e400"))),
    Function(
        name="log",
        overloads=(
            _LOG10,
            _overload("log", kernel("math_log"), 2),
        ),
        about="The logarithm to base 10, or to the first operand's base; NaN below 0.",
        examples=(("log(1000)", "3"), ("log(2, 8)", "3")),
        differs="with a base every digit is right: log(10, 1000) is 3, not 2.9999999999999996",
    ),
    Function(
        name="log10",
        overloads=(_LOG10,),
        about="The logarithm to base 10; NaN below 0.",
        examples=(("log10(0.001)", "-3"),),
    ),
    _row(
        "log1p",
        "The natural logarithm of 1 more: every digit of it near 0.",
        (("log1p(1e-20)", "1e-20"),),
        _MISSING,
    ),
    _row("log2", "The logarithm to base 2; NaN below 0.", (("log2(1024)", "10"),)),
    Function(
        name="pi",
        overloads=(Overload(operation="pi", takes=(), gives=_F64, lower=_pi),),
        about="The ratio of a circle's circumference to its diameter.",
        examples=(("pi()", "3.141592653589793e0"),),
    ),
    Function(
        name="pow",
        overloads=(_POWER,),
        about="The power, as a float: the same as **.",
        examples=(("pow(2, 10)", "1024"), ("pow(9, 0.5)", "3"), ("isnan(pow(-8, 0.5))", "TRUE")),
        aliases=("power",),
    ),
    Function(
        name="radians",
        overloads=(_overload("radians", _times(math.pi / 180.0)),),
        about="The angle in radians instead of degrees.",
        examples=(("radians(180)", "pi()"),),
    ),
    _row("sin", "The sine of an angle in radians.", (("sin(0)", "0"), ("sin(pi() / 2)", "1"))),
    _row("sinh", "The hyperbolic sine.", (("round(sinh(1), 9)", "1.175201194e0"),)),
    _row("tan", "The tangent of an angle in radians.", (("round(tan(1), 9)", "1.557407725e0"),)),
    _row("tanh", "The hyperbolic tangent.", (("round(tanh(1), 9)", "0.761594156e0"),)),
)
