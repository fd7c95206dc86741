"""The value types of the job language, and columns made of them.

Not here: what operators do with them (`jobspec.sql`), how columns lie in memory (`jobspec.chunks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from jobspec.ir import Kind


class ValueType(StrEnum):
    """The type of a value; the member's value is its name in documents and annotations."""

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

    @property
    def is_integer(self) -> bool:
        return self.value[0] in "iu"

    @property
    def is_float(self) -> bool:
        return self.value[0] == "f"

    @property
    def is_number(self) -> bool:
        return self.is_integer or self.is_float

    @property
    def is_signed(self) -> bool:
        """Whether negative numbers exist in the type: signed integers and floats."""
        return self.value[0] in "if"

    @property
    def bits(self) -> int:
        """The width in memory: 8 for bool, 64 for a string (address and length)."""
        if self is ValueType.BOOL:
            return 8
        return 64 if self is ValueType.STRING else int(self.value[1:])

    @property
    def kind(self) -> Kind:
        """The WebAssembly number type that carries a value.

        Narrow integers are kept sign- or zero-extended in an i32; a string is one i64, the
        address in the low and the byte length in the high 32 bits.
        """
        match self:
            case ValueType.F32:
                return Kind.F32
            case ValueType.F64:
                return Kind.F64
            case ValueType.I64 | ValueType.U64 | ValueType.STRING:
                return Kind.I64
        return Kind.I32

    @property
    def minimum(self) -> int:
        """The smallest value of an integer type."""
        return -(1 << (self.bits - 1)) if self.is_signed else 0

    @property
    def maximum(self) -> int:
        """The largest value of an integer type."""
        return (1 << (self.bits - self.is_signed)) - 1


@dataclass(frozen=True, slots=True)
class Column:
    """A named column; `nullable` says whether NULLs may occur in it."""

    name: str
    type: ValueType
    nullable: bool = False


Schema = tuple[Column, ...]

Scalar: TypeAlias = bool | int | float | str | None
"""A value in Python; None is NULL."""
