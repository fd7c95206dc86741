"""Instructions that stand around others, so that nothing a researcher's code does is undefined.

What would stop an engine becomes a trap of ours, which names the row: division, conversions,
addresses and `unreachable`. A float result that is NaN becomes the one NaN that all engines agree
on. Each function takes and gives instructions; what is on the stack is said in brackets.
"""

from __future__ import annotations

import math
import struct

from jobspec.opcodes import LOADS, STORES
from jobspec.wasm import encode
from jobspec.wasm.encode import constant, instruction, opcode
from jobspec.wasm.vectors import PREFIX, VECTORS

END = instruction("end")
IF = instruction("if") + encode.EMPTY_BLOCK
_CANONICAL = {
    "f32x4": struct.pack("<4I", *[0x7FC00000] * 4),
    "f64x2": struct.pack("<2Q", *[0x7FF8 << 48] * 2),
}

ROUNDING = ("add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest")
NAN_MAKERS: dict[str, str] = {
    **{f"{kind}.{name}": kind for kind in ("f32", "f64") for name in ROUNDING},
    "f32.demote_f64": "f32",
    "f64.promote_f32": "f64",
    **{f"{shape}.{name}": shape for shape in ("f32x4", "f64x2") for name in ROUNDING},
    "f32x4.demote_f64x2_zero": "f32x4",
    "f64x2.promote_low_f32x4": "f64x2",
}
"""Instructions whose NaN results have bits that engines choose, and what the results are."""

_TRUNCATIONS = {
    ("i32", "f64", "s"): ("gt", -(2.0**31) - 1, 2.0**31),
    ("i32", "f64", "u"): ("gt", -1.0, 2.0**32),
    ("i32", "f32", "s"): ("ge", -(2.0**31), 2.0**31),
    ("i32", "f32", "u"): ("gt", -1.0, 2.0**32),
    ("i64", "f64", "s"): ("ge", -(2.0**63), 2.0**63),
    ("i64", "f64", "u"): ("gt", -1.0, 2.0**64),
    ("i64", "f32", "s"): ("ge", -(2.0**63), 2.0**63),
    ("i64", "f32", "u"): ("gt", -1.0, 2.0**64),
}
"""Comparison with the lower bound, the bound, and the upper bound, which is never reached."""

_BLIND: dict[str, str] = {
    **{
        f"{kind}.{name}": kind
        for kind in ("f32", "f64", "f32x4", "f64x2")
        for name in (*ROUNDING, "eq", "ne", "lt", "gt", "le", "ge")
    },
    "f32.demote_f64": "f64",
    "f64.promote_f32": "f32",
    "f32x4.demote_f64x2_zero": "f64x2",
    "f64x2.promote_low_f32x4": "f32x4",
    **{f"{kind}.trunc_{source}_{sign}": source for kind, source, sign in _TRUNCATIONS},
    **{f"{kind}.trunc_sat_{source}_{sign}": source for kind, source, sign in _TRUNCATIONS},
}
"""Instructions to which all NaNs are one, and what they take."""


def get(variable: int) -> bytes:
    return instruction("local.get", variable)


def set_(variable: int) -> bytes:
    return instruction("local.set", variable)


def tee(variable: int) -> bytes:
    return instruction("local.tee", variable)


def operator(name: str) -> bytes:
    """The number of an instruction without immediates."""
    return opcode(PREFIX << 8 | VECTORS[name][0]) if name in VECTORS else encode.operator(name)


def access(name: str) -> bytes:
    """The number of a load or store."""
    if name in VECTORS:
        return operator(name)
    return opcode(LOADS[name][0] if name in LOADS else STORES[name][0])


def is_blind(name: str, made: str | None) -> bool:
    """Whether an instruction takes all NaNs alike, in a value that `made` says the lanes of."""
    taken = _BLIND.get(name)
    return taken is not None and (taken in ("f32", "f64") or taken == made)


def canonical(kind: str, kept: int) -> bytes:
    """[x] -> [x, or the canonical NaN of its kind]"""
    if kind in _CANONICAL:
        nan = opcode(PREFIX << 8 | VECTORS["v128.const"][0]) + _CANONICAL[kind]
        choose = operator("v128.bitselect")
    else:
        nan, choose = constant(kind, math.nan), instruction("select")
    return tee(kept) + nan + get(kept) + get(kept) + operator(f"{kind}.eq") + choose


def divides_by_zero(kind: str, divisor: int) -> bytes:
    """[] -> [condition]"""
    return get(divisor) + operator(f"{kind}.eqz")


def overflows_quotient(kind: str, dividend: int, divisor: int) -> bytes:
    """[] -> [condition]"""
    least = -(1 << 31) if kind == "i32" else -(1 << 63)
    is_least = get(dividend) + constant(kind, least) + operator(f"{kind}.eq")
    is_minus_one = get(divisor) + constant(kind, -1) + operator(f"{kind}.eq")
    return is_least + is_minus_one + operator("i32.and")


def misses_integer(name: str, value: int) -> bytes:
    """[] -> [whether a float lies outside the integers that a `trunc` instruction makes]"""
    kind, _, operation = name.partition(".")
    _, source, sign = operation.split("_")
    compare, low, high = _TRUNCATIONS[kind, source, sign]
    above = get(value) + constant(source, low) + operator(f"{source}.{compare}")
    below = get(value) + constant(source, high) + operator(f"{source}.lt")
    return above + below + operator("i32.and") + operator("i32.eqz")


def exceeds(variable: int, most: int) -> bytes:
    """[] -> [whether an unsigned i32 is above a bound]"""
    return get(variable) + constant("i32", most) + operator("i32.gt_u")


def leaves_region(address: int, length: int, size: int) -> bytes:
    """[] -> [whether so many bytes at an address reach beyond the memory]"""
    room = constant("i32", size) + get(length) + operator("i32.sub")
    too_far = get(address) + room + operator("i32.gt_u")
    return exceeds(length, size) + too_far + operator("i32.or")
