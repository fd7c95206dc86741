"""Merges the groups of partial outputs, given in row order, into the rows of the result.

Any partition of the source gives the same result, but for the last digits of plain float sums,
which are added in the order of the sub-jobs. Outputs come from volunteers: what is no state is an
OutputError, here and before an output is accepted (`check_states`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.table import merged, state_of
from jobspec.arrow import array_of, arrow_schema, scalars
from jobspec.errors import MergeError, OutputError
from jobspec.types import Scalar, Schema

BATCH_ROWS = 1 << 16
_NAN = object()


def merge_groups(
    keys: Schema, aggregates: Sequence[Aggregate], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """One row a group, in the order of their first appearance: keys, then results.

    `batches` have the keys, then the partial columns of the aggregates. Raises OutputError and
    MergeError.
    """
    budget = Budget()
    groups: dict[tuple[object, ...], _Row] = {}
    if not keys:
        groups[()] = _Row((), aggregates, budget)
    floats = [index for index, key in enumerate(keys) if key.type.is_float]
    partial = (*keys, *(column for aggregate in aggregates for column in aggregate.partial))
    for batch in batches:
        for values in _rows(partial, batch.columns):
            own = values[: len(keys)]
            identity = _identity(own, floats) if floats else own
            row = groups.get(identity)
            if row is None:
                row = groups[identity] = _Row(own, aggregates, budget)
            row.take(values, len(keys))
    rows = list(groups.values())
    schema = (*keys, *(aggregate.result for aggregate in aggregates))
    for start in range(0, len(rows), BATCH_ROWS):
        table = [row.result() for row in rows[start : start + BATCH_ROWS]]
        yield _batch(schema, list(zip(*table, strict=True)))


def check_states(keys: Schema, aggregates: Sequence[Aggregate], batch: pa.RecordBatch) -> None:
    """Raise OutputError unless every state of a partial output is one."""
    start = len(keys)
    for aggregate in aggregates:
        end = start + len(aggregate.partial)
        check = state_of(aggregate).check
        if check is not None:
            with _named(aggregate):
                for values in _rows(aggregate.partial, batch.columns[start:end]):
                    check(aggregate, values)
        start = end


def _rows(schema: Schema, arrays: Sequence[pa.Array]) -> Iterator[tuple[Any, ...]]:
    columns = [scalars(array, column.type) for array, column in zip(arrays, schema, strict=True)]
    return zip(*columns, strict=True)


@contextmanager
def _named(aggregate: Aggregate) -> Iterator[None]:
    """An OutputError that is raised inside names the aggregate."""
    try:
        yield
    except OutputError as error:
        raise OutputError(f"{aggregate.result.name!r}: {error.message}") from None


def _batch(schema: Schema, columns: Sequence[Sequence[Scalar]]) -> pa.RecordBatch:
    arrays = []
    for values, column in zip(columns, schema, strict=True):
        try:
            arrays.append(array_of(values, column.type))
        except (pa.ArrowInvalid, OverflowError):
            message = f"a value of {column.name!r} does not fit {column.type}"
            raise MergeError(message) from None
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(schema))


def _identity(keys: tuple[Scalar, ...], floats: Sequence[int]) -> tuple[object, ...]:
    """The keys, every NaN the same one; Python's own -0.0 and 0.0 are equal already."""
    named: list[object] = list(keys)
    for index in floats:
        value = keys[index]
        if isinstance(value, float) and math.isnan(value):
            named[index] = _NAN
    return tuple(named)


class _Row:
    """One group: its keys, and the state of every aggregate."""

    __slots__ = ("_keys", "_states")

    def __init__(
        self, keys: tuple[Scalar, ...], aggregates: Sequence[Aggregate], budget: Budget
    ) -> None:
        self._keys = keys
        self._states = [(len(each.partial), merged(each, budget)) for each in aggregates]

    def take(self, values: tuple[Scalar, ...], start: int) -> None:
        """`values` are a whole row; `start` is where its keys end."""
        for width, state in self._states:
            state.take(values[start : start + width])
            start += width

    def result(self) -> tuple[Scalar, ...]:
        return (*self._keys, *(state.result() for _, state in self._states))
