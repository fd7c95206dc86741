"""Compiles and runs whole jobs, for tests."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import wasmtime

from jobspec import (
    CompiledJob,
    Problem,
    check_document,
    chunks,
    merge,
    range_chunk,
    run_program,
)
from jobspec.errors import DocumentError
from jobspec.table_bytes import encode, read_header

SHA = "0" * 64
MEMORY_BYTES = 64 << 20


def document(source: object, *steps: Mapping[str, object], **members: object) -> bytes:
    return json.dumps({"name": "a test", "source": source, "steps": steps, **members}).encode()


def compiled(source: object, *steps: Mapping[str, object], **members: object) -> CompiledJob:
    return check_document(document(source, *steps, **members))


def problems(source: object, *steps: Mapping[str, object], **members: object) -> list[Problem]:
    try:
        compiled(source, *steps, **members)
    except DocumentError as error:
        return list(error.problems)
    return []


class ParquetJob:
    """A job over an Arrow table, which is its upload."""

    def __init__(
        self, folder: Path, table: pa.Table, *steps: Mapping[str, object], **members: object
    ) -> None:
        self._path = folder / "table.parquet"
        pq.write_table(table, self._path)
        source = {"upload": SHA, "format": "parquet"}
        self.job = check_document(document(source, *steps, **members), self._open)

    def _open(self, sha256: str) -> Path:
        assert sha256 == SHA
        return self._path

    def chunks(self, rows: int = 1 << 30, max_bytes: int = 1 << 24) -> list[bytes]:
        found = chunks(self.job.document, self.job.plan, self._open, rows=rows, max_bytes=max_bytes)
        return [chunk.data for chunk in found]

    def ranges(self, sizes: Sequence[int]) -> list[bytes]:
        """Chunks of these many rows, one after the other; one without rows if there are none."""
        schema = self.job.plan.source
        table = pq.read_table(self._path).select([column.name for column in schema])
        found = []
        first = 0
        for size in cycle(sizes):
            rows = min(size, table.num_rows - first)
            batch = table.slice(first, rows).combine_chunks().to_batches()
            given = batch[0] if batch else pa.RecordBatch.from_pylist([], table.schema)
            found.append(encode(schema, given, first_row=first))
            first += rows
            if first >= table.num_rows:
                return found
        raise AssertionError("no size")


def inputs(job: CompiledJob, rows: int = 1 << 30, max_bytes: int = 1 << 24) -> list[bytes]:
    """All chunks of a job without an upload."""
    if not job.plan.axes:
        found = chunks(job.document, job.plan, rows=rows, max_bytes=max_bytes)
        return [chunk.data for chunk in found]
    total = job.plan.rows or 0
    return [
        range_chunk(job.plan, first, min(rows, total - first)) for first in range(0, total, rows)
    ]


def output(job: CompiledJob, chunk: bytes, slice_rows: int = 8192) -> bytes:
    """What the program makes of a chunk, without a trap."""
    run = run_program(job.wasm, chunk, fuel=None, memory_bytes=MEMORY_BYTES, slice_rows=slice_rows)
    assert run.trap_site is None
    assert run.rows_done == read_header(chunk).rows
    return run.output


def result(job: CompiledJob, outputs: Sequence[bytes]) -> list[dict[str, Any]]:
    return [row for batch in merge(job.plan, outputs) for row in batch.to_pylist()]


def computed(job: CompiledJob, rows: int = 1 << 30) -> list[dict[str, Any]]:
    """The result of a job without an upload, in chunks of so many rows."""
    return result(job, [output(job, chunk) for chunk in inputs(job, rows)])


class Program:
    """A program in an engine, driven call by call as the browser drives it."""

    def __init__(self, wasm: bytes) -> None:
        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        instance = wasmtime.Instance(self._store, wasmtime.Module(engine, wasm), [])
        self._exports = instance.exports(self._store)

    def call(self, name: str, *args: int) -> int:
        value: int = self._exports[name](self._store, *args)
        return value

    def input(self, chunk: bytes) -> None:
        address = self.call("input", len(chunk))
        assert address > 0
        assert address % 64 == 0
        ctypes.memmove(self._base() + address, chunk, len(chunk))

    def step(self, rows: int) -> int:
        return self.call("step", rows)

    def output(self) -> bytes:
        address = self.call("output")
        assert address > 0
        return ctypes.string_at(self._base() + address, self.call("output_bytes"))

    def memory_bytes(self) -> int:
        """How large the memory has become."""
        size: int = self._exports["memory"].data_len(self._store)
        return size

    def _base(self) -> int:
        pointer = self._exports["memory"].data_ptr(self._store)
        base = ctypes.cast(pointer, ctypes.c_void_p).value
        assert base is not None
        return base
