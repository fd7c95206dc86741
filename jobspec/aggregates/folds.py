"""Logic over all rows: of bools, and of the bits of integers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial as bound
from functools import reduce
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.function import AggregateFunction, Distinct, Takes, of_first
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.ir import Choose, Op
from jobspec.sql.value import FALSE, Value
from jobspec.types import Column, Scalar, Schema

_FOLDS: dict[str, Callable[[Any, Any], Any]] = {
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
}
"""WebAssembly's names. Values of one type are carried alike, and so is what this makes of two."""


def _partial(name: str, types: Types) -> Schema:
    return (Column(name, types[0], nullable=True),)


def _fold(instruction: str, state: InProgram) -> None:
    (field,) = state.fields
    (argument,) = state.arguments
    before = field.load(state.record)
    folded = Op(f"{argument.type.kind}.{instruction}", (before.value, argument.value))
    value = Choose(before.valid or FALSE, folded, argument.value)
    field.store(state.body, state.record, Value(argument.type, state.body.temporary(value)))


class _Folded(Merged):
    def __init__(
        self, fold: Callable[[Any, Any], Any], aggregate: Aggregate, budget: Budget
    ) -> None:
        super().__init__(aggregate, budget)
        self._fold = fold
        self._value: Scalar = None

    def take(self, partial: Sequence[Any]) -> None:
        (value,) = partial
        if value is not None:
            self._value = value if self._value is None else self._fold(self._value, value)

    def result(self) -> Scalar:
        return self._value


def _state(instruction: str) -> State:
    return State(
        partial=_partial,
        update=bound(_fold, instruction),
        merged=bound(_Folded, _FOLDS[instruction]),
    )


def _xor_of_values(aggregate: Aggregate, values: Sequence[Any]) -> Scalar:
    del aggregate
    found: Scalar = reduce(operator.xor, values)
    return found


FUNCTIONS = (
    AggregateFunction(
        name="bool_and",
        takes=(Takes.BOOL,),
        gives=of_first,
        state=_state("and"),
        about="Whether a condition is true in all rows where it is not NULL.",
        examples=(("bool_and(n > 0)", "true"), ("bool_and(n > 1)", "false")),
        distinct=Distinct.IDLE,
    ),
    AggregateFunction(
        name="bool_or",
        takes=(Takes.BOOL,),
        gives=of_first,
        state=_state("or"),
        about="Whether a condition is true in any row.",
        examples=(("bool_or(n > 2)", "true"),),
        distinct=Distinct.IDLE,
    ),
    AggregateFunction(
        name="bit_and",
        takes=(Takes.INTEGER,),
        gives=of_first,
        state=_state("and"),
        about="The bits that all integers have.",
        examples=(("bit_and(n)", "0"),),
        distinct=Distinct.IDLE,
    ),
    AggregateFunction(
        name="bit_or",
        takes=(Takes.INTEGER,),
        gives=of_first,
        state=_state("or"),
        about="The bits that any integer has.",
        examples=(("bit_or(n)", "3"),),
        distinct=Distinct.IDLE,
    ),
    AggregateFunction(
        name="bit_xor",
        takes=(Takes.INTEGER,),
        gives=of_first,
        state=_state("xor"),
        about="The bits that an odd number of integers have.",
        examples=(("bit_xor(n)", "2"),),
        distinct=Distinct.VALUES,
        of_values=_xor_of_values,
    ),
)
