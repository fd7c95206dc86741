"""Shared inputs, read from the document and from uploads into the bytes that programs hold.

Reading stops where the limit is passed, whatever a file says of itself. Not here: npy files
(`npy`), what shared inputs are (`jobspec.shared`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobspec.arrow import arrow_schema, carriers, value_fault
from jobspec.document_shared import SharedInput, SharedUpload, SharedValues
from jobspec.errors import SourceError
from jobspec.limits import Limits
from jobspec.problems import ProblemList, near_miss, pointer
from jobspec.shared import Shared, SharedArray, SharedTable, Unread
from jobspec.sources.cells import BadCellError, inferred_type, read_cells
from jobspec.sources.npy import read_npy
from jobspec.sources.opening import find_upload, open_source
from jobspec.sources.source import BadSource, OpenUpload, Place, Source
from jobspec.types import Column, Schema, ValueType


def load_shared(
    inputs: Mapping[str, SharedInput],
    open_upload: OpenUpload | None,
    limits: Limits,
    problems: ProblemList,
) -> Shared:
    """The shared inputs; a problem is added for each that cannot be read."""
    loaded: dict[str, SharedArray | SharedTable | Unread] = {}
    left = min(limits.shared_bytes, limits.memory_bytes // 2)
    for name, given in inputs.items():
        loader = _Loader(name, open_upload, left, problems)
        loaded[name] = Unread()
        try:
            found = loader.load(given)
            if found is not None and len(found.data) > left:
                raise _too_large(left)
        except BadSource as error:
            problems.add(error.code, pointer(*loader.place), error.message, error.hint)
            continue
        except SourceError as error:
            problems.add("source_unreadable", pointer(*loader.place), error.message)
            continue
        if found is not None:
            loaded[name] = found
            left -= len(found.data)
    return loaded


@dataclass(frozen=True, slots=True)
class _Loader:
    """Reads one shared input of at most `max_bytes`."""

    name: str
    open_upload: OpenUpload | None
    max_bytes: int
    problems: ProblemList

    @property
    def place(self) -> Place:
        return ("shared", self.name)

    def load(self, given: SharedInput) -> SharedArray | SharedTable | None:
        """The input; None where a problem was added. Raises BadSource, SourceError."""
        if isinstance(given, SharedValues):
            return self._values(given)
        if isinstance(given, SharedUpload) and given.format == "npy":
            path = find_upload(given.upload, self.open_upload, self.problems, self.place)
            return None if path is None else self._array(*read_npy(path, self.max_bytes))
        before = len(self.problems)
        source = open_source(given, self.open_upload, self.problems, self.place)
        if source is None or len(self.problems) > before:
            return None
        if isinstance(given, SharedUpload) and given.array is not None:
            return self._columns(source, given.array)
        return self._table(source)

    def _values(self, given: SharedValues) -> SharedArray:
        is_matrix = isinstance(given.values[0], list)
        flat = [value for row in given.values for value in row] if is_matrix else given.values
        width = len(given.values[0]) if is_matrix else 1
        try:
            element = given.type or inferred_type(flat)
            column = read_cells(flat, element)
        except BadCellError as error:
            row, place = divmod(error.index, width)
            at = f"[{row}, {place}]" if is_matrix else f"[{row}]"
            raise BadSource("type_mismatch", f"{at}: {error.message}", error.hint) from None
        numbers = _numbers(column, element)
        return self._array(element, numbers.reshape(-1, width) if is_matrix else numbers)

    def _columns(self, source: Source, array: str | list[str]) -> SharedArray:
        """The columns side by side, or one as an array of one dimension."""
        names = [array] if isinstance(array, str) else array
        known = {column.name: column for column in source.columns}
        for name in names:
            if name not in known:
                raise BadSource(
                    "unknown_column", f"the file has no column {name!r}", near_miss(name, known)
                )
        types = {name: known[name].type for name in names}
        element = types[names[0]]
        for name, found in types.items():
            if found is None or found is not element:
                raise BadSource(
                    "type_mismatch",
                    f"column {name!r} is of type {found or known[name].stated}, column"
                    f" {names[0]!r} of type {element or known[names[0]].stated}",
                    "the elements of an array have one type; state it in 'columns'",
                )
        if element is None:
            raise BadSource("type_mismatch", f"column {names[0]!r} has no type of the language")
        table = self._read(source, tuple(Column(name, element, nullable=True) for name in names))
        columns = []
        for name, column in zip(names, table.columns, strict=True):
            if column.null_count:
                message = f"column {name!r} has NULLs, which an array has not"
                raise BadSource("type_mismatch", message, "leave those rows out of the file")
            columns.append(_numbers(column, element))
        return self._array(
            element, columns[0] if isinstance(array, str) else np.stack(columns, axis=1)
        )

    def _table(self, source: Source) -> SharedTable:
        """The columns that the language carries; no others can be used anyway."""
        wanted = tuple(
            Column(column.name, column.type, nullable=True)
            for column in source.columns
            if column.type is not None
        )
        batch = self._read(source, wanted)
        schema = tuple(
            Column(column.name, column.type, nullable=array.null_count > 0)
            for column, array in zip(wanted, batch.columns, strict=True)
        )
        batch = pa.RecordBatch.from_arrays(batch.columns, schema=arrow_schema(schema))
        return SharedTable(name=self.name, schema=schema, batch=batch)

    def _read(self, source: Source, schema: Schema) -> pa.RecordBatch:
        batches: list[pa.RecordBatch] = []
        size = 0
        for batch in source.read(schema):
            size += batch.nbytes
            if size > self.max_bytes:
                raise _too_large(self.max_bytes)
            for column, array in zip(schema, batch.columns, strict=True):
                if fault := value_fault(array, column.type):
                    raise BadSource("type_mismatch", f"column {column.name!r}: {fault}")
            batches.append(batch.cast(arrow_schema(schema)))
        return pa.concat_batches(batches) if batches else _empty(schema)

    def _array(self, element: ValueType, numbers: npt.NDArray[Any]) -> SharedArray:
        if element.is_float:
            numbers = np.where(np.isnan(numbers), np.nan, numbers).astype(numbers.dtype)
        data = np.ascontiguousarray(numbers).tobytes()
        return SharedArray(name=self.name, element=element, shape=numbers.shape, data=data)


def _numbers(column: pa.Array, element: ValueType) -> npt.NDArray[Any]:
    """The elements as they lie in memory."""
    if element.is_bytes:
        raise BadSource(
            "type_mismatch",
            f"an array has no elements of type {element}",
            "make it a table, to join with",
        )
    if element is ValueType.BOOL:
        column = column.cast(pa.uint8())
    numbers: npt.NDArray[Any] = carriers(column, element).to_numpy(zero_copy_only=False)
    return numbers


def _empty(schema: Schema) -> pa.RecordBatch:
    types = arrow_schema(schema)
    return pa.RecordBatch.from_arrays([pa.array([], each.type) for each in types], schema=types)


def _too_large(room: int) -> BadSource:
    return BadSource(
        "too_long",
        f"there is room for {room:,} bytes of shared inputs, which this one passes",
        "leave out columns and rows, or make them the source",
    )
