"""What a state is: what an aggregate keeps of the rows it has seen, and all that is done to it.

A state lives in three places. In a running program it is fields of its group's record: the partial
columns, and cells (8 bytes each, zero at first) that point to what does not fit a record. In the
program's output it is its partial columns alone. On the hub it is an object that takes in the
states of row ranges in row order, and knows the result.

Everything but plain float sums is independent of how the rows were cut into ranges.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jobspec import kernels
from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.ir import Body, Const, Expr, Get, Kind, Op, Store
from jobspec.records import Field, once, store_name, zero_if_null
from jobspec.sql.value import Value, i32
from jobspec.types import Scalar, Schema, ValueType

Types = tuple[ValueType, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InProgram:
    """The state of one aggregate in the record of one group, while a program is built."""

    body: Body
    record: Get
    fields: tuple[Field, ...]
    """The partial columns."""
    cells: tuple[int, ...]
    """Where the cells lie in the record."""
    options: tuple[str, ...]
    arguments: tuple[Value, ...] = ()
    """What the row gives: variables or constants, never NULL unless the state sees NULLs."""

    def given(self, arguments: Sequence[Value]) -> InProgram:
        """The same with the arguments of a row."""
        return replace(self, arguments=tuple(arguments))

    def cell(self, index: int = 0) -> Expr:
        """The address of a cell."""
        return Op("i32.add", (self.record, i32(self.cells[index])))

    def call(self, kernel: str, *arguments: Expr) -> Expr:
        return kernels.call(self.body, kernel, *arguments)

    def do(self, kernel: str, *arguments: Expr) -> None:
        kernels.do(self.body, kernel, *arguments)

    def add(self, field: Field, added: Expr) -> Expr:
        """Add to a number; its new value."""
        value_type = field.column.type
        total = self.body.temporary(
            Op(f"{value_type.kind}.add", (field.load(self.record).value, added))
        )
        self.body.add(Store(store_name(value_type), self.record, total, field.offset))
        return total

    def count(self, field: Field) -> None:
        self.add(field, Const(Kind.I64, 1))

    def store(self, field: Field, value: Value) -> None:
        """Replace the value of a field; texts that come and go take no more room than they need.

        For texts, the state opens with `states_begin`.
        """
        if field.column.type.is_bytes:
            before = field.load(self.record).value
            kept = self.call("best_text", before, zero_if_null(value))
            value = Value(value.type, once(self.body, kept), value.valid)
            self.write(field, value.value, value.valid)
            return
        field.store(self.body, self.record, value)

    def write(self, field: Field, text: Expr, valid: Expr | None = None) -> None:
        """Put bytes into a field that live as long as they are needed."""
        kept = once(self.body, text)
        self.body.add(Store("i64.store", self.record, kept, field.offset))
        if field.valid is not None:
            self.body.add(Store("i32.store8", self.record, valid or i32(1), field.valid))


class Merged(ABC):
    """The state of one aggregate on the hub."""

    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        self.aggregate = aggregate
        self._budget = budget

    def spend(self, size: int) -> None:
        """Note that so many bytes more are remembered. Raises MergeError beyond the limit."""
        self._budget.spend(self.aggregate.result.name, size)

    @abstractmethod
    def take(self, partial: Sequence[Any]) -> None:
        """Take in the state of the rows that follow: one checked value a partial column.

        Raises MergeError where states grow beyond a limit.
        """

    @abstractmethod
    def result(self) -> Scalar:
        """The value, in the type of the result. Raises MergeError if that cannot hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a state is kept, by all functions that have the same."""

    partial: Callable[[str, Types], Schema]
    """The partial columns of an aggregate of that name over arguments of these types."""
    update: Callable[[InProgram], None]
    """Adds the statements that take a row in; they trap for want of memory only."""
    merged: Callable[[Aggregate, Budget], Merged]
    cells: int = 0
    write: Callable[[InProgram], None] | None = None
    """Adds the statements that fill the partial columns from the cells."""
    opens: tuple[str, ...] = ()
    """Kernels to call before the first row of a chunk."""
    check: Callable[[Aggregate, Sequence[Any]], None] | None = None
    """Raises OutputError unless values of the partial columns are a state; None: all are."""
    sees_nulls: bool = False
    """Whether rows with a NULL argument go in too."""
