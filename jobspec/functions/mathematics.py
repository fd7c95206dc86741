"""Python's `math` module, as far as functions have it; the results come from our own kernels.

As in CPython, what has no value traps with `math_domain`, and what is too large for a float with
`math_range`; infinities and NaN that go in may come out. Floats are within one unit in the last
place of the exact result, and the same in every engine.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass

from jobspec.functions import conversions
from jobspec.functions.context import Context, Value, integer
from jobspec.ir import Call, Choose, Const, Expr, Kind, Op
from jobspec.types import ValueType

BOOL, I64, U64, F64 = ValueType.BOOL, ValueType.I64, ValueType.U64, ValueType.F64

Lower = Callable[[Context, list[Value], ast.Call], Value]
Entry = tuple[int, int, Lower]

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan}

DOMAIN, RANGE = "math_domain", "math_range"
MESSAGES = {
    DOMAIN: "a mathematical function of a number for which it has no value",
    RANGE: "a result too large for a float",
}


@dataclass(frozen=True, slots=True)
class _Kernel:
    """A kernel of floats, and the traps that take the place of its NaN and its infinities."""

    name: str
    operands: int = 1
    nan: str = ""
    infinite: str = ""

    def __call__(self, ctx: Context, values: list[Value], node: ast.Call) -> Value:
        numbers = [ctx.once(conversions.as_f64(ctx, value, node)) for value in values]
        result: Expr = Call(self.name, tuple(numbers), Kind.F64)
        if self.nan or self.infinite:
            result = ctx.once(result)
        if self.nan:
            _trap_nan(ctx, result, numbers, node)
        if self.infinite:
            trap_infinite(ctx, result, numbers, self.infinite, node)
        return Value(F64, result)


def _trap_nan(ctx: Context, result: Expr, numbers: list[Expr], node: ast.AST) -> None:
    """Trap where a NaN comes out although none went in."""
    condition: Expr = Op("f64.ne", (result, result))
    for number in numbers:
        condition = Op("i32.and", (condition, Op("f64.eq", (number, number))))
    ctx.trap_if(condition, DOMAIN, MESSAGES[DOMAIN], node)


def trap_infinite(
    ctx: Context, result: Expr, numbers: list[Expr], code: str, node: ast.AST
) -> None:
    """Trap where an infinity comes out although only finite numbers went in."""
    condition: Expr = Op("f64.eq", (Op("f64.abs", (result,)), Const(Kind.F64, math.inf)))
    for number in numbers:
        condition = Op("i32.and", (condition, _is_finite(number)))
    ctx.trap_if(condition, code, MESSAGES[code], node)


def _is_finite(number: Expr) -> Expr:
    return Op("f64.lt", (Op("f64.abs", (number,)), Const(Kind.F64, math.inf)))


# --- what takes more than one kernel --------------------------------------------------------------


def _sqrt(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    number = ctx.once(conversions.as_f64(ctx, values[0], node))
    negative = Op("f64.lt", (number, Const(Kind.F64, 0.0)))
    ctx.trap_if(negative, DOMAIN, "square root of a negative number", node)
    return Value(F64, Op("f64.sqrt", (number,)))


def _rounded(name: str) -> Lower:
    def lower(ctx: Context, values: list[Value], node: ast.Call) -> Value:
        value = values[0]
        if value.literal is not None or value.type.is_integer:
            return value
        number = Op(name, (conversions.as_f64(ctx, value, node),))
        return conversions.explicit(ctx, Value(F64, number), I64, node)

    return lower


_LN = _Kernel("math_ln", nan=DOMAIN, infinite=DOMAIN)


def _log(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    if len(values) == 1:
        return _LN(ctx, values, node)
    number, base = (ctx.once(_LN(ctx, [value], node).expr) for value in values)
    zero = Op("f64.eq", (base, Const(Kind.F64, 0.0)))
    ctx.trap_if(zero, "division_by_zero", "division by zero", node)
    return Value(F64, Op("f64.div", (number, base)))


def power(ctx: Context, base: Value, exponent: Value, node: ast.AST, at_zero: str) -> Value:
    """`base ** exponent` of floats; `at_zero` is the trap of 0 to a negative power."""
    x = ctx.once(conversions.as_f64(ctx, base, node))
    y = ctx.once(conversions.as_f64(ctx, exponent, node))
    result = ctx.once(Call("math_pow", (x, y), Kind.F64))
    zero, negative = Op("f64.eq", (x, Const(Kind.F64, 0.0))), Op("f64.lt", (y, Const(Kind.F64, 0)))
    pole = Op("i32.and", (Op("i32.and", (zero, negative)), _is_finite(y)))
    message = MESSAGES[DOMAIN] if at_zero == DOMAIN else "division by zero"
    ctx.trap_if(pole, at_zero, message, node)
    _trap_nan(ctx, result, [x, y], node)
    trap_infinite(ctx, result, [x, y], RANGE, node)
    return Value(F64, result)


def _pow(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    return power(ctx, values[0], values[1], node, DOMAIN)


def _gamma(name: str) -> Lower:
    """Without a value at 0 and, for the logarithm, at what is whole below: CPython's poles."""

    def lower(ctx: Context, values: list[Value], node: ast.Call) -> Value:
        number = ctx.once(conversions.as_f64(ctx, values[0], node))
        pole: Expr = Op("f64.eq", (number, Op("f64.floor", (number,))))
        pole = Op("i32.and", (pole, Op("f64.le", (number, Const(Kind.F64, 0.0)))))
        pole = Op("i32.and", (pole, _is_finite(number)))
        ctx.trap_if(pole, DOMAIN, MESSAGES[DOMAIN], node)
        return _Kernel(name, nan=DOMAIN, infinite=RANGE)(ctx, [Value(F64, number)], node)

    return lower


