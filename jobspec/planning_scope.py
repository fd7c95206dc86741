"""The columns that exist between two steps, and the expressions over them.

A column that a problem belongs to goes on existing without a type, so that one mistake is reported
once. Where the source or a step could not be read, any column may exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from jobspec.aggregates import TypedAggregate, parse_aggregate
from jobspec.functions import CompiledFunction
from jobspec.limits import Limits
from jobspec.problems import ProblemList, pointer
from jobspec.shared import Shared
from jobspec.sql import TypedExpression, check, check_results, parse, syntax
from jobspec.types import Column


@dataclass(frozen=True, slots=True)
class Untyped:
    """A column that exists but cannot be used; `stated` is its type in the source, if that is why.

    `mend` says what can be done then. Without a type, the problem has been noted already.
    """

    stated: str = ""
    mend: str = ""


class Scope:
    """The columns between two steps, which change from step to step."""

    def __init__(
        self,
        functions: Mapping[str, CompiledFunction],
        shared: Shared,
        limits: Limits,
        problems: ProblemList,
    ) -> None:
        self.columns: dict[str, Column | Untyped] = {}
        self.is_open = False
        """Whether columns may exist that are not among `columns`."""
        self._functions = functions
        self._shared = shared
        self._limits = limits
        self._problems = problems

    def expression(self, text: str, place: tuple[str | int, ...]) -> TypedExpression | None:
        """What an expression over the columns means."""
        tree = self.parsed(text, place)
        if tree is None:
            return None
        return check(
            tree,
            pointer(*place),
            self._problems,
            text=text,
            scope=self.typed(),
            functions=self._functions,
            shared=self._shared,
        )

    def results(
        self, text: str, count: int, place: tuple[str | int, ...]
    ) -> TypedExpression | None:
        """A call of a function that has so many results."""
        tree = self.parsed(text, place)
        if tree is None:
            return None
        return check_results(
            tree,
            pointer(*place),
            self._problems,
            text=text,
            scope=self.typed(),
            functions=self._functions,
            shared=self._shared,
            count=count,
        )

    def call(self, text: str, place: tuple[str | int, ...]) -> TypedAggregate | None:
        """A call of an aggregate function."""
        if self.parsed(text, place) is None:
            return None
        return parse_aggregate(
            text,
            pointer(*place),
            self._problems,
            scope=self.typed(),
            functions=self._functions,
            shared=self._shared,
            limits=self._limits,
        )

    def project(self, columns: Sequence[tuple[str, str]]) -> None:
        """Keep columns alone: new name, old name."""
        kept: dict[str, Column | Untyped] = {}
        for new, old in columns:
            column = self.columns.get(old, Untyped())
            kept[new] = (
                Column(new, column.type, column.nullable) if isinstance(column, Column) else column
            )
        self.columns = kept

    def parsed(self, text: str, place: tuple[str | int, ...]) -> syntax.Syntax | None:
        """The syntax of an expression, unless it reads a column that cannot be used."""
        tree = parse(text, pointer(*place), self._problems, self._limits)
        if tree is None:
            return None
        untyped = [name for name in _names(tree) if isinstance(self._find(name), Untyped)]
        for name in untyped:
            self.usable(name, place)
        return None if untyped else tree

    def typed(self) -> dict[str, Column]:
        """The columns that can be used, by name."""
        return {name: column for name, column in self.columns.items() if isinstance(column, Column)}

    def _find(self, name: str) -> Column | Untyped | None:
        return self.columns.get(name, Untyped() if self.is_open else None)

    def existing(self, name: str, place: tuple[str | int, ...]) -> str | None:
        """The name, if a column has it."""
        if self._find(name) is not None:
            return name
        self._problems.add(
            "unknown_column",
            pointer(*place),
            f"there is no column {name!r} at this step",
            self._problems.near_miss(name, self.columns),
        )
        return None

    def usable(self, name: str, place: tuple[str | int, ...]) -> Column | None:
        """The column of that name, if its values can be used."""
        column = self._find(name)
        if isinstance(column, Column):
            return column
        if column is not None and column.stated:
            self._problems.add(
                "not_supported_yet",
                pointer(*place),
                f"column {name!r} is of type {column.stated}, which cannot be used here",
                column.mend,
            )
        return None


def _names(tree: object) -> list[str]:
    """The columns that an expression names, each once."""
    if isinstance(tree, syntax.Name):
        return [tree.name]
    if isinstance(tree, tuple):
        parts: list[object] = list(tree)
    elif isinstance(tree, syntax.Syntax):
        parts = [getattr(tree, field.name) for field in fields(tree)]
    else:
        return []
    return list(dict.fromkeys(name for part in parts for name in _names(part)))
