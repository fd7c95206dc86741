"""Groups: the record of a row's group, and the states of aggregates in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from jobspec import kernels
from jobspec.aggregates import InProgram, State, state_of
from jobspec.ir import (
    Body,
    Break,
    Expr,
    Function,
    Get,
    If,
    Kind,
    Load,
    Op,
    Set,
    TrapSites,
)
from jobspec.ir import Call as CallFunction
from jobspec.plan import Call, Plan
from jobspec.program.keys import all_hold, hash_of
from jobspec.program.rows import Row
from jobspec.records import (
    HASH_BYTES,
    Field,
    Layout,
    lay_out,
    once,
    variable,
    zero_if_null,
)
from jobspec.sql import Value, columns_read, lower_condition
from jobspec.sql.comparisons import compare
from jobspec.sql.value import all_valid, both, i32
from jobspec.types import Schema


def lay_out_groups(plan: Plan, keys: Schema) -> Layout:
    """The record of a group: its keys, then the states."""
    cells = sum(_state(call).cells for call in plan.calls)
    return lay_out(plan.partial, before=HASH_BYTES if keys else 0, cells=cells)


def open_groups(plan: Plan, layout: Layout, keys: Schema, body: Body) -> None:
    """What is done once for each chunk, before its first row."""
    for kernel in dict.fromkeys(name for call in plan.calls for name in _state(call).opens):
        kernels.do(body, kernel)
    if not keys:
        kernels.do(body, "record_append", i32(layout.stride))


def update_group(
    plan: Plan, layout: Layout, row: Row, body: Body, *, keys: Schema, only: Get | None
) -> None:
    """Take the row into its group; `only` is the record where there is but one group.

    Everything is computed before anything is changed, so a row that traps leaves no trace.
    """
    values_of_keys = [row.value(key.name) for key in keys]
    computed = [_computed(call, row, body) for call in plan.calls]
    record = only or _find_group(layout.fields[: len(keys)], layout.stride, values_of_keys, body)
    places = _places(plan, layout, keys, record, body)
    for (state, place), (condition, values) in zip(places, computed, strict=True):
        _update(state, place, condition, values)


def keep_first(layout: Layout, row: Row, body: Body, *, keys: Sequence[str]) -> None:
    """Keep the row as a record if it is the first with these values in the columns `keys`."""
    fields = {field.column.name: field for field in layout.fields}

    def fill(record: Get) -> None:
        for name, field in fields.items():
            if name not in keys:
                field.store(body, record, row.value(name))

    values = [row.value(name) for name in keys]
    _find_group([fields[name] for name in keys], layout.stride, values, body, fill)


def write_states(plan: Plan, layout: Layout, keys: Schema, traps: TrapSites) -> Function | None:
    """The function that brings the states of all records to their columns, if it is needed."""
    if not any(_state(call).write for call in plan.calls):
        return None
    body = Body(traps)
    record = body.variable(CallFunction("first_record", (), Kind.I32))
    left = body.variable(variable("record_count"))
    following = CallFunction("record_after", (record, i32(layout.stride)), Kind.I32)
    advance = (Set(left.name, Op("i32.sub", (left, i32(1)))), Set(record.name, following))
    with body.while_(left, advance):
        for state, place in _places(plan, layout, keys, record, body):
            if state.write is not None:
                state.write(place)
    return Function(
        name="write_states",
        body=body.statements(),
        comment="bring what the states point to into the records",
    )


# --- states ---------------------------------------------------------------------------------------


def _state(call: Call) -> State:
    return state_of(call.aggregate)


def _places(
    plan: Plan, layout: Layout, keys: Schema, record: Get, body: Body
) -> Iterator[tuple[State, InProgram]]:
    """Each aggregate's state, and where it lies in the record."""
    fields, cells = layout.fields[len(keys) :], layout.cells
    for call in plan.calls:
        state, width = _state(call), len(call.aggregate.partial)
        yield (
            state,
            InProgram(
                body=body,
                record=record,
                fields=fields[:width],
                cells=cells[: state.cells],
                options=call.aggregate.options,
            ),
        )
        fields, cells = fields[width:], cells[state.cells :]


def _computed(call: Call, row: Row, body: Body) -> tuple[Expr | None, list[Value]]:
    """Whether the row goes in (None: it does), and its arguments, computed if it does."""
    if call.condition is None:
        return None, [row.compute(body, argument) for argument in call.arguments]
    for expression in call.expressions:
        row.need(columns_read(expression))
    condition = body.temporary(lower_condition(call.condition, row.values, body))
    with body.collect() as block:
        values = [row.compute(body, argument) for argument in call.arguments]
    if block:
        body.add(If(condition, tuple(block)))
    return condition, values


def _update(
    state: State, place: InProgram, condition: Expr | None, values: Sequence[Value]
) -> None:
    """Take the row in, unless one of the arguments is NULL and the state sees no NULLs."""
    valid = None if state.sees_nulls else all_valid(*values)
    if not state.sees_nulls:
        values = [Value(value.type, value.value) for value in values]
    place = place.given(values)
    if condition is None and valid is None:
        state.update(place)
        return
    with place.body.when(both(condition, valid)):
        state.update(place)


# --- keys -----------------------------------------------------------------------------------------


def _find_group(
    fields: Sequence[Field],
    stride: int,
    keys: Sequence[Value],
    body: Body,
    fill: Callable[[Get], None] | None = None,
) -> Get:
    """The record of the group that has these keys; `fill` adds to one that is new."""
    given = [Value(key.type, once(body, zero_if_null(key)), key.valid) for key in keys]
    digest = hash_of(given, body)
    slot = body.variable(Op("i32.and", (digest, variable("slot_mask"))))
    record = body.variable(Kind.I32)
    with body.while_(i32(1), advance=(Set(slot.name, _next_slot(slot)),)):
        address = Op("i32.add", (variable("slots"), Op("i32.shl", (slot, i32(2)))))
        body.add(Set(record.name, Load("i32.load", address)))
        body.add(If(Op("i32.eqz", (record,)), (Break(),)))
        with all_hold(body, _equal(fields, record, digest, given, body)):
            body.add(Break())
    with body.when(Op("i32.eqz", (record,))):
        new = kernels.call(body, "record_insert", slot, digest, i32(stride))
        body.add(Set(record.name, new))
        for field, key in zip(fields, given, strict=True):
            field.store(body, record, key)
        if fill is not None:
            fill(record)
    return record


def _next_slot(slot: Get) -> Expr:
    return Op("i32.and", (Op("i32.add", (slot, i32(1))), variable("slot_mask")))


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
