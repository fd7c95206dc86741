"""Rows of a result as cells of a grid: integer columns say where each row stands.

The grid reaches from the least to the greatest value of each axis, in steps of the greatest number
that divides all differences: an axis of 0, 10, 20 has three places. Rows are read in batches,
twice. Of rows in the same cell the last counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from jobspec.errors import MergeError

BATCH_ROWS = 1 << 16
MOST_PLACES = 1 << 40
"""Of one axis; the cells of a grid are limited by whoever makes one."""

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Axis:
    """The places `least`, `least + step`, ... of one column."""

    least: int
    step: int
    places: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The shape of a grid, and the rows that it was made of."""

    path: Path
    columns: tuple[str, ...]
    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(axis.places for axis in self.axes)

    def cells(self, columns: Sequence[str]) -> Iterator[tuple[Places, pa.RecordBatch]]:
        """For some rows at a time, their cells in a flat grid and these columns of them.

        Rows with a NULL on an axis have no cell and are left out.
        """
        for batch in batches(self.path, [*self.columns, *columns]):
            placed = _with_places(batch, len(self.columns))
            flat = np.zeros(placed.num_rows, np.int64)
            for number, axis in enumerate(self.axes):
                place = (_integers(placed.column(number)) - axis.least) // axis.step
                flat = flat * axis.places + place
            yield flat, placed.select(list(range(len(self.columns), placed.num_columns)))


def grid_of(path: Path, columns: Sequence[str], most_cells: int) -> Grid:
    """The grid that the integer `columns` of a Parquet file make, the last one running fastest.

    Raises MergeError if it has more cells than that, or none.
    """
    found: list[Axis | None] = [None] * len(columns)
    for batch in batches(path, columns):
        placed = _with_places(batch, len(columns))
        if placed.num_rows:
            found = [
                _wider(axis, _integers(placed.column(number)), name)
                for number, (axis, name) in enumerate(zip(found, columns, strict=True))
            ]
    axes = tuple(axis for axis in found if axis is not None)
    if len(axes) < len(columns):
        raise MergeError("there is no row to place")
    grid = Grid(path, tuple(columns), axes)
    if math.prod(grid.shape) > most_cells:
        size = " by ".join(f"{places:,}" for places in grid.shape)
        raise MergeError(f"it would have {size} cells, more than {most_cells:,}")
    return grid


def batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """These columns of a Parquet file, in this order; one may be named twice."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys(columns))):
            arrays = [batch.column(name) for name in columns]
            yield pa.RecordBatch.from_arrays(arrays, names=list(map(str, range(len(columns)))))


def _with_places(batch: pa.RecordBatch, axes: int) -> pa.RecordBatch:
    valid = np.ones(batch.num_rows, np.bool_)
    for number in range(axes):
        valid &= batch.column(number).is_valid().to_numpy(zero_copy_only=False)
    return batch if valid.all() else batch.filter(pa.array(valid))


def _integers(array: pa.Array) -> Places:
    try:
        numbers: Places = array.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        raise MergeError("a place is beyond 63 bits") from None
    return numbers


def _wider(axis: Axis | None, numbers: Places, name: str) -> Axis:
    """The axis that has these places too."""
    least, most = int(numbers.min()), int(numbers.max())
    if axis is not None:
        least = min(least, axis.least)
        most = max(most, axis.least + axis.step * (axis.places - 1))
    if most - least >= MOST_PLACES:
        raise MergeError(f"the values of {name!r} reach from {least} to {most}")
    step = int(np.gcd.reduce(numbers - least))
    if axis is not None:
        step = math.gcd(step, axis.least - least, axis.step if axis.places > 1 else 0)
    step = step or 1
    return Axis(least, step, (most - least) // step + 1)
