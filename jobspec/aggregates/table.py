"""The table of aggregate functions. One module a family; a new family is one more entry here."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from jobspec.aggregates import counts, extremes, firsts, folds, maps, moments, sketches, sums, texts
from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.function import AggregateFunction, Distinct
from jobspec.aggregates.maps import distinct_state
from jobspec.aggregates.state import Merged, State, Types
from jobspec.types import Column

_FAMILIES: tuple[ModuleType, ...] = (
    counts,
    sums,
    moments,
    extremes,
    firsts,
    folds,
    maps,
    sketches,
    texts,
)

AGGREGATES: dict[str, AggregateFunction] = {
    name: row
    for family in _FAMILIES
    for row in family.FUNCTIONS
    for name in (row.name, *row.aliases)
}
"""By name; an alias stands for the same row."""


def aggregate(
    name: str,
    function: AggregateFunction,
    arguments: Types,
    options: Sequence[str] = (),
    *,
    distinct: bool = False,
) -> Aggregate:
    """The aggregate `name = function(arguments, options)`."""
    distinct = distinct and function.distinct is Distinct.VALUES
    return Aggregate(
        result=Column(name, function.result_type(arguments), nullable=function.nullable),
        function=function.name,
        arguments=arguments,
        options=tuple(options),
        distinct=distinct,
        partial=_state(function, arguments, distinct).partial(name, arguments),
    )


def state_of(aggregate: Aggregate) -> State:
    """How the state of an aggregate is kept."""
    return _state(AGGREGATES[aggregate.function], aggregate.arguments, aggregate.distinct)


def merged(aggregate: Aggregate, budget: Budget) -> Merged:
    """The state of an aggregate on the hub, of no rows yet."""
    return state_of(aggregate).merged(aggregate, budget)


def _state(function: AggregateFunction, arguments: Types, distinct: bool) -> State:
    return distinct_state(function, arguments) if distinct else function.state_of(arguments)
