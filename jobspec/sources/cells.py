"""Values as a document gives them, JSON's truth values, numbers and texts, become columns.

Not here: where in a document they stand (`rows`, `shared`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from jobspec.arrow import arrow_type
from jobspec.types import Scalar, ValueType
from jobspec.value_text import TEXT_TYPES, BadTextError, read_texts

_EXACT_DIGITS = 15
"""A JSON number with a point of so many digits is what was written, though it is an f64."""

_WORDS = {bool: "a truth value", int: "a number", float: "a number", str: "a string"}
_FORMS = {
    ValueType.BINARY: r"write printable ASCII as it is and other bytes as \\xFF",
    ValueType.DATE: "write 2024-02-29",
    ValueType.TIMESTAMP: "write 2024-02-29 12:30:00",
}


class BadCellError(ValueError):
    """The value at `index` cannot stand there."""

    def __init__(self, index: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.hint = hint


def inferred_type(values: Sequence[Scalar]) -> ValueType:
    """The one type that holds all values: integers among floats are floats, NULLs are strings.

    Raises BadCellError where there is none.
    """
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value is not None:
            first.setdefault(_WORDS[type(value)], index)
    if len(first) > 1:
        (before, _), (here, index), *_ = first.items()
        raise BadCellError(
            index,
            f"{before} stands before and {here} here",
            "the values of a column or array have one type; write null where one is missing",
        )
    kinds = {type(value) for value in values if value is not None}
    if bool in kinds:
        return ValueType.BOOL
    if float in kinds:
        return ValueType.F64
    if int in kinds:
        integers = [value for value in values if isinstance(value, int)]
        signed = min(integers) < 0 or max(integers) <= ValueType.I64.maximum
        return ValueType.I64 if signed else ValueType.U64
    return ValueType.STRING


def read_cells(values: Sequence[Scalar], value_type: ValueType) -> pa.Array:
    """The values as a column. Raises BadCellError for the first that is none of the type."""
    for index, value in enumerate(values):
        if value is not None and not _is_value(value, value_type):
            raise _bad(index, value, value_type)
    if value_type in TEXT_TYPES or value_type.is_decimal:
        texts = [None if value is None else str(value) for value in values]
        try:
            return read_texts(pa.array(texts, pa.string()), value_type)
        except BadTextError as error:
            raise _bad(error.index, values[error.index], value_type) from None
    if value_type.is_float:
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, arrow_type(value_type))


def _is_value(value: Scalar, value_type: ValueType) -> bool:
    """Whether a value is of the type, as far as that can be said without reading a text."""
    if value_type is ValueType.BOOL:
        return isinstance(value, bool)
    if value_type is ValueType.STRING or value_type in TEXT_TYPES:
        return isinstance(value, str)
    if value_type.is_decimal:
        return isinstance(value, str) or _is_exact(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if value_type.is_float:
        return True
    return isinstance(value, int) and value_type.minimum <= value <= value_type.maximum


def _is_exact(value: Scalar) -> bool:
    """Whether a number of the document is what was written: JSON's fractions are f64."""
    if isinstance(value, float):
        return len(Decimal(repr(value)).as_tuple().digits) <= _EXACT_DIGITS
    return isinstance(value, int) and not isinstance(value, bool)


def _bad(index: int, value: Scalar, value_type: ValueType) -> BadCellError:
    hint = _FORMS.get(value_type, "mend the value, or state another type")
    if value_type.is_decimal and isinstance(value, float) and not _is_exact(value):
        hint = f"a number of more than {_EXACT_DIGITS} digits is exact as a text: use quotes"
    return BadCellError(index, f"{value!r:.80} is not a value of type {value_type}", hint)
