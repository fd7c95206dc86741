"""How long a row takes and how much it gives: the hub runs the program on growing samples.

The first sample is one row; each next one has eight times as many, until a run takes long enough to
be measured. What counts is the slope between the last two runs, since starting a program takes time
of its own. Of a range, the middle and the end are tried too and the slowest counts: rows differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import jobspec
from owc.clock import Clock

LONG_ENOUGH_SECONDS: Final = 0.2
GROWTH: Final = 8
MOST_ROWS: Final = 1 << 27

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


class RowTooSlow(Exception):  # noqa: N818 - it becomes a sentence, not an error of the program
    """One row alone exhausts the fuel of a run."""


class RowTraps(Exception):  # noqa: N818 - likewise
    """A row of the source traps: `row` is its number there."""

    def __init__(self, site: int, row: int) -> None:
        super().__init__(site, row)
        self.site, self.row = site, row


def probe(
    wasm: bytes,
    plan: jobspec.ProgramPlan,
    sample: Sample,
    *,
    first_row: int,
    clock: Clock,
    fuel: int,
    most: int,
) -> Probe:
    """Measure on samples of up to `most` rows, which begin at `first_row` of the source.

    Raises RowTooSlow, RowTraps, jobspec.RunError.
    """
    points: list[_Point] = []
    rows, out_of_room = 1, False
    while rows <= min(most, MOST_ROWS):
        chunk = sample(rows)
        if chunk is None:
            break
        started = clock.monotonic()
        try:
            run = jobspec.run_program(
                wasm, chunk, fuel=fuel, memory_bytes=plan.requirement.memory_bytes
            )
        except jobspec.RunError as error:
            if rows == 1:
                if error.code == "fuel_exhausted":
                    raise RowTooSlow from None
                raise
            out_of_room = error.code == "memory"
            break
        if run.trap_site is not None:
            if rows > 1 and plan.traps[run.trap_site].code == "out_of_memory":
                out_of_room = True
                break
            raise RowTraps(run.trap_site, first_row + run.rows_done)
        points.append(
            _Point(rows=run.rows_done, seconds=clock.monotonic() - started, bytes=len(run.output))
        )
        if points[-1].seconds >= LONG_ENOUGH_SECONDS or run.rows_done < rows:
            break
        rows *= GROWTH
    return _slope(points, most_rows=points[-1].rows if out_of_room and points else None)


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
