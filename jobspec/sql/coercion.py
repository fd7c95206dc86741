"""Which type several operands share, and how a node is brought to a type.

Follows DuckDB's numeric tower as far as 64 bits go: integers meet in i64 (in u64 if none can be
negative), integers and decimals in a decimal of at most 18 digits, any float beats both, f64 beats
f32, and a literal takes the type of its neighbour where it fits. Pure: says None where there is no
such type, reports nothing. Not here: how a conversion is computed (`jobspec.sql.casts`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from jobspec.sql.typed import Apply, Constant, Convert, Typed
from jobspec.types import DECIMAL_DIGITS, ValueType

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WIDEST = 38  # digits of DuckDB's widest DECIMAL
_INTEGER_DIGITS = {8: 3, 16: 5, 32: 10, 64: 19}
I64, U64 = ValueType.I64, ValueType.U64
F32, F64, DATE, TIMESTAMP = ValueType.F32, ValueType.F64, ValueType.DATE, ValueType.TIMESTAMP


# --- literals -------------------------------------------------------------------------------------


def number(text: str) -> Constant | None:
    """The literal; None for an integer past 64 bits, and for what is none, such as `1e`."""
    if text.isdigit():
        return integer(int(text)) if len(text) <= 40 else None
    if not _NUMBER.fullmatch(text):
        return None
    digits = sum(map(str.isdigit, text))
    if "e" in text.lower() or digits > _WIDEST:
        return Constant(F64, float(text))
    if digits > DECIMAL_DIGITS:
        return Constant(F64, float(text), flexible=True)
    whole, _, fraction = text.partition(".")
    return Constant(ValueType.decimal(digits, len(fraction)), int(whole + fraction))


def integer(value: int) -> Constant | None:
    for type_ in (I64, U64):
        if type_.minimum <= value <= type_.maximum:
            return Constant(type_, value)
    return None


# --- shared types ---------------------------------------------------------------------------------


def is_exact(type_: ValueType) -> bool:
    """Whether values are whole numbers of some decimal digit: integers and decimals."""
    return type_.is_integer or type_.is_decimal


def scale_of(type_: ValueType) -> int:
    """The digits after the point of an integer or decimal."""
    return type_.scale if type_.is_decimal else 0


def whole_digits(node: Typed) -> int:
    """The most digits before the point, as DuckDB counts them for the type."""
    if node.type.is_decimal:
        return node.type.precision - node.type.scale
    if isinstance(node, Constant) and isinstance(node.value, int) and abs(node.value) < 2**31:
        return _INTEGER_DIGITS[32]
    return _INTEGER_DIGITS[node.type.bits] + (node.type is U64)


def bounded_decimal(precision: int, scale: int) -> ValueType:
    """The decimal of that scale and of at most 18 digits."""
    return ValueType.decimal(max(1, min(precision, DECIMAL_DIGITS)), scale)


def decimal_type(operands: Sequence[Typed]) -> ValueType:
    """The decimal that holds integers and decimals, as far as 18 digits go."""
    given = [node for node in operands if not is_bare(node)]
    scale = max(scale_of(node.type) for node in given)
    return bounded_decimal(max(map(whole_digits, given)) + scale, scale)


def arithmetic_type(operands: Sequence[Typed], *, float_only: bool = False) -> ValueType | None:
    """The type in which numbers are computed with each other: i64, u64, f32, f64 or a decimal.

    None if signed and unsigned 64-bit integers meet.
    """
    given = [node for node in operands if not is_bare(node)]
    firm = {node.type for node in given if not _is_flexible(node)}
    if F64 in firm:
        return F64
    if F32 in firm:
        return F32
    if float_only or any(node.type.is_float for node in given):
        return F64
    if any(node.type.is_decimal for node in given):
        return decimal_type(given)
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
    if types <= {DATE, TIMESTAMP}:
        return TIMESTAMP
    if not all(type_.is_float or is_exact(type_) for type_ in types):
        return None
    firm = {node.type for node in given if not isinstance(node, Constant)}
    if len(firm) == 1 and all(
        fits(node, next(iter(firm))) for node in given if isinstance(node, Constant)
    ):
        return firm.pop()
    return arithmetic_type(given)


def fits(node: Constant, type_: ValueType) -> bool:
    """Whether a literal can take the type as it is written."""
    value = node.value
    if type_.is_float and isinstance(value, int) and node.type.is_integer:
        # Beyond 2**53 a detour by f64 would round an f32 twice.
        return type_ is F64 or abs(value) <= 2**53
    if type_.is_float:
        return node.type is type_ or node.type.is_decimal or _is_flexible(node)
    if type_.is_integer and node.type.is_decimal:
        return False  # 2.0 stays a decimal beside integers
    if is_exact(type_) and is_exact(node.type) and isinstance(value, int):
        rescaled = _rescaled(value, scale_of(type_) - scale_of(node.type))
        return rescaled is not None and type_.minimum <= rescaled <= type_.maximum
    return node.type is type_


def _rescaled(value: int, digits: int) -> int | None:
    """The value times ten to that power, if it is whole."""
    if digits >= 0:
        return int(value * 10**digits)
    quotient, rest = divmod(value, 10**-digits)
    return None if rest else quotient


# --- conversions ----------------------------------------------------------------------------------


def coerce(node: Typed, type_: ValueType) -> Typed:
    """The node in another type; the conversion loses nothing, or is checked when it runs."""
    if isinstance(node, Constant):
        if node.value is None:
            return Constant(type_, None)
        if fits(node, type_):
            return _written_as(node, type_)
    if node.type is type_:
        return node
    return Convert(type_, node.nullable, node)


def _written_as(node: Constant, type_: ValueType) -> Constant:
    """A literal that fits the type, in it."""
    value = node.value
    if type_.is_float and isinstance(value, int | float):
        return _real(value / 10 ** scale_of(node.type) if node.type.is_decimal else value, type_)
    if is_exact(type_) and isinstance(value, int):
        return Constant(type_, _rescaled(value, scale_of(type_) - scale_of(node.type)))
    return Constant(type_, value)


def _real(value: float, type_: ValueType) -> Constant:
    if type_ is F64:
        return Constant(type_, float(value))
    try:
        narrow = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        narrow = float(value) * float("inf")
    return Constant(type_, narrow)


def aligned(node: Typed, scale: int) -> Typed:
    """An integer or decimal with that many digits after the point, for comparisons only.

    What does not fit becomes the largest or smallest i64, beyond every decimal.
    """
    type_ = ValueType.decimal(DECIMAL_DIGITS, scale)
    if isinstance(node, Constant):
        if not isinstance(node.value, int):
            return Constant(type_, None)
        exact = node.value * 10 ** (scale - scale_of(node.type))
        return Constant(type_, max(I64.minimum, min(exact, I64.maximum)))
    if node.type.is_decimal and node.type.scale == scale:
        return node
    wide = node if node.type.is_decimal or node.type is U64 else coerce(node, I64)
    return Apply(type_, wide.nullable, "decimal_aligned", (wide,))


def is_bare(node: Typed) -> bool:
    """Whether a node is the word NULL, which takes any type."""
    return isinstance(node, Constant) and node.bare


def _is_flexible(node: Typed) -> bool:
    return isinstance(node, Constant) and node.flexible


def _is_never_negative(node: Typed) -> bool:
    if isinstance(node, Constant) and isinstance(node.value, int):
        return node.value >= 0
    return not node.type.is_signed
