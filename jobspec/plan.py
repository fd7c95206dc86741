"""The typed plan of a job: its steps over known columns, without what nobody reads.

`needed_only` walks back from the end: columns that no later step needs are neither read from the
source nor computed. Not here: how a plan is made of a document (`jobspec.planning`), expressions
(`jobspec.sql`), the program (`jobspec.program`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jobspec.aggregates import Aggregate
from jobspec.document_rules.sources import values_of
from jobspec.document_sources import RangeSource
from jobspec.functions import CompiledFunction
from jobspec.program_plan import Axes, Axis, Closing, Group, Sample
from jobspec.shared import SharedTable
from jobspec.sql import TypedExpression, columns_read
from jobspec.types import Column, Schema, ValueType


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows for which the condition is not true end here."""

    condition: TypedExpression


@dataclass(frozen=True, slots=True)
class Derive:
    """A new column, or another value for one."""

    name: str
    value: TypedExpression


@dataclass(frozen=True, slots=True)
class Unpack:
    """Several columns from one call of a function with as many results."""

    names: tuple[str, ...]
    call: TypedExpression


@dataclass(frozen=True, slots=True)
class Project:
    """The only columns from here on: new name, old name."""

    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """Rows whose hash is not below `threshold`, of 2**64, end here."""

    threshold: int
    seed: int


@dataclass(frozen=True, slots=True)
class Join:
    """Rows of a shared table are added where its columns equal the job's: none, one or several.

    `on` pairs a column of the job with one of the table. `columns` are those added, as the table
    has them. `is_left`: a row without a match stays, with NULLs.
    """

    table: SharedTable
    on: tuple[tuple[Column, str], ...]
    columns: tuple[Column, ...]
    is_left: bool

    @property
    def added(self) -> Schema:
        """The columns as the rows have them."""
        return tuple(
            Column(column.name, column.type, column.nullable or self.is_left)
            for column in self.columns
        )


Step = Join | Filter | Derive | Unpack | Project | Draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An aggregate and what it is computed from; no arguments for `count(*)`."""

    aggregate: Aggregate
    arguments: tuple[TypedExpression, ...]
    condition: TypedExpression | None = None
    """Only rows for which it is true go in; the arguments are computed in those alone."""

    @property
    def expressions(self) -> tuple[TypedExpression, ...]:
        """All that is read of a row."""
        return self.arguments if self.condition is None else (*self.arguments, self.condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole job, typed.

    `output` is the last row-wise schema: the result, unless aggregates close the job. `calls` are
    those aggregates, in the order of `closing.aggregates`.
    """

    source: Schema
    axes: Axes
    functions: Mapping[str, CompiledFunction]
    steps: tuple[Step, ...]
    output: Schema
    closing: Closing
    calls: tuple[Call, ...]
    rows: int | None

    @property
    def matches(self) -> int:
        """The most rows that one row of the source can become by joins."""
        joins = (step for step in self.steps if isinstance(step, Join))
        return math.prod(max(1, join.table.batch.num_rows) for join in joins)

    @property
    def partial(self) -> Schema:
        """The columns of the program's output."""
        if isinstance(self.closing, Sample):
            return (*self.output, Column("sample.hash", ValueType.U64))
        if not isinstance(self.closing, Group):
            return self.output
        states = (column for call in self.calls for column in call.aggregate.partial)
        return (*self.closing.keys, *states)

    @property
    def result(self) -> Schema:
        """The columns of the job's result."""
        if not isinstance(self.closing, Group):
            return self.output
        return (*self.closing.keys, *(call.aggregate.result for call in self.calls))


def needed_only(
    steps: Sequence[Step], needed: Iterable[str]
) -> tuple[tuple[Step, ...], frozenset[str]]:
    """The steps that the columns `needed` at their end rest on, and what those need themselves."""
    live = set(needed)
    kept: list[Step] = []
    for step in reversed(steps):
        match step:
            case Filter(condition):
                kept.append(step)
                live |= columns_read(condition)
            case Derive(name, value) if name in live:
                kept.append(step)
                live = live - {name} | columns_read(value)
            case Draw():
                kept.append(step)
            case Join(columns=added):
                needed_of = tuple(column for column in added if column.name in live)
                kept.append(replace(step, columns=needed_of))
                live -= {column.name for column in added}
                live |= {column.name for column, _ in step.on}
            case Unpack(names, call) if live.intersection(names):
                kept.append(step)
                live = live.difference(names) | columns_read(call)
            case Project(columns):
                pairs = tuple(pair for pair in columns if pair[0] in live)
                kept.append(Project(pairs))
                live = {old for _, old in pairs}
    return tuple(reversed(kept)), frozenset(live)


def axes_of(source: RangeSource) -> Axes:
    return tuple(
        Axis(name=name, start=values.start, step=values.step, rows=values_of(values))
        for name, values in source.axes
    )
