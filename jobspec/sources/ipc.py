"""Arrow files, in the file or the streaming format of IPC, read record batch by record batch.

What lies uncompressed stays in the file until it is needed. A few kilobytes of compressed buffers
or of a dictionary can stand for gigabytes: how large they become is read from the messages first.
Every batch is validated before anything is done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.ipc

from jobspec.errors import SourceError
from jobspec.sources.ipc_messages import BadMessageError, inflated_bytes
from jobspec.sources.source import (
    BATCH_ROWS,
    BadSource,
    SourceColumn,
    cast_batch,
    not_utf8,
    source_columns,
)
from jobspec.types import Schema, ValueType

_MAGIC = b"ARROW1\0\0"
_BATCH_BYTES = 16 << 20
_INFLATED_BYTES = 256 << 20
"""The most that one compressed batch, or all dictionaries together, may become."""


class ArrowSource:
    """An Arrow file; its types are its own, or those `declared`."""

    rows: int | None = None

    def __init__(self, path: Path, declared: Mapping[str, ValueType]) -> None:
        """Raises BadSource for a file that is not Arrow."""
        self._path = path
        try:
            with self._open() as file:
                _check_sizes(file)
            with self._open() as file, pa.ipc.open_stream(file) as reader:
                fields = list(reader.schema)
        except UnicodeDecodeError:
            raise not_utf8() from None
        except (pa.ArrowException, OSError, EOFError, BadMessageError) as error:
            raise BadSource("source_unreadable", f"the file is not Arrow: {error}") from None
        self.columns: tuple[SourceColumn, ...] = source_columns(fields, declared)

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        wanted = {column.name for column in schema}
        options = pa.ipc.IpcReadOptions(
            included_fields=[
                index for index, column in enumerate(self.columns) if column.name in wanted
            ],
            use_threads=False,
        )
        row = 0
        try:
            with self._open() as file, pa.ipc.open_stream(file, options=options) as reader:
                for batch in reader:
                    batch.validate(full=True)
                    for part in _parts(batch):
                        yield cast_batch(part, schema, row)
                        row += part.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"the Arrow file is damaged after row {row}: {error}", row) from None

    def _open(self) -> pa.NativeFile:
        """The stream of messages: a file is one, between a magic number and a table of contents."""
        file = pa.memory_map(str(self._path))
        if file.read(len(_MAGIC)) != _MAGIC:
            file.seek(0)
        return file


def _check_sizes(file: pa.NativeFile) -> None:
    dictionaries = 0
    for message in pa.ipc.MessageReader.open_stream(file):
        size = inflated_bytes(message)
        if message.type == "dictionary":
            dictionaries += size
        if max(size, dictionaries) > _INFLATED_BYTES:
            raise BadSource(
                "source_unreadable",
                f"a compressed record batch, or the dictionaries, become {size:,} bytes",
                f"write record batches of less than {_INFLATED_BYTES >> 20} MB",
            )


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts that stay small when their strings are written out."""
    for start in range(0, batch.num_rows, BATCH_ROWS):
        pending = [batch.slice(start, BATCH_ROWS)]
        while pending:
            part = pending.pop()
            half = part.num_rows // 2
            if half and sum(map(_written_bytes, part.columns)) > _BATCH_BYTES:
                pending += [part.slice(half), part.slice(0, half)]
            else:
                yield part


def _written_bytes(array: pa.Array) -> int:
    if pa.types.is_dictionary(array.type) or _is_view(array.type):
        return int(_lengths(array).sum())
    return int(array.nbytes)


def _lengths(array: pa.Array) -> npt.NDArray[np.int64]:
    """The bytes of each value; of a NULL, anything not below zero."""
    if pa.types.is_dictionary(array.type):
        indices = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        lengths = _lengths(array.dictionary)
        return lengths[indices] if len(lengths) else np.zeros(len(indices), np.int64)
    if _is_view(array.type):  # 16 bytes a value, the length first
        views = np.frombuffer(array.buffers()[1], np.int32)[::4].astype(np.int64)
        return np.abs(views[array.offset : array.offset + len(array)])
    if pa.types.is_string(array.type) or pa.types.is_binary(array.type):
        lengths = pa.compute.binary_length(array).fill_null(0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
    return np.full(len(array), 1 + array.nbytes // max(1, len(array)), np.int64)


def _is_view(arrow: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(arrow) or pa.types.is_binary_view(arrow))
