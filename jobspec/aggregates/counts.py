"""How many rows: of all, of those with a value, of those for which a condition is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.checks import count_of
from jobspec.aggregates.function import AggregateFunction, Distinct, Takes
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.ir import Op
from jobspec.types import Column, Scalar, Schema, ValueType


def _partial(name: str, types: Types) -> Schema:
    del types
    return (Column(name, ValueType.I64),)


def _count(state: InProgram) -> None:
    state.count(state.fields[0])


def _count_true(state: InProgram) -> None:
    state.add(state.fields[0], Op("i64.extend_i32_u", (state.arguments[0].value,)))


def _check(aggregate: Aggregate, partial: Sequence[Any]) -> None:
    del aggregate
    count_of(partial[0])


class _Count(Merged):
    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._count = 0

    def take(self, partial: Sequence[Any]) -> None:
        self._count += partial[0]

    def result(self) -> int:
        return self._count


def _of_values(aggregate: Aggregate, values: Sequence[Scalar]) -> int:
    del aggregate
    return len(values)


FUNCTIONS = (
    AggregateFunction(
        name="count",
        takes=(Takes.ANY,),
        gives=ValueType.I64,
        state=State(partial=_partial, update=_count, merged=_Count, check=_check),
        about="The number of rows, or of rows where the argument is not NULL.",
        examples=(("count(*)", "5"), ("count(n)", "4"), ("count(DISTINCT n)", "3")),
        nullable=False,
        star=True,
        distinct=Distinct.VALUES,
        of_values=_of_values,
    ),
    AggregateFunction(
        name="count_if",
        takes=(Takes.BOOL,),
        gives=ValueType.I64,
        state=State(partial=_partial, update=_count_true, merged=_Count, check=_check),
        about="The number of rows for which a condition is true.",
        examples=(("count_if(n > 1)", "3"),),
        differs="The result is an i64 rather than a HUGEINT, and 0 rather than NULL of no rows.",
        aliases=("countif",),
        nullable=False,
    ),
)
