"""The aggregate functions: what state each keeps, so that states of any row ranges can be merged.

A state travels as one or more columns of a program's output (the partial columns). Programs
build it (`jobspec.program`), the hub merges it in row order (`jobspec.merge`). Integer sums are
exact: 128 bits, as two columns. Everything but plain float sums is independent of the partition.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jobspec.types import Column, Schema, ValueType


class State(StrEnum):
    """The kinds of mergeable state."""

    COUNT = "count"
    INTEGER_SUM = "integer_sum"
    FLOAT_SUM = "float_sum"
    INTEGER_AVERAGE = "integer_average"
    FLOAT_AVERAGE = "float_average"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ARG_MINIMUM = "arg_minimum"
    ARG_MAXIMUM = "arg_maximum"


_PLAIN = {
    "count": State.COUNT,
    "min": State.MINIMUM,
    "max": State.MAXIMUM,
    "arg_min": State.ARG_MINIMUM,
    "arg_max": State.ARG_MAXIMUM,
}
_SUMS = {
    "sum": (State.INTEGER_SUM, State.FLOAT_SUM),
    "avg": (State.INTEGER_AVERAGE, State.FLOAT_AVERAGE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One aggregate of a job: the name and type of its result, and the state behind it."""

    result: Column
    state: State
    partial: Schema
    """The columns of the state, in the order in which `jobspec.merge` takes them."""


def aggregate(
    name: str, function: str, arguments: tuple[ValueType, ...], result: ValueType
) -> Aggregate:
    """The aggregate `name = function(arguments)`."""
    state = _PLAIN.get(function) or _SUMS[function][arguments[0].is_float]
    return Aggregate(
        result=Column(name, result, nullable=state is not State.COUNT),
        state=state,
        partial=_partial(name, state, arguments),
    )


def _partial(name: str, state: State, arguments: tuple[ValueType, ...]) -> Schema:
    match state:
        case State.COUNT:
            return (Column(name, ValueType.I64),)
        case State.INTEGER_SUM | State.INTEGER_AVERAGE:
            # A count tells "no rows" from "the sum is zero", and is what an average needs.
            return (
                Column(f"{name}.low", ValueType.U64),
                Column(f"{name}.high", ValueType.I64),
                Column(f"{name}.count", ValueType.I64),
            )
        case State.FLOAT_SUM | State.FLOAT_AVERAGE:
            return (Column(name, ValueType.F64), Column(f"{name}.count", ValueType.I64))
        case State.MINIMUM | State.MAXIMUM:
            return (Column(name, arguments[0], nullable=True),)
        case State.ARG_MINIMUM | State.ARG_MAXIMUM:
            value, key = arguments
            return (
                Column(name, value, nullable=True),
                Column(f"{name}.key", key, nullable=True),
            )