def _scaled(factor: float) -> Lower:
    def lower(ctx: Context, values: list[Value], node: ast.Call) -> Value:
        number = conversions.as_f64(ctx, values[0], node)
        return Value(F64, Op("f64.mul", (number, Const(Kind.F64, factor))))

    return lower


def _instruction(name: str) -> Lower:
    def lower(ctx: Context, values: list[Value], node: ast.Call) -> Value:
        numbers = tuple(conversions.as_f64(ctx, value, node) for value in values)
        return Value(F64, Op(name, numbers))

    return lower


def _copysign(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    """The sign of NaN is taken for +: it depends on the processor."""
    size, sign = (ctx.once(conversions.as_f64(ctx, value, node)) for value in values)
    positive = Op("f64.abs", (size,))
    known = Op("f64.eq", (sign, sign))
    return Value(F64, Choose(known, Op("f64.copysign", (size, sign)), positive))


def _is(kind: str) -> Lower:
    def lower(ctx: Context, values: list[Value], node: ast.Call) -> Value:
        number = ctx.once(conversions.as_f64(ctx, values[0], node))
        infinite = Op("f64.eq", (Op("f64.abs", (number,)), Const(Kind.F64, math.inf)))
        found = {
            "nan": Op("f64.ne", (number, number)),
            "inf": infinite,
            "finite": _is_finite(number),
        }
        return Value(BOOL, found[kind])

    return lower


def _integers(ctx: Context, values: list[Value], node: ast.Call) -> tuple[ValueType, list[Expr]]:
    settled = [conversions.settle(ctx, value, node) for value in values]
    for value in settled:
        if not value.type.is_integer:
            raise ctx.refuse("type_mismatch", node, f"an integer is needed, not {value.type}")
    common = settled[0].type
    if any(value.type is not common for value in settled):
        found = " meets ".join(value.type for value in settled)
        raise ctx.refuse("type_mismatch", node, found, "convert one side: i64(...) or u64(...)")
    return common, [ctx.once(value.expr) for value in settled]


def _isqrt(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    common, (number,) = _integers(ctx, values, node)
    if common is I64:
        negative = Op("i64.lt_s", (number, integer(I64, 0)))
        ctx.trap_if(negative, DOMAIN, "square root of a negative number", node)
    return Value(common, Call("integer_root", (number,), Kind.I64))


def _gcd(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    common, pair = _integers(ctx, values, node)
    return Value(common, Call(f"common_divisor_{common}", tuple(pair), Kind.I64))


TABLE: dict[str, Entry] = {
    "acos": (1, 1, _Kernel("math_acos", nan=DOMAIN)),
    "acosh": (1, 1, _Kernel("math_acosh", nan=DOMAIN)),
    "asin": (1, 1, _Kernel("math_asin", nan=DOMAIN)),
    "asinh": (1, 1, _Kernel("math_asinh")),
    "atan": (1, 1, _Kernel("math_atan")),
    "atan2": (2, 2, _Kernel("math_atan2", 2)),
    "atanh": (1, 1, _Kernel("math_atanh", nan=DOMAIN, infinite=DOMAIN)),
    "cbrt": (1, 1, _Kernel("math_cbrt")),
    "ceil": (1, 1, _rounded("f64.ceil")),
    "copysign": (2, 2, _copysign),
    "cos": (1, 1, _Kernel("math_cos", nan=DOMAIN)),
    "cosh": (1, 1, _Kernel("math_cosh", infinite=RANGE)),
    "degrees": (1, 1, _scaled(180.0 / math.pi)),
    "exp": (1, 1, _Kernel("math_exp", infinite=RANGE)),
    "exp2": (1, 1, _Kernel("math_exp2", infinite=RANGE)),
    "expm1": (1, 1, _Kernel("math_expm1", infinite=RANGE)),
    "fabs": (1, 1, _instruction("f64.abs")),
    "floor": (1, 1, _rounded("f64.floor")),
    "fmod": (2, 2, _Kernel("float_remainder", 2, nan=DOMAIN)),
    "gamma": (1, 1, _gamma("math_gamma")),
    "gcd": (2, 2, _gcd),
    "hypot": (2, 2, _Kernel("math_hypot", 2)),
    "isfinite": (1, 1, _is("finite")),
    "isinf": (1, 1, _is("inf")),
    "isnan": (1, 1, _is("nan")),
    "isqrt": (1, 1, _isqrt),
    "lgamma": (1, 1, _gamma("math_lgamma")),
    "log": (1, 2, _log),
    "log10": (1, 1, _Kernel("math_log10", nan=DOMAIN, infinite=DOMAIN)),
    "log1p": (1, 1, _Kernel("math_log1p", nan=DOMAIN, infinite=DOMAIN)),
    "log2": (1, 1, _Kernel("math_log2", nan=DOMAIN, infinite=DOMAIN)),
    "pow": (2, 2, _pow),
    "radians": (1, 1, _scaled(math.pi / 180.0)),
    "sin": (1, 1, _Kernel("math_sin", nan=DOMAIN)),
    "sinh": (1, 1, _Kernel("math_sinh", infinite=RANGE)),
    "sqrt": (1, 1, _sqrt),
    "tan": (1, 1, _Kernel("math_tan", nan=DOMAIN)),
    "tanh": (1, 1, _Kernel("math_tanh")),
    "trunc": (1, 1, _rounded("f64.trunc")),
}
"""Name in `math` -> least and most arguments, and what lowers a call."""
