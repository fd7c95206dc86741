"""The steps of one row: reads the columns that a step needs, computes, filters.

A column of the chunk is read right before the first step that needs it, so rows that a filter
drops cost no more than the filter's own columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from jobspec import table_bytes
from jobspec.ir import (
    Body,
    Call,
    Choose,
    Const,
    Continue,
    Expr,
    Get,
    GetGlobal,
    If,
    Kind,
    Load,
    Op,
    Set,
    Stmt,
)
from jobspec.plan import Derive, Draw, Filter, Join, Plan, Project, Step, Unpack
from jobspec.program_plan import Axes, Axis
from jobspec.records import load, pinned, variable
from jobspec.sql import TypedExpression, Value, columns_read, lower, lower_condition, lower_results
from jobspec.sql.value import i32
from jobspec.types import Column, ValueType

Read = Callable[[], Value]

_FIRST_ROW = GetGlobal("first_row", Kind.I64)
_WORD = (1 << 64) - 1


@dataclass(slots=True)
class Row:
    """The columns of the row at hand: computed values, and those that can still be read."""

    values: dict[str, Value]
    unread: dict[str, Read]
    number: Expr
    """An i64 that tells rows apart: the place in the source, mixed with the matches of joins."""

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


def begin(plan: Plan, body: Body, index: Get) -> tuple[Callable[[], Row], tuple[Stmt, ...]]:
    """What stands before the loop over the rows.

    Gives what makes the row inside the loop, and what is to be done before the next one.
    """
    number = Op("i64.add", (_FIRST_ROW, Op("i64.extend_i32_u", (index,))))
    if len(plan.axes) == 1:
        read = _axis(plan.axes[0], body, index)
        return lambda: Row({}, {plan.axes[0].name: read}, number), ()
    if plan.axes:
        readers, advance = _axes(plan.axes, body, number)
        return lambda: Row({}, dict(readers), number), advance
    readers = {
        column.name: reader(body, variable("chunk"), place, column, index)
        for place, column in enumerate(plan.source)
    }
    return lambda: Row({}, dict(readers), number), ()


def _axis(axis: Axis, body: Body, index: Get) -> Read:
    start = body.temporary(_axis_value(axis, _FIRST_ROW))
    offset = _scaled(axis, Op("i64.extend_i32_u", (index,)))
    value = Op("i64.add", (start, offset))
    return lambda: Value(ValueType.I64, body.temporary(value, axis.name))


def _axes(axes: Axes, body: Body, number: Expr) -> tuple[dict[str, Read], tuple[Stmt, ...]]:
    """Counters that carry over: a division for each row and axis would cost more than many jobs."""
    readers: dict[str, Read] = {}
    advance: tuple[Stmt, ...] = ()
    rest = body.temporary(number)
    counters = []
    for axis in reversed(axes):
        rows = Const(Kind.I64, axis.rows)
        counter = body.variable(_axis_value(axis, Op("i64.rem_u", (rest, rows))))
        counters.append((axis, counter))
        rest = body.temporary(Op("i64.div_u", (rest, rows)))
    for axis, counter in reversed(counters):
        end = Const(Kind.I64, axis.start + axis.rows * axis.step)
        carried = (Set(counter.name, Const(Kind.I64, axis.start)), *advance)
        advance = (
            Set(counter.name, Op("i64.add", (counter, Const(Kind.I64, axis.step)))),
            If(Op("i64.eq", (counter, end)), carried),
        )
        readers[axis.name] = _counted(axis, body, counter)
    return readers, advance


def _counted(axis: Axis, body: Body, counter: Get) -> Read:
    return lambda: Value(ValueType.I64, body.temporary(counter, axis.name))


def _axis_value(axis: Axis, index: Expr) -> Expr:
    scaled = _scaled(axis, index)
    if axis.start == 0:
        return scaled
    return Op("i64.add", (Const(Kind.I64, axis.start), scaled))


def _scaled(axis: Axis, index: Expr) -> Expr:
    return index if axis.step == 1 else Op("i64.mul", (index, Const(Kind.I64, axis.step)))


def reader(body: Body, table: Expr, number: int, column: Column, index: Get) -> Read:
    """Finds a column in a table, such as the chunk; the result reads its value at `index`."""
    descriptor = table_bytes.HEADER_BYTES + table_bytes.DESCRIPTOR_BYTES * number

    name = column.name

    def region(part: int, what: str) -> Get:
        address = Op("i32.add", (table, Load("i32.load", table, descriptor + 4 * part)))
        return body.temporary(address, f"{name}_{what}")

    values = region(1, "values")
    text = region(3, "bytes") if column.type.is_bytes else None
    validity = mask = None
    if column.nullable:
        # Without NULLs there is no validity: then byte 4 of the header stands for it, which is 1.
        offset = body.temporary(Load("i32.load", table, descriptor + 8))
        mask = body.temporary(Choose(offset, i32(-1), i32(0)), f"{name}_mask")
        place = Choose(offset, offset, i32(4))
        validity = body.temporary(Op("i32.add", (table, place)), f"{name}_validity")

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


class Matches(Protocol):
    """What rows of a table match the row at hand: see `jobspec.program.joins`."""

    def each(self, row: Row, body: Body) -> AbstractContextManager[Row]: ...


def lower_steps(
    steps: Sequence[Step],
    row: Row,
    body: Body,
    end_row: Callable[[Row], None],
    joins: Sequence[Matches] = (),
) -> None:
    """Compute the steps, and end the row; one that a filter drops goes on to the next.

    `joins` are those among the steps, in their order.
    """
    for place, step in enumerate(steps):
        match step:
            case Join():
                with joins[0].each(row, body) as joined:
                    lower_steps(steps[place + 1 :], joined, body, end_row, joins[1:])
                return
            case Filter(condition):
                row.need(columns_read(condition))
                holds = lower_condition(condition, row.values, body)
                body.add(If(Op("i32.eqz", (holds,)), (Continue(),)))
            case Draw(threshold, seed):
                drawn = Op("i64.lt_u", (row_hash(seed, row), Const(Kind.I64, threshold)))
                body.add(If(Op("i32.eqz", (drawn,)), (Continue(),)))
            case Derive(name, value):
                row.values[name] = row.compute(body, value, name)
            case Unpack(names, call):
                row.need(columns_read(call))
                results = lower_results(call, row.values, body)
                row.values |= zip(names, results, strict=True)
            case Project(columns):
                values = {new: row.values[old] for new, old in columns if old in row.values}
                unread = {new: row.unread[old] for new, old in columns if old not in row.values}
                row.values, row.unread = values, unread
    end_row(row)


def row_hash(seed: int, row: Row) -> Expr:
    """A pseudo-random i64 of the row, which depends on its place in the source and on nothing else.

    Every step of a job that has the same seed sees the same numbers.
    """
    return Call("row_hash", (Const(Kind.I64, _mixed(seed)), row.number), Kind.I64)


def _mixed(seed: int) -> int:
    """The start of splitmix64 for a seed: its own mixing, so that seeds 1 and 2 share nothing."""
    word = seed & _WORD
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    word = (word ^ word >> 27) * 0x94D049BB133111EB & _WORD
    return word ^ word >> 31
