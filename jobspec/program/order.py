"""The first rows in an order: keys that compare as bytes, and the sinks that keep the best rows.

The key of a row is, for each column of the order, a byte for NULL and the value's bytes, so made
that they compare as the values do; then, for rows that are equal, how many came before. See
`jobspec.kernels.order`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from jobspec import kernels
from jobspec.ir import (
    Body,
    Call,
    Choose,
    Const,
    Expr,
    Get,
    GetGlobal,
    Kind,
    Op,
    Set,
    SetGlobal,
    Store,
)
from jobspec.plan import Plan
from jobspec.program.rows import Row, row_hash
from jobspec.program_plan import Sample, Sort, SortKey
from jobspec.records import Layout, once, zero_if_null
from jobspec.sql import Value
from jobspec.sql.value import i32, wide
from jobspec.types import ValueType

KEY_BYTES = 16
"""At the start of a record: where its key is, its length and its room."""
MOST_ROWS = (1 << 31) - 1

_WORD_BYTES = 8
_KEYS_MADE = GetGlobal("keys_made", Kind.I64)
"""How many rows have had a key."""


def keep_sorted(plan: Plan, closing: Sort, layout: Layout, row: Row, body: Body) -> None:
    """Keep the row if it is one of the first in the order so far."""
    keys = [(key, row.value(key.column)) for key in closing.keys]
    parts = [_SortPart(key, value, body) for key, value in keys]
    most = MOST_ROWS if closing.rows is None else closing.rows
    key = _key(parts, body)
    _keep(layout, key, most, body, lambda: _output(plan, row))


def keep_sampled(plan: Plan, closing: Sample, layout: Layout, row: Row, body: Body) -> None:
    """Keep the row if its hash is one of the lowest so far; the hash is the record's last field."""
    digest = body.temporary(row_hash(closing.seed, row))
    key = _key([_WordPart(digest)], body)
    hashed = Value(ValueType.U64, digest)
    _keep(layout, key, closing.rows, body, lambda: (*_output(plan, row), hashed))


def order_output(closing: Sort | Sample, body: Body) -> None:
    """Before the output is written: sorted rows in their order, sampled ones in the source's."""
    skip = 0 if isinstance(closing, Sort) else _WORD_BYTES
    kernels.do(body, "order_records", i32(skip))


def _output(plan: Plan, row: Row) -> tuple[Value, ...]:
    return tuple(row.value(column.name) for column in plan.output)


def _keep(
    layout: Layout, key: Expr, most: int, body: Body, values: Callable[[], Iterable[Value]]
) -> None:
    record = body.temporary(kernels.call(body, "take_row", key, i32(most), i32(layout.stride)))
    with body.when(record):
        for field, value in zip(layout.fields, values(), strict=True):
            field.store(body, record, value)


# --- keys -----------------------------------------------------------------------------------------


class _WordPart:
    """A word that compares without a sign."""

    size: Expr = i32(8)

    def __init__(self, word: Expr, width: int = 8) -> None:
        self._word, self._width = word, width

    def write(self, at: Get, body: Body) -> None:
        _go_on(at, Call("key_word", (at, self._word, i32(self._width)), Kind.I32), body)


class _SortPart:
    """A column of the order: a byte that puts NULLs first or last, and the value."""

    def __init__(self, key: SortKey, value: Value, body: Body) -> None:
        self._flip = -1 if key.descending else 0
        self._null = 0 if key.nulls_first else 2
        self._value = Value(value.type, once(body, zero_if_null(value)), value.valid)
        if value.type.is_bytes:
            # every byte may be a zero, which needs two
            length = Op("i64.shr_u", (self._value.value, Const(Kind.I64, 31)))
            self.size: Expr = Op("i32.add", (Op("i32.wrap_i64", (length,)), i32(4)))
        else:
            self.size = i32(1 + 8)

    def write(self, at: Get, body: Body) -> None:
        value = self._value
        if value.valid is not None:
            body.add(Store("i32.store8", at, Choose(value.valid, i32(1), i32(self._null))))
            _go_on(at, Op("i32.add", (at, i32(1))), body)
        if value.type.is_bytes:
            flip = i32(self._flip & 255)
            _go_on(at, Call("key_text", (at, value.value, flip), Kind.I32), body)
            return
        word, width = _ordered(value)
        if self._flip:
            word = Op("i64.xor", (word, Const(Kind.I64, -1)))
        _WordPart(word, width).write(at, body)


def _ordered(value: Value) -> tuple[Expr, int]:
    """A word whose low bytes compare, unsigned, as the values do, and how many bytes those are."""
    if value.type.is_float:
        number = value.value
        if value.type is ValueType.F32:
            number = Op("f64.promote_f32", (number,))
        return Call("order_of_f64", (number,), Kind.I64), 8
    word = wide(value)
    if value.type.is_signed:
        word = Op("i64.xor", (word, Const(Kind.I64, 1 << value.type.bits - 1)))
    return word, value.type.bits // 8


def _key(parts: Sequence[_SortPart | _WordPart], body: Body) -> Expr:
    """The key of the row at hand, in memory of the row."""
    size: Expr = i32(_WORD_BYTES)
    for part in parts:
        size = Op("i32.add", (size, part.size))
    start = body.temporary(kernels.call(body, "alloc", size), "key")
    at = body.variable(start)
    for part in parts:
        part.write(at, body)
    # Which row it is does not matter here, only which came first.
    sequence = body.temporary(Op("i64.add", (_KEYS_MADE, Const(Kind.I64, 1))))
    body.add(SetGlobal("keys_made", sequence))
    _WordPart(sequence).write(at, body)
    length = Op("i64.extend_i32_u", (Op("i32.sub", (at, start)),))
    high = Op("i64.shl", (length, Const(Kind.I64, 32)))
    return Op("i64.or", (Op("i64.extend_i32_u", (start,)), high))


def _go_on(at: Get, after: Expr, body: Body) -> None:
    body.add(Set(at.name, after))
