"""Segment files: what is kept of settled sub-jobs of neighbouring rows, many in one blob.

Parquet, a row a sub-job in row order: its range, the SHA-256 of its chunk and of its output, whose
word it rests on, and the output itself. Outputs are read a few at a time; what is said about them
can be read without them. Who puts sub-jobs together, and when, is not decided here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from owc.blobs.files import BlobRecord, Blobs

OUTPUTS_AT_ONCE: Final = 64
HUB: Final = "hub"

_ABOUT: Final = (
    ("id", pa.string()),
    ("first_row", pa.int64()),
    ("rows", pa.int64()),
    ("chunk_sha256", pa.string()),
    ("result_sha256", pa.string()),
    ("volunteer", pa.string()),
    ("verdict", pa.string()),
    ("leases", pa.int32()),
    ("failures", pa.int32()),
)
_SCHEMA: Final = pa.schema([*_ABOUT, ("output", pa.binary())])


@dataclass(frozen=True, kw_only=True, slots=True)
class SettledSubJob:
    """One settled sub-job. `volunteer`: whose word it rests on, "hub" for the hub's own run;
    `verdict`: "agreed", or None where it was taken on that word alone."""

    id: str
    first_row: int
    rows: int
    chunk_sha256: str | None
    result_sha256: str
    volunteer: str
    verdict: str | None
    leases: int
    failures: int


def write_segment(blobs: Blobs, settled: Sequence[tuple[SettledSubJob, bytes]]) -> BlobRecord:
    """Store sub-jobs, which are in row order, with their outputs."""
    columns = {
        name: pa.array([getattr(each, name) for each, _ in settled], kind) for name, kind in _ABOUT
    }
    columns["output"] = pa.array([output for _, output in settled], pa.binary())
    sink = io.BytesIO()
    pq.write_table(
        pa.table(columns, schema=_SCHEMA),
        sink,
        compression="zstd",
        row_group_size=OUTPUTS_AT_ONCE,
        use_dictionary=["volunteer", "verdict"],
        write_statistics=False,
    )
    return blobs.put(sink.getvalue())


def read_segment(blobs: Blobs, sha256: str) -> list[SettledSubJob]:
    """What is said about its sub-jobs, in row order. Raises NotFound."""
    names = [name for name, _ in _ABOUT]
    table = pq.read_table(blobs.path(sha256), columns=names)
    return [SettledSubJob(**row) for row in table.to_pylist()]


def read_outputs(blobs: Blobs, sha256: str) -> Iterator[tuple[int, bytes]]:
    """First row and output of each sub-job, in row order. Raises NotFound."""
    with pq.ParquetFile(blobs.path(sha256)) as file:
        for batch in file.iter_batches(OUTPUTS_AT_ONCE, columns=["first_row", "output"]):
            yield from zip(
                batch.column("first_row").to_pylist(),
                batch.column("output").to_pylist(),
                strict=True,
            )
