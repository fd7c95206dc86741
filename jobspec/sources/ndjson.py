"""NDJSON files: one JSON object a line. A key that a line lacks is NULL there.

JSON has no dates, times or binaries: they are strings unless their type is declared.

Arrow parses whole blocks of lines. Where it finds a mistake it is vague about the place, so the
block is then gone through line by line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.json

from jobspec.arrow import arrow_type, value_fault
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
from jobspec.value_text import TEXT_TYPES, BadTextError, read_texts

_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')
_READ_BYTES = 256 * 1024
_LINE_BYTES = 4 << 20
_BLOCK_CELLS = 8_000_000
"""Arrow makes a cell of every key for every line, also for lines that lack it."""

_STRING = re.compile(rb'"(?:[^"\\\n]|\\.)*"')
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_MAX_DEPTH = 32
"""Arrow's parser calls itself for each level, and ends the process where the stack does."""


class NdjsonSource:
    """An NDJSON file; its types come from its first 16 MB, or from `declared`."""

    rows: int | None = None

    def __init__(self, path: Path, declared: Mapping[str, ValueType]) -> None:
        """Raises BadSource for a file that is not NDJSON or has no rows."""
        self._path = path
        types: dict[str, pa.DataType] = {}
        keys: set[bytes] = set()
        try:
            for block in _blocks(path, SAMPLE_BYTES):
                found_keys = set(_KEY.findall(block.data))
                keys |= found_keys
                if len(keys) > MAX_COLUMNS:
                    raise too_many_columns()
                if len(found_keys) * block.data.count(b"\n") > _BLOCK_CELLS:
                    raise _too_sparse(len(found_keys), block)
                for field in block.parse(declared, ignore_others=False).schema:
                    if pa.types.is_timestamp(field.type) and field.name not in declared:
                        field = field.with_type(pa.string())  # noqa: PLW2901  (JSON has strings)
                    types[field.name] = _unified(types.get(field.name, pa.null()), field, block)
        except SourceError as error:
            raise BadSource(
                "source_unreadable",
                f"the file is not NDJSON: {error.message}",
                "every line is one JSON object, and a key has values of one type",
            ) from None
        if not types:
            raise BadSource("source_empty", "the file has no rows")
        fields = [pa.field(name, arrow) for name, arrow in types.items()]
        self.columns: tuple[SourceColumn, ...] = source_columns(fields, declared)

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        known = {column.name: column.type for column in schema}
        for block in _blocks(self._path):
            yield from block.parse(known, ignore_others=True).select(list(known)).to_batches()


class _Block:
    """Some whole lines, the first of them line `first_line` of the file (from 0)."""

    def __init__(self, data: bytes, first_line: int) -> None:
        self.data = data
        self.first_line = first_line

    def parse(self, known: Mapping[str, ValueType], *, ignore_others: bool) -> pa.Table:
        """The block's rows. Raises SourceError that names the first bad line."""
        self._check_depth(known)
        try:
            self.data.decode()
            table = pyarrow.json.read_json(
                pa.BufferReader(self.data),
                read_options=pyarrow.json.ReadOptions(
                    use_threads=False, block_size=len(self.data) + 1
                ),
                parse_options=pyarrow.json.ParseOptions(
                    explicit_schema=pa.schema([(name, _read_type(known[name])) for name in known]),
                    unexpected_field_behavior="ignore" if ignore_others else "infer",
                ),
            )
        except UnicodeDecodeError as error:
            raise self._error(self.data.count(b"\n", 0, error.start), "not UTF-8") from None
        except pa.ArrowInvalid as error:
            raise self._blame(known, str(error)) from None
        if table.num_rows != self.data.count(b"\n"):
            self._check_lines(known)
        return self._converted(table, known)

    def _converted(self, table: pa.Table, known: Mapping[str, ValueType]) -> pa.Table:
        for position, name in enumerate(table.schema.names):
            if name not in known:
                continue
            array = table.column(position).combine_chunks()
            try:
                if known[name] in TEXT_TYPES:
                    array = read_texts(array, known[name])
            except BadTextError as error:
                raise self._blame(known, f"{name!r}: {error}") from None
            if known[name].is_decimal and (fault := value_fault(array, known[name])):
                raise self._blame(known, f"{name!r}: {fault}")
            table = table.set_column(position, name, array)
        return table

    def _check_depth(self, known: Mapping[str, ValueType]) -> None:
        if not _is_deep(self.data):
            return
        for number, line in enumerate(self.data.split(b"\n")):
            if _is_deep(line):
                fault = _fault(line, known) or f"nested more than {_MAX_DEPTH} levels deep"
                raise self._error(number, fault)
        raise self._error(0, "brackets are not closed on the line that opens them")

    def _check_lines(self, known: Mapping[str, ValueType]) -> None:
        """Blank lines are legal; objects that share or straddle lines are not."""
        for number, line in enumerate(self.data.splitlines()):
            if message := line.strip() and _fault(line, known):
                raise self._error(number, message)

    def _blame(self, known: Mapping[str, ValueType], message: str) -> SourceError:
        seen: dict[str, type] = {}
        for number, line in enumerate(self.data.split(b"\n")):
            if line.strip() and (fault := _fault(line, known, seen)):
                return self._error(number, fault)
        return self._error(0, message.removeprefix("JSON parse error: "))

    def _error(self, line: int, message: str) -> SourceError:
        number = self.first_line + line
        return SourceError(f"line {number + 1}: {message}", number)


