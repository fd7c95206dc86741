"""Arrays of NumPy's npy files: a short header in the form of a Python literal, then the elements.

The header is matched, not evaluated: an array of numbers, truth values or times needs no more.
Nothing is read before its size is known to be within the limit and within the file.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobspec.arrow import arrow_type, carriers, value_fault, value_type
from jobspec.sources.source import BadSource
from jobspec.types import ValueType

_MAGIC = b"\x93NUMPY"
_HEADER_BYTES = 10_000
_DESCR = re.compile(r"""['"]descr['"]\s*:\s*(['"]([^'"]*)['"]|\[)""")
_ORDER = re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)\b""")
_SHAPE = re.compile(r"""['"]shape['"]\s*:\s*\(([\d,\s]*)\)""", re.ASCII)
_ELEMENT = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|M8\[(D|s|ms|us|ns)\])")


@dataclass(frozen=True, slots=True)
class _Header:
    dtype: np.dtype[Any]
    order: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy(path: Path, max_bytes: int) -> tuple[ValueType, npt.NDArray[Any]]:
    """The type of the elements, and the array in the machine's byte order.

    Of truth values the bytes, of dates and times the numbers that carry them. Raises BadSource for
    what is no npy file or no array of the language: of one or two dimensions, not empty, of
    numbers, truth values, dates or times, at most `max_bytes` long.
    """
    with path.open("rb") as file:
        header = _header(file)
        if header.bytes > max_bytes:
            message = f"the array has {header.bytes:,} bytes, there is room for {max_bytes:,}"
            raise BadSource("too_long", message, "shared inputs are small; rows are the source")
        data = file.read(header.bytes)
    if len(data) < header.bytes:
        message = f"the npy file ends {header.bytes - len(data):,} bytes too early"
        raise BadSource("source_unreadable", message)
    flat = np.frombuffer(data, header.dtype).astype(header.dtype.newbyteorder("="))
    found, numbers = _numbers(flat)
    return found, numbers.reshape(header.shape, order="F" if header.order == "F" else "C")


def _header(file: BinaryIO) -> _Header:
    start = file.read(12)
    if start[:6] != _MAGIC or len(start) < 12 or start[6] not in (1, 2, 3):
        raise BadSource("source_unreadable", "the file is not npy", "write it by numpy.save")
    form, position = ("<H", 10) if start[6] == 1 else ("<I", 12)
    (size,) = struct.unpack_from(form, start, 8)
    file.seek(position)
    text = file.read(min(size, _HEADER_BYTES)).decode("latin-1")
    descr, order, shape = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if len(text) < size or descr is None or order is None or shape is None:
        raise BadSource("source_unreadable", "the npy file's header is damaged")
    if descr[2] is None or not _ELEMENT.fullmatch(descr[2]):
        raise BadSource(
            "type_mismatch",
            f"the array holds values of type {descr[2] or 'record'!r:.40}",
            "an array holds numbers, truth values, dates or timestamps",
        )
    lengths = [length.strip() for length in shape[1].split(",")]
    if not lengths[-1]:
        lengths.pop()
    if len(lengths) not in (1, 2) or not all(re.fullmatch(r"\d{1,18}", part) for part in lengths):
        raise _bad_shape(shape[1])
    header = _Header(
        np.dtype(descr[2]), "F" if order[1] == "True" else "C", tuple(map(int, lengths))
    )
    if not header.bytes:
        raise _bad_shape(shape[1])
    return header


def _bad_shape(shape: str) -> BadSource:
    hint = "one or two dimensions are taken, neither of them 0"
    return BadSource("bad_value", f"the array has the shape ({shape[:80]})", hint)


def _numbers(flat: npt.NDArray[Any]) -> tuple[ValueType, npt.NDArray[Any]]:
    if flat.dtype.kind == "b":
        truths = flat.view(np.uint8)
        if truths.max() > 1:
            raise BadSource("source_unreadable", "a truth value of the npy file is neither 0 nor 1")
        return ValueType.BOOL, truths
    column = pa.array(flat)
    found = value_type(column.type)
    if found is None or column.null_count:
        raise BadSource("type_mismatch", f"an element of type {flat.dtype} is no time")
    try:
        column = column.cast(arrow_type(found))
    except pa.ArrowInvalid as error:
        raise BadSource("type_mismatch", str(error)) from None
    if fault := value_fault(column, found):
        raise BadSource("type_mismatch", fault)
    return found, carriers(column, found).to_numpy()
