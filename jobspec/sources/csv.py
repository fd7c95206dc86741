"""CSV files: comma separated, RFC 4180 quoting, names in the first line.

An empty field is NULL and a quoted empty field is an empty string, so what `jobspec.results`
writes is read back as it was. No other spelling is NULL: `NA` is a string, and so a country.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from jobspec.arrow import ARROW_TYPES
from jobspec.errors import SourceError
from jobspec.sources.source import (
    BLOCK_BYTES,
    SAMPLE_BYTES,
    BadSource,
    SourceColumn,
    source_columns,
)
from jobspec.types import Schema, ValueType

_ROW = re.compile(r"Row #(\d+): ")
_COLUMN = re.compile(r"In CSV column #(\d+): ")


class CsvSource:
    """A CSV file; its types come from its first 16 MB, or from `declared`."""

    rows: int | None = None

    def __init__(self, path: Path, declared: Mapping[str, ValueType]) -> None:
        """Raises BadSource for a file that is not CSV or has no rows."""
        self._path = path
        column_types = {name: ARROW_TYPES[declared[name]] for name in declared}
        try:
            with self._open(SAMPLE_BYTES, column_types) as reader:
                sample = reader.read_next_batch()
        except StopIteration:
            raise BadSource("source_empty", "the file has a header but no rows") from None
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            message, _ = _worded(error, self._header())
            raise BadSource("source_unreadable", message, _hint(error)) from None
        self.columns: tuple[SourceColumn, ...] = source_columns(list(sample.schema), declared)

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        names = tuple(column.name for column in schema)
        column_types = {column.name: ARROW_TYPES[column.type] for column in schema}
        try:
            with self._open(BLOCK_BYTES, column_types, names) as reader:
                yield from reader
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            message, row = _worded(error, names)
            hint = _hint(error)
            raise SourceError(f"{message}; {hint}" if hint else message, row) from None

    def _header(self) -> tuple[str, ...]:
        with self._path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return tuple(next(csv.reader([file.readline(1 << 16)]), ()))

    def _open(
        self,
        block_bytes: int,
        column_types: Mapping[str, pa.DataType],
        names: tuple[str, ...] = (),
    ) -> pyarrow.csv.CSVStreamingReader:
        # One thread: row numbers in errors, and memory for two blocks only.
        return pyarrow.csv.open_csv(
            pa.OSFile(str(self._path), "r"),
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=block_bytes),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict(column_types),
                include_columns=list(names),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


def _worded(error: Exception, names: tuple[str, ...]) -> tuple[str, int | None]:
    """Arrow's message with the column's name for its number, and the row counted from 0."""
    text = str(error).removeprefix("CSV parse error: ")
    row = None
    if found := _ROW.search(text):
        row = int(found[1]) - 2  # Arrow counts from 1 and counts the header
        text = text.replace(found[0], "")
    if found := _COLUMN.match(text):
        number = int(found[1])
        named = repr(names[number]) if number < len(names) else f"number {number + 1}"
        text = f"column {named}: {text[found.end() :]}"
    text = text.replace("CSV conversion error to", "not a value of type")
    text = text.replace(": invalid value ", ": ")
    if len(text) > 300:
        text = text[:300] + "..."
    return (text if row is None else f"row {row} (from 0): {text}"), row


def _hint(error: Exception) -> str:
    text = str(error)
    if "conversion error" in text:
        return "mend the file, or give the column another type in source.columns"
    if "Expected" in text:
        return "a value that contains a comma or a line break must stand in double quotes"
    if "straddling" in text:
        return f"a row has more than {BLOCK_BYTES >> 20} MB; is a double quote left open?"
    if "Empty CSV" in text:
        return "the first line names the columns, the rows follow"
    return ""
