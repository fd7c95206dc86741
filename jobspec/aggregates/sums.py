"""Sums and means: exact in 128 bits for integers and decimals, in row order for floats.

The float sum of a range of rows is rounded after every row, so its last digits depend on how the
rows were cut; `fsum` (`jobspec.aggregates.exact`) is the one that does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.checks import count_of
from jobspec.aggregates.function import AggregateFunction, Distinct, Takes
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.errors import MergeError, OutputError
from jobspec.ir import Const, Expr, Kind, Op
from jobspec.records import once
from jobspec.sql.value import wide
from jobspec.types import DECIMAL_DIGITS, Column, Scalar, Schema, ValueType


def _integer_partial(name: str, types: Types) -> Schema:
    """A count tells "no rows" from "the sum is zero", and is what a mean needs."""
    del types
    return (
        Column(f"{name}.low", ValueType.U64),
        Column(f"{name}.high", ValueType.I64),
        Column(f"{name}.count", ValueType.I64),
    )


def _float_partial(name: str, types: Types) -> Schema:
    del types
    return (Column(name, ValueType.F64), Column(f"{name}.count", ValueType.I64))


def _add_integer(state: InProgram) -> None:
    """128 bits in two words; the sign of what is added fills the high one."""
    low, high, count = state.fields
    (argument,) = state.arguments
    added = once(state.body, wide(argument))
    total = state.add(low, added)
    carry: Expr = Op("i64.extend_i32_u", (Op("i64.lt_u", (total, added)),))
    if argument.type.is_signed:
        carry = Op("i64.add", (carry, Op("i64.shr_s", (added, Const(Kind.I64, 63)))))
    state.add(high, carry)
    state.count(count)


def _add_float(state: InProgram) -> None:
    total, count = state.fields
    (argument,) = state.arguments
    added = argument.value
    if argument.type is ValueType.F32:
        added = Op("f64.promote_f32", (added,))
    state.add(total, added)
    state.count(count)


# --- on the hub -----------------------------------------------------------------------------------


def _check_integer(aggregate: Aggregate, partial: Sequence[Any]) -> None:
    del aggregate
    low, high, count = partial
    if not count_of(count) and (low or high):
        raise OutputError("there is a sum of no rows")


def _check_float(aggregate: Aggregate, partial: Sequence[Any]) -> None:
    del aggregate
    count_of(partial[1])


class _IntegerSum(Merged):
    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._sum = 0
        self._count = 0

    def take(self, partial: Sequence[Any]) -> None:
        low, high, count = partial
        self._sum += (high << 64) | low
        self._count += count

    def result(self) -> Scalar:
        return _fitting_sum(self.aggregate, self._sum) if self._count else None


class _FloatSum(Merged):
    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._sum = 0.0
        self._count = 0

    def take(self, partial: Sequence[Any]) -> None:
        total, count = partial
        self._count += count
        self._sum += total

    def result(self) -> Scalar:
        return canonical(self._sum) if self._count else None


class _IntegerMean(_IntegerSum):
    def result(self) -> Scalar:
        return _mean(self.aggregate, self._sum, self._count) if self._count else None


class _FloatMean(_FloatSum):
    def result(self) -> Scalar:
        return canonical(self._sum / self._count) if self._count else None


def canonical(value: float) -> float:
    """Processors differ in the sign of the NaN that infinities add up to."""
    return math.nan if math.isnan(value) else value


def _fitting_sum(aggregate: Aggregate, total: int) -> int:
    value_type = aggregate.result.type
    if not value_type.minimum <= total <= value_type.maximum:
        shown = str(total)
        if value_type.is_decimal:
            shown = f"{total}e-{value_type.scale}"
        raise MergeError(
            f"the sum {aggregate.result.name!r} is {shown}, which {value_type} cannot hold;"
            " sum CAST(... AS f64), or divide before the sum"
        )
    return total


def _mean(aggregate: Aggregate, total: int, count: int) -> float:
    (given,) = aggregate.arguments
    # The quotient of Python's integers is rounded once.
    return total / (count * 10**given.scale) if given.is_decimal else total / count


def _in_order(values: Sequence[float]) -> float:
    """Rounded after each value: `sum` compensates for that from Python 3.12 on, and not before."""
    return reduce(add, values, 0.0)


def _sum_of_values(aggregate: Aggregate, values: Sequence[Any]) -> Scalar:
    if aggregate.arguments[0].is_float:
        return canonical(_in_order(values))
    return _fitting_sum(aggregate, sum(values))


def _mean_of_values(aggregate: Aggregate, values: Sequence[Any]) -> Scalar:
    if aggregate.arguments[0].is_float:
        return canonical(_in_order(values) / len(values))
    return _mean(aggregate, sum(values), len(values))


# --- the functions --------------------------------------------------------------------------------


def _sum_type(types: Types) -> ValueType:
    (given,) = types
    if given.is_float:
        return ValueType.F64
    if given.is_decimal:
        return ValueType.decimal(DECIMAL_DIGITS, given.scale)
    return ValueType.U64 if given is ValueType.U64 else ValueType.I64


def _integer(merged: type[Merged]) -> State:
    return State(partial=_integer_partial, update=_add_integer, merged=merged, check=_check_integer)


def _float(merged: type[Merged]) -> State:
    return State(partial=_float_partial, update=_add_float, merged=merged, check=_check_float)


_INTEGER_SUM, _INTEGER_MEAN = _integer(_IntegerSum), _integer(_IntegerMean)
_FLOAT_SUM, _FLOAT_MEAN = _float(_FloatSum), _float(_FloatMean)

FUNCTIONS = (
    AggregateFunction(
        name="sum",
        takes=(Takes.SUMMED,),
        gives=_sum_type,
        state=lambda types: _FLOAT_SUM if types[0].is_float else _INTEGER_SUM,
        about=(
            "The sum; of bools, how many are true. Integers and decimals are summed exactly, in"
            " 128 bits. The last digits of a float sum depend on how the job was split; that of n"
            " values is not further from the exact one than n / 2^53 times the sum of their sizes."
        ),
        examples=(("sum(n)", "8"), ("sum(DISTINCT n)", "6"), ("sum(price)", "7.25")),
        differs=(
            "The result is an i64, a u64 (of u64) or a decimal of 18 digits, where DuckDB has"
            " HUGEINT and 38 digits; a sum beyond it fails the job."
        ),
        distinct=Distinct.VALUES,
        of_values=_sum_of_values,
    ),
    AggregateFunction(
        name="avg",
        takes=(Takes.NUMBER,),
        gives=ValueType.F64,
        state=lambda types: _FLOAT_MEAN if types[0].is_float else _INTEGER_MEAN,
        about=(
            "The mean. Of integers and decimals it is the exact one, rounded once; of floats, their"
            " `sum` over their number."
        ),
        examples=(("avg(n)", "2.0"), ("avg(price)", "1.8125")),
        aliases=("mean",),
        distinct=Distinct.VALUES,
        of_values=_mean_of_values,
    ),
)
