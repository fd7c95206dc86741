"""Texts of many rows, joined in the order of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import VALUE_BYTES, Budget
from jobspec.aggregates.function import AggregateFunction, Distinct, Option, Takes
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.errors import MergeError
from jobspec.ir import Const, Kind, Load, Op, Text
from jobspec.types import Column, Scalar, Schema, ValueType

JOINED_BYTES = 1 << 20
"""The longest text that string_agg gives."""


def _partial(name: str, types: Types) -> Schema:
    del types
    return (Column(name, ValueType.STRING, nullable=True),)


def _append(state: InProgram) -> None:
    separator = Text(state.options[0].encode())
    state.do("text_append", state.cell(), state.arguments[0].value, separator)


def _write(state: InProgram) -> None:
    block = state.body.temporary(Load("i32.load", state.cell()))
    text = state.call("text_of", state.cell())
    state.write(state.fields[0], text, Op("i32.ne", (block, Const(Kind.I32, 0))))


class _Joined(Merged):
    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._parts: list[str] = []
        self._bytes = 0

    def take(self, partial: Sequence[Any]) -> None:
        (text,) = partial
        if text is None:
            return
        self._parts.append(text)
        self._bytes += len(text.encode())
        self.spend(VALUE_BYTES + len(text))
        _check_length(self.aggregate, self._bytes)

    def result(self) -> Scalar:
        return _joined(self.aggregate, self._parts) if self._parts else None


def _joined(aggregate: Aggregate, parts: Sequence[Any]) -> Scalar:
    text: str = aggregate.options[0].join(parts)
    _check_length(aggregate, len(text.encode()))
    return text


def _check_length(aggregate: Aggregate, size: int) -> None:
    if size > JOINED_BYTES:
        raise MergeError(
            f"the text {aggregate.result.name!r} is longer than {JOINED_BYTES:,} bytes;"
            " join fewer rows: by a key, or behind a filter"
        )


FUNCTIONS = (
    AggregateFunction(
        name="string_agg",
        takes=(Takes.TEXT,),
        gives=ValueType.STRING,
        option=Option.SEPARATOR,
        default=",",
        state=State(
            partial=_partial,
            update=_append,
            merged=_Joined,
            cells=1,
            write=_write,
            opens=("states_begin",),
        ),
        about=(
            "The texts in the order of their rows, with the separator (without one, a comma)"
            f" between them: at most {JOINED_BYTES:,} bytes, beyond which the job fails."
        ),
        examples=(
            ("string_agg(word, ' + ')", "'pear + fig + pear + apple + fig'"),
            ("string_agg(word)", "'pear,fig,pear,apple,fig'"),
        ),
        aliases=("group_concat", "listagg"),
        distinct=Distinct.VALUES,
        of_values=_joined,
    ),
)
