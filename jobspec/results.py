"""Results as files: written once as Parquet, read back as CSV, NDJSON or Arrow when asked for.

Values leave exactly as they are. CSV is RFC 4180 with a header: NULL is an empty field, an empty
string is `""`, floats are the shortest text that reads back as the same number. NDJSON writes
NaN and infinities, which JSON has not, as the strings "NaN", "Infinity" and "-Infinity", and
dates, timestamps and binaries as strings (`jobspec.value_text`). Arrow is the IPC file format.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobspec.value_text import value_as_text

_BATCH_ROWS = 8192
_GROUP_ROWS, _GROUP_BYTES = 1 << 16, 64 << 20
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^[ \t]|[ \t]$|^$')


def write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Writes the rows and returns how many there were.

    Unless rows have more than a kilobyte, the file is the same however they are cut into batches.
    """
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in _row_groups(schema, batches):
            writer.write_table(group)
            rows += group.num_rows
    return rows


def _row_groups(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows in tables of as many as a row group has: thousands of small ones would be slow."""
    kept: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        first = 0
        while first < batch.num_rows:
            part = batch.slice(first, _GROUP_ROWS - rows)
            kept.append(part)
            first += part.num_rows
            rows += part.num_rows
            size += part.nbytes
            if rows == _GROUP_ROWS or size >= _GROUP_BYTES:
                yield pa.Table.from_batches(kept, schema).combine_chunks()
                kept, rows, size = [], 0, 0
    if kept:
        yield pa.Table.from_batches(kept, schema).combine_chunks()


def result_csv(path: Path) -> Iterator[bytes]:
    """The Parquet file at `path` as CSV, in pieces of some thousand rows."""
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        yield (",".join(_csv_string(name) for name in schema.names) + "\r\n").encode()
        writers = [_csv_writer(field.type) for field in schema]
        for batch in file.iter_batches(_BATCH_ROWS):
            columns = [
                ["" if value is None else write(value) for value in column.to_pylist()]
                for write, column in zip(writers, batch.columns, strict=True)
            ]
            # A lone empty field would be a blank line, which readers skip.
            blank = '""' if len(columns) == 1 else ""
            lines = (",".join(fields) or blank for fields in zip(*columns, strict=True))
            yield "".join(f"{line}\r\n" for line in lines).encode()


def result_ndjson(path: Path) -> Iterator[bytes]:
    """The Parquet file at `path` as one JSON object a line, in pieces of some thousand rows."""
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        keys = [json.dumps(name, ensure_ascii=False) + ":" for name in schema.names]
        writers = [_json_writer(field.type) for field in schema]
        for batch in file.iter_batches(_BATCH_ROWS):
            columns = [
                [key + ("null" if value is None else write(value)) for value in column.to_pylist()]
                for key, write, column in zip(keys, writers, batch.columns, strict=True)
            ]
            rows = zip(*columns, strict=True)
            yield "".join("{" + ",".join(members) + "}\n" for members in rows).encode()


def result_arrow(path: Path) -> Iterator[bytes]:
    """The Parquet file at `path` as an Arrow IPC file, in pieces of some thousand rows."""
    sink = _Sink()
    with pq.ParquetFile(path) as file:
        with pa.ipc.new_file(sink, file.schema_arrow) as writer:
            for batch in file.iter_batches(_BATCH_ROWS):
                writer.write_batch(batch)
                yield sink.take()
        yield sink.take()


class _Sink(io.RawIOBase):
    """Takes what is written, to be taken away in pieces; counts on as a file would."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        self._position += len(self._pieces[-1])
        return len(self._pieces[-1])

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def _csv_writer(arrow: pa.DataType) -> Callable[[Any], str]:
    if pa.types.is_string(arrow):
        return _csv_string
    if pa.types.is_boolean(arrow):
        return _truth
    if pa.types.is_float32(arrow):
        return lambda value: str(np.float32(value))
    if pa.types.is_binary(arrow):
        return lambda value: _csv_string(value_as_text(value))
    return value_as_text if _has_text(arrow) else str


def _csv_string(value: Any) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def _json_writer(arrow: pa.DataType) -> Callable[[Any], str]:
    if pa.types.is_floating(arrow):
        single = pa.types.is_float32(arrow)
        return lambda value: _json_float(value, single=single)
    if pa.types.is_boolean(arrow):
        return _truth
    if pa.types.is_string(arrow):
        return lambda value: json.dumps(value, ensure_ascii=False)
    if pa.types.is_decimal(arrow):
        return value_as_text  # is a number of JSON
    return (lambda value: json.dumps(value_as_text(value))) if _has_text(arrow) else str


def _has_text(arrow: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_temporal(arrow) or types.is_decimal(arrow) or types.is_binary(arrow))


def _json_float(value: float, *, single: bool) -> str:
    if math.isfinite(value):
        return str(np.float32(value)) if single else repr(value)
    if math.isnan(value):
        return '"NaN"'
    return '"Infinity"' if value > 0 else '"-Infinity"'


def _truth(value: Any) -> str:
    return "true" if value else "false"
