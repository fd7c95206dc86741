"""Functions of dates and timestamps; a date counts as its midnight.

Timestamps have no time zone and lie in the years 1 to 9999, and so must results. Not here: the
names of parts and units (`jobspec.sql.functions.time_parts`), intervals (`jobspec.sql.intervals`),
formats (`jobspec.sql.functions.time_formats`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobspec import ir
from jobspec.sql.functions.signature import Complaint, Function, Lower, Operands, Overload, Takes
from jobspec.sql.functions.time_parts import (
    DAY,
    PARTS,
    Clock,
    Part,
    literal_part,
    part_named,
    taken,
    unknown_part,
)
from jobspec.sql.typed import Typed
from jobspec.sql.value import both, either, i64, negated, op, wide
from jobspec.types import ValueType

_DATE, _TIMESTAMP, _I64 = ValueType.DATE, ValueType.TIMESTAMP, ValueType.I64
_NOWHERE = i64(-(2**63))
Check = Callable[[Sequence[Typed]], Complaint | None]


def _part(of: Operands) -> Part:
    part = part_named(of.literal(0).decode())
    if part is None:
        raise TypeError("the overload's check lets known parts through only")
    return part


def _existing(of: Operands, micros: ir.Expr, what: str) -> ir.Expr:
    """What a kernel gives, after a trap where it says that there is no such time."""
    kept = of.body.temporary(micros)
    of.trap_if(
        op("i64.eq", kept, _NOWHERE), "time_out_of_range", f"{what} is not in the years 1 to 9999"
    )
    return kept


def _within(of: Operands, value: ir.Expr, type_: ValueType, what: str) -> ir.Expr:
    """An i64 that carries a date or timestamp, after a trap where it is out of range."""
    kept = of.body.temporary(value)
    low = op("i64.ge_s", kept, i64(type_.minimum))
    inside = both(low, op("i64.le_s", kept, i64(type_.maximum)))
    of.trap_if(negated(inside), "time_out_of_range", f"{what} is not in the years 1 to 9999")
    return kept


def _as_date(days: ir.Expr) -> ir.Expr:
    return op("i32.wrap_i64", days)


# --- arithmetic -----------------------------------------------------------------------------------


def _moved(date: int, sign: str) -> Lower:
    """The date operand moved by the other one, in days."""

    def lower(of: Operands) -> ir.Expr:
        days = of[1 - date]
        # Counts of more days than there are would make the sum wrap.
        reach = 4_000_000
        far = either(op("i64.lt_s", days, i64(-reach)), op("i64.gt_s", days, i64(reach)))
        bounded = of.body.temporary(ir.Choose(far, i64(reach), days))
        total = op(f"i64.{sign}", wide(of.values[date]), bounded)
        return _as_date(_within(of, total, _DATE, "the date"))

    return lower


def _days_between(of: Operands) -> ir.Expr:
    return op("i64.sub", wide(of.values[0]), wide(of.values[1]))


def _no_difference(values: Sequence[Typed]) -> Complaint:
    del values
    return Complaint(
        "the difference of timestamps is an interval, which is no value",
        "write date_diff('second', earlier, later), say",
        code="type_mismatch",
    )


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
    Overload(
        operation="timestamp_difference",
        takes=(Takes.TIMESTAMP, Takes.TIMESTAMP),
        gives=_I64,
        lower=_days_between,
        check=_no_difference,
    ),
)


def _add_interval(of: Operands) -> ir.Expr:
    moved = of.call("calendar_add", *(value.value for value in of.values))
    return _existing(of, moved, "the timestamp")


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
    return _within(of, begun, _TIMESTAMP, "the beginning of the stretch")


def _time_bucket(of: Operands) -> ir.Expr:
    return _bucket(of, of[2])


def _date_bucket(of: Operands) -> ir.Expr:
    midnight = of.body.temporary(op("i64.mul", wide(of.values[2]), i64(DAY)))
    return _as_date(Clock(of, _bucket(of, midnight)).days)


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

# --- parts ----------------------------------------------------------------------------------------


def _date_part(of: Operands) -> ir.Expr:
    return taken(of, _part(of), 1)


def _part_type(values: Sequence[Typed]) -> ValueType:
    part = literal_part(values)
    return part.gives if part else _I64


def _part_function(part: Part) -> Function:
    names = [name for name in (part.name, *part.aliases) if name in _CALLABLE]
    sample = "TIMESTAMP '2026-11-21 13:05:30'"
    return Function(
        name=names[0],
        overloads=(
            Overload(
                operation=f"part_{part.name}",
                takes=(Takes.TIMESTAMP,),
                gives=part.gives,
                lower=lambda of: taken(of, part, 0),
            ),
        ),
        about=f"Of a date or timestamp {part.about}.",
        examples=((f"{names[0]}({sample})", _SAMPLES[part.name]),),
        aliases=tuple(names[1:]),
    )


_CALLABLE = {
    *(part.name for part in PARTS if part.name not in {"dow", "doy"}),
    *("dayofmonth", "dayofweek", "dayofyear", "weekday", "weekofyear"),
}
_SAMPLES = {
    "microsecond": "30000000",
    "millisecond": "30000",
    "second": "30",
    "minute": "5",
    "hour": "13",
    "day": "21",
    "week": "47",
    "month": "11",
    "quarter": "4",
    "year": "2026",
    "decade": "202",
    "century": "21",
    "millennium": "3",
    "dow": "6",
    "isodow": "6",
    "doy": "325",
    "isoyear": "2026",
    "yearweek": "202647",
    "epoch": "1795266330e0",
    "julian": "2461366.5454861111e0",
}

# --- truncation and differences -------------------------------------------------------------------


def _check_unit(values: Sequence[Typed]) -> Complaint | None:
    return unknown_part(values, unit=True)


def _check_boundary(values: Sequence[Typed]) -> Complaint | None:
    part = literal_part(values)
    if part is not None and part.name == "isoyear":
        return None
    return unknown_part(values, unit=True)


def _truncated(of: Operands) -> ir.Expr:
    part, clock = _part(of), Clock(of, of[1])
    if part.months:
        return _month_truncated(of, clock, part.months)
    if part.name == "isoyear":
        return op("i64.mul", of.call("calendar_iso_year_start", clock.days), i64(DAY))
    if part.name == "week":
        days = of.body.temporary(clock.days)
        monday = op("i64.sub", days, of.call("calendar_weekday", days))
        return op("i64.mul", monday, i64(DAY))
    if part.micros == 1:
        return of[1]
    return op("i64.sub", of[1], of.call("floor_modulo_i64", of[1], i64(part.micros)))


def _month_truncated(of: Operands, clock: Clock, months: int) -> ir.Expr:
    index = of.call("calendar_month_index", clock.days)
    if months > 1:
        index = op("i64.mul", op("i64.div_s", index, i64(months)), i64(months))
    start = op("i64.mul", of.call("calendar_month_start", index), i64(DAY))
    if months <= 12:
        return start
    return _within(
        of, start, _TIMESTAMP, "the beginning of the first decade, century or millennium"
    )


def _difference(of: Operands) -> ir.Expr:
    """How many boundaries of the unit lie between two timestamps; of days, for weeks, seven."""
    part = _part(of)
    if part.name == "week":
        days = op("i64.sub", Clock(of, of[2]).days, Clock(of, of[1]).days)
        return op("i64.div_s", days, i64(7))
    ends = [_boundary(Clock(of, of[index]), part) for index in (1, 2)]
    return op("i64.sub", ends[1], ends[0])


def _boundary(clock: Clock, part: Part) -> ir.Expr:
    """The number of the unit in which a timestamp lies."""
    if part.months:
        index = clock.of.call("calendar_month_index", clock.days)
        return op("i64.div_s", index, i64(part.months)) if part.months > 1 else index
    if part.name == "isoyear":
        return op("i64.shr_s", clock.week(), i64(6))
    return clock.floored(clock.micros, part.micros) if part.micros > 1 else clock.micros


def _whole_units(of: Operands) -> ir.Expr:
    """How many whole units have passed from one timestamp to another."""
    part = _part(of)
    if part.months:
        months = of.call("calendar_whole_months", of[1], of[2])
        return op("i64.div_s", months, i64(part.months)) if part.months > 1 else months
    passed = op("i64.sub", of[2], of[1])
    return op("i64.div_s", passed, i64(part.micros)) if part.micros > 1 else passed


def _last_day(of: Operands) -> ir.Expr:
    return _as_date(of.call("calendar_last_day", Clock(of, of[0]).days))


def _day_name(of: Operands) -> ir.Expr:
    weekday = of.call("calendar_weekday", Clock(of, of[0]).days)
    return of.call("calendar_day_name", weekday)


def _month_name(of: Operands) -> ir.Expr:
    return of.call("calendar_month_name", op("i64.sub", Clock(of, of[0]).month(), i64(1)))


# --- to and from numbers --------------------------------------------------------------------------


def _make_date(of: Operands) -> ir.Expr:
    days = of.call("calendar_date", of[0], of[1], of[2])
    return _as_date(_existing(of, days, "the date"))


def _make_timestamp(of: Operands) -> ir.Expr:
    micros = of.call("calendar_timestamp", *(value.value for value in of.values))
    return _existing(of, micros, "the timestamp")


def _from_units(micros: int) -> Lower:
    """The timestamp so many units after 1970."""

    def lower(of: Operands) -> ir.Expr:
        least, most = _TIMESTAMP.minimum // micros, _TIMESTAMP.maximum // micros
        inside = both(op("i64.ge_s", of[0], i64(least)), op("i64.le_s", of[0], i64(most)))
        of.trap_if(
            negated(inside), "time_out_of_range", "the timestamp is not in the years 1 to 9999"
        )
        return op("i64.mul", of[0], i64(micros)) if micros > 1 else of[0]

    return lower


def _to_milliseconds(of: Operands) -> ir.Expr:
    """Rounded to the nearest, as DuckDB does."""
    return of.call("decimal_rounded", of[0], i64(1000))


def _of_timestamp(
    name: str, gives: ValueType, lower: Lower, *others: Overload
) -> tuple[Overload, ...]:
    return (
        Overload(operation=name, takes=(Takes.TIMESTAMP,), gives=gives, lower=lower),
        *others,
    )


def _of_unit(name: str, lower: Lower, check: Check) -> tuple[Overload, ...]:
    takes = (Takes.LITERAL, Takes.TIMESTAMP, Takes.TIMESTAMP)
    return (Overload(operation=name, takes=takes, gives=_I64, lower=lower, check=check),)


FUNCTIONS = (
    *(_part_function(part) for part in PARTS),
    Function(
        name="date_part",
        overloads=(
            Overload(
                operation="date_part",
                takes=(Takes.LITERAL, Takes.TIMESTAMP),
                gives=_part_type,
                lower=_date_part,
                check=unknown_part,
            ),
        ),
        about="A part of a date or timestamp, by its name; the same as EXTRACT(part FROM x).",
        examples=(
            ("date_part('year', DATE '2026-11-21')", "2026"),
            ("extract(dow FROM DATE '2026-11-21')", "6"),
        ),
        aliases=("datepart",),
    ),
    Function(
        name="date_trunc",
        overloads=(
            Overload(
                operation="date_trunc",
                takes=(Takes.LITERAL, Takes.TIMESTAMP),
                gives=_TIMESTAMP,
                lower=_truncated,
                check=_check_boundary,
            ),
        ),
        about="The beginning of the unit in which a date or timestamp lies, as a timestamp.",
        examples=(
            ("date_trunc('month', DATE '2026-11-21')", "TIMESTAMP '2026-11-01 00:00:00'"),
            (
                "date_trunc('hour', TIMESTAMP '2026-11-21 13:05:30')",
                "TIMESTAMP '2026-11-21 13:00:00'",
            ),
        ),
        aliases=("datetrunc",),
    ),
    Function(
        name="date_diff",
        overloads=_of_unit("date_diff", _difference, _check_boundary),
        about="How many boundaries of the unit lie between two dates or timestamps; of weeks, how "
        "many times seven boundaries of days.",
        examples=(
            ("date_diff('month', DATE '2026-10-31', DATE '2026-11-01')", "1"),
            ("date_diff('day', DATE '2026-11-21', DATE '2026-12-24')", "33"),
        ),
        aliases=("datediff",),
    ),
    Function(
        name="date_sub",
        overloads=_of_unit("date_sub", _whole_units, _check_unit),
        about="How many whole units have passed from one date or timestamp to another.",
        examples=(("date_sub('month', DATE '2026-10-31', DATE '2026-11-01')", "0"),),
        aliases=("datesub",),
    ),
    Function(
        name="dayname",
        overloads=_of_timestamp("dayname", ValueType.STRING, _day_name),
        about="The English name of the day of the week.",
        examples=(("dayname(DATE '2026-11-21')", "'Saturday'"),),
    ),
    Function(
        name="monthname",
        overloads=_of_timestamp("monthname", ValueType.STRING, _month_name),
        about="The English name of the month.",
        examples=(("monthname(DATE '2026-11-21')", "'November'"),),
    ),
    Function(
        name="last_day",
        overloads=_of_timestamp("last_day", _DATE, _last_day),
        about="The last day of the month.",
        examples=(("last_day(DATE '2024-02-03')", "DATE '2024-02-29'"),),
    ),
    Function(
        name="make_date",
        overloads=(
            Overload(
                operation="make_date",
                takes=(Takes.COUNT, Takes.COUNT, Takes.COUNT),
                gives=_DATE,
                lower=_make_date,
            ),
        ),
        about="The date of a year, month and day; one that does not exist traps.",
        examples=(("make_date(2026, 11, 21)", "DATE '2026-11-21'"),),
    ),
    Function(
        name="make_timestamp",
        overloads=(
            Overload(
                operation="make_timestamp",
                takes=(*[Takes.COUNT] * 5, Takes.DOUBLE),
                gives=_TIMESTAMP,
                lower=_make_timestamp,
            ),
            Overload(
                operation="make_timestamp_us",
                takes=(Takes.COUNT,),
                gives=_TIMESTAMP,
                lower=_from_units(1),
            ),
        ),
        about="The timestamp of year, month, day, hour, minute and second, or of microseconds "
        "since 1970-01-01.",
        examples=(
            ("make_timestamp(2026, 11, 21, 13, 5, 30.5)", "TIMESTAMP '2026-11-21 13:05:30.5'"),
            ("make_timestamp(1000000)", "TIMESTAMP '1970-01-01 00:00:01'"),
        ),
    ),
    Function(
        name="epoch_ms",
        overloads=_of_timestamp(
            "epoch_ms",
            _I64,
            _to_milliseconds,
            Overload(
                operation="from_epoch_ms",
                takes=(Takes.COUNT,),
                gives=_TIMESTAMP,
                lower=_from_units(1000),
            ),
        ),
        about="The milliseconds since 1970-01-01 of a timestamp, or the timestamp of milliseconds.",
        examples=(
            ("epoch_ms(TIMESTAMP '1970-01-01 00:00:01.5')", "1500"),
            ("epoch_ms(1500)", "TIMESTAMP '1970-01-01 00:00:01.5'"),
        ),
    ),
    Function(
        name="make_timestamp_ms",
        overloads=(
            Overload(
                operation="make_timestamp_ms",
                takes=(Takes.COUNT,),
                gives=_TIMESTAMP,
                lower=_from_units(1000),
            ),
        ),
        about="The timestamp of the milliseconds since 1970-01-01.",
        examples=(("make_timestamp_ms(1500)", "TIMESTAMP '1970-01-01 00:00:01.5'"),),
    ),
    Function(
        name="epoch_us",
        overloads=_of_timestamp("epoch_us", _I64, lambda of: of[0]),
        about="The microseconds since 1970-01-01.",
        examples=(("epoch_us(TIMESTAMP '1970-01-01 00:00:01')", "1000000"),),
    ),
)