def _blocks(path: Path, size: int | None = None) -> Iterator[_Block]:
    """The lines of the first `size` bytes (of the whole file) in small blocks."""
    line = 0
    taken = 0
    rest = b""
    with path.open("rb") as file:
        while size is None or taken < size:
            data = file.read(_READ_BYTES)
            taken += len(data)
            if not data and rest.strip():
                data = b"\n"  # the last line may lack its end
            end = data.rfind(b"\n") + 1
            block, rest = (rest + data[:end], data[end:]) if end else (b"", rest + data)
            if len(rest) > _LINE_BYTES:
                raise SourceError(f"line {line + 1} has more than {_LINE_BYTES >> 20} MB", line)
            if block.strip():
                yield _Block(block, line)
            line += block.count(b"\n")
            if not data:
                return


def _too_sparse(keys: int, block: _Block) -> BadSource:
    return BadSource(
        "source_unreadable",
        f"lines {block.first_line + 1} and following have {keys:,} different keys, few of them on"
        " any one line",
        "leave out keys that no step needs, or write a line's values under fewer keys",
    )


def _is_deep(text: bytes) -> bool:
    """Whether brackets nest deeper than any row does, or are left open."""
    if b"[" not in text and text.count(b"{") == text.count(b"\n{") + text.startswith(b"{"):
        return False  # as most files are: one bracket a line
    brackets = _STRING.sub(b"", text).translate(None, _NO_BRACKETS)
    for _ in range(_MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


def _fault(line: bytes, known: Mapping[str, ValueType], seen: dict[str, type] | None = None) -> str:
    """What is wrong with a line, or nothing; `seen` collects the JSON types of undeclared keys."""
    try:
        row = json.loads(line, parse_float=Decimal)
    except ValueError as error:
        return f"not JSON: {error}"
    except RecursionError:
        return "nested too deeply"
    if not isinstance(row, dict):
        return "not a JSON object"
    for name, value in row.items():
        if value is None:
            continue
        if name in known:
            if not _is_value(value, known[name]):
                shown = json.dumps(value, default=str)[:80]
                return f"{name!r} is {shown}, not a value of type {known[name]}"
        elif seen is not None:
            kind: type = Decimal if type(value) is int else type(value)
            if seen.setdefault(name, kind) is not kind:
                return f"{name!r} has another type than in the lines before"
    return ""


def _is_value(value: object, value_type: ValueType) -> bool:
    """Whether a value of JSON, its fractions as decimals, is one of the type."""
    try:
        if value_type in TEXT_TYPES or value_type.is_decimal:
            forms = str if value_type in TEXT_TYPES else (str, int, Decimal)
            if isinstance(value, bool) or not isinstance(value, forms):
                return False
            read_texts(pa.array([str(value)]), value_type)
        else:
            number = float(value) if isinstance(value, Decimal) else value
            pa.array([number], arrow_type(value_type))
    except (BadTextError, pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return False
    return True


def _read_type(value_type: ValueType) -> pa.DataType:
    return pa.string() if value_type in TEXT_TYPES else arrow_type(value_type)


def _unified(before: pa.DataType, field: pa.Field, block: _Block) -> pa.DataType:
    """The type that holds a key's values of all blocks so far."""
    arrow = field.type
    if pa.types.is_null(before) or arrow == before:
        return arrow
    if pa.types.is_null(arrow):
        return before
    if {before, arrow} == {pa.int64(), pa.float64()}:
        return pa.float64()
    raise SourceError(
        f"{field.name!r} is {before} before line {block.first_line + 1} and {arrow} after it"
    )
