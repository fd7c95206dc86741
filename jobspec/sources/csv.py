"""CSV files: comma separated, RFC 4180 quoting, names in the first line.

An empty field is NULL and a quoted empty field is an empty string, so what `jobspec.results`
writes is read back as it was. No other spelling is NULL: `NA` is a string, and so a country. Dates
and times of ISO 8601 are found as such, and times with a zone are read as those in UTC.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv

from jobspec.arrow import arrow_type
from jobspec.errors import SourceError
from jobspec.sources.source import (
    MAX_COLUMNS,
    SAMPLE_BYTES,
    BadSource,
    SourceColumn,
    source_columns,
    too_many_columns,
)
from jobspec.types import Schema, ValueType
from jobspec.value_text import BadTextError, read_texts

_BLOCK_BYTES = 1 << 20
"""Arrow reads up to 32 blocks ahead; no row can be longer than one."""

_END_TEXT = "the end of the file" + "," * (MAX_COLUMNS + 1)
_END = f"\n{_END_TEXT}\n".encode()
"""A row that fits no file and is put behind the last one: inside an open quote it is not seen."""

_ZONED = pa.timestamp("us", "UTC")
_CONVERSION = "mend the file, or give the column another type in 'columns'"
_ROW = re.compile(r"Row #(\d+): ")
_COLUMN = re.compile(r"In CSV column #(\d+): ")


class CsvSource:
    """A CSV file; its types come from its first 16 MB, or from `declared`."""

    rows: int | None = None

    def __init__(self, path: Path, declared: Mapping[str, ValueType]) -> None:
        """Raises BadSource for a file that is not CSV or has no rows."""
        self._path = path
        sample, is_whole = self._first_lines()
        if sample.partition(b"\n")[0].count(b",") > MAX_COLUMNS:
            raise too_many_columns()
        if _is_endless(sample):
            raise BadSource(
                "source_unreadable", "a quoted value goes on and on", _hint("straddling")
            )
        column_types = {name: _read_type(declared[name]) for name in declared}
        bad = _BadRows(tolerant=True)
        data = sample + _END if is_whole and sample.strip() else sample
        try:
            table = _reader(pa.BufferReader(data), len(data) + 1, column_types, bad).read_all()
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            message, _ = _worded(str(error), _header(sample))
            if "Empty CSV" in message and len(data) > len(sample):
                message = "the first line: a double quote is never closed"
            raise BadSource("source_unreadable", message, _hint(str(error))) from None
        rows = bad.rows
        if not is_whole and rows and rows[-1].number == table.num_rows + len(rows) + 1:
            rows.pop()  # the sample ends inside a quoted field
        if is_whole and not bad.saw_end:
            raise BadSource("source_unreadable", *_never_closed(bad, table.num_rows + len(rows)))
        for row in rows:
            text = f"Row #{row.number}: Expected {row.expected_columns} columns, got "
            text += f"{row.actual_columns}: {row.text}"
            raise BadSource("source_unreadable", _worded(text, ())[0], _hint(text))
        if not table.num_rows:
            raise BadSource("source_empty", "the file has a header but no rows")
        self.columns: tuple[SourceColumn, ...] = source_columns(list(table.schema), declared)
        self._zoned = {field.name for field in table.schema if getattr(field.type, "tz", None)}
        try:
            for batch in table.to_batches():
                self._converted(batch, declared, 0)
        except SourceError as error:
            raise BadSource("source_unreadable", error.message, _CONVERSION) from None

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        names = tuple(column.name for column in schema)
        types = {column.name: column.type for column in schema}
        column_types = {
            name: _ZONED if name in self._zoned else _read_type(types[name]) for name in names
        }
        bad = _BadRows(tolerant=False)
        rows = 0
        try:
            with self._path.open("rb") as file:
                stream = pa.PythonFile(_WithEnd(file), mode="r")
                for batch in _reader(stream, _BLOCK_BYTES, column_types, bad, names):
                    yield self._converted(batch, types, rows)
                    rows += batch.num_rows
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            message, row = _worded(str(error), names)
            hint = _hint(str(error))
            raise SourceError(f"{message}; {hint}" if hint else message, row) from None
        if not bad.saw_end:
            raise SourceError("; ".join(_never_closed(bad, rows)))

    def _converted(
        self, batch: pa.RecordBatch, types: Mapping[str, ValueType], first_row: int
    ) -> pa.RecordBatch:
        """The batch with what Arrow does not read as it is meant."""
        for position, name in enumerate(batch.schema.names):
            array, value_type = batch.column(position), types.get(name)
            if value_type is not None and _is_read_as_text(value_type):
                try:
                    array = read_texts(array, value_type)
                except BadTextError as error:
                    row = first_row + error.index
                    message = f"row {row} (from 0): column {name!r}: {error}"
                    raise SourceError(message, row) from None
            elif value_type is ValueType.TIMESTAMP and name in self._zoned:
                array = array.cast(arrow_type(value_type))
            batch = batch.set_column(position, name, array)
        return batch

    def _first_lines(self) -> tuple[bytes, bool]:
        """The lines at the beginning of the file, and whether that is the whole file."""
        with self._path.open("rb") as file:
            data = file.read(SAMPLE_BYTES + 1)
        if len(data) <= SAMPLE_BYTES:
            return data, True
        end = data.rfind(b"\n") + 1
        if not end:
            raise BadSource(
                "source_unreadable", f"the first line has more than {SAMPLE_BYTES >> 20} MB"
            )
        return data[:end], False


def _read_type(value_type: ValueType) -> pa.DataType:
    return pa.string() if _is_read_as_text(value_type) else arrow_type(value_type)


def _is_read_as_text(value_type: ValueType) -> bool:
    """Arrow knows no escapes, and lets decimals have too many digits."""
    return value_type is ValueType.BINARY or value_type.is_decimal


class _WithEnd(io.RawIOBase):
    """A file with the last row behind it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rest = _END

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if not data:
            data, self._rest = self._rest[:size], self._rest[size:]
        return data


