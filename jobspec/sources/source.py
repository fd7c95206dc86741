"""What every source of rows offers: its columns, and its rows as Arrow batches in order.

Not here: the formats (one module each), which columns a program reads (`jobspec.plan`), how rows
become chunks (`jobspec.chunks`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from jobspec.arrow import arrow_type, value_type
from jobspec.errors import SourceError
from jobspec.problems import ProblemList, near_miss, pointer
from jobspec.types import Schema, ValueType

OpenUpload = Callable[[str], Path]
"""Finds an upload's file by its SHA-256; raises LookupError or OSError where there is none."""

Place = tuple[str | int, ...]
"""The keys that lead to a part of the document."""

SAMPLE_BYTES = 16 << 20
"""Types are inferred from this much of a text file."""

BATCH_ROWS = 1 << 16

MAX_COLUMNS = 10_000
"""A source with more is refused: Arrow needs memory for each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceColumn:
    """A column as the source has it.

    `type` is None where the language does not carry the column's type, which matters only to a
    program that uses the column; `stated` is then what the source calls the type, or empty if a
    problem was noted already, and `mend` what to do for want of it.
    """

    name: str
    type: ValueType | None
    nullable: bool
    stated: str = ""
    mend: str = 'give it a type in source.columns, such as "string", or drop it'


class Source(Protocol):
    """Rows in a fixed order."""

    @property
    def columns(self) -> tuple[SourceColumn, ...]: ...

    @property
    def rows(self) -> int | None:
        """How many there are; None where only reading them all would tell."""

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        """All rows, the columns of `schema` only, in bounded batches.

        Raises SourceError at the first row that is not as the schema says.
        """


class BadSource(Exception):  # noqa: N818  (it becomes a problem, or a SourceError)
    """The source cannot be opened: a problem's code and words."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def source_columns(
    fields: Sequence[pa.Field], declared: Mapping[str, ValueType]
) -> tuple[SourceColumn, ...]:
    """The columns of an Arrow schema, with declared types in the place of found ones.

    A column without any value is a string column. Raises BadSource for names that cannot be.
    """
    try:
        check_names([field.name for field in fields])
    except UnicodeDecodeError:
        raise not_utf8() from None
    return tuple(_source_column(field, declared.get(field.name)) for field in fields)


def _source_column(field: pa.Field, declared: ValueType | None) -> SourceColumn:
    column = SourceColumn(
        name=field.name,
        type=declared or _carried(field.type),
        nullable=field.nullable,
        stated=_stated(field.type),
    )
    if pa.types.is_nested(field.type):
        mend = "a column has one value a row: give each part a column of its own, or drop it"
        return replace(column, type=None, mend=mend)
    if declared is not None and not _can_be_cast(field.type, declared):
        return replace(column, type=None, mend=f"it cannot become {declared}; try another type")
    return column


def _can_be_cast(arrow: pa.DataType, wanted: ValueType) -> bool:
    try:
        _cast(pa.nulls(0, arrow), wanted)
    except pa.ArrowException:
        return False
    return True


def _stated(arrow: pa.DataType) -> str:
    try:
        return str(arrow)[:100]
    except UnicodeDecodeError:  # names inside it
        return "struct"


def _carried(arrow: pa.DataType) -> ValueType | None:
    return ValueType.STRING if pa.types.is_null(arrow) else value_type(arrow)


def check_names(names: Sequence[str]) -> None:
    """Raises BadSource unless every column can be named, and by one name each."""
    if not names:
        raise BadSource("source_empty", "the source has no columns")
    if len(names) > MAX_COLUMNS:
        raise too_many_columns()
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if not name:
            raise BadSource(
                "source_unreadable",
                f"column {position} has no name",
                "the first line of a CSV file names the columns",
            )
        if len(name) > 128 or not name.isprintable():
            raise BadSource(
                "source_unreadable",
                f"column {position} is named {name[:128]!r}",
                "a column's name has at most 128 printable characters",
            )
        if name in seen:
            raise BadSource(
                "source_unreadable",
                f"two columns are named {name!r}",
                "give every column a name of its own",
            )
        seen.add(name)


def not_utf8() -> BadSource:
    return BadSource(
        "source_unreadable", "a column's name is not UTF-8 text", "save the file as UTF-8"
    )


def too_many_columns() -> BadSource:
    return BadSource(
        "source_unreadable",
        f"the source has more than {MAX_COLUMNS} columns",
        "leave out columns, or write one row for each value",
    )


def check_declared(
    declared: Mapping[str, ValueType],
    columns: Sequence[SourceColumn],
    problems: ProblemList,
    place: Place,
) -> None:
    """A declared column must exist."""
    names = [column.name for column in columns]
    for name in declared:
        if name not in names:
            problems.add(
                "unknown_column",
                pointer(*place, "columns", name),
                f"there is no column {name!r} in the rows",
                near_miss(name, names),
            )


def _cast(array: pa.Array, value_type: ValueType) -> pa.Array:
    arrow = arrow_type(value_type)
    if not value_type.is_decimal:
        return array.cast(arrow)
    if pa.types.is_integer(array.type):  # Arrow wants room for 19 digits before the point
        array = array.cast(pa.decimal128(38, value_type.scale))
    if pa.types.is_floating(array.type):  # of which 12.3 is meant to be 12.3
        array = array.cast(pa.string())
    return array.cast(arrow)


def cast_batch(batch: pa.RecordBatch, schema: Schema, first_row: int) -> pa.RecordBatch:
    """The columns of `schema` in `batch`, cast without loss. Raises SourceError."""
    arrays = []
    for column in schema:
        array = batch.column(column.name)
        try:
            array = _cast(array, column.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SourceError(
                f"column {column.name!r}: {error}, in rows {first_row} to"
                f" {first_row + batch.num_rows - 1}; give it another type in 'columns'",
                first_row,
            ) from None
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in schema])
