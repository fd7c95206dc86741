"""Dates and timestamps moved and bounded: + and - with days and intervals, stretches of time.

Results lie in the years 1 to 9999 or trap. Not here: what an interval is (`jobspec.sql.intervals`).
"""

from __future__ import annotations

from jobspec import ir
from jobspec.sql.functions.signature import Function, Lower, Operands, Overload, Takes
from jobspec.sql.functions.time_parts import DAY, Clock
from jobspec.sql.value import both, either, i64, negated, op, wide
from jobspec.types import ValueType

_DATE, _TIMESTAMP, _I64 = ValueType.DATE, ValueType.TIMESTAMP, ValueType.I64
NOWHERE = i64(-(2**63))
"""What kernels give for a time that does not exist."""


def existing(of: Operands, micros: ir.Expr, what: str) -> ir.Expr:
    """What a kernel gives, after a trap where it says that there is no such time."""
    kept = of.body.temporary(micros)
    of.trap_if(
        op("i64.eq", kept, NOWHERE), "time_out_of_range", f"{what} is not in the years 1 to 9999"
    )
    return kept


def within(of: Operands, value: ir.Expr, type_: ValueType, what: str) -> ir.Expr:
    """An i64 that carries a date or timestamp, after a trap where it is out of range."""
    kept = of.body.temporary(value)
    low = op("i64.ge_s", kept, i64(type_.minimum))
    inside = both(low, op("i64.le_s", kept, i64(type_.maximum)))
    of.trap_if(negated(inside), "time_out_of_range", f"{what} is not in the years 1 to 9999")
    return kept


def as_date(days: ir.Expr) -> ir.Expr:
    """Days as the kind that carries a date."""
    return op("i32.wrap_i64", days)


def _moved(date: int, sign: str) -> Lower:
    """The date operand moved by the other one, in days."""

    def lower(of: Operands) -> ir.Expr:
        days = of[1 - date]
        # Counts of more days than there are would make the sum wrap.
        reach = 4_000_000
        far = either(op("i64.lt_s", days, i64(-reach)), op("i64.gt_s", days, i64(reach)))
        bounded = of.body.temporary(ir.Choose(far, i64(reach), days))
        total = op(f"i64.{sign}", wide(of.values[date]), bounded)
        return as_date(within(of, total, _DATE, "the date"))

    return lower


def _days_between(of: Operands) -> ir.Expr:
    return op("i64.sub", wide(of.values[0]), wide(of.values[1]))


ADD_DATES = (
    Overload(
        operation="date_plus_days",
        takes=(Takes.DATE, Takes.COUNT),
        gives=_DATE,
        lower=_moved(0, "add"),
    ),
    Overload(
        operation="days_plus_date",
        takes=(Takes.COUNT, Takes.DATE),
        gives=_DATE,
        lower=_moved(1, "add"),
    ),
)
SUBTRACT_DATES = (
    Overload(
        operation="date_minus_days",
        takes=(Takes.DATE, Takes.COUNT),
        gives=_DATE,
        lower=_moved(0, "sub"),
    ),
    Overload(
        operation="days_between",
        takes=(Takes.DATE, Takes.DATE),
        gives=_I64,
        lower=_days_between,
    ),
)


def _add_interval(of: Operands) -> ir.Expr:
    moved = of.call("calendar_add", *(value.value for value in of.values))
    return existing(of, moved, "the timestamp")


_MONTH_ORIGIN = 2000 * 12
_ORIGIN = 10_959 * DAY
"""2000-01-03, a Monday, as in DuckDB; months are counted from January 2000."""


def _bucket(of: Operands, micros: ir.Expr) -> ir.Expr:
    """Widths are literals: months, or microseconds."""
    months, width = (
        int(part.value) if isinstance(part, ir.Const) else 0 for part in (of[0], of[1])
    )
    clock = Clock(of, micros)
    if months:
        index = of.call("calendar_month_index", clock.days)
        since = op("i64.sub", index, i64(_MONTH_ORIGIN))
        rest = of.call("floor_modulo_i64", since, i64(months))
        start = of.call("calendar_month_start", op("i64.sub", index, rest))
        begun = op("i64.mul", start, i64(DAY))
    else:
        since = op("i64.sub", micros, i64(_ORIGIN))
        begun = op("i64.sub", micros, of.call("floor_modulo_i64", since, i64(width)))
    return within(of, begun, _TIMESTAMP, "the beginning of the stretch")


def _time_bucket(of: Operands) -> ir.Expr:
    return _bucket(of, of[2])


def _date_bucket(of: Operands) -> ir.Expr:
    midnight = of.body.temporary(op("i64.mul", wide(of.values[2]), i64(DAY)))
    return as_date(Clock(of, _bucket(of, midnight)).days)


TIMESTAMP_ADD = Function(
    name="timestamp_add",
    overloads=(
        Overload(
            operation="timestamp_add",
            takes=(Takes.TIMESTAMP, Takes.COUNT, Takes.COUNT, Takes.COUNT),
            gives=_TIMESTAMP,
            lower=_add_interval,
        ),
    ),
    about="A timestamp moved by months, days and microseconds.",
    examples=(),
)
"""It has no name in expressions: `x + INTERVAL ...` is this (`jobspec.sql.intervals`)."""

TIME_BUCKET = Function(
    name="time_bucket",
    overloads=(
        Overload(
            operation="date_bucket",
            takes=(Takes.COUNT, Takes.COUNT, Takes.DATE),
            gives=_DATE,
            lower=_date_bucket,
        ),
        Overload(
            operation="time_bucket",
            takes=(Takes.COUNT, Takes.COUNT, Takes.TIMESTAMP),
            gives=_TIMESTAMP,
            lower=_time_bucket,
        ),
    ),
    about="The beginning of the stretch of so many months or microseconds in which a time lies.",
    examples=(),
)
"""The call takes an interval, which `jobspec.sql.intervals` takes apart."""
