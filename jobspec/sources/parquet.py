"""Parquet files, read row group by row group.

A few kilobytes of Parquet can stand for gigabytes. Where a dictionary holds long strings, which
rows then name, fewer rows are read at a time; row groups that shrank to nothing are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from jobspec.errors import SourceError
from jobspec.sources.source import (
    BATCH_ROWS,
    BadSource,
    SourceColumn,
    cast_batch,
    not_utf8,
    source_columns,
)
from jobspec.types import Schema, ValueType

_BATCH_BYTES = 16 << 20
_LARGE_BYTES = 256 << 20
_MOST_SHRUNK = 100


class ParquetSource:
    """A Parquet file; its types are its own, or those `declared`."""

    def __init__(self, path: Path, declared: Mapping[str, ValueType]) -> None:
        """Raises BadSource for a file that is not Parquet."""
        self._path = path
        try:
            with self._open() as file:
                fields = list(file.schema_arrow)
                self.rows: int | None = file.metadata.num_rows
        except UnicodeDecodeError:
            raise not_utf8() from None
        except (pa.ArrowException, OSError) as error:
            raise BadSource("source_unreadable", f"the file is not Parquet: {error}") from None
        self.columns: tuple[SourceColumn, ...] = source_columns(fields, declared)

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in schema]
        strings = [column.name for column in schema if column.type.is_bytes]
        row = 0
        try:
            with self._open() as file:
                for group in range(file.metadata.num_row_groups):
                    most = _bytes_a_row(file.metadata.row_group(group), group, names)
                    most = max(most, self._longest_in_dictionaries(group, strings))
                    for batch in file.iter_batches(
                        max(1, min(BATCH_ROWS, _BATCH_BYTES // max(1, most))),
                        row_groups=[group],
                        columns=names,
                        use_threads=False,
                    ):
                        yield cast_batch(batch, schema, row)
                        row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"the Parquet file is damaged after row {row}: {error}", row
            ) from None

    def _longest_in_dictionaries(self, group: int, names: Sequence[str]) -> int:
        """The bytes of one row whose strings are the longest that a row group's rows can name."""
        if not names:
            return 0
        total = 0
        with self._open(names) as file:
            for batch in file.iter_batches(1, row_groups=[group], columns=names, use_threads=False):
                for column in batch.columns:
                    if pa.types.is_dictionary(column.type):
                        lengths = pa.compute.binary_length(column.dictionary)
                        total += pa.compute.max(lengths).as_py() or 0
                break
        return total

    def _open(self, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
        """The file; string columns named in `dictionaries` are read as dictionary and indices."""
        # A buffered stream and no read-ahead: one row group's pages never lie in memory at once.
        return pq.ParquetFile(
            self._path,
            memory_map=False,
            buffer_size=1 << 20,
            pre_buffer=False,
            read_dictionary=list(dictionaries),
        )


def _bytes_a_row(group: pq.RowGroupMetaData, number: int, names: Sequence[str]) -> int:
    """On average, in the columns of these names. Raises SourceError for a bomb."""
    total = 0
    for index in range(group.num_columns):
        chunk = group.column(index)
        if chunk.path_in_schema not in names:
            continue
        size, stored = chunk.total_uncompressed_size, chunk.total_compressed_size
        if size > _LARGE_BYTES and size > _MOST_SHRUNK * stored:
            raise SourceError(
                f"column {chunk.path_in_schema!r} has {size:,} bytes in row group {number},"
                f" compressed to {stored:,}; write smaller row groups"
            )
        total += size
    return int(total // max(1, group.num_rows))
