"""The table of a join as a program holds it: table bytes of its key columns, then of those added.

Keys have the types of the job's columns that they are compared with; rows whose keys are NULL or do
not fit these types match nothing and are left out. For a left join one more row follows, of
NULLs: what rows without a match get.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from jobspec import table_bytes
from jobspec.arrow import arrow_type
from jobspec.plan import Join
from jobspec.types import Column, Schema, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTable:
    """`rows` counts those that can match; in a left join row number `rows` is of NULLs."""

    keys: Schema
    added: Schema
    rows: int
    data: bytes


def most_bytes(join: Join) -> int:
    """What the table of a join has at most: a key column stands in it once for each comparison."""
    batch = join.table.batch
    rows = batch.num_rows + join.is_left
    pairs = [(column.type, name) for column, name in join.on]
    pairs += [(column.type, column.name) for column in join.columns]
    size = 0
    for type_, name in pairs:
        values = rows * table_bytes.value_bytes(type_)
        text = batch.column(name).nbytes if type_.is_bytes else 0
        size += values + rows + text + 4 * table_bytes.ALIGNMENT
    return table_bytes.HEADER_BYTES + size


def join_table(join: Join) -> JoinTable:
    batch = join.table.batch
    keys = [(column, batch.column(name)) for column, name in join.on]
    fitting = np.ones(batch.num_rows, np.bool_)
    for column, array in keys:
        fitting &= _fits(array, column.type)
    kept = pa.array(fitting)
    key_schema = tuple(
        Column(f"key{number}", column.type) for number, (column, _) in enumerate(keys)
    )
    columns = [
        (place, array.filter(kept).cast(arrow_type(place.type)))
        for place, (_, array) in zip(key_schema, keys, strict=True)
    ]
    added = tuple(
        Column(f"added{number}", column.type, column.nullable)
        for number, column in enumerate(join.added)
    )
    for place, column in zip(added, join.columns, strict=True):
        columns.append((place, batch.column(column.name).filter(kept)))
    if join.is_left:
        columns = [(place, _with_null(array)) for place, array in columns]
    schema = tuple(
        Column(place.name, place.type, nullable=True) if join.is_left else place
        for place, _ in columns
    )
    table = pa.RecordBatch.from_arrays(
        [array for _, array in columns], names=[column.name for column in schema]
    )
    return JoinTable(
        keys=key_schema,
        added=added,
        rows=int(fitting.sum()),
        data=table_bytes.encode(schema, table, first_row=0),
    )


def _fits(array: pa.Array, wanted: ValueType) -> npt.NDArray[np.bool_]:
    """Which values are there and are values of the type."""
    fits = array.is_valid()
    if pa.types.is_integer(array.type) and array.type != arrow_type(wanted):
        own = np.iinfo(array.type.to_pandas_dtype())
        for compare, bound in (
            (pa.compute.greater_equal, max(wanted.minimum, int(own.min))),
            (pa.compute.less_equal, min(wanted.maximum, int(own.max))),
        ):
            limit = pa.scalar(bound, array.type)
            fits = pa.compute.and_(fits, compare(array, limit).fill_null(False))
    mask: npt.NDArray[np.bool_] = fits.to_numpy(zero_copy_only=False)
    return mask


def _with_null(array: pa.Array) -> pa.Array:
    return pa.concat_arrays([array, pa.nulls(1, array.type)])
