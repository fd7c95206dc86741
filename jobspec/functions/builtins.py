"""The functions and constants that a researcher's function may use without defining them."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import partial

from jobspec.functions import arithmetic, conversions
from jobspec.functions.context import Context, Value
from jobspec.functions.syntax import NUMBERS
from jobspec.ir import Const, Kind, Op
from jobspec.types import ValueType

Lower = Callable[[Context, list[Value], ast.Call], Value | None]
Entry = tuple[int, int, Lower]

ANY_NUMBER = 255

MATH_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan}


def extreme(op: ast.cmpop, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    return arithmetic.extreme(ctx, values, op, node)


def absolute(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    return arithmetic.absolute(ctx, values[0], node)


def convert(target: ValueType, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    return conversions.explicit(ctx, values[0], target, node)


def _int(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    value = values[0]
    if value.literal is not None or value.type.is_integer:
        return value
    return conversions.explicit(ctx, value, ValueType.I64, node)


def _sqrt(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    number = ctx.once(conversions.as_f64(ctx, values[0], node))
    negative = Op("f64.lt", (number, Const(Kind.F64, 0.0)))
    ctx.trap_if(negative, "math_domain", "square root of a negative number", node)
    return Value(ValueType.F64, Op("f64.sqrt", (number,)))


def _rounded(name: str, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    value = values[0]
    if value.literal is not None or value.type.is_integer:
        return value
    number = Op(name, (conversions.as_f64(ctx, value, node),))
    return conversions.explicit(ctx, Value(ValueType.F64, number), ValueType.I64, node)


_MATH: dict[str, Entry] = {
    "sqrt": (1, 1, _sqrt),
    "floor": (1, 1, partial(_rounded, "f64.floor")),
    "ceil": (1, 1, partial(_rounded, "f64.ceil")),
}

TABLE: dict[str, Entry] = {
    "abs": (1, 1, absolute),
    "min": (2, ANY_NUMBER, partial(extreme, ast.Lt())),
    "max": (2, ANY_NUMBER, partial(extreme, ast.Gt())),
    "int": (1, 1, _int),
    "float": (1, 1, partial(convert, ValueType.F64)),
    **{member.value: (1, 1, partial(convert, member)) for member in NUMBERS},
    **_MATH,
    **{f"math.{name}": entry for name, entry in _MATH.items()},
}
"""Name -> least and most arguments, and what lowers a call."""
