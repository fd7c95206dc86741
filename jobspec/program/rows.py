"""The steps of one row: reads the columns that a step needs, computes, filters.

A column of the chunk is read right before the first step that needs it, so rows that a filter
drops cost no more than the filter's own columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jobspec import table_bytes
from jobspec.ir import Body, Choose, Const, Continue, Expr, Get, GetGlobal, If, Kind, Load, Op
from jobspec.plan import Derive, Filter, Plan, Project, Step
from jobspec.program.records import i32, load, pinned, variable
from jobspec.sql import TypedExpression, Value, columns_read, lower, lower_condition
from jobspec.types import Column, ValueType

Read = Callable[[], Value]


@dataclass(slots=True)
class Row:
    """The columns of the row at hand: computed values, and those that can still be read."""

    values: dict[str, Value]
    unread: dict[str, Read]

    def need(self, names: Iterable[str]) -> None:
        """Read columns now, where no condition stands around."""
        for name in sorted(names):
            if name not in self.values:
                self.values[name] = self.unread[name]()

    def compute(self, body: Body, expression: TypedExpression, name: str = "") -> Value:
        self.need(columns_read(expression))
        return pinned(body, lower(expression, self.values, body), name)

    def value(self, name: str) -> Value:
        self.need([name])
        return self.values[name]


def begin(plan: Plan, body: Body, index: Get) -> Callable[[], Row]:
    """What stands before the loop over the rows; the result makes the row inside it."""
    if plan.axis is not None:
        axis = plan.axis
        first = GetGlobal("first_row", Kind.I64)
        start = body.temporary(_axis_value(axis.start, axis.step, first))

        def value() -> Value:
            offset = _axis_value(0, axis.step, Op("i64.extend_i32_u", (index,)))
            return Value(ValueType.I64, body.temporary(Op("i64.add", (start, offset)), axis.name))

        return lambda: Row({}, {axis.name: value})
    readers = {
        column.name: _reader(body, number, column, index)
        for number, column in enumerate(plan.source)
    }
    return lambda: Row({}, dict(readers))


def _axis_value(start: int, step: int, index: Expr) -> Expr:
    scaled = index if step == 1 else Op("i64.mul", (index, Const(Kind.I64, step)))
    return scaled if start == 0 else Op("i64.add", (Const(Kind.I64, start), scaled))


def _reader(body: Body, number: int, column: Column, index: Get) -> Read:
    """Finds a column in the chunk; the result reads its value at `index`."""
    chunk = variable("chunk")
    descriptor = table_bytes.HEADER_BYTES + table_bytes.DESCRIPTOR_BYTES * number

    name = column.name

    def region(part: int, what: str) -> Get:
        address = Op("i32.add", (chunk, Load("i32.load", chunk, descriptor + 4 * part)))
        return body.temporary(address, f"{name}_{what}")

    values = region(1, "values")
    text = region(3, "bytes") if column.type.is_bytes else None
    validity = mask = None
    if column.nullable:
        # Without NULLs there is no validity: then byte 4 of the header stands for it, which is 1.
        offset = body.temporary(Load("i32.load", chunk, descriptor + 8))
        mask = body.temporary(Choose(offset, i32(-1), i32(0)), f"{name}_mask")
        place = Choose(offset, offset, i32(4))
        validity = body.temporary(Op("i32.add", (chunk, place)), f"{name}_validity")

    def read() -> Value:
        slot = _slot(values, index, table_bytes.value_bytes(column.type))
        valid = None
        if validity is not None and mask is not None:
            at = Op("i32.add", (validity, Op("i32.and", (index, mask))))
            valid = body.temporary(Load("i32.load8_u", at), f"{name}_valid")
        if text is None:
            return Value(column.type, body.temporary(load(column.type, slot), name), valid)
        slot = body.temporary(slot)
        start = body.temporary(Load("i32.load", slot))
        size = Op("i32.sub", (Load("i32.load", slot, 4), start))
        packed = _packed(Op("i32.add", (text, start)), size)
        return Value(column.type, body.temporary(packed, name), valid)

    return read


def _slot(values: Get, index: Get, width: int) -> Expr:
    scaled = index if width == 1 else Op("i32.shl", (index, i32(width.bit_length() - 1)))
    return Op("i32.add", (values, scaled))


def _packed(address: Expr, size: Expr) -> Expr:
    high = Op("i64.shl", (Op("i64.extend_i32_u", (size,)), Const(Kind.I64, 32)))
    return Op("i64.or", (Op("i64.extend_i32_u", (address,)), high))


def lower_steps(steps: Iterable[Step], row: Row, body: Body) -> None:
    """Compute the steps; a row that a filter drops goes on to the next."""
    for step in steps:
        match step:
            case Filter(condition):
                row.need(columns_read(condition))
                holds = lower_condition(condition, row.values, body)
                body.add(If(Op("i32.eqz", (holds,)), (Continue(),)))
            case Derive(name, value):
                row.values[name] = row.compute(body, value, name)
            case Project(columns):
                values = {new: row.values[old] for new, old in columns if old in row.values}
                unread = {new: row.unread[old] for new, old in columns if old not in row.values}
                row.values, row.unread = values, unread
