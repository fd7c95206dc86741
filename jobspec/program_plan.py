"""What the hub keeps of a compiled job beside the program's bytes: schemas, closing, needs.

It is enough to make chunks, to read outputs and to merge them, and it survives as JSON. Not here:
expressions (`jobspec.plan`), the program (`jobspec.program`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from jobspec.aggregates import Aggregate
from jobspec.errors import JobspecError
from jobspec.ir import TrapSite
from jobspec.types import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a volunteer needs to run a program."""

    memory_bytes: int
    """The most memory that the program can come to have."""
    features: tuple[str, ...] = ()
    """WebAssembly features beyond those that every engine has had since 2023."""
    mobile: bool = True
    """Whether phones and tablets may take part."""
    score: float = 0
    """The least score of the volunteer's speed probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of a range source: its values are `start + i * step` for i below `rows`."""

    name: str
    start: int
    step: int
    rows: int


Axes: TypeAlias = tuple[Axis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concatenate:
    """No closing step: the outputs of all sub-jobs in row order are the result."""

    kind: Literal["concatenate"] = "concatenate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The first rows of the concatenation."""

    kind: Literal["limit"] = "limit"
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The first row alone: a condition stands before it, and what it finds ends the job."""

    kind: Literal["search"] = "search"
    rows: Literal[1] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """Of the rows that have equal values in the columns `keys`, the first."""

    kind: Literal["distinct"] = "distinct"
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """A column of an order. NaN comes after all other floats, and NULLs where it is said."""

    column: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """The first rows (None: all) in an order; rows that are equal in it stay in row order."""

    kind: Literal["sort"] = "sort"
    keys: tuple[SortKey, ...]
    rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """So many rows that a pseudo-random order of all rows begins with, in row order.

    Partial outputs have the hashes that make this order as one more column, the last.
    """

    kind: Literal["sample"] = "sample"
    rows: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row a group, or one in all if there are no keys.

    Partial outputs have the key columns first, then each aggregate's partial columns.
    """

    kind: Literal["group"] = "group"
    keys: Schema
    aggregates: tuple[Aggregate, ...]


Closing = Annotated[
    Concatenate | Limit | Search | Distinct | Sort | Sample | Group, Field(discriminator="kind")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPlan:
    """How to feed a program and what to make of its outputs."""

    language: str
    """The version of the language and compiler that made it."""
    source: Schema
    """The columns of chunks, in their order; none for a range."""
    axes: Axes
    """The axes, if the source is a range: their product, the last one running fastest."""
    partial: Schema
    """The columns of the program's output."""
    result: Schema
    """The columns of the job's result."""
    closing: Closing
    matches: int = 1
    """The most rows that one row of the source can become by joins."""
    requirement: Requirement
    traps: tuple[TrapSite, ...]
    """Where the program can trap; a trapping `step` answers -(1 + index into this)."""
    rows: int | None
    """Rows of the source, where that is known without reading it."""

    def to_json(self) -> str:
        return _ADAPTER.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> ProgramPlan:
        """The plan that `to_json` wrote. Raises JobspecError if it is none."""
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            raise JobspecError(f"not a program's plan: {error}") from None


_ADAPTER = TypeAdapter(ProgramPlan)
