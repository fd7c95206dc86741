"""What a row of the aggregate table says: what a function takes and gives, and the state behind it.

Not here: the functions (one module of this package a family), states (`jobspec.aggregates.state`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.state import State, Types
from jobspec.types import Scalar, ValueType


class Takes(Enum):
    """What an argument may be; the value is its name in problems and in the reference."""

    ANY = "a value"
    NUMBER = "a number or decimal"
    SUMMED = "a number, decimal or bool"
    INTEGER = "an integer"
    BOOL = "a bool"
    DOUBLE = "a number or decimal, as f64"
    TEXT = "a text, or what can be written as one"

    def accepts(self, given: ValueType) -> bool:
        is_number = given.is_number or given.is_decimal
        match self:
            case Takes.NUMBER | Takes.DOUBLE:
                return is_number
            case Takes.SUMMED:
                return is_number or given is ValueType.BOOL
            case Takes.INTEGER:
                return given.is_integer
            case Takes.BOOL:
                return given is ValueType.BOOL
            case Takes.TEXT:
                return given is not ValueType.BINARY
        return True

    @property
    def type(self) -> ValueType | None:
        """The type that an argument is converted to; None if it goes in as it is."""
        return {Takes.DOUBLE: ValueType.F64, Takes.TEXT: ValueType.STRING}.get(self)


class Option(Enum):
    """A literal that follows the arguments; the value is its name in problems."""

    SEPARATOR = "a text literal, which stands between the texts"
    FRACTION = "a number literal from 0 to 1"


class Distinct(Enum):
    """What `DISTINCT` before the argument means for a function."""

    REFUSED = "it is not for this function"
    IDLE = "equal values change nothing anyway"
    VALUES = "the function of the values, each once, in the order of their first rows"


Gives = ValueType | Callable[[Types], ValueType]


def of_first(types: Types) -> ValueType:
    """The result has the type of the first argument."""
    return types[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateFunction:
    """One row of the reference: a function of many rows, NULL where no row went in."""

    name: str
    takes: tuple[Takes, ...]
    gives: Gives
    state: State | Callable[[Types], State]
    about: str
    """One sentence on what it gives."""
    examples: tuple[tuple[str, str], ...]
    """Calls over `jobspec.aggregates.examples.ROWS`, and their values as SQL."""
    differs: str = ""
    """How it differs from DuckDB."""
    aliases: tuple[str, ...] = ()
    option: Option | None = None
    default: str | None = None
    """The option where it is left out; None: it may not be."""
    nullable: bool = True
    """Whether it is NULL where no row went in."""
    star: bool = False
    """Whether it takes `*`, every row, too."""
    distinct: Distinct = Distinct.REFUSED
    of_values: Callable[[Aggregate, Sequence[Scalar]], Scalar] | None = None
    """The result of distinct values, at least one; for `Distinct.VALUES`."""

    def state_of(self, types: Types) -> State:
        """The state for arguments of these types."""
        return self.state if isinstance(self.state, State) else self.state(types)

    def result_type(self, types: Types) -> ValueType:
        return self.gives if isinstance(self.gives, ValueType) else self.gives(types)
