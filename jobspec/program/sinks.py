"""Where rows end: as records of the output, or in the states of their group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jobspec import kernels
from jobspec.ir import Body, Break, Choose, Const, Expr, Get, If, Kind, Load, Op, Set
from jobspec.plan import Plan
from jobspec.program.records import Field, Layout, i32, once, variable, zero_if_null
from jobspec.program.rows import Row
from jobspec.program.states import update
from jobspec.sql import Value
from jobspec.sql.comparisons import compare
from jobspec.types import Schema


def append_row(plan: Plan, layout: Layout, row: Row, body: Body) -> None:
    """Keep the row as a record."""
    values = [row.value(column.name) for column in plan.output]
    record = body.temporary(kernels.call(body, "record_append", i32(layout.stride)), "record")
    for field, value in zip(layout.fields, values, strict=True):
        field.store(body, record, value)


def update_group(
    plan: Plan, layout: Layout, row: Row, body: Body, *, keys: Schema, only: Get | None
) -> None:
    """Take the row into its group; `only` is the record where there is but one group.

    Everything is computed before anything is changed, so a row that traps leaves no trace.
    """
    values_of_keys = [row.value(key.name) for key in keys]
    arguments = [
        [row.compute(body, argument) for argument in call.arguments] for call in plan.calls
    ]
    fields = layout.fields[len(keys) :]
    record = only or _find_group(layout.fields[: len(keys)], layout.stride, values_of_keys, body)
    for call, values in zip(plan.calls, arguments, strict=True):
        width = len(call.aggregate.partial)
        update(call.aggregate.state, body, record, fields[:width], values)
        fields = fields[width:]


def _find_group(fields: Sequence[Field], stride: int, keys: Sequence[Value], body: Body) -> Get:
    """The record of the group that has these keys, which is new if there was none."""
    given = [Value(key.type, once(body, zero_if_null(key)), key.valid) for key in keys]
    digest = _hash(given, body)
    slot = body.variable(Op("i32.and", (digest, variable("slot_mask"))))
    record = body.variable(Kind.I32)
    with body.while_(i32(1), advance=(Set(slot.name, _next_slot(slot)),)):
        address = Op("i32.add", (variable("slots"), Op("i32.shl", (slot, i32(2)))))
        body.add(Set(record.name, Load("i32.load", address)))
        body.add(If(Op("i32.eqz", (record,)), (Break(),)))
        with _all_hold(body, _equal(fields, record, digest, given, body)):
            body.add(Break())
    with body.when(Op("i32.eqz", (record,))):
        new = kernels.call(body, "record_insert", slot, digest, i32(stride))
        body.add(Set(record.name, new))
        for field, key in zip(fields, given, strict=True):
            field.store(body, record, key)
    return record


def _next_slot(slot: Get) -> Expr:
    return Op("i32.and", (Op("i32.add", (slot, i32(1))), variable("slot_mask")))


def _hash(keys: Sequence[Value], body: Body) -> Get:
    state: Expr = Const(Kind.I64, 0)
    for key in keys:
        kernel = "hash_text" if key.type.is_bytes else "hash_word"
        state = kernels.call(body, kernel, state, _word(key))
    return body.temporary(Op("i32.wrap_i64", (state,)))


def _word(key: Value) -> Expr:
    """The bits that equal keys share: one NaN, one zero."""
    match key.type.kind:
        case Kind.F64:
            number: Expr = Op("f64.add", (key.value, Const(Kind.F64, 0.0)))
            bits: Expr = Op("i64.reinterpret_f64", (number,))
        case Kind.F32:
            number = Op("f32.add", (key.value, Const(Kind.F32, 0.0)))
            bits = Op("i64.extend_i32_u", (Op("i32.reinterpret_f32", (number,)),))
        case Kind.I64:
            return key.value
        case _:
            return Op("i64.extend_i32_u", (key.value,))
    is_nan = Op(f"{key.type.kind}.ne", (key.value, key.value))
    return Choose(is_nan, Const(Kind.I64, -1), bits)


def _equal(
    fields: Sequence[Field], record: Get, digest: Get, keys: Sequence[Value], body: Body
) -> Iterator[Expr]:
    """Conditions of equality, cheap ones first; each may rely on those before it."""
    yield Op("i32.eq", (Load("i32.load", record), digest))
    for field, key in sorted(
        zip(fields, keys, strict=True), key=lambda pair: pair[1].type.is_bytes
    ):
        stored = field.load(record)
        if stored.valid is not None:
            valid = i32(1) if key.valid is None else key.valid
            yield Op("i32.eq", (stored.valid, valid))
        value = Value(stored.type, body.temporary(stored.value))
        yield compare("=", value, Value(key.type, key.value))


@contextmanager
def _all_hold(body: Body, conditions: Iterator[Expr]) -> Iterator[None]:
    """Statements inside run if all conditions hold; each is computed after those before it."""
    condition = next(conditions, None)
    if condition is None:
        yield
        return
    with body.when(condition), _all_hold(body, conditions):
        yield
