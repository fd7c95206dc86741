"""Values by the order of the rows: the first, the last, the first that is not NULL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial as bound
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.extremes import opens
from jobspec.aggregates.function import AggregateFunction, Distinct, Takes, of_first
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.ir import Store
from jobspec.sql.value import FALSE, i32, negated
from jobspec.types import Column, Scalar, Schema, ValueType


def _seen_and_value(name: str, types: Types) -> Schema:
    """Whether there was a row, since its value may be NULL."""
    return (Column(name, types[0], nullable=True), Column(f"{name}.seen", ValueType.BOOL))


def _value(name: str, types: Types) -> Schema:
    return (Column(name, types[0], nullable=True),)


def _keep_first(state: InProgram) -> None:
    value, seen = state.fields
    with state.body.when(negated(seen.load(state.record).value)):
        state.store(value, state.arguments[0])
        state.body.add(Store("i32.store8", state.record, i32(1), seen.offset))


def _keep_last(state: InProgram) -> None:
    value, seen = state.fields
    state.store(value, state.arguments[0])
    state.body.add(Store("i32.store8", state.record, i32(1), seen.offset))


def _keep_any(state: InProgram) -> None:
    (value,) = state.fields
    with state.body.when(negated(value.load(state.record).valid or FALSE)):
        state.store(value, state.arguments[0])


class _Seen(Merged):
    """The first or the last of the rows that there were."""

    def __init__(self, last: bool, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._last = last
        self._seen = False
        self._value: Scalar = None

    def take(self, partial: Sequence[Any]) -> None:
        value, seen = partial
        if seen and (self._last or not self._seen):
            self._seen, self._value = True, value

    def result(self) -> Scalar:
        return self._value


class _Any(Merged):
    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._value: Scalar = None

    def take(self, partial: Sequence[Any]) -> None:
        if self._value is None:
            self._value = partial[0]

    def result(self) -> Scalar:
        return self._value


def _by_row(*, last: bool) -> Callable[[Types], State]:
    return lambda types: State(
        partial=_seen_and_value,
        update=_keep_last if last else _keep_first,
        merged=bound(_Seen, last),
        opens=opens(types),
        sees_nulls=True,
    )


def _any(types: Types) -> State:
    return State(partial=_value, update=_keep_any, merged=_Any, opens=opens(types))


FUNCTIONS = (
    AggregateFunction(
        name="first",
        takes=(Takes.ANY,),
        gives=of_first,
        state=_by_row(last=False),
        about="The value in the first row, which may be NULL.",
        examples=(("first(word)", "'pear'"),),
        aliases=("arbitrary",),
    ),
    AggregateFunction(
        name="last",
        takes=(Takes.ANY,),
        gives=of_first,
        state=_by_row(last=True),
        about="The value in the last row, which may be NULL.",
        examples=(("last(word)", "'fig'"),),
    ),
    AggregateFunction(
        name="any_value",
        takes=(Takes.ANY,),
        gives=of_first,
        state=_any,
        about="The value in the first row where it is not NULL.",
        examples=(("any_value(price)", "1.25"),),
        distinct=Distinct.IDLE,
    ),
)
