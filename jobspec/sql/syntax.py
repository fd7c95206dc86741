"""The syntax of expressions: what the text says, before names and types are known.

`place` is the offset in the text at which a part begins. Not here: sqlglot's trees
(`jobspec.sql.parse`), types (`jobspec.sql.typed`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A literal without sign, such as `12`, `0.5` or `1e3`."""

    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    place: int
    value: str


@dataclass(frozen=True, slots=True)
class Truth:
    place: int
    value: bool


@dataclass(frozen=True, slots=True)
class Null:
    place: int


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    place: int
    name: str


@dataclass(frozen=True, slots=True)
class Negative:
    place: int
    value: Syntax


@dataclass(frozen=True, slots=True)
class Inverted:
    """`~x`: every bit the other way."""

    place: int
    value: Syntax


@dataclass(frozen=True, slots=True)
class Binary:
    """An arithmetic, bitwise, text or comparison operator; `operator` is its SQL spelling."""

    place: int
    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Not:
    place: int
    value: Syntax


@dataclass(frozen=True, slots=True)
class Connective:
    """`AND` or `OR` over two or more conditions."""

    place: int
    operator: str
    parts: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Is:
    """`IS NULL`, `IS TRUE` or `IS FALSE`; `wanted` is None, True or False."""

    place: int
    value: Syntax
    wanted: bool | None


@dataclass(frozen=True, slots=True)
class Distinct:
    """`IS DISTINCT FROM`: whether two values differ, where NULL equals NULL."""

    place: int
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Between:
    place: int
    value: Syntax
    low: Syntax
    high: Syntax


@dataclass(frozen=True, slots=True)
class In:
    place: int
    value: Syntax
    options: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Like:
    place: int
    value: Syntax
    pattern: Syntax
    escape: Syntax | None
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """`CASE`, with the operand of its short form if there is one."""

    place: int
    operand: Syntax | None
    branches: tuple[tuple[Syntax, Syntax], ...]
    otherwise: Syntax | None


@dataclass(frozen=True, slots=True)
class Cast:
    """`CAST`, or `TRY_CAST` if NULL takes the place of what does not fit."""

    place: int
    value: Syntax
    type_name: str
    try_: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """`INTERVAL`: amounts and their units, which are added together."""

    place: int
    parts: tuple[tuple[Syntax, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function; `star` stands for `*` as its only argument.

    Aggregate functions can have `DISTINCT` before their arguments and `FILTER (WHERE condition)`
    behind them.
    """

    place: int
    name: str
    arguments: tuple[Syntax, ...]
    star: bool = False
    distinct: bool = False
    condition: Syntax | None = None


Syntax = (
    Number
    | Text
    | Truth
    | Null
    | Name
    | Negative
    | Inverted
    | Binary
    | Not
    | Connective
    | Is
    | Distinct
    | Between
    | In
    | Like
    | Case
    | Cast
    | Interval
    | Call
)
