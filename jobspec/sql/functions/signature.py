"""What a row of the function table says: the operands that a function takes, what it gives, how.

A function has overloads; the first that accepts its operands is taken. Its operands are then
converted to what the overload wants, so that a lowering sees the types of its signature only.
Not here: the functions (one module of this package a family), how operands are found
(`jobspec.sql.operands`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from jobspec import ir, kernels
from jobspec.sql.ranges import Range
from jobspec.sql.typed import Constant, Typed
from jobspec.sql.value import FALSE, Value, all_valid, both
from jobspec.types import ValueType


class Takes(Enum):
    """What an operand may be, and what it is converted to before the operation."""

    ANY = auto()
    """A value of any type, as it is."""
    BOOL = auto()
    NUMBER = auto()
    """An integer or float: integers become i64 or u64, floats f32 or f64, all operands alike."""
    EXACT = auto()
    """An integer or decimal as it is; its overload says what it becomes."""
    INTEGER = auto()
    """An integer: becomes i64 or u64, all operands alike."""
    COUNT = auto()
    """An integer: becomes i64."""
    DIGITS = auto()
    """An integer literal: becomes i64."""
    FLOAT = auto()
    """Any number: f32 stays, others become f64, all operands alike."""
    DOUBLE = auto()
    """Any number: becomes f64."""
    STRING = auto()
    TEXT = auto()
    """A text, or a value that is written as one: of any type but floats and binary."""
    LITERAL = auto()
    """A text that is known when the job is compiled."""
    BINARY = auto()
    DATE = auto()
    TIMESTAMP = auto()
    """A timestamp, or a date, which becomes its midnight."""
    DECIMAL = auto()
    """A decimal as it is; its overload says what it becomes."""

    @property
    def noun(self) -> str:
        """It in the words of problems and of the reference."""
        return _NOUNS[self]

    @property
    def alike(self) -> bool:
        """Whether operands of this kind share one type."""
        return self in {Takes.NUMBER, Takes.INTEGER, Takes.FLOAT}

    @property
    def type(self) -> ValueType | None:
        """The type that an operand is converted to; None where the overload decides."""
        return _TYPES.get(self)

    def accepts(self, value: Typed) -> bool:
        """Whether a value other than the word NULL can be such an operand."""
        given = value.type
        match self:
            case Takes.ANY:
                return True
            case Takes.NUMBER:
                return given.is_number
            case Takes.FLOAT | Takes.DOUBLE:
                return given.is_number or given.is_decimal
            case Takes.TIMESTAMP:
                return given is ValueType.TIMESTAMP or given is ValueType.DATE
            case Takes.EXACT:
                return given.is_integer or given.is_decimal
            case Takes.INTEGER | Takes.COUNT:
                return given.is_integer
            case Takes.DIGITS:
                return given.is_integer and isinstance(value, Constant)
            case Takes.TEXT:
                return given is not ValueType.BINARY
            case Takes.LITERAL:
                return isinstance(value, Constant) and isinstance(value.value, bytes)
            case Takes.DECIMAL:
                return given.is_decimal
        return given is self.type


_NOUNS = {
    Takes.ANY: "a value",
    Takes.BOOL: "a bool",
    Takes.NUMBER: "a number",
    Takes.EXACT: "an integer or decimal",
    Takes.INTEGER: "an integer",
    Takes.COUNT: "an integer",
    Takes.DIGITS: "an integer literal",
    Takes.FLOAT: "a number",
    Takes.DOUBLE: "a number",
    Takes.STRING: "a text",
    Takes.TEXT: "a text, or any value that is not binary",
    Takes.LITERAL: "a text literal",
    Takes.BINARY: "a binary value",
    Takes.DATE: "a date",
    Takes.TIMESTAMP: "a date or timestamp",
    Takes.DECIMAL: "a decimal",
}

_TYPES = {
    Takes.BOOL: ValueType.BOOL,
    Takes.COUNT: ValueType.I64,
    Takes.DIGITS: ValueType.I64,
    Takes.DOUBLE: ValueType.F64,
    Takes.STRING: ValueType.STRING,
    Takes.TEXT: ValueType.STRING,
    Takes.LITERAL: ValueType.STRING,
    Takes.BINARY: ValueType.BINARY,
    Takes.DATE: ValueType.DATE,
    Takes.TIMESTAMP: ValueType.TIMESTAMP,
}


STRICT = "NULL where an operand is"
"""The rule that most functions follow."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why literal operands make no sense: becomes a problem at the operand of that number."""

    message: str
    hint: str = ""
    operand: int = 0
    code: str = "bad_value"