class _BadRows:
    """Is told of rows with too few or too many values."""

    def __init__(self, *, tolerant: bool) -> None:
        self.rows: list[pyarrow.csv.InvalidRow] = []
        """All of them, if none is to end the reading."""
        self.saw_end = False
        self.swallowed_end: int | None = None
        """The row that has the end in a value."""
        self._tolerant = tolerant

    def __call__(self, row: pyarrow.csv.InvalidRow) -> str:
        if row.text == _END_TEXT:
            self.saw_end = True
            return "skip"
        if _END_TEXT in row.text:
            self.swallowed_end = row.number - 2  # counted as in `_worded`
            return "skip"
        if not self._tolerant:
            return "error"
        self.rows.append(row)
        return "skip"


def _reader(
    file: pa.NativeFile,
    block_bytes: int,
    column_types: Mapping[str, pa.DataType],
    bad_rows: _BadRows,
    names: tuple[str, ...] = (),
) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        file,
        # Errors know their row only where one thread reads.
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=block_bytes),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, invalid_row_handler=bad_rows
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict(column_types),
            include_columns=list(names),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _is_endless(sample: bytes) -> bool:
    """Whether a quoted value fills a whole block: no reader takes it, but Arrow tries for long."""
    quotes = 0
    for start in range(0, len(sample) - _BLOCK_BYTES, _BLOCK_BYTES):
        found = sample.count(b'"', start, start + _BLOCK_BYTES)
        if not found and quotes % 2:
            return True
        quotes += found
    return False


def _header(sample: bytes) -> tuple[str, ...]:
    line = sample[: 1 << 16].partition(b"\n")[0].decode("utf-8-sig", "replace")
    try:
        return tuple(next(csv.reader([line.rstrip("\r")]), ()))
    except csv.Error:
        return ()


def _worded(message: str, names: tuple[str, ...]) -> tuple[str, int | None]:
    """Arrow's message with the column's name for its number, and the row counted from 0."""
    text = message.removeprefix("CSV parse error: ").partition(_END_TEXT[:100])[0].strip()
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


def _never_closed(bad: _BadRows, rows: int) -> tuple[str, str]:
    """Said of the last of so many rows, or of one that was not counted."""
    row = rows - 1 if bad.swallowed_end is None else bad.swallowed_end
    return f"row {row} (from 0): a double quote is never closed", "close it, or leave it out"


def _hint(text: str) -> str:
    if _END_TEXT[:100] in text:
        return "a double quote is never closed"
    if "expected no zone offset" in text:
        return "leave the column out of 'columns', then its zone is found"
    if "conversion error" in text:
        return _CONVERSION
    if "Expected" in text:
        return "a value that contains a comma or a line break must stand in double quotes"
    if "straddling" in text:
        return f"a row has more than {_BLOCK_BYTES >> 20} MB; is a double quote left open?"
    if "Empty CSV" in text:
        return "the first line names the columns, the rows follow"
    return ""
