"""Shared inputs: named read-only arrays and tables that every sub-job of a job sees.

They are part of the program, as bytes in its data segments. Not here: how they are read from files
and documents (`jobspec.sources.shared`), how functions and joins use them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from jobspec.types import Schema, ValueType

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class SharedArray:
    """An array of one or two dimensions.

    `data` holds the elements without gaps, little endian, the last index running fastest: an
    element has `element.bits // 8` bytes, a bool is a byte 0 or 1. Elements are bools, integers,
    floats, dates, timestamps or decimals, never strings and never NULL; a NaN is canonical.
    """

    name: str
    element: ValueType
    shape: tuple[int, ...]
    data: bytes

    @property
    def summary(self) -> str:
        """What a listing shows in the place of the bytes."""
        shape = ", ".join(map(str, self.shape))
        return f"{self.name}: {self.element}[{shape}], sha256 {self.sha256}"

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of `data`, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedTable:
    """A table; `batch` has exactly the columns of `schema`, in their order and types."""

    name: str
    schema: Schema
    batch: pa.RecordBatch

    @property
    def summary(self) -> str:
        """What a listing shows in the place of the bytes."""
        columns = ", ".join(f"{column.name}: {column.type}" for column in self.schema)
        rows = f"{self.batch.num_rows:,} rows"
        return f"{self.name}: table({columns}), {rows}, sha256 {self.sha256}"

    @cached_property
    def data(self) -> bytes:
        """The table as table bytes, with first row 0."""
        from jobspec import table_bytes

        return table_bytes.encode(self.schema, self.batch, first_row=0)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of `data`, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Unread:
    """An input of that name that could not be read, which has been reported."""


Shared: TypeAlias = Mapping[str, SharedArray | SharedTable | Unread]
"""The shared inputs of a job by name, in the order of the document."""
