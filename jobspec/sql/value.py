"""Lowered values, and short names for building expressions of the IR."""

from __future__ import annotations

from dataclasses import dataclass

from jobspec import ir
from jobspec.ir import Kind
from jobspec.types import ValueType

TRUE = ir.Const(Kind.I32, 1)
FALSE = ir.Const(Kind.I32, 0)


@dataclass(frozen=True, slots=True)
class Value:
    """A computed value: `valid` is an i32 that is 1 where it is not NULL, None if it never is.

    Under NULL the value is arbitrary, but of its type: a string can be read.
    """

    type: ValueType
    value: ir.Expr
    valid: ir.Expr | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """A lowered condition: two i32, of which at most one is 1. Neither is, where it is NULL."""

    true: ir.Expr
    false: ir.Expr


def op(name: str, *arguments: ir.Expr) -> ir.Op:
    return ir.Op(name, arguments)


def i32(value: int) -> ir.Const:
    return ir.Const(Kind.I32, value)


def i64(value: int) -> ir.Const:
    return ir.Const(Kind.I64, value)


def real(type_: ValueType, value: float) -> ir.Const:
    return ir.Const(type_.kind, value)


def negated(condition: ir.Expr) -> ir.Expr:
    if condition == TRUE:
        return FALSE
    return TRUE if condition == FALSE else op("i32.eqz", condition)


def both(*conditions: ir.Expr | None) -> ir.Expr:
    """Whether all hold; None holds. Balanced, since hundreds may meet here."""
    return _joined("i32.and", [part for part in conditions if part not in {None, TRUE}], TRUE)


def either(*conditions: ir.Expr) -> ir.Expr:
    return _joined("i32.or", [part for part in conditions if part != FALSE], FALSE)


def _joined(name: str, parts: list[ir.Expr | None], empty: ir.Expr) -> ir.Expr:
    given = [part for part in parts if part is not None]
    while len(given) > 1:
        pairs = [op(name, *given[at : at + 2]) for at in range(0, len(given) - 1, 2)]
        given = [*pairs, *given[len(given) - len(given) % 2 :]]
    return given[0] if given else empty


def all_valid(*values: Value) -> ir.Expr | None:
    """The validity of what is computed from all the values."""
    parts = [value.valid for value in values if value.valid is not None]
    return both(*parts) if parts else None


def wide(value: Value) -> ir.Expr:
    """An integer or bool as i64 (the bits of a u64)."""
    if value.value.kind is Kind.I64:
        return value.value
    if isinstance(value.value, ir.Const):
        return ir.Const(Kind.I64, value.value.value)
    signed = value.type.is_signed
    return op("i64.extend_i32_s" if signed else "i64.extend_i32_u", value.value)
