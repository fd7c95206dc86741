"""Parquet files, read row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
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
        row = 0
        try:
            with self._open() as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=names, use_threads=False):
                    yield cast_batch(batch, schema, row)
                    row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"the Parquet file is damaged after row {row}: {error}", row
            ) from None

    def _open(self) -> pq.ParquetFile:
        # A buffered stream and no read-ahead: one row group's pages never lie in memory at once.
        return pq.ParquetFile(self._path, memory_map=False, buffer_size=1 << 20, pre_buffer=False)
