"""The functions and constants that a researcher's function may use without defining them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial

from jobspec.functions import arithmetic, conversions, mathematics
from jobspec.functions.context import Context, Value
from jobspec.functions.syntax import NUMBERS
from jobspec.ir import Op
from jobspec.types import ValueType

Lower = Callable[[Context, list[Value], ast.Call], Value | None]
Entry = tuple[int, int, Lower]

ANY_NUMBER = 255


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


def _round(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    """To the nearest integer, halves to the even one."""
    value = values[0]
    if value.literal is not None or value.type.is_integer:
        return value
    number = Op("f64.nearest", (conversions.as_f64(ctx, value, node),))
    return conversions.explicit(ctx, Value(ValueType.F64, number), ValueType.I64, node)


TABLE: dict[str, Entry] = {
    "abs": (1, 1, absolute),
    "min": (2, ANY_NUMBER, partial(extreme, ast.Lt())),
    "max": (2, ANY_NUMBER, partial(extreme, ast.Gt())),
    "int": (1, 1, _int),
    "float": (1, 1, partial(convert, ValueType.F64)),
    **{member.value: (1, 1, partial(convert, member)) for member in NUMBERS},
    "round": (1, 1, _round),
    **{name: mathematics.TABLE[name] for name in ("sqrt", "floor", "ceil")},
    **{f"math.{name}": entry for name, entry in mathematics.TABLE.items()},
}
"""Name -> least and most arguments, and what lowers a call."""
