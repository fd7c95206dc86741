"""How long a row takes and how much it gives: the hub runs the program on growing samples.

The first sample is one row; each next one has four times as many, until a run takes long enough to
be measured: in time of the processor, since others may be at work. What counts is the slope between
the last two runs, since starting a program takes time of its own. Of a range, the middle and the
end are tried too and the slowest counts: rows differ. A job that skips rows that trap is measured
on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import jobspec

LONG_ENOUGH_SECONDS: Final = 0.02
GROWTH: Final = 4
MOST_ROWS: Final = 1 << 27
MOST_TRAPS: Final = 16
"""In a sample, before what was done by then has to do."""

Sample: TypeAlias = Callable[[int], bytes | None]
"""A chunk of at most that many rows; None where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """`row_seconds`: on this machine; `row_bytes`: of output; `most_rows`: where memory ended."""

    row_seconds: float
    row_bytes: float
    most_rows: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Point:
    rows: int
    seconds: float
    bytes: int
    is_last: bool = False
    """Larger samples would tell no more."""


class RowTooSlow(Exception):  # noqa: N818 - it becomes a sentence, not an error of the program
    """One row alone exhausts the fuel of a run."""


class RowTraps(Exception):  # noqa: N818 - likewise
    """A row of the source traps: `row` is its number there."""

    def __init__(self, site: int, row: int) -> None:
        super().__init__(site, row)
        self.site, self.row = site, row


def probe(
    plan: jobspec.ProgramPlan,
    sample: Sample,
    *,
    run: Callable[[bytes], jobspec.Run],
    most: int,
    skips: bool,
) -> Probe:
    """Measure on samples of up to `most` rows. `run` runs the program on a chunk; `skips`: rows
    that trap are passed over.

    Raises RowTooSlow, RowTraps, jobspec.RunError.
    """
    points: list[_Point] = []
    rows, out_of_room = 1, False
    while rows <= min(most, MOST_ROWS):
        chunk = sample(rows)
        if chunk is None:
            break
        try:
            point = _measured(plan, chunk, run=run, most_traps=MOST_TRAPS if skips else 0)
        except jobspec.RunError as error:
            if rows == 1:
                if error.code in ("fuel_exhausted", "wall_time"):
                    raise RowTooSlow from None
                raise
            out_of_room = error.code == "memory"
            break
        except RowTraps as trap:
            if rows > 1 and plan.traps[trap.site].code == "out_of_memory":
                out_of_room = True
                break
            raise
        if point.rows:
            points.append(point)
        if point.is_last or point.seconds >= LONG_ENOUGH_SECONDS:
            break
        if jobspec.chunk_rows(chunk)[1] < rows:
            break
        rows *= GROWTH
    return _slope(points, most_rows=points[-1].rows if out_of_room and points else None)


def _measured(
    plan: jobspec.ProgramPlan,
    chunk: bytes,
    *,
    run: Callable[[bytes], jobspec.Run],
    most_traps: int,
) -> _Point:
    """A run of a chunk, or of what lies between the first rows that trap.

    Raises RowTraps where none is to be passed over, and for want of memory after some rows, which
    is no fault of the next one.
    """
    rows = size = traps = 0
    seconds = 0.0
    while True:
        done = run(chunk)
        site, seconds = done.trap_site, seconds + done.cpu_seconds
        first_row, count = jobspec.chunk_rows(chunk)
        if site is not None:
            is_full = done.rows_done > 0 and plan.traps[site].code == "out_of_memory"
            if is_full or not most_traps:
                raise RowTraps(site, first_row + done.rows_done)
        rows, size = rows + done.rows_done, size + len(done.output)
        start = done.rows_done + 1
        traps += site is not None
        if site is None or start == count or traps > most_traps:
            return _Point(
                rows=rows,
                seconds=seconds,
                bytes=size,
                is_last=traps > most_traps,
            )
        chunk = _rest(plan, chunk, first_row + start, start, count - start)


def _rest(plan: jobspec.ProgramPlan, chunk: bytes, first_row: int, start: int, rows: int) -> bytes:
    if plan.axes:
        return jobspec.range_chunk(plan, first_row, rows)
    return jobspec.slice_chunk(plan, chunk, start, rows)


def slowest(probes: Sequence[Probe]) -> Probe:
    """The most careful reading of several."""
    limits = [each.most_rows for each in probes if each.most_rows is not None]
    return Probe(
        row_seconds=max(each.row_seconds for each in probes),
        row_bytes=max(each.row_bytes for each in probes),
        most_rows=min(limits, default=None),
    )


def _slope(points: Sequence[_Point], most_rows: int | None) -> Probe:
    if not points:
        return Probe(row_seconds=0.0, row_bytes=0.0)
    last = points[-1]
    if len(points) == 1 or last.rows <= points[-2].rows:
        return Probe(
            row_seconds=last.seconds / max(last.rows, 1),
            row_bytes=last.bytes / max(last.rows, 1),
            most_rows=most_rows,
        )
    before = points[-2]
    rows = last.rows - before.rows
    # noise can make the slope flat or falling: a tenth of the plain quotient is the floor
    seconds = max(last.seconds - before.seconds, 0.1 * last.seconds)
    return Probe(
        row_seconds=seconds / rows,
        row_bytes=max(last.bytes - before.bytes, 0) / rows,
        most_rows=most_rows,
    )
