"""Files made of a job's result when it is there: its picture (PNG) and its array (NPY).

What cannot be made (too many pixels, no rows) is said in words; it never spoils the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from jobspec.document import JobDocument
from jobspec.document_output import Image, Npy
from jobspec.errors import MergeError
from jobspec.grids import Grid, Places, batches, grid_of
from jobspec.palettes import colours
from jobspec.png import png_of_colours, png_of_indexes

MOST_PIXELS = 1 << 24
MOST_SIDE = 1 << 15
MOST_ARRAY_BYTES = 1 << 28

_COLOURS = 255
_TRANSPARENT = 255
"""The last index of a picture by palette; those before are its colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A file beside the table: where it was written, or the problem that was in the way."""

    form: str
    """How its name ends."""
    path: Path | None = None
    problem: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """`width` and `height` of a picture; `shape` and `type` of an array."""


def make_result_files(document: JobDocument, result: Path, folder: Path) -> Iterator[ResultFile]:
    """The files that a document asks for beside tables, made of the Parquet file `result`."""
    files = document.files
    if files.image is not None:
        yield _made("png", folder, partial(_write_image, files.image, result))
    if files.npy is not None:
        yield _made("npy", folder, partial(_write_array, files.npy, result))


def _made(form: str, folder: Path, write: Callable[[Path], dict[str, Any]]) -> ResultFile:
    path = folder / f"result.{form}"
    try:
        about = write(path)
    except MergeError as error:
        return ResultFile(form=form, problem=error.message)
    return ResultFile(form=form, path=path, about=about)


# --- pictures -------------------------------------------------------------------------------------


def _write_image(image: Image, result: Path, path: Path) -> dict[str, Any]:
    grid = grid_of(result, [image.y, image.x], MOST_PIXELS)
    height, width = grid.shape
    if max(height, width) > MOST_SIDE:
        raise MergeError(f"a picture of {width:,} by {height:,} has a side above {MOST_SIDE:,}")
    write = _by_palette if image.value is not None else _by_channels
    path.write_bytes(write(image, result, grid))
    return {"width": width, "height": height}


def _by_palette(image: Image, result: Path, grid: Grid) -> bytes:
    name = str(image.value)
    low, high = image.range or _extent(result, name)
    unit = 1.0 if math.isfinite(high - low) else 2.0  # floats end before their differences do
    width = (high / unit - low / unit) or 1.0
    indexes = np.full(grid.shape[0] * grid.shape[1], _TRANSPARENT, np.uint8)
    for cells, batch in grid.cells([name]):
        values = _floats(batch.column(0))
        shares = (np.clip(values, low, high) / unit - low / unit) / width
        places = np.nan_to_num(np.minimum(shares * _COLOURS, _COLOURS - 1)).astype(np.uint8)
        indexes[cells] = np.where(np.isnan(values), _TRANSPARENT, places)
    has_holes = bool((indexes == _TRANSPARENT).any())
    palette = colours(image.palette, _COLOURS)
    if has_holes:
        palette = np.vstack([palette, np.zeros((1, 3), np.uint8)])
    pixels = indexes.reshape(grid.shape)
    return png_of_indexes(pixels, palette, _TRANSPARENT if has_holes else None)


def _extent(result: Path, name: str) -> tuple[float, float]:
    """The least and the greatest of the finite values; 0 and 0 where there is none."""
    low, high = np.inf, -np.inf
    for batch in batches(result, [name]):
        values = _floats(batch.column(0))
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _by_channels(image: Image, result: Path, grid: Grid) -> bytes:
    del result
    pixels = np.zeros((grid.shape[0] * grid.shape[1], 4), np.uint8)
    for cells, batch in grid.cells([str(image.r), str(image.g), str(image.b)]):
        for channel, column in enumerate(batch.columns):
            whole = 1.0 if pa.types.is_floating(column.type) else 255.0
            values = np.clip(np.nan_to_num(_floats(column)), 0.0, whole)
            pixels[cells, channel] = np.rint(values * (255.0 / whole)).astype(np.uint8)
        pixels[cells, 3] = 255
    shown = pixels.reshape(*grid.shape, 4)
    return png_of_colours(shown[:, :, :3] if (pixels[:, 3] == 255).all() else shown)


def _floats(array: pa.Array) -> npt.NDArray[np.float64]:
    """Numbers and bools as f64; NULL is NaN."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    floats = array.cast(pa.float64(), safe=False)
    values: npt.NDArray[np.float64] = floats.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


# --- arrays ---------------------------------------------------------------------------------------


def _write_array(npy: Npy, result: Path, path: Path) -> dict[str, Any]:
    with pq.ParquetFile(result) as file:
        rows, arrow = file.metadata.num_rows, file.schema_arrow.field(npy.value).type
    kind = _numpy_type(arrow)
    most = MOST_ARRAY_BYTES // kind.itemsize
    grid = grid_of(result, npy.axes, most) if npy.axes else None
    shape = (rows,) if grid is None else grid.shape
    if math.prod(shape) > most:
        raise MergeError(f"an array of {rows:,} values has more than {MOST_ARRAY_BYTES:,} bytes")
    cells = np.full(math.prod(shape), np.nan if kind.kind == "f" else 0, kind)
    placed = grid.cells([npy.value]) if grid else _rows_in_order(result, npy.value)
    for places, batch in placed:
        cells[places] = _elements(batch.column(0), kind)
    np.save(path, cells.reshape(shape), allow_pickle=False)
    return {"shape": list(shape), "type": str(kind)}


def _rows_in_order(result: Path, name: str) -> Iterator[tuple[Places, pa.RecordBatch]]:
    start = 0
    for batch in batches(result, [name]):
        yield np.arange(start, start + batch.num_rows), batch
        start += batch.num_rows


def _numpy_type(arrow: pa.DataType) -> np.dtype[Any]:
    if pa.types.is_decimal(arrow):
        return np.dtype(np.float64)
    found: np.dtype[Any] = np.dtype(arrow.to_pandas_dtype())
    return found


def _elements(array: pa.Array, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """NULL is NaN among floats, else zero."""
    if kind.kind == "f":
        return _floats(array).astype(kind)
    filled = array.fill_null(False if kind.kind == "b" else 0)
    values: npt.NDArray[Any] = filled.to_numpy(zero_copy_only=False)
    return values
