"""Values as text, where a format has no form of its own for them: in CSV, JSON and on pages.

    date        2024-02-29
    timestamp   2024-02-29 12:30:00.5: a fraction of the second only where there is one
    decimal     -0.50, with all digits of its scale
    binary      printable ASCII as it is, but for `\\`, `'` and `"`; other bytes as `\\xFF`

These are the forms of casts in SQL (which leave out the zero before the point if the type has no
digit there). Reading takes what is written, and of times what ISO 8601 has beside it: a `T`, no
seconds, a zone. Not here: numbers and strings, which every format writes by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from jobspec.arrow import arrow_type
from jobspec.types import ValueType

_PLAIN = re.compile(rb"[ !#-&(-\[\]-~]*")
_BINARY = re.compile(r"(?:[ !#-&(-\[\]-~'\"]|\\x[0-9A-Fa-f]{2})*")
_ESCAPE = re.compile(r"\\x(..)")
_ESCAPES = {byte: f"\\x{byte:02X}" for byte in range(256) if not _PLAIN.fullmatch(bytes([byte]))}


TEXT_TYPES = (ValueType.BINARY, ValueType.DATE, ValueType.TIMESTAMP)
"""Types whose values JSON has as strings only."""


class BadTextError(ValueError):
    """A text is no value of the type; `index` says which of an array."""

    def __init__(self, text: str, value_type: ValueType, index: int = 0) -> None:
        super().__init__(f"{text[:80]!r} is not a value of type {value_type}")
        self.index = index


def value_as_text(value: date | datetime | Decimal | bytes) -> str:
    """The text of a value as Arrow gives it to Python."""
    match value:
        case bytes():
            return value.decode("latin-1").translate(_ESCAPES)
        case datetime(microsecond=0):
            return value.isoformat(" ")
        case datetime():
            return value.isoformat(" ").rstrip("0")
        case Decimal():
            return format(value, "f")
    return value.isoformat()


def read_binary(text: str) -> bytes:
    """The bytes that a text stands for. Raises BadTextError."""
    if not _BINARY.fullmatch(text):
        raise BadTextError(text, ValueType.BINARY)
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text).encode("latin-1")


def read_texts(texts: pa.Array, value_type: ValueType) -> pa.Array:
    """The values that strings stand for, NULL for NULL. Raises BadTextError of the first bad one.

    Timestamps with a zone are the times in UTC; either all have one, or none has.
    """
    if value_type is ValueType.BINARY:
        return pa.array(_each(texts, value_type, _binary_or_null), pa.binary())
    try:
        return _cast(texts, value_type)
    except pa.ArrowInvalid as error:
        _each(texts, value_type, lambda text: _cast(pa.array([text]), value_type))
        # Each by itself is good: some have a zone and some have none.
        raise BadTextError(str(texts[0]), value_type) from error


def _cast(texts: pa.Array, value_type: ValueType) -> pa.Array:
    arrow = arrow_type(value_type)
    try:
        return texts.cast(arrow)
    except pa.ArrowInvalid:
        if value_type is not ValueType.TIMESTAMP:
            raise
        return texts.cast(pa.timestamp("us", "UTC")).cast(arrow)


def _binary_or_null(text: str | None) -> bytes | None:
    return None if text is None else read_binary(text)


def _each(
    texts: pa.Array, value_type: ValueType, read: Callable[[str | None], object]
) -> list[object]:
    values = []
    for index, text in enumerate(texts.to_pylist()):
        try:
            values.append(read(text))
        except ValueError:  # ArrowInvalid is one
            raise BadTextError(text, value_type, index) from None
    return values
