"""Merges the outputs of a job's sub-jobs, given in row order, into its result.

Any partition of the source gives the same result, but for the last digits of float sums, which
are added in the order of the sub-jobs. Integers are exact however large the sum on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import pyarrow as pa

from jobspec.aggregates import Aggregate, State
from jobspec.arrow import array_of, arrow_schema, scalars
from jobspec.chunks import output_batch
from jobspec.errors import MergeError
from jobspec.program_plan import Concatenate, Group, Limit, ProgramPlan
from jobspec.types import Scalar

BATCH_ROWS = 1 << 16
_NAN = object()


def result_schema(plan: ProgramPlan) -> pa.Schema:
    return arrow_schema(plan.result)


def merge(plan: ProgramPlan, outputs: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """The job's result, in batches of `result_schema(plan)`.

    Rows come in row order, groups in the order of their first appearance. Outputs are taken one
    by one and not kept; a limit takes no more of them than it needs. Raises OutputError for
    bytes that are no output of the program, and MergeError for a sum beyond 64 bits.
    """
    match plan.closing:
        case Concatenate():
            yield from _concatenated(plan, outputs, None)
        case Limit(rows=rows):
            yield from _concatenated(plan, outputs, rows)
        case Group() as group:
            yield from _grouped(plan, group, outputs)


def _concatenated(
    plan: ProgramPlan, outputs: Iterable[bytes], limit: int | None
) -> Iterator[pa.RecordBatch]:
    if limit == 0:
        return
    for data in outputs:
        batch = output_batch(plan, data)
        if limit is not None:
            batch = batch.slice(0, limit)
            limit -= batch.num_rows
        if batch.num_rows:
            yield batch
        if limit == 0:
            return


def _grouped(plan: ProgramPlan, group: Group, outputs: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    groups: dict[tuple[object, ...], _Row] = {}
    if not group.keys:
        groups[()] = _Row((), group.aggregates)
    floats = [index for index, key in enumerate(group.keys) if key.type.is_float]
    width = len(group.keys)
    for data in outputs:
        columns = [
            scalars(array, column.type)
            for array, column in zip(output_batch(plan, data).columns, plan.partial, strict=True)
        ]
        for values in zip(*columns, strict=True):
            keys = values[:width]
            identity = _identity(keys, floats) if floats else keys
            row = groups.get(identity)
            if row is None:
                row = groups[identity] = _Row(keys, group.aggregates)
            row.merge(values, width)
    rows = list(groups.values())
    schema = arrow_schema(plan.result)
    for start in range(0, len(rows), BATCH_ROWS):
        table = [row.result() for row in rows[start : start + BATCH_ROWS]]
        arrays = [
            array_of(values, column.type)
            for values, column in zip(zip(*table, strict=True), plan.result, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _identity(keys: tuple[Scalar, ...], floats: Sequence[int]) -> tuple[object, ...]:
    """The keys, every NaN the same one; Python's own -0.0 and 0.0 are equal already."""
    named: list[object] = list(keys)
    for index in floats:
        if _is_nan(keys[index]):
            named[index] = _NAN
    return tuple(named)


class _Row:
    """One group: its keys, and the state of every aggregate."""

    __slots__ = ("_keys", "_states")

    def __init__(self, keys: tuple[Scalar, ...], aggregates: Sequence[Aggregate]) -> None:
        self._keys = keys
        self._states = [_STATES[aggregate.state](aggregate) for aggregate in aggregates]

    def merge(self, values: tuple[Scalar, ...], start: int) -> None:
        for state in self._states:
            end = start + state.width
            state.merge(values[start:end])
            start = end

    def result(self) -> tuple[Scalar, ...]:
        return (*self._keys, *(state.result() for state in self._states))


# --- states ---------------------------------------------------------------------------------------


class _State:
    """The state of one aggregate, which takes in the states of row ranges in row order."""

    width: ClassVar[int] = 1
    """How many partial columns it has."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._column = aggregate.result

    def merge(self, partial: tuple[Any, ...]) -> None:
        raise NotImplementedError

    def result(self) -> Scalar:
        raise NotImplementedError


class _Count(_State):
    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__(aggregate)
        self._count = 0

    def merge(self, partial: tuple[Any, ...]) -> None:
        self._count += partial[0]

    def result(self) -> int:
        return self._count


class _IntegerSum(_State):
    width = 3

    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__(aggregate)
        self._sum = 0
        self._count = 0

    def merge(self, partial: tuple[Any, ...]) -> None:
        low, high, count = partial
        self._sum += (high << 64) | low
        self._count += count

    def result(self) -> int | float | None:
        if not self._count:
            return None
        value_type = self._column.type
        if not value_type.minimum <= self._sum <= value_type.maximum:
            raise MergeError(
                f"the sum {self._column.name!r} is {self._sum}, which {value_type} cannot hold;"
                " sum CAST(... AS f64), or divide before the sum"
            )
        return self._sum


class _FloatSum(_State):
    width = 2

    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__(aggregate)
        self._sum = 0.0
        self._count = 0

    def merge(self, partial: tuple[Any, ...]) -> None:
        total, count = partial
        self._sum += total
        self._count += count

    def result(self) -> float | None:
        return _canonical(self._sum) if self._count else None


class _IntegerAverage(_IntegerSum):
    def result(self) -> float | None:
        return self._sum / self._count if self._count else None


class _FloatAverage(_FloatSum):
    def result(self) -> float | None:
        return _canonical(self._sum / self._count) if self._count else None


class _Extreme(_State):
    """The least or greatest value; of equal ones (-0.0 and 0.0) the first."""

    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__(aggregate)
        self._before = _BEFORE[aggregate.state]
        self._value: Scalar = None

    def merge(self, partial: tuple[Any, ...]) -> None:
        (value,) = partial
        if value is not None and (self._value is None or self._before(value, self._value)):
            self._value = value

    def result(self) -> Scalar:
        return self._value


class _ArgExtreme(_State):
    """The value of the first row that has the least or greatest key."""

    width = 2

    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__(aggregate)
        self._before = _BEFORE[aggregate.state]
        self._value: Scalar = None
        self._key: Scalar = None

    def merge(self, partial: tuple[Any, ...]) -> None:
        value, key = partial
        if key is not None and (self._key is None or self._before(key, self._key)):
            self._value, self._key = value, key

    def result(self) -> Scalar:
        return self._value


def _less(a: Any, b: Any) -> bool:
    """SQL's order: NaN is the greatest number. Strings compare by code point, as UTF-8 does."""
    if _is_nan(a) or _is_nan(b):
        return not _is_nan(a)
    return bool(a < b)


def _greater(a: Any, b: Any) -> bool:
    return _less(b, a)


def _canonical(value: float) -> float:
    """Processors differ in the sign of the NaN that infinities add up to."""
    return math.nan if _is_nan(value) else value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


_BEFORE: dict[State, Callable[[Any, Any], bool]] = {
    State.MINIMUM: _less,
    State.MAXIMUM: _greater,
    State.ARG_MINIMUM: _less,
    State.ARG_MAXIMUM: _greater,
}

_STATES: dict[State, Callable[[Aggregate], _State]] = {
    State.COUNT: _Count,
    State.INTEGER_SUM: _IntegerSum,
    State.FLOAT_SUM: _FloatSum,
    State.INTEGER_AVERAGE: _IntegerAverage,
    State.FLOAT_AVERAGE: _FloatAverage,
    State.MINIMUM: _Extreme,
    State.MAXIMUM: _Extreme,
    State.ARG_MINIMUM: _ArgExtreme,
    State.ARG_MAXIMUM: _ArgExtreme,
}
