"""A job's source, to be cut: how many rows a sub-job has, and the chunks of a table in order.

Knows the three kinds of source; writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jobspec
from owc.domain.sizing import rows_per_sub_job
from owc.services import probing
from owc.services.hub import Hub
from owc.services.plans import fuel_for, limits, read_plan, wall_seconds
from owc.services.previews import PREVIEW_ROWS, preview_of
from owc.services.submission import upload_path
from owc.store import JobRow

MOST_ROWS = 1 << 30
"""Of one sub-job: row counts in chunks are 32-bit."""


TRAPS_PASSED = 12
"""Rows that trap, from which a measurement goes on to later ones."""

SUB_JOBS_SAMPLED = 10

UNKNOWN = probing.Probe(row_seconds=1e-3, row_bytes=0.0)
"""What is assumed of a source of which every row that was tried traps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Rows of a sub-job; seconds and bytes of output of a row; the fuel that was used for so many
    rows in finding out."""

    rows: int
    row_seconds: float
    row_bytes: float
    fuel: int
    fuel_rows: int


class Source:
    """The source of one stored job."""

    def __init__(self, hub: Hub, job: JobRow) -> None:
        self._hub = hub
        self._plan = read_plan(job.plan)
        self._document = jobspec.parse_document(bytes(job.document), limits(hub))
        self._wasm = hub.blobs.read(job.program_sha256)
        self._fuel = self._fuel_rows = 0

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known before reading them."""
        return self._plan.rows

    @property
    def is_range(self) -> bool:
        """Whether rows are made of their numbers, and nothing is read."""
        return bool(self._plan.axes)

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
            most_sub_jobs=settings.max_sub_jobs if self.is_range else settings.max_chunks,
        )
        if found.row_bytes > 0:
            rows = min(rows, int(settings.chunk_bytes / found.row_bytes))
        if found.most_rows is not None:
            rows = min(rows, found.most_rows)
        if split is not None and split.rows is not None:
            rows = split.rows
        return Size(
            rows=max(1, min(rows, MOST_ROWS)),
            row_seconds=found.row_seconds,
            row_bytes=found.row_bytes,
            fuel=self._fuel,
            fuel_rows=self._fuel_rows,
        )

    def chunks(self, rows: int) -> Iterator[jobspec.Chunk]:
        """All of a table in order, in chunks of at most `rows` rows. Raises SourceError at the
        first bad row, and where the table is larger than this hub takes."""
        left = self._hub.settings.source_bytes
        found = jobspec.chunks(
            self._document,
            self._plan,
            self._open_upload,
            rows=rows,
            max_bytes=self._hub.settings.chunk_bytes,
        )
        for chunk in found:
            left -= len(chunk.data)
            if left < 0:
                most = self._hub.settings.source_bytes
                raise jobspec.SourceError(f"the table has more than {most:,} bytes in chunks")
            yield chunk

    def sample(self, rows: int, first_row: int = 0) -> bytes | None:
        """A chunk of at most that many rows from `first_row` on; of a table, near its beginning."""
        if not self._plan.axes:
            first = next(iter(self.chunks(first_row + rows)), None)
            if first is None or first.rows <= first_row:
                return None
            return jobspec.slice_chunk(self._plan, first.data, first_row, first.rows - first_row)
        rows = min(rows, (self.rows or 0) - first_row)
        return jobspec.range_chunk(self._plan, first_row, rows) if rows > 0 else None

    def preview(self) -> dict[str, Any] | None:
        """The first rows that the program reads, as text."""
        chunk = self.sample(PREVIEW_ROWS)
        return None if chunk is None else preview_of(jobspec.chunk_table(self._plan, chunk))

    def _open_upload(self, sha256: str) -> Path:
        return upload_path(self._hub, sha256)

    @property
    def _given_rows(self) -> int | None:
        """How many rows a sub-job has, where the document says so. What the probe finds then only
        sizes leases, which soon go by what volunteers need: some sub-jobs from the beginning tell
        enough, and a job of ten million starts as soon as one of ten."""
        return None if self._document.split is None else self._document.split.rows

    def _most_sampled(self, first_row: int) -> int:
        most = MOST_ROWS if self._given_rows is None else SUB_JOBS_SAMPLED * self._given_rows
        return most if self.rows is None else max(1, min(most, self.rows - first_row))

    def _probe(self) -> probing.Probe:
        total = self.rows
        starts = [0]
        if self._plan.axes and total is not None and total > 1 and self._given_rows is None:
            starts = sorted({0, total // 2, max(0, total - total // 8 - 1)})
        return probing.slowest([self._probe_from(first_row) for first_row in starts])

    def _probe_from(self, first_row: int) -> probing.Probe:
        """From that row on, or from one soon after it where rows that trap are skipped."""
        for attempt in range(TRAPS_PASSED):
            try:
                return self._probe_at(first_row)
            except probing.RowTraps as trap:
                if self._document.on_error != "skip":
                    raise
                first_row = trap.row + 2**attempt
                if self.rows is not None and first_row >= self.rows:
                    break
        return UNKNOWN

    def _probe_at(self, first_row: int) -> probing.Probe:
        return probing.probe(
            self._plan,
            lambda rows: self.sample(rows, first_row),
            run=self._run,
            most=self._most_sampled(first_row),
            skips=self._document.on_error == "skip",
        )

    def _run(self, chunk: bytes) -> jobspec.Run:
        """A metered run, with the time of one that is not, in an instance that has its memory: so
        volunteers run programs, and it takes down to half the time."""
        run = self._run_with(chunk, fuel_for(self._hub.settings.hub_run_seconds))
        self._fuel += run.fuel_used or 0
        self._fuel_rows += run.rows_done
        return replace(run, cpu_seconds=self._run_with(chunk, None, twice=True).cpu_seconds)

    def _run_with(self, chunk: bytes, fuel: int | None, *, twice: bool = False) -> jobspec.Run:
        return self._hub.runs.run(
            self._wasm,
            chunk,
            fuel=fuel,
            memory_bytes=self._plan.requirement.memory_bytes,
            wall_seconds=wall_seconds(self._hub.settings),
            twice=twice,
        )
