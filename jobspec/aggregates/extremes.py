"""The least and the greatest value of any type, and what stands beside it.

Of equal values (-0.0 and 0.0 are) the first row's is taken. NaN is the greatest float, texts and
binaries compare by their bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial as bound
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.function import AggregateFunction, Distinct, Takes, of_first
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.ir import Expr
from jobspec.sql.comparisons import compare
from jobspec.sql.value import Value, both, either, negated
from jobspec.types import Column, Scalar, Schema


def _value(name: str, types: Types) -> Schema:
    return (Column(name, types[0], nullable=True),)


def _value_and_key(name: str, types: Types) -> Schema:
    value, key = types
    return (
        Column(name, value, nullable=True),
        Column(f"{name}.key", key, nullable=True),
    )


def _keep_best(operator: str, state: InProgram) -> None:
    """The key is the last argument; the one that comes first by `operator` stays."""
    key = Value(state.arguments[-1].type, state.arguments[-1].value)
    best = state.fields[-1].load(state.record)
    better = _comes_before(state, operator, key, best)
    with state.body.when(both(state.arguments[-1].valid, better)):
        for field, argument in zip(state.fields, state.arguments, strict=True):
            state.store(field, argument)


def _comes_before(state: InProgram, operator: str, key: Value, best: Value) -> Expr:
    best = Value(best.type, state.body.temporary(best.value), best.valid)
    before = compare(operator, key, best)
    return before if best.valid is None else either(negated(best.valid), before)


# --- on the hub -----------------------------------------------------------------------------------


class _Extreme(Merged):
    """Takes the columns of any of these states: the last is what is compared."""

    def __init__(
        self, before: Callable[[Any, Any], bool], aggregate: Aggregate, budget: Budget
    ) -> None:
        super().__init__(aggregate, budget)
        self._before = before
        self._value: Scalar = None
        self._key: Scalar = None

    def take(self, partial: Sequence[Any]) -> None:
        value, key = partial[0], partial[-1]
        if key is not None and (self._key is None or self._before(key, self._key)):
            self._value, self._key = value, key

    def result(self) -> Scalar:
        return self._value


def less(a: Any, b: Any) -> bool:
    """SQL's order: NaN is the greatest number. Strings compare by code point, as UTF-8 does."""
    if is_nan(a) or is_nan(b):
        return not is_nan(a)
    return bool(a < b)


def _greater(a: Any, b: Any) -> bool:
    return less(b, a)


def is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


# --- the functions --------------------------------------------------------------------------------


def _state(
    operator: str, partial: Callable[[str, Types], Schema], *, nulls: bool = False
) -> Callable[[Types], State]:
    return lambda types: State(
        partial=partial,
        update=bound(_keep_best, operator),
        merged=bound(_Extreme, less if operator == "<" else _greater),
        opens=opens(types),
        sees_nulls=nulls,
    )


def opens(types: Types) -> tuple[str, ...]:
    """What a state that stores values of these types needs before the first row."""
    return ("states_begin",) if any(given.is_bytes for given in types) else ()


FUNCTIONS = (
    AggregateFunction(
        name="min",
        takes=(Takes.ANY,),
        gives=of_first,
        state=_state("<", _value),
        about="The least value; NaN is the greatest float, texts go by code points.",
        examples=(("min(n)", "1"), ("min(word)", "'apple'"), ("min(day)", "DATE '2024-02-29'")),
        distinct=Distinct.IDLE,
    ),
    AggregateFunction(
        name="max",
        takes=(Takes.ANY,),
        gives=of_first,
        state=_state(">", _value),
        about="The greatest value; NaN is the greatest float, texts go by code points.",
        examples=(("max(n)", "3"), ("max(word)", "'pear'"), ("max(price)", "3.50")),
        distinct=Distinct.IDLE,
    ),
    AggregateFunction(
        name="arg_min",
        takes=(Takes.ANY, Takes.ANY),
        gives=of_first,
        state=_state("<", _value_and_key),
        about=(
            "The first argument in the first row that has the least second one; rows where one"
            " of them is NULL are passed over."
        ),
        examples=(("arg_min(word, n)", "'fig'"),),
        aliases=("argmin", "min_by"),
    ),
    AggregateFunction(
        name="arg_max",
        takes=(Takes.ANY, Takes.ANY),
        gives=of_first,
        state=_state(">", _value_and_key),
        about=(
            "The first argument in the first row that has the greatest second one; rows where"
            " one of them is NULL are passed over."
        ),
        examples=(("arg_max(word, n)", "'pear'"),),
        aliases=("argmax", "max_by"),
    ),
    AggregateFunction(
        name="arg_min_null",
        takes=(Takes.ANY, Takes.ANY),
        gives=of_first,
        state=_state("<", _value_and_key, nulls=True),
        about=(
            "As `arg_min`, but only rows where the second argument is NULL are passed over, so"
            " the result can be NULL."
        ),
        examples=(("arg_min_null(n, word)", "2"),),
    ),
    AggregateFunction(
        name="arg_max_null",
        takes=(Takes.ANY, Takes.ANY),
        gives=of_first,
        state=_state(">", _value_and_key, nulls=True),
        about=(
            "As `arg_max`, but only rows where the second argument is NULL are passed over, so"
            " the result can be NULL."
        ),
        examples=(("arg_max_null(n, word)", "3"),),
    ),
)
