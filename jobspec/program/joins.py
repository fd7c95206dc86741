"""Joins: the index over a shared table, and the rows of it that match a row of the job.

The table lies in the program's data. When a chunk is opened an index is made over it, a hash table
of the first row of each key, and for each row the next one with the same key, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from jobspec import kernels
from jobspec.ir import (
    Body,
    Break,
    Call,
    Choose,
    Const,
    Expr,
    Function,
    Get,
    GetGlobal,
    Global,
    If,
    Kind,
    Load,
    Op,
    Set,
    SetGlobal,
    Stmt,
    Store,
    Text,
    TrapSites,
)
from jobspec.joins import join_table
from jobspec.plan import Join
from jobspec.program.keys import all_hold, hash_of
from jobspec.program.rows import Read, Row, reader
from jobspec.records import variable
from jobspec.sql import Value
from jobspec.sql.comparisons import compare
from jobspec.sql.value import all_valid, i32
from jobspec.types import Schema

_JOINED = "joined"
"""Tells chance apart in the rows that come of one row (`jobspec.kernels.chance`)."""


class JoinIndex:
    """One join of a program; `number` tells it from the others."""

    def __init__(self, join: Join, number: int) -> None:
        self.join = join
        self.table = join_table(join)
        self.name = f"index_{number}"
        self._slots_name, self._next_name = f"{self.name}_slots", f"{self.name}_next"
        slots = 2
        while slots < 2 * self.table.rows:
            slots *= 2
        self._slots = slots

    @property
    def globals(self) -> tuple[Global, ...]:
        """Where the hash table lies, and the chains of rows with the same key."""
        return (
            Global(name=self._slots_name, kind=Kind.I32),
            Global(name=self._next_name, kind=Kind.I32),
        )

    def function(self, traps: TrapSites) -> Function:
        """Makes the index; rows go in from the last to the first, each before those it equals."""
        body = Body(traps)
        for name, size in ((self._slots_name, self._slots), (self._next_name, self.table.rows)):
            body.add(SetGlobal(name, kernels.call(body, "keep_zeros", i32(4 * size))))
        search = self._search_in(body)
        row = body.variable(i32(self.table.rows))
        readers = self.readers(body, self.table.keys, row)
        with body.while_(row):
            body.add(Set(row.name, Op("i32.sub", (row, i32(1)))))
            place = search([read() for read in readers])
            body.add(Store("i32.store", _place(self._next_name, row), Load("i32.load", place)))
            body.add(Store("i32.store", place, Op("i32.add", (row, i32(1)))))
        return Function(
            name=self.name,
            body=body.statements(),
            comment=f"index the {self.table.rows:,} rows of {self.join.table.name}",
        )

    def begin(self, body: Body) -> JoinRows:
        """What stands before the loop over the rows."""
        body.add(SetGlobal(_JOINED, Const(Kind.I64, 0)))  # a trap can have left it behind
        at = body.variable(Kind.I32)
        added = self.readers(body, self.table.added, at, before=len(self.table.keys))
        return JoinRows(self, self._search_in(body), at, added)

    def readers(self, body: Body, columns: Schema, at: Get, before: int = 0) -> list[Read]:
        """Readers of columns of the table, at the row `at`."""
        table = body.temporary(Op("i32.wrap_i64", (Text(self.table.data),)), self.join.table.name)
        return [
            reader(body, table, before + number, column, at)
            for number, column in enumerate(columns)
        ]

    def after(self, match: Get) -> Expr:
        """The next row that matches, plus one; 0 behind the last, and after 0."""
        following = Load("i32.load", _place(self._next_name, Op("i32.sub", (match, i32(1)))))
        return Choose(match, following, i32(0))

    def _search_in(self, body: Body) -> Callable[[Sequence[Value]], Get]:
        """Searches keys that are not NULL: the address of their slot, or of the free one."""
        there = body.variable(Kind.I32)
        readers = self.readers(body, self.table.keys, there)
        mask = i32(self._slots - 1)

        def search(keys: Sequence[Value]) -> Get:
            slot = body.variable(Op("i32.and", (hash_of(keys, body), mask)))
            place = body.variable(Kind.I32)
            following = Op("i32.and", (Op("i32.add", (slot, i32(1))), mask))
            with body.while_(i32(1), advance=(Set(slot.name, following),)):
                body.add(Set(place.name, _place(self._slots_name, slot)))
                head = body.temporary(Load("i32.load", place))
                body.add(If(Op("i32.eqz", (head,)), (Break(),)))
                body.add(Set(there.name, Op("i32.sub", (head, i32(1)))))
                pairs = zip(keys, readers, strict=True)
                with all_hold(body, (compare("=", key, read()) for key, read in pairs)):
                    body.add(Break())
            return place

        return search


class JoinRows:
    """The rows of the table that match the row at hand."""

    def __init__(
        self,
        index: JoinIndex,
        search: Callable[[Sequence[Value]], Get],
        at: Get,
        added: Sequence[Read],
    ) -> None:
        self._index, self._search, self._at, self._added = index, search, at, added

    @contextmanager
    def each(self, row: Row, body: Body) -> Iterator[Row]:
        """A loop over the matches; statements inside see the row with the table's columns."""
        join = self._index.join
        match = self._first(row, body)
        unmatched = body.variable(Op("i32.eqz", (match,))) if join.is_left else i32(0)
        advance: list[Stmt] = [Set(match.name, self._index.after(match))]
        if isinstance(unmatched, Get):
            advance.append(Set(unmatched.name, i32(0)))
        outer = body.temporary(GetGlobal(_JOINED, Kind.I64))
        with body.while_(Op("i32.or", (match, unmatched)), advance):
            of_nulls = i32(self._index.table.rows)
            at = Choose(match, Op("i32.sub", (match, i32(1))), of_nulls)
            body.add(Set(self._at.name, at))
            names = [column.name for column in join.columns]
            place = Op("i64.extend_i32_u", (match,))
            body.add(SetGlobal(_JOINED, Call("hash_word", (outer, place), Kind.I64)))
            yield Row(
                dict(row.values),
                row.unread | dict(zip(names, self._added, strict=True)),
                Call("hash_word", (row.number, place), Kind.I64),
            )
        body.add(SetGlobal(_JOINED, outer))

    def _first(self, row: Row, body: Body) -> Get:
        """The first row that matches, plus one; 0 if there is none."""
        keys = [row.value(column.name) for column, _ in self._index.join.on]
        match = body.variable(Kind.I32)
        valid = all_valid(*keys)
        with body.when(valid) if valid is not None else nullcontext():
            place = self._search([Value(key.type, key.value) for key in keys])
            body.add(Set(match.name, Load("i32.load", place)))
        return match


def _place(array: str, index: Expr) -> Expr:
    return Op("i32.add", (variable(array), Op("i32.shl", (index, i32(2)))))
