"""The value types of the job language, and columns made of them.

Not here: what operators do with them (`jobspec.sql`), how columns lie in memory
(`jobspec.table_bytes`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from jobspec.ir import Kind

DECIMAL_PATTERN = r"^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$"
_DECIMAL = re.compile(DECIMAL_PATTERN, re.ASCII)
DECIMAL_DIGITS = 18
"""The most digits of a decimal: those that fit an i64."""

_DAYS = (-719_162, 2_932_896)
"""0001-01-01 and 9999-12-31, in days since 1970-01-01."""
_DAY_MICROSECONDS = 86_400_000_000


class ValueType(StrEnum):
    """The type of a value; the member's value is its name in documents and annotations.

    Decimals are members too, made when they are first asked for: `ValueType("decimal(12,2)")` or
    `ValueType.decimal(12, 2)`. They compare by identity as all members do, but iterating over the
    class does not name them.
    """

    BOOL = "bool"
    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"
    STRING = "string"
    BINARY = "binary"
    DATE = "date"
    TIMESTAMP = "timestamp"

    @classmethod
    def decimal(cls, precision: int, scale: int) -> ValueType:
        """The decimal of so many digits, `scale` of them after the point.

        Raises ValueError unless 1 <= precision <= 18 and 0 <= scale <= precision.
        """
        return cls(f"decimal({precision},{scale})")

    @classmethod
    def _missing_(cls, value: object) -> ValueType | None:
        match = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return None
        precision, scale = int(match[1]), int(match[2])
        if not (1 <= precision <= DECIMAL_DIGITS and scale <= precision):
            return None
        name = f"decimal({precision},{scale})"
        member = str.__new__(cls, name)
        member._name_ = f"DECIMAL_{precision}_{scale}"
        member._value_ = name
        # Threads that meet here all get the one that was first.
        known = cls._value2member_map_.setdefault(name, member)
        assert isinstance(known, cls)  # noqa: S101  (tells mypy what the map holds)
        return known

    @property
    def is_integer(self) -> bool:
        return self._value_[0] in "iu"

    @property
    def is_float(self) -> bool:
        return self._value_[0] == "f"

    @property
    def is_decimal(self) -> bool:
        return self._value_.startswith("decimal")

    @property
    def is_number(self) -> bool:
        """Whether it is an integer or a float; decimals have rules of their own."""
        return self.is_integer or self.is_float

    @property
    def is_bytes(self) -> bool:
        """Whether a value is an address and a length: string and binary."""
        return self is ValueType.STRING or self is ValueType.BINARY

    @property
    def is_signed(self) -> bool:
        """Whether the numbers that carry values can be negative: not those of unsigned integers."""
        return self._value_[0] in "ifdt"  # i8, f32, decimal(9,2), date, timestamp

    @property
    def bits(self) -> int:
        """The width in memory: 8 for bool, 64 for what has an address and a length."""
        if self is ValueType.BOOL:
            return 8
        if self is ValueType.DATE:
            return 32
        return int(self.value[1:]) if self.is_number else 64

    @property
    def precision(self) -> int:
        """The digits of a decimal in all."""
        return int(self._digits[0])

    @property
    def scale(self) -> int:
        """The digits of a decimal after the point."""
        return int(self._digits[1])

    @property
    def _digits(self) -> list[str]:
        if not self.is_decimal:
            raise TypeError(f"{self} is no decimal")
        return self.value[len("decimal(") : -1].split(",")

    @property
    def kind(self) -> Kind:
        """The WebAssembly number type that carries a value.

        Narrow integers are kept sign- or zero-extended in an i32. A string or binary is one i64,
        the address in the low and the byte length in the high 32 bits. A date is an i32, the days
        since 1970-01-01; a timestamp an i64, the microseconds since then, without a time zone; a
        decimal an i64, the number without its point: 1.50 of decimal(9,2) is 150.
        """
        match self:
            case ValueType.F32:
                return Kind.F32
            case ValueType.F64:
                return Kind.F64
        return Kind.I64 if self.bits == 64 else Kind.I32

    @property
    def minimum(self) -> int:
        """The smallest value of an integer type; of other types, of the number that carries it.

        Dates and timestamps are those of the years 1 to 9999.
        """
        if self.is_decimal:
            return -self.maximum
        if self is ValueType.DATE:
            return _DAYS[0]
        if self is ValueType.TIMESTAMP:
            return _DAYS[0] * _DAY_MICROSECONDS
        return -(1 << (self.bits - 1)) if self.is_signed else 0

    @property
    def maximum(self) -> int:
        """The largest value of an integer type; of other types, of the number that carries it."""
        if self.is_decimal:
            return int(10**self.precision) - 1
        if self is ValueType.DATE:
            return _DAYS[1]
        if self is ValueType.TIMESTAMP:
            return (_DAYS[1] + 1) * _DAY_MICROSECONDS - 1
        return (1 << (self.bits - self.is_signed)) - 1


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array of scalars; a length of None in its shape is known only when the program runs."""

    element: ValueType
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        lengths = (":" if length is None else str(length) for length in self.shape)
        return f"{self.element}[{', '.join(lengths)}]"


@dataclass(frozen=True, slots=True)
class Column:
    """A named column; `nullable` says whether NULLs may occur in it."""

    name: str
    type: ValueType
    nullable: bool = False


Schema = tuple[Column, ...]

Scalar: TypeAlias = bool | int | float | str | bytes | None
"""A value in Python; None is NULL. A date, timestamp or decimal is the integer that carries it."""
