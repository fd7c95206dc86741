"""Makes the typed plan of a document: which columns exist at each step, and of what type.

Every step is checked even after a problem. Not here: the columns between two steps and expressions
over them (`jobspec.planning_scope`), joins (`jobspec.join_planning`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from jobspec import document_steps as doc
from jobspec.aggregates import aggregate
from jobspec.document_rules.steps import read_order
from jobspec.functions import CompiledFunction
from jobspec.join_planning import check_joins, find_table, plan_join
from jobspec.limits import Limits
from jobspec.plan import Call, Derive, Draw, Filter, Join, Plan, Project, Step, Unpack, needed_only
from jobspec.planning_scope import Scope, Untyped
from jobspec.problems import ProblemList, pointer
from jobspec.program_plan import (
    Axes,
    Closing,
    Concatenate,
    Distinct,
    Group,
    Limit,
    Sample,
    Search,
    Sort,
    SortKey,
)
from jobspec.shared import Shared
from jobspec.sources.source import SourceColumn
from jobspec.sql import columns_read
from jobspec.sql.calls import NO_SHARED
from jobspec.types import Column, Schema, ValueType


def build_plan(
    steps: Sequence[doc.Step | None],
    source: Sequence[SourceColumn] | None,
    *,
    axes: Axes = (),
    rows: int | None,
    functions: Mapping[str, CompiledFunction],
    shared: Shared = NO_SHARED,
    limits: Limits,
    problems: ProblemList,
    part: str = "steps",
) -> Plan | None:
    """The plan over a source with these columns; None, and problems, if it cannot be made.

    A source or steps that are None could not be read, and that has been reported. `part` is the
    key of the document where the steps stand.
    """
    before = len(problems)
    planner = _Planner(source, axes, functions, limits, problems, shared=shared)
    for index, step in enumerate(steps):
        planner.step(step, (part, index))
    planner.finish(part)
    if len(problems) > before or source is None or None in steps:
        return None
    return planner.plan(rows)


def plan_verify(
    condition: str,
    result: Schema,
    *,
    functions: Mapping[str, CompiledFunction],
    shared: Shared = NO_SHARED,
    limits: Limits,
    problems: ProblemList,
) -> Plan | None:
    """The plan of a program that keeps the rows of a result for which a condition is true."""
    before = len(problems)
    planner = _Planner(columns_of(result), (), functions, limits, problems, shared=shared)
    planner.filter(condition, ("trust", "verify"), "verify")
    planner.narrow()
    return planner.plan(None) if len(problems) == before else None


def columns_of(result: Schema) -> tuple[SourceColumn, ...]:
    """The columns of a result as those of a source."""
    return tuple(
        SourceColumn(name=column.name, type=column.type, nullable=column.nullable)
        for column in result
    )


class _Planner:
    """The state between two steps: the columns in scope, and what has been planned so far."""

    def __init__(
        self,
        source: Sequence[SourceColumn] | None,
        axes: Axes,
        functions: Mapping[str, CompiledFunction],
        limits: Limits,
        problems: ProblemList,
        *,
        shared: Shared,
    ) -> None:
        self._axes = axes
        self._columns = tuple(source or ())
        self._shared = shared
        self._functions = functions
        self._limits = limits
        self._problems = problems
        self._scope = Scope(functions, shared, limits, problems)
        self._scope.is_open = source is None
        self._steps: list[Step] = []
        self._closing: Closing = Concatenate()
        self._calls: list[Call] = []
        for axis in axes:
            self._scope.columns[axis.name] = Column(axis.name, ValueType.I64)
        for column in self._columns:
            self._scope.columns[column.name] = (
                Column(column.name, column.type, column.nullable)
                if column.type is not None
                else Untyped(column.stated, column.mend)
            )

    # --- steps ------------------------------------------------------------------------------------

    def step(self, step: doc.Step | None, place: tuple[str | int, ...]) -> None:
        match step:
            case None:
                self._scope.columns, self._scope.is_open = {}, True
            case doc.FilterStep():
                self.filter(step.filter, (*place, "filter"), "a filter")
            case doc.DeriveStep():
                for name, text in step.derive.items():
                    names = tuple(part.strip() for part in name.split(","))
                    derive = self._derive if len(names) == 1 else self._unpack
                    derive(names, text, (*place, "derive", name))
            case doc.SelectStep():
                kept = [
                    self._scope.existing(name, (*place, "select", index))
                    for index, name in enumerate(step.select)
                ]
                self._project([(name, name) for name in kept if name is not None])
                self._scope.is_open = False
            case doc.DropStep():
                dropped = {
                    self._scope.existing(name, (*place, "drop", index))
                    for index, name in enumerate(step.drop)
                }
                if not set(self._scope.columns) - dropped and not self._scope.is_open:
                    self._problems.add(
                        "bad_value", pointer(*place, "drop"), "no column is left", "keep one"
                    )
                    return
                self._project([(name, name) for name in self._scope.columns if name not in dropped])
            case doc.RenameStep():
                self._rename(step, (*place, "rename"))
            case doc.AggregateStep():
                self._aggregate(step, place)
            case doc.JoinStep():
                self._join(step.join, (*place, "join"))
            case doc.SampleStep():
                self._sample(step.sample)
            case doc.DistinctStep():
                self._distinct(step, (*place, "distinct"))
            case doc.SortStep():
                self._sort(step, (*place, "sort"))
            case doc.LimitStep():
                self._closing = Limit(rows=step.limit)
            case doc.StopWhenStep():
                self.filter(step.stop_when, (*place, "stop_when"), "stop_when")
                self._closing = Search()

    def filter(self, text: str, place: tuple[str | int, ...], what: str) -> None:
        condition = self._scope.expression(text, place)
        if condition is None:
            return
        if condition.type is not ValueType.BOOL:
            self._problems.add(
                "type_mismatch",
                pointer(*place),
                f"{what} is a condition, not a value of type {condition.type}",
                "compare it with something, such as x > 0",
            )
            return
        self._steps.append(Filter(condition))

    def _derive(self, names: tuple[str, ...], text: str, place: tuple[str | int, ...]) -> None:
        (name,) = names
        value = self._scope.expression(text, place)
        if value is None:
            self._scope.columns[name] = Untyped()
            return
        self._scope.columns[name] = Column(name, value.type, value.nullable)
        self._steps.append(Derive(name, value))

    def _unpack(self, names: tuple[str, ...], text: str, place: tuple[str | int, ...]) -> None:
        call = self._scope.results(text, len(names), place)
        if call is None:
            self._scope.columns |= dict.fromkeys(names, Untyped())
            return
        for name, type_ in zip(names, call.results, strict=True):
            self._scope.columns[name] = Column(name, type_, call.nullable)
        self._steps.append(Unpack(names, call))

    def _rename(self, step: doc.RenameStep, place: tuple[str | int, ...]) -> None:
        new_names = {
            old: new
            for old, new in step.rename.items()
            if self._scope.existing(old, (*place, old)) is not None
        }
        for old, new in new_names.items():
            if new in self._scope.columns and new not in new_names:
                self._problems.add(
                    "duplicate_name",
                    pointer(*place, old),
                    f"there is a column {new!r} already",
                    "drop that column first, or take another name",
                )
        self._project([(new_names.get(name, name), name) for name in self._scope.columns])

    def _project(self, columns: Sequence[tuple[str, str]]) -> None:
        self._scope.project(columns)
        self._steps.append(Project(tuple(columns)))

    def _join(self, join: doc.JoinStep.Join, place: tuple[str | int, ...]) -> None:
        keys = {
            name: self._scope.usable(name, (*place, "on", name))
            for name in join.on
            if self._scope.existing(name, (*place, "on", name)) is not None
        }
        table = find_table(join.table, self._shared, place, self._problems)
        if table is None:
            self._scope.is_open = True
            return
        of_job = {name: keys.get(name) for name in join.on}
        step = plan_join(
            join, table, of_job, self._scope.columns, place=place, problems=self._problems
        )
        self._scope.columns |= {column.name: column for column in step.added}
        self._steps.append(step)
        joins = [each for each in self._steps if isinstance(each, Join)]
        check_joins(joins, self._limits, place, self._problems)

    def _sample(self, sample: doc.Draw) -> None:
        if sample.rows is not None:
            self._closing = Sample(rows=sample.rows, seed=sample.seed)
        elif sample.fraction is not None and sample.fraction < 1:
            threshold = int(Fraction(sample.fraction) * (1 << 64))
            self._steps.append(Draw(threshold, sample.seed))

    def narrow(self) -> None:
        """Keep the one column that takes the least memory: only the rows matter."""
        columns = self._scope.typed().values()
        least = min(columns, key=lambda column: (column.type.is_bytes, column.type.bits))
        self._project([(least.name, least.name)])

    # --- closing ----------------------------------------------------------------------------------

    def _distinct(self, step: doc.DistinctStep, place: tuple[str | int, ...]) -> None:
        if step.distinct is True:
            self._closing = Distinct(keys=tuple(self._scope.columns))
            return
        for index, name in enumerate(step.distinct):
            if self._scope.existing(name, (*place, index)) is not None:
                self._scope.usable(name, (*place, index))
        self._closing = Distinct(keys=tuple(step.distinct))

    def _sort(self, step: doc.SortStep, place: tuple[str | int, ...]) -> None:
        keys = []
        for index, text in enumerate(step.sort):
            name, descending, nulls_first = read_order(text)
            if self._scope.existing(name, (*place, index)) is not None:
                self._scope.usable(name, (*place, index))
            keys.append(SortKey(column=name, descending=descending, nulls_first=nulls_first))
        self._closing = Sort(keys=tuple(keys), rows=step.limit)

    def _aggregate(self, step: doc.AggregateStep, place: tuple[str | int, ...]) -> None:
        keys = []
        for index, name in enumerate(step.by or ()):
            if self._scope.existing(name, (*place, "by", index)) is None:
                continue
            column = self._scope.usable(name, (*place, "by", index))
            if column is not None:
                keys.append(column)
            if name in step.aggregate:
                self._problems.add(
                    "duplicate_name",
                    pointer(*place, "aggregate", name),
                    f"{name!r} is a column of 'by' already",
                    "give the aggregate another name",
                )
        for name, text in step.aggregate.items():
            self._call(name, text, (*place, "aggregate", name))
        self._closing = Group(
            keys=tuple(keys), aggregates=tuple(call.aggregate for call in self._calls)
        )

    def _call(self, name: str, text: str, place: tuple[str | int, ...]) -> None:
        typed = self._scope.call(text, place)
        if typed is None:
            return
        types = tuple(argument.type for argument in typed.args)
        found = aggregate(name, typed.function, types, typed.options, distinct=typed.distinct)
        self._calls.append(Call(aggregate=found, arguments=typed.args, condition=typed.condition))

    def finish(self, part: str) -> None:
        """Check what is read in all, and the columns of the result."""
        untyped = [column for column in self._columns if column.type is None]
        if len(untyped) == len(self._columns) and any(column.stated for column in untyped):
            self._problems.add(
                "not_supported_yet",
                "/source",
                "the source has no column of a type that the language has",
                'give one a type in source.columns, such as "string"',
            )
        if not isinstance(self._closing, Group):
            for name in self._scope.columns:
                self._scope.usable(name, ("source",))
        columns = len(self._scope.columns)
        if isinstance(self._closing, Group):
            states = sum(len(call.aggregate.partial) for call in self._calls)
            columns = len(self._closing.keys) + states
        if columns > self._limits.columns:
            self._problems.add(
                "program_too_large",
                pointer(part),
                f"the result has {columns} columns; at most {self._limits.columns} are taken",
                "'select' the columns that matter",
            )

    def plan(self, rows: int | None) -> Plan:
        """The plan of steps that had no problem."""
        output: Schema = ()
        if isinstance(self._closing, Group):
            needed = {key.name for key in self._closing.keys}
            needed |= {
                name
                for call in self._calls
                for expression in call.expressions
                for name in columns_read(expression)
            }
        else:
            output = tuple(self._scope.typed().values())
            needed = {column.name for column in output}
        steps, read = needed_only(self._steps, needed)
        return Plan(
            source=self._columns_read(read),
            axes=self._axes,
            functions=self._functions,
            steps=steps,
            output=output,
            closing=self._closing,
            calls=tuple(self._calls),
            rows=rows,
        )

    def _columns_read(self, names: frozenset[str]) -> Schema:
        """The source's columns that the program reads; rows without any could not be counted."""
        typed = [
            Column(column.name, column.type, column.nullable)
            for column in self._columns
            if column.type is not None
        ]
        read = tuple(column for column in typed if column.name in names)
        return read or tuple(sorted(typed, key=lambda column: column.type.bits)[:1])
