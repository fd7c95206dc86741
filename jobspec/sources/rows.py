"""Rows that stand in the document itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import pyarrow as pa

from jobspec.arrow import arrow_type
from jobspec.problems import ProblemList, pointer
from jobspec.sources.source import BATCH_ROWS, SourceColumn
from jobspec.types import Scalar, Schema, ValueType
from jobspec.value_text import TEXT_TYPES, BadTextError, read_texts


class RowsSource:
    """Inline rows, columns in the order of their first appearance; a missing key is NULL."""

    def __init__(
        self,
        rows: Sequence[Mapping[str, Scalar]],
        declared: Mapping[str, ValueType],
        problems: ProblemList,
    ) -> None:
        """Notes a problem for the first value of each column that has not the column's type."""
        self.rows: int | None = len(rows)
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = []
        self._arrays: dict[str, pa.Array] = {}
        for name in names:
            values = [row.get(name) for row in rows]
            value_type = declared.get(name) or _inferred(name, values, problems)
            nullable = any(value is None for value in values)
            columns.append(SourceColumn(name=name, type=value_type, nullable=nullable))
            if value_type is None:
                continue
            try:
                self._arrays[name] = _array(values, value_type)
            except BadTextError as error:
                problems.add(
                    "type_mismatch",
                    pointer("source", "rows", error.index, name),
                    f"{values[error.index]!r:.80} is not a value of type {value_type}",
                    _hint(values[error.index], value_type),
                )
        self.columns: tuple[SourceColumn, ...] = tuple(columns)

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in schema]
        batch = pa.RecordBatch.from_arrays([self._arrays[name] for name in names], names=names)
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


def _inferred(name: str, values: Sequence[Scalar], problems: ProblemList) -> ValueType | None:
    """The one type that holds all values (integers among floats are floats), or a problem."""
    first_rows: dict[str, int] = {}
    for row, value in enumerate(values):
        if value is not None:
            first_rows.setdefault(_WORDS[type(value)], row)
    if len(first_rows) > 1:
        (before, _), (here, row), *_ = first_rows.items()
        problems.add(
            "type_mismatch",
            pointer("source", "rows", row, name),
            f"column {name!r} holds {before} before and {here} here",
            "the values of a column have one type; write null where one is missing",
        )
        return None
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


_WORDS = {bool: "a truth value", int: "a number", float: "a number", str: "a string"}


def _array(values: Sequence[Scalar], value_type: ValueType) -> pa.Array:
    """Raises BadTextError for the first value that is none of the type."""
    for index, value in enumerate(values):
        if value is not None and not _is_value(value, value_type):
            raise BadTextError(str(value), value_type, index)
    if value_type in TEXT_TYPES or value_type.is_decimal:
        texts = [None if value is None else str(value) for value in values]
        return read_texts(pa.array(texts, pa.string()), value_type)
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


def _hint(value: Scalar, value_type: ValueType) -> str:
    if value_type.is_decimal and isinstance(value, float) and not _is_exact(value):
        return (
            f"a number of more than {_EXACT_DIGITS} digits is exact as a text: write it in quotes"
        )
    if value_type in _FORMS:
        return _FORMS[value_type]
    return "mend the value, or give the column another type in source.columns"


_EXACT_DIGITS = 15
_FORMS = {
    ValueType.BINARY: r"write printable ASCII as it is and other bytes as \xFF",
    ValueType.DATE: "write 2024-02-29",
    ValueType.TIMESTAMP: "write 2024-02-29 12:30:00",
}
