"""Values and how often they occur: DISTINCT, histograms, the most frequent value.

The state is a list of keys in the order of their first rows (`jobspec.kernels.states`), with the
number of their rows where that matters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cmp_to_key
from functools import partial as bound
from typing import Any

import numpy as np

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import VALUE_BYTES, Budget
from jobspec.aggregates.checks import count_of, value_of_word, words_of
from jobspec.aggregates.extremes import less
from jobspec.aggregates.function import AggregateFunction, Takes, of_first
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.aggregates.words import entry
from jobspec.arrow import array_of
from jobspec.errors import OutputError
from jobspec.sql.value import i32
from jobspec.types import Column, Scalar, Schema, ValueType
from jobspec.value_text import value_as_text

Entry = tuple[Scalar, int]
"""A value and the number of its rows (0 where that is not counted)."""


def _partial(name: str, types: Types) -> Schema:
    del types
    return (Column(name, ValueType.BINARY),)


def _remember(state: InProgram) -> None:
    entry(state, state.arguments[0])


def _count(state: InProgram) -> None:
    state.do("map_count", entry(state, state.arguments[0]))


def _write(is_text: bool, counted: bool, state: InProgram) -> None:
    kernel = "map_texts" if is_text else "map_words"
    width = i32(16 if counted else 8)
    state.write(state.fields[0], state.call(kernel, state.cell(), width))


# --- on the hub -----------------------------------------------------------------------------------


def entries_of(data: bytes, value_type: ValueType, *, counted: bool) -> list[Entry]:
    """The entries that stand in a state. Raises OutputError."""
    texts = value_type.is_bytes
    found = list(_texts(data, counted) if texts else _words(data, value_type, counted))
    if value_type is ValueType.STRING:
        found = [(_decoded(key), number) for key, number in found]
    if len({key for key, _ in found}) != len(found):
        raise OutputError("a value stands twice in a state")
    return found


def _words(data: bytes, value_type: ValueType, counted: bool) -> Iterator[Entry]:
    for word, *number in words_of(data, 1 + counted).iter_unpack(data):
        yield value_of_word(word, value_type), _number(number[0]) if counted else 0


def _texts(data: bytes, counted: bool) -> Iterator[tuple[bytes, int]]:
    at = 0
    while at < len(data):
        start = at + 4
        end = start + int.from_bytes(data[at:start], "little")
        at = end + 8 * counted
        if at > len(data):
            raise OutputError("a state ends within a value")
        number = int.from_bytes(data[end:at], "little", signed=True)
        yield data[start:end], _number(number) if counted else 0


def _number(number: int) -> int:
    if not number:
        raise OutputError("a value of a state has no row")
    return count_of(number)


def _decoded(key: Any) -> str:
    try:
        return str(key, "utf-8")
    except UnicodeDecodeError:
        raise OutputError("a text of a state is not UTF-8") from None


def _check(counted: bool, aggregate: Aggregate, partial: Sequence[Any]) -> None:
    entries_of(partial[0], aggregate.arguments[0], counted=counted)


class _Map(Merged):
    """The values in the order of their first rows."""

    counted = True

    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._entries: dict[Scalar, int] = {}

    def take(self, partial: Sequence[Any]) -> None:
        entries = self._entries
        (given,) = self.aggregate.arguments
        for key, number in entries_of(partial[0], given, counted=self.counted):
            if key not in entries:
                size = len(key) if isinstance(key, str | bytes) else 0
                self.spend(VALUE_BYTES + size)
            entries[key] = entries.get(key, 0) + number


class _Distinct(_Map):
    counted = False

    def __init__(
        self,
        of_values: Callable[[Aggregate, Sequence[Scalar]], Scalar],
        nullable: bool,
        aggregate: Aggregate,
        budget: Budget,
    ) -> None:
        super().__init__(aggregate, budget)
        self._of_values = of_values
        self._nullable = nullable

    def result(self) -> Scalar:
        if self._nullable and not self._entries:
            return None
        return self._of_values(self.aggregate, list(self._entries))


class _Histogram(_Map):
    def result(self) -> Scalar:
        if not self._entries:
            return None
        (given,) = self.aggregate.arguments
        order = cmp_to_key(lambda a, b: -1 if less(a, b) else 1)
        keys = sorted(self._entries, key=order)
        return json.dumps(
            {_shown(key, given): self._entries[key] for key in keys}, ensure_ascii=False
        )


class _Mode(_Map):
    def result(self) -> Scalar:
        if not self._entries:
            return None
        # The first of the most frequent ones, since a dict keeps its order.
        return max(self._entries, key=self._entries.__getitem__)


def _shown(value: Any, value_type: ValueType) -> str:
    """A value as a key of a JSON object."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if math.isnan(value):
            return "nan"
        case float():
            return str(np.float32(value)) if value_type is ValueType.F32 else repr(value)
        case int() if value_type.is_integer:
            return str(value)
    return value_as_text(array_of([value], value_type)[0].as_py())


# --- the functions --------------------------------------------------------------------------------


def _state(
    merged: Callable[[Aggregate, Budget], Merged], types: Types, *, counted: bool = True
) -> State:
    return State(
        partial=_partial,
        update=_count if counted else _remember,
        merged=merged,
        cells=1,
        write=bound(_write, types[0].is_bytes, counted),
        check=bound(_check, counted),
        opens=("states_begin",),
    )


def distinct_state(function: AggregateFunction, types: Types) -> State:
    """The state of a function of distinct values."""
    if function.of_values is None:
        raise TypeError(f"{function.name} takes no DISTINCT")
    merged = bound(_Distinct, function.of_values, function.nullable)
    return _state(merged, types, counted=False)


FUNCTIONS = (
    AggregateFunction(
        name="histogram",
        takes=(Takes.ANY,),
        gives=ValueType.STRING,
        state=bound(_state, _Histogram),
        about=(
            "The values, from the least to the greatest, and the number of rows of each, as the"
            " text of a JSON object."
        ),
        examples=(
            ("histogram(word)", '\'{"apple": 1, "fig": 2, "pear": 2}\''),
            ("histogram(n)", '\'{"1": 1, "2": 2, "3": 1}\''),
        ),
        differs="DuckDB gives a MAP, which the language has not.",
    ),
    AggregateFunction(
        name="mode",
        takes=(Takes.ANY,),
        gives=of_first,
        state=bound(_state, _Mode),
        about="The value that most rows have; of several, the one that came first.",
        examples=(("mode(n)", "2"), ("mode(word)", "'pear'")),
    ),
)
