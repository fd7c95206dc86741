"""Which type several operands share, and how a node is brought to a type.

Follows DuckDB's numeric tower as far as 64 bits go: integers meet in i64 (in u64 if none can be
negative), any float beats any integer, f64 beats f32, and a literal takes the type of its
neighbour where it fits. Pure: says None where there is no such type, reports nothing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from decimal import Context, Decimal

from jobspec.sql.typed import Constant, Convert, Typed
from jobspec.types import ValueType

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EXACT_DIGITS = 38  # as DuckDB's widest DECIMAL
_EXACT = Context(prec=10_000)
_FOLDS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _EXACT.add,
    "-": _EXACT.subtract,
    "*": _EXACT.multiply,
}
I64, U64 = ValueType.I64, ValueType.U64


def number(text: str) -> Constant | None:
    """The literal; None for an integer past 64 bits, and for what is none, such as `1e`."""
    if text.isdigit():
        return integer(int(text)) if len(text) <= 40 else None
    if not _NUMBER.fullmatch(text):
        return None
    exact = None
    if "e" not in text.lower() and sum(map(str.isdigit, text)) <= _EXACT_DIGITS:
        exact = Decimal(text)
    return Constant(ValueType.F64, float(text), exact)


def integer(value: int) -> Constant | None:
    for type_ in (I64, U64):
        if type_.minimum <= value <= type_.maximum:
            return Constant(type_, value)
    return None


def decimal(value: Decimal) -> Constant:
    return Constant(ValueType.F64, float(value), value)


def folded(sign: str, left: Typed, right: Typed) -> Constant | None:
    """`left sign right` of written numbers with a point, exactly: 0.1 + 0.2 is 0.3."""
    if sign not in _FOLDS or not isinstance(left, Constant) or not isinstance(right, Constant):
        return None
    if left.exact is None and right.exact is None:
        return None
    one, other = _exact(left), _exact(right)
    if one is None or other is None:
        return None
    result = _FOLDS[sign](one, other)
    return decimal(result) if len(result.as_tuple().digits) <= _EXACT_DIGITS else None


def _exact(node: Constant) -> Decimal | None:
    if node.exact is None and node.type.is_integer and isinstance(node.value, int):
        return Decimal(node.value)
    return node.exact


def arithmetic_type(operands: Sequence[Typed], *, float_only: bool = False) -> ValueType | None:
    """The type in which numbers are computed with each other: i64, u64, f32 or f64.

    None if signed and unsigned 64-bit integers meet.
    """
    given = [node for node in operands if not is_bare(node)]
    firm = [node.type for node in given if not _is_flexible(node)]
    if ValueType.F64 in firm:
        return ValueType.F64
    if ValueType.F32 in firm:
        return ValueType.F32
    if float_only or any(node.type.is_float for node in given):
        return ValueType.F64
    if not any(node.type is U64 for node in given):
        return I64
    return U64 if all(_is_never_negative(node) for node in given) else None


def common_type(operands: Sequence[Typed]) -> ValueType | None:
    """The type to which all operands can be brought without loss of meaning, None if none."""
    given = [node for node in operands if not is_bare(node)]
    if not given:
        return ValueType.BOOL
    types = {node.type for node in given}
    if len(types) == 1:
        return types.pop()
    if not all(type_.is_number for type_ in types):
        return None
    firm = {node.type for node in given if not isinstance(node, Constant)}
    if len(firm) == 1 and all(
        fits(node, next(iter(firm))) for node in given if isinstance(node, Constant)
    ):
        return firm.pop()
    return arithmetic_type(given)


def fits(node: Constant, type_: ValueType) -> bool:
    """Whether a literal can take the type as it is written."""
    if type_.is_float:
        if node.type.is_integer and isinstance(node.value, int):
            # Beyond 2**53 a detour by f64 would round an f32 twice.
            return type_ is ValueType.F64 or abs(node.value) <= 2**53
        return node.type is type_ or _is_flexible(node)
    if type_.is_integer and node.type.is_integer and isinstance(node.value, int):
        return type_.minimum <= node.value <= type_.maximum
    return node.type is type_


def coerce(node: Typed, type_: ValueType) -> Typed:
    """The node in another type; the conversion loses nothing, or is checked when it runs."""
    if isinstance(node, Constant):
        if node.value is None:
            return Constant(type_, None)
        if type_.is_float and isinstance(node.value, int | float) and fits(node, type_):
            return _real(node.value, type_)
        if fits(node, type_):
            return Constant(type_, node.value)
    if node.type is type_:
        return node
    return Convert(type_, node.nullable, node)


def _real(value: float, type_: ValueType) -> Constant:
    if type_ is ValueType.F64:
        return Constant(type_, float(value))
    try:
        narrow = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        narrow = float(value) * float("inf")
    return Constant(type_, narrow)


def is_bare(node: Typed) -> bool:
    """Whether a node is the word NULL, which takes any type."""
    return isinstance(node, Constant) and node.bare


def _is_flexible(node: Typed) -> bool:
    """Whether a float node is a written number with a point, which f32 neighbours may take."""
    return isinstance(node, Constant) and node.exact is not None


def _is_never_negative(node: Typed) -> bool:
    if isinstance(node, Constant) and isinstance(node.value, int):
        return node.value >= 0
    return not node.type.is_signed
