"""Results as files: written once as Parquet, read back as CSV or NDJSON whenever asked for.

Values leave exactly as they are. CSV is RFC 4180 with a header: NULL is an empty field, an empty
string is `""`, floats are the shortest text that reads back as the same number. NDJSON writes
NaN and infinities, which JSON has not, as the strings "NaN", "Infinity" and "-Infinity".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobspec.types import Scalar

_BATCH_ROWS = 8192
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^[ \t]|[ \t]$|^$')


def write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Writes the batches, one by one, and returns how many rows there were."""
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


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


def _csv_writer(arrow: pa.DataType) -> Callable[[Scalar], str]:
    if pa.types.is_string(arrow):
        return _csv_string
    if pa.types.is_boolean(arrow):
        return _truth
    if pa.types.is_float32(arrow):
        return lambda value: str(np.float32(value or 0))
    return str


def _csv_string(value: Scalar) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def _json_writer(arrow: pa.DataType) -> Callable[[Scalar], str]:
    if pa.types.is_floating(arrow):
        single = pa.types.is_float32(arrow)
        return lambda value: _json_float(float(value or 0), single=single)
    if pa.types.is_boolean(arrow):
        return _truth
    if pa.types.is_string(arrow):
        return lambda value: json.dumps(value, ensure_ascii=False)
    return str


def _json_float(value: float, *, single: bool) -> str:
    if math.isfinite(value):
        return str(np.float32(value)) if single else repr(value)
    if math.isnan(value):
        return '"NaN"'
    return '"Infinity"' if value > 0 else '"-Infinity"'


def _truth(value: Scalar) -> str:
    return "true" if value else "false"
