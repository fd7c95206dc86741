"""The layout of a program's records, and access to their fields.

A record is: its hash if it is a group's or its key if it is ordered, the cells of its states, the
values from wide to narrow, one validity byte for each column that can be NULL, and padding to a
multiple of 8. Under NULL a value is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobspec import ir, kernels
from jobspec.ir import Body, Choose, Const, Expr, Kind, Load, Store
from jobspec.sql import Value
from jobspec.types import Column, Schema, ValueType

HASH_BYTES = 8
CELL_BYTES = 8

_LOADS = {
    ValueType.BOOL: "i32.load8_u",
    ValueType.I8: "i32.load8_s",
    ValueType.U8: "i32.load8_u",
    ValueType.I16: "i32.load16_s",
    ValueType.U16: "i32.load16_u",
}
_STORES = {8: "i32.store8", 16: "i32.store16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where a column lies in every record; `valid` is None if it is never NULL."""

    column: Column
    offset: int
    valid: int | None

    def load(self, record: Expr) -> Value:
        valid = None if self.valid is None else Load("i32.load8_u", record, self.valid)
        return Value(self.column.type, load(self.column.type, record, self.offset), valid)

    def store(self, body: Body, record: Expr, value: Value) -> None:
        """Store a value of the column's type; its strings are made to outlive the row."""
        stored = zero_if_null(value)
        if self.column.type.is_bytes:
            stored = kernels.call(body, "keep_text", stored)
        body.add(Store(store_name(self.column.type), record, stored, self.offset))
        if self.valid is not None:
            valid = Const(Kind.I32, 1) if value.valid is None else value.valid
            body.add(Store("i32.store8", record, valid, self.valid))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The record of one program: its fields, and its size in bytes."""

    fields: tuple[Field, ...]
    cells: tuple[int, ...]
    """Where 8 bytes lie each that are no column: what states point with."""
    stride: int


def lay_out(schema: Schema, *, before: int = 0, cells: int = 0) -> Layout:
    """The record for these columns, in their order; so many bytes and cells lie before them."""
    first_cell = before
    position = first_cell + CELL_BYTES * cells
    offsets: dict[int, int] = {}
    for index in sorted(range(len(schema)), key=lambda index: -schema[index].type.bits):
        offsets[index] = position
        position += schema[index].type.bits // 8
    fields = []
    for index, column in enumerate(schema):
        valid = position if column.nullable else None
        position += column.nullable
        fields.append(Field(column=column, offset=offsets[index], valid=valid))
    return Layout(
        fields=tuple(fields),
        cells=tuple(first_cell + CELL_BYTES * number for number in range(cells)),
        stride=max(8, -(-position // 8) * 8),
    )


def load(value_type: ValueType, address: Expr, offset: int = 0) -> Load:
    """A value that lies in memory in its own width."""
    return Load(_LOADS.get(value_type, f"{value_type.kind}.load"), address, offset)


def store_name(value_type: ValueType) -> str:
    return _STORES.get(value_type.bits, f"{value_type.kind}.store")


def zero_if_null(value: Value) -> Expr:
    """The value, or zero (of a string, the empty one) under NULL."""
    if value.valid is None:
        return value.value
    return Choose(value.valid, value.value, Const(value.value.kind, 0))


def pinned(body: Body, value: Value, name: str = "") -> Value:
    """The value computed now, so that it can be used often."""
    valid = value.valid and once(body, value.valid, f"{name}_valid" if name else "")
    return Value(value.type, once(body, value.value, name), valid)


def once(body: Body, expression: Expr, name: str = "") -> Expr:
    if isinstance(expression, Const | ir.Text):
        return expression
    return body.temporary(expression, name)


def variable(name: str) -> ir.GetGlobal:
    """One of the i32 variables that the kernels of records share."""
    return ir.GetGlobal(name, Kind.I32)
