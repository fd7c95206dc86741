"""The typed tree of an expression: every node knows its type and whether it can be NULL.

Built by `jobspec.sql.check` only, which also inserts the conversions, so that the operands of a
node already have the types its lowering wants. SQL's many forms are few nodes here: BETWEEN, IN
and the short CASE become comparisons of a value that `Let` computes once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Protocol

from jobspec import ir
from jobspec.shared import SharedArray
from jobspec.types import ArrayType, ValueType


class UserFunction(Protocol):
    """What expressions need to know of a function of the document."""

    @property
    def params(self) -> tuple[tuple[str, ValueType | ArrayType], ...]: ...
    @property
    def result(self) -> ValueType | None: ...
    @property
    def results(self) -> tuple[ValueType, ...]: ...
    @property
    def writes(self) -> frozenset[str]: ...
    @property
    def function(self) -> ir.Function: ...
    @property
    def may_trap(self) -> bool: ...
    def further_results(self) -> tuple[ir.Expr, ...]: ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal.

    `value` is None for NULL, UTF-8 for a string, and for dates, timestamps and decimals the whole
    number that carries them.
    """

    type: ValueType
    value: bool | int | float | bytes | None
    flexible: bool = False
    """A float written with more digits than a decimal has; it takes its neighbour's float type."""
    bare: bool = False
    """The word NULL, which takes any type."""

    @property
    def nullable(self) -> bool:
        return self.value is None


@dataclass(frozen=True, slots=True)
class Input:
    """A column of the row."""

    type: ValueType
    nullable: bool
    name: str


@dataclass(frozen=True, slots=True)
class Let:
    """Compute `value` once, then `body`, in which `Slot(number)` stands for it."""

    type: ValueType
    nullable: bool
    number: int
    value: Typed
    body: Typed


@dataclass(frozen=True, slots=True)
class Slot:
    type: ValueType
    nullable: bool
    number: int


@dataclass(frozen=True, slots=True)
class Apply:
    """A strict operation (NULL if an operand is NULL), lowered by the function table."""

    type: ValueType
    nullable: bool
    operation: str
    operands: tuple[Typed, ...]
    may_null: bool = False
    """Whether it can be NULL although no operand is."""


@dataclass(frozen=True, slots=True)
class Compare:
    """`operator` is one of = <> < <= > >=; operands have one type, or differ in sign only."""

    nullable: bool
    operator: str
    left: Typed
    right: Typed
    type: ValueType = ValueType.BOOL


@dataclass(frozen=True, slots=True)
class Connective:
    """`AND` or `OR` with three-valued logic; later parts are not computed in vain."""

    nullable: bool
    operator: str
    parts: tuple[Typed, ...]
    type: ValueType = ValueType.BOOL


@dataclass(frozen=True, slots=True)
class Not:
    nullable: bool
    value: Typed
    type: ValueType = ValueType.BOOL


@dataclass(frozen=True, slots=True)
class IsNull:
    value: Typed
    type: ValueType = ValueType.BOOL
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class IsTruth:
    """Whether a condition is `wanted`, never NULL."""

    value: Typed
    wanted: bool
    type: ValueType = ValueType.BOOL
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Distinct:
    left: Typed
    right: Typed
    type: ValueType = ValueType.BOOL
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first branch whose condition is true; only that is computed."""

    type: ValueType
    nullable: bool
    branches: tuple[tuple[Typed, Typed], ...]
    otherwise: Typed


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first operand that is not NULL; those after it are not computed."""

    type: ValueType
    nullable: bool
    operands: tuple[Typed, ...]


@dataclass(frozen=True, slots=True)
class Extreme:
    """`least` or `greatest` of the operands that are not NULL."""

    type: ValueType
    nullable: bool
    operator: str
    operands: tuple[Typed, ...]


@dataclass(frozen=True, slots=True)
class Convert:
    """A conversion; what does not fit traps, or is NULL if `try_`."""

    type: ValueType
    nullable: bool
    value: Typed
    try_: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function of the document; NULL, and no call, if an argument is NULL.

    `type` is that of the first result; others are lowered by `lower_results` only.
    """

    type: ValueType
    nullable: bool
    function: UserFunction
    arguments: tuple[Typed | SharedArray, ...]


Typed = (
    Constant
    | Input
    | Let
    | Slot
    | Apply
    | Compare
    | Connective
    | Not
    | IsNull
    | IsTruth
    | Distinct
    | Case
    | Coalesce
    | Extreme
    | Convert
    | Call
)


@dataclass(frozen=True, slots=True)
class TypedExpression:
    """A checked expression, and where in the document it stands."""

    root: Typed
    pointer: str

    @property
    def type(self) -> ValueType:
        return self.root.type

    @property
    def nullable(self) -> bool:
        return self.root.nullable

    @property
    def results(self) -> tuple[ValueType, ...]:
        """The types of all results, of which only the call of a function has several."""
        return self.root.function.results if isinstance(self.root, Call) else (self.type,)


def columns_read(expression: TypedExpression) -> frozenset[str]:
    """The names of the columns whose values the expression needs."""
    return frozenset(node.name for node in walk(expression.root) if isinstance(node, Input))


def walk(node: Typed) -> Iterator[Typed]:
    """The node and all below it."""
    yield node
    for field in fields(node):
        yield from _nodes(getattr(node, field.name))


def _nodes(value: object) -> Iterator[Typed]:
    if isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)
    elif isinstance(value, Typed):
        yield from walk(value)
