"""What every state checks of the partial states that volunteers send. Raises OutputError."""

from __future__ import annotations

import math
import struct

from jobspec.errors import OutputError
from jobspec.types import Scalar, ValueType

_NAN_BITS = 0x7FF8000000000000
_WORD = struct.Struct("<q")
_DOUBLE = struct.Struct("<d")


def count_of(value: object) -> int:
    """A number of rows."""
    if not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise OutputError(f"{value} is no number of rows")
    return value


def words_of(data: bytes, width: int) -> struct.Struct:
    """The form of a list of so many words each. Raises OutputError if the bytes are none."""
    if len(data) % (8 * width):
        raise OutputError(f"{len(data)} bytes are no list of {width} words each")
    return struct.Struct(f"<{width}q")


def value_of_word(word: int, value_type: ValueType) -> Scalar:
    """The value that stands in a state as a signed word: see `jobspec.aggregates.words`."""
    if value_type.is_float:
        value: float = _DOUBLE.unpack(_WORD.pack(word))[0]
        if word == _NAN_BITS:
            return math.nan
        if math.isnan(value) or word == -(1 << 63):
            raise OutputError("a float of a state is not in its one form")
        if value_type is ValueType.F32 and _narrow(value) != value:
            raise OutputError("a float of a state is no f32")
        return value
    if value_type is ValueType.U64:
        return word % (1 << 64)
    if value_type is ValueType.BOOL:
        if word not in (0, 1):
            raise OutputError("a truth value of a state is neither 0 nor 1")
        return bool(word)
    if not value_type.minimum <= word <= value_type.maximum:
        raise OutputError(f"a value of a state is beyond {value_type}")
    return word


def _narrow(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.nan