@dataclass(frozen=True, slots=True)
class Operands:
    """The operands of one operation and the place that it is computed in.

    They are variables or constants, and have the types of the overload.
    """

    body: ir.Body
    pointer: str
    values: tuple[Value, ...]
    ranges: tuple[Range, ...]
    """The values that integer operands can have."""
    result: ValueType
    """The type that the operation gives."""

    def __getitem__(self, index: int) -> ir.Expr:
        return self.values[index].value

    @property
    def type(self) -> ValueType:
        return self.values[0].type

    @property
    def unsigned(self) -> bool:
        return self.type is ValueType.U64

    @property
    def valid(self) -> ir.Expr | None:
        return all_valid(*self.values)

    def literal(self, index: int) -> bytes:
        """A text operand that the signature calls LITERAL."""
        value = self.values[index].value
        if not isinstance(value, ir.Text):
            raise TypeError(f"operand {index} is no text literal")
        return value.value

    def trap_if(self, condition: ir.Expr, code: str, message: str) -> None:
        """Trap where the condition holds and no operand is NULL."""
        if condition != FALSE:
            site = ir.TrapSite(code=code, pointer=self.pointer, message=message)
            self.body.trap_if(both(self.valid, condition), site)

    def overflow_if(self, condition: ir.Expr, what: str) -> None:
        self.trap_if(condition, "integer_overflow", f"the {what} does not fit {self.type}")

    def call(self, kernel: str, *arguments: ir.Expr) -> ir.Expr:
        return self.body.temporary(kernels.call(self.body, kernel, *arguments))

    def call_if_valid(self, kernel: str, *arguments: ir.Expr) -> ir.Expr:
        """The same where no operand is NULL: what stands there instead may be dear, or trap."""
        valid = self.valid
        if valid is None:
            return self.call(kernel, *arguments)
        nothing = ir.Text(b"") if self.result.is_bytes else self.result.kind
        result = self.body.variable(nothing)
        with self.body.when(valid):
            value = kernels.call(self.body, kernel, *arguments)
            self.body.add(ir.Set(result.name, value))
        return result


Lower = Callable[[Operands], ir.Expr | Value]

SAME = "same"
"""Gives the type of the first operand after its conversion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """One way to call a function."""

    operation: str
    """Its name among all operations."""
    takes: tuple[Takes, ...]
    gives: ValueType | str | Callable[[Sequence[Typed]], ValueType]
    """The type of the result: that, `SAME`, or what follows from the converted operands."""
    lower: Lower
    """The value; a `Value` with a validity of its own if `may_null`."""
    optional: int = 0
    """How many of the last operands may be left out."""
    variadic: bool = False
    """Whether the last operand may be repeated."""
    may_null: bool = False
    """Whether the result can be NULL although no operand is."""
    check: Callable[[Sequence[Typed]], Complaint | None] | None = None
    """Looks at literal operands, before any conversion."""
    prepare: Callable[[Sequence[Typed]], Sequence[ValueType] | Complaint] | None = None
    """The types that the operands are converted to, where `takes` does not say it."""
    numbered: bool = False
    """Whether a first operand is put in that nobody wrote: an i64, the number of the call, which
    no other call in the job has."""

    def takes_count(self, given: int) -> bool:
        least = len(self.takes) - self.optional
        return least <= given and (self.variadic or given <= len(self.takes))

    def family(self, index: int) -> Takes:
        return self.takes[min(index, len(self.takes) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One row of the reference: a function or operator, NULL where an operand is NULL."""

    name: str
    overloads: tuple[Overload, ...]
    about: str
    """One sentence on what it gives."""
    examples: tuple[tuple[str, str], ...]
    """Expressions and their values, both as SQL."""
    differs: str = ""
    """How it differs from DuckDB."""
    nulls: str = STRICT
    """When it is NULL."""
    aliases: tuple[str, ...] = ()

    @property
    def counts(self) -> tuple[int, int | None]:
        """The least and the most operands; None if there is no limit."""
        least = min(len(one.takes) - one.optional for one in self.overloads)
        if any(one.variadic for one in self.overloads):
            return least, None
        return least, max(len(one.takes) for one in self.overloads)


def kernel(name: str) -> Lower:
    """The kernel of that name does all of it."""
    return lambda of: of.call(name, *(value.value for value in of.values))
