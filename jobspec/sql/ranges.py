"""Which values an integer expression can have, so that needless overflow checks are left out."""

from __future__ import annotations

from dataclasses import dataclass

from jobspec.sql import typed
from jobspec.types import ValueType


@dataclass(frozen=True, slots=True)
class Range:
    """All integers from `low` to `high`, both included."""

    low: int
    high: int

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Range) -> Range:
        return Range(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Range) -> Range:
        corners = [
            left * right for left in (self.low, self.high) for right in (other.low, other.high)
        ]
        return Range(min(corners), max(corners))

    def contains(self, value: int) -> bool:
        return self.low <= value <= self.high

    def fits(self, type_: ValueType) -> bool:
        return type_.minimum <= self.low and self.high <= type_.maximum

    def clipped(self, type_: ValueType) -> Range:
        """What is left after a checked conversion to the type."""
        low, high = max(self.low, type_.minimum), min(self.high, type_.maximum)
        return Range(low, high) if low <= high else whole(type_)


def whole(type_: ValueType) -> Range:
    """Every value of the type; of no use for types that are neither integers nor decimals."""
    exact = type_.is_integer or type_.is_decimal
    return Range(type_.minimum, type_.maximum) if exact else Range(0, 0)


def of(node: typed.Typed) -> Range:
    """The range of an integer node's values where it is not NULL; of a decimal's without point."""
    match node:
        case typed.Constant(value=int(value)):
            return Range(int(value), int(value))
        case typed.Convert(value=value) if value.type.is_integer and node.type.is_integer:
            return of(value).clipped(node.type)
        case typed.Convert(value=value) if value.type is ValueType.BOOL and node.type.is_integer:
            return Range(0, 1)
        case typed.Convert(value=value) if node.type.is_decimal and value.type.is_integer:
            return (of(value) * Range(*[10**node.type.scale] * 2)).clipped(node.type)
        case typed.Apply(operation=operation, operands=operands) if node.type.is_integer:
            return _applied(operation, operands, node.type)
    return whole(node.type)


def _applied(operation: str, operands: tuple[typed.Typed, ...], type_: ValueType) -> Range:
    match operation:
        case "add":
            return (of(operands[0]) + of(operands[1])).clipped(type_)
        case "subtract":
            return (of(operands[0]) - of(operands[1])).clipped(type_)
        case "multiply":
            return (of(operands[0]) * of(operands[1])).clipped(type_)
        case "length" | "strlen" | "strpos":
            return Range(0, 2**32)
        case "sign":
            return Range(-1, 1)
    return whole(type_)
