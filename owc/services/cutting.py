"""A job's source as pieces of equal size: how many rows a piece has, and the pieces in order.

Knows the three kinds of source; writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jobspec
from owc.domain.sizing import rows_per_sub_job
from owc.services import probing
from owc.services.hub import Hub
from owc.services.plans import fuel_for, limits, read_plan
from owc.services.previews import PREVIEW_ROWS, preview_of
from owc.services.submission import upload_path
from owc.store import JobRow

MOST_ROWS = 1 << 30
"""Of one sub-job: row counts in chunks are 32-bit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Rows of one sub-job; `chunk` is None for a range, whose chunks are made on demand."""

    first_row: int
    rows: int
    chunk: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    rows: int
    row_seconds: float


class Source:
    """The source of one stored job."""

    def __init__(self, hub: Hub, job: JobRow) -> None:
        self._hub = hub
        self._plan = read_plan(job.plan)
        self._document = jobspec.parse_document(bytes(job.document), limits(hub))
        self._wasm = hub.blobs.read(job.program_sha256)

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known before reading them."""
        return self._plan.rows

    def size(self) -> Size:
        """Rows of a sub-job. Raises SourceError, RunError, RowTooSlow, RowTraps."""
        settings, split = self._hub.settings, self._document.split
        found = self._probe()
        seconds = None if split is None else split.seconds
        rows = rows_per_sub_job(
            rows_per_second=1 / found.row_seconds if found.row_seconds > 0 else MOST_ROWS,
            seconds=settings.sub_job_seconds if seconds is None else seconds,
            # where the researcher says how long, a short job is not cut finer than that
            rows=self.rows if seconds is None else None,
            most_sub_jobs=settings.max_sub_jobs,
        )
        if found.row_bytes > 0:
            rows = min(rows, int(settings.chunk_bytes / found.row_bytes))
        if found.most_rows is not None:
            rows = min(rows, found.most_rows)
        if split is not None and split.rows is not None:
            rows = split.rows
        return Size(rows=max(1, min(rows, MOST_ROWS)), row_seconds=found.row_seconds)

    def pieces(self, rows: int) -> Iterator[Piece]:
        """All of the source in order. Raises SourceError at the first bad row."""
        if not self._plan.axes:
            for chunk in self._chunks(rows):
                yield Piece(first_row=chunk.first_row, rows=chunk.rows, chunk=chunk.data)
            return
        total = self.rows or 0
        for first_row in range(0, total, rows):
            yield Piece(first_row=first_row, rows=min(rows, total - first_row), chunk=None)

    def sample(self, rows: int, first_row: int = 0) -> bytes | None:
        """A chunk of at most that many rows; only a range can begin elsewhere than at 0."""
        if not self._plan.axes:
            first = next(iter(self._chunks(rows)), None)
            return None if first is None else first.data
        rows = min(rows, (self.rows or 0) - first_row)
        return jobspec.range_chunk(self._plan, first_row, rows) if rows > 0 else None

    def preview(self) -> dict[str, Any] | None:
        """The first rows that the program reads, as text."""
        chunk = self.sample(PREVIEW_ROWS)
        return None if chunk is None else preview_of(jobspec.chunk_table(self._plan, chunk))

    def _chunks(self, rows: int) -> Iterator[jobspec.Chunk]:
        return jobspec.chunks(
            self._document,
            self._plan,
            self._open_upload,
            rows=rows,
            max_bytes=self._hub.settings.chunk_bytes,
        )

    def _open_upload(self, sha256: str) -> Path:
        return upload_path(self._hub, sha256)

    def _probe(self) -> probing.Probe:
        total = self.rows
        starts = [0]
        if self._plan.axes and total is not None and total > 1:
            starts = sorted({0, total // 2, max(0, total - total // 8 - 1)})
        return probing.slowest([self._probe_at(first_row) for first_row in starts])

    def _probe_at(self, first_row: int) -> probing.Probe:
        return probing.probe(
            self._wasm,
            self._plan,
            lambda rows: self.sample(rows, first_row),
            first_row=first_row,
            clock=self._hub.clock,
            fuel=fuel_for(self._hub.settings.hub_run_seconds),
            most=MOST_ROWS if self.rows is None else max(1, self.rows - first_row),
        )
