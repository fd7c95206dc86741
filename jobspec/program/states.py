"""Takes one row into the state of an aggregate, which lies in the fields of a record.

The arguments have been computed; nothing here traps but for want of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobspec.aggregates import State
from jobspec.ir import Body, Const, Expr, Get, Kind, Op, Store
from jobspec.program.records import Field, once, store_name
from jobspec.sql import Value
from jobspec.sql.comparisons import compare
from jobspec.sql.value import all_valid, either, negated, wide
from jobspec.types import ValueType

_Update = Callable[[Body, Get, Sequence[Field], Sequence[Value]], None]


def update(
    state: State, body: Body, record: Get, fields: Sequence[Field], arguments: Sequence[Value]
) -> None:
    """Take the row in, unless one of the arguments is NULL."""
    valid = all_valid(*arguments)
    if valid is None:
        _UPDATES[state](body, record, fields, arguments)
        return
    with body.when(valid):
        given = [Value(argument.type, argument.value) for argument in arguments]
        _UPDATES[state](body, record, fields, given)


def _count(body: Body, record: Get, fields: Sequence[Field], arguments: Sequence[Value]) -> None:
    del arguments
    _add(body, record, fields[0], Const(Kind.I64, 1))


def _integer_sum(
    body: Body, record: Get, fields: Sequence[Field], arguments: Sequence[Value]
) -> None:
    """128 bits in two words; the sign of what is added fills the high one."""
    low, high, count = fields
    (argument,) = arguments
    added = once(body, wide(argument))
    total = _add(body, record, low, added)
    carry: Expr = Op("i64.extend_i32_u", (Op("i64.lt_u", (total, added)),))
    if argument.type.is_signed:
        carry = Op("i64.add", (carry, Op("i64.shr_s", (added, Const(Kind.I64, 63)))))
    _add(body, record, high, carry)
    _add(body, record, count, Const(Kind.I64, 1))


def _float_sum(
    body: Body, record: Get, fields: Sequence[Field], arguments: Sequence[Value]
) -> None:
    total, count = fields
    (argument,) = arguments
    added = argument.value
    if argument.type is ValueType.F32:
        added = Op("f64.promote_f32", (added,))
    _add(body, record, total, added)
    _add(body, record, count, Const(Kind.I64, 1))


def _add(body: Body, record: Get, field: Field, added: Expr) -> Expr:
    """The field's new value."""
    value_type = field.column.type
    total = body.temporary(Op(f"{value_type.kind}.add", (field.load(record).value, added)))
    body.add(Store(store_name(value_type), record, total, field.offset))
    return total


def _extreme(operator: str) -> _Update:
    """Keep the value that comes first by `operator`; of equal ones, the one of the first row."""

    def replace(
        body: Body, record: Get, fields: Sequence[Field], arguments: Sequence[Value]
    ) -> None:
        key = arguments[-1]
        best = fields[-1].load(record)
        with body.when(_comes_before(body, operator, key, best)):
            for field, argument in zip(fields, arguments, strict=True):
                field.store(body, record, argument)

    return replace


def _comes_before(body: Body, operator: str, key: Value, best: Value) -> Expr:
    best = Value(best.type, body.temporary(best.value), best.valid)
    before = compare(operator, key, best)
    if best.valid is None:
        return before
    return either(negated(best.valid), before)


_UPDATES: dict[State, _Update] = {
    State.COUNT: _count,
    State.INTEGER_SUM: _integer_sum,
    State.FLOAT_SUM: _float_sum,
    State.INTEGER_AVERAGE: _integer_sum,
    State.FLOAT_AVERAGE: _float_sum,
    State.MINIMUM: _extreme("<"),
    State.MAXIMUM: _extreme(">"),
    State.ARG_MINIMUM: _extreme("<"),
    State.ARG_MAXIMUM: _extreme(">"),
}
