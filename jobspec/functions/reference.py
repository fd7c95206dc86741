"""What is built into researchers' functions, in words and examples: a table for the reference.

Every example is run by a test, here and in CPython where that knows the name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One row: a call as it is written, what it gives, and an expression with its value."""

    call: str
    about: str
    example: str
    value: str

    @property
    def name(self) -> str:
        return self.call.partition("(")[0]


_ANGLE = "in radians"

BUILT_INS = (
    BuiltIn("abs(x)", "The number without its sign.", "abs(-3)", "3"),
    BuiltIn("bool(x)", "Whether the number is not 0.", "bool(2)", "True"),
    BuiltIn("ceil(x)", "As `math.ceil`.", "ceil(1.2)", "2"),
    BuiltIn("divmod(x, y)", "Two results: `x // y` and `x % y`.", "divmod(-7, 2)", "(-4, 1)"),
    BuiltIn("float(x)", "The number as an f64.", "float(3)", "3.0"),
    BuiltIn("floor(x)", "As `math.floor`.", "floor(-1.2)", "-2"),
    BuiltIn("int(x)", "The integer towards 0; of a bool, 0 or 1.", "int(-2.7)", "-2"),
    BuiltIn("len(xs)", "How many elements or rows an array has.", "len([4, 5, 6])", "3"),
    BuiltIn("max(x, y, ...)", "The greatest of the numbers; of an array.", "max(1, 7, 3)", "7"),
    BuiltIn("min(x, y, ...)", "The least of the numbers; of an array.", "min([2.5, 7])", "2.5"),
    BuiltIn("round(x)", "The nearest integer, halves to the even one.", "round(2.5)", "2"),
    BuiltIn("sqrt(x)", "As `math.sqrt`.", "sqrt(2.25)", "1.5"),
    BuiltIn("sum(xs)", "The sum of an array; of bools, how many are true.", "sum([4, 5, 6])", "15"),
    BuiltIn("i8(x)", "The number towards 0, if it fits 8 bits with a sign.", "i8(-128)", "-128"),
    BuiltIn("i16(x)", "The same with 16 bits.", "i16(3.9)", "3"),
    BuiltIn("i32(x)", "The same with 32 bits.", "i32(2 ** 31 - 1)", "2147483647"),
    BuiltIn("i64(x)", "The same with 64 bits; also of a u64.", "i64(u64(7)) - 8", "-1"),
    BuiltIn("u8(x)", "The number towards 0, if it fits 8 bits without a sign.", "u8(255)", "255"),
    BuiltIn("u16(x)", "The same with 16 bits.", "u16(3.9)", "3"),
    BuiltIn("u32(x)", "The same with 32 bits.", "u32(2 ** 32 - 1)", "4294967295"),
    BuiltIn("u64(x)", "The same with 64 bits, as an unsigned number.", "u64(1) << 63", str(2**63)),
    BuiltIn("f32(x)", "The number rounded to the nearest f32.", "f32(0.1)", "0.10000000149011612"),
    BuiltIn("f64(x)", "As `float`.", "f64(1) / 4", "0.25"),
    BuiltIn("math.acos(x)", f"The angle {_ANGLE} of that cosine.", "math.acos(1)", "0.0"),
    BuiltIn("math.acosh(x)", "The inverse of cosh.", "math.acosh(1)", "0.0"),
    BuiltIn("math.asin(x)", f"The angle {_ANGLE} of that sine.", "math.asin(0)", "0.0"),
    BuiltIn("math.asinh(x)", "The inverse of sinh.", "math.asinh(0)", "0.0"),
    BuiltIn("math.atan(x)", f"The angle {_ANGLE} of that tangent.", "math.atan(0)", "0.0"),
    BuiltIn("math.atan2(y, x)", f"The angle {_ANGLE} of the point.", "math.atan2(0, 1)", "0.0"),
    BuiltIn("math.atanh(x)", "The inverse of tanh.", "math.atanh(0)", "0.0"),
    BuiltIn("math.cbrt(x)", "The cube root.", "math.cbrt(-8)", "-2.0"),
    BuiltIn("math.ceil(x)", "The least integer that is not below.", "math.ceil(-1.7)", "-1"),
    BuiltIn("math.copysign(x, y)", "x with the sign of y.", "math.copysign(2, -0.0)", "-2.0"),
    BuiltIn("math.cos(x)", f"The cosine of an angle {_ANGLE}.", "math.cos(0)", "1.0"),
    BuiltIn("math.cosh(x)", "The hyperbolic cosine.", "math.cosh(0)", "1.0"),
    BuiltIn("math.degrees(x)", f"An angle {_ANGLE} in degrees.", "math.degrees(math.pi)", "180.0"),
    BuiltIn("math.exp(x)", "e to that power.", "math.exp(0)", "1.0"),
    BuiltIn("math.exp2(x)", "2 to that power.", "math.exp2(-1)", "0.5"),
    BuiltIn("math.expm1(x)", "e to that power, less 1.", "math.expm1(1e-20)", "1e-20"),
    BuiltIn("math.fabs(x)", "The size of the number as a float.", "math.fabs(-3)", "3.0"),
    BuiltIn("math.floor(x)", "The greatest integer that is not above.", "math.floor(2.7)", "2"),
    BuiltIn("math.fmod(x, y)", "What is left, with x's sign.", "math.fmod(-7, 3)", "-1.0"),
    BuiltIn("math.gamma(x)", "The factorial of x - 1, for all floats.", "math.gamma(5)", "24.0"),
    BuiltIn("math.gcd(x, y)", "The greatest common divisor.", "math.gcd(12, -18)", "6"),
    BuiltIn("math.hypot(x, y)", "The length of a vector.", "math.hypot(3, 4)", "5.0"),
    BuiltIn("math.isfinite(x)", "Neither infinite nor NaN.", "math.isfinite(1.0)", "True"),
    BuiltIn("math.isinf(x)", "Whether it is infinite.", "math.isinf(-math.inf)", "True"),
    BuiltIn("math.isnan(x)", "Whether it is NaN.", "math.isnan(math.nan)", "True"),
    BuiltIn("math.isqrt(n)", "The root of an integer, rounded down.", "math.isqrt(80)", "8"),
    BuiltIn(
        "math.lgamma(x)",
        "The logarithm of the size of gamma; below 0, near its zeros, exact beside 1 only.",
        "math.lgamma(1)",
        "0.0",
    ),
    BuiltIn("math.log(x)", "The natural logarithm; `math.log(x, base)`.", "math.log(1)", "0.0"),
    BuiltIn("math.log10(x)", "The logarithm to base 10.", "math.log10(1000)", "3.0"),
    BuiltIn("math.log1p(x)", "The natural logarithm of 1 more.", "math.log1p(1e-20)", "1e-20"),
    BuiltIn("math.log2(x)", "The logarithm to base 2.", "math.log2(8)", "3.0"),
    BuiltIn("math.pow(x, y)", "The power, as a float.", "math.pow(2, -1)", "0.5"),
    BuiltIn("math.radians(x)", f"An angle in degrees {_ANGLE}.", "math.radians(0)", "0.0"),
    BuiltIn("math.sin(x)", f"The sine of an angle {_ANGLE}.", "math.sin(0)", "0.0"),
    BuiltIn("math.sinh(x)", "The hyperbolic sine.", "math.sinh(0)", "0.0"),
    BuiltIn("math.sqrt(x)", "The square root.", "math.sqrt(2)", "1.4142135623730951"),
    BuiltIn("math.tan(x)", f"The tangent of an angle {_ANGLE}.", "math.tan(0)", "0.0"),
    BuiltIn("math.tanh(x)", "The hyperbolic tangent.", "math.tanh(0)", "0.0"),
    BuiltIn("math.trunc(x)", "The integer towards 0.", "math.trunc(-2.7)", "-2"),
)
