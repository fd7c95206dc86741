"""Parts, units and names of dates and timestamps; a date counts as its midnight.

Timestamps have no time zone and lie in the years 1 to 9999, and so must results. Not here: what
the parts are called (`jobspec.sql.functions.time_parts`), numbers (`jobspec.sql.functions.epochs`),
formats (`jobspec.sql.functions.time_formats`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobspec import ir
from jobspec.sql.functions.signature import Complaint, Function, Lower, Operands, Overload, Takes
from jobspec.sql.functions.time_arithmetic import as_date, within
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
from jobspec.sql.value import i64, op
from jobspec.types import ValueType

_DATE, _TIMESTAMP, _I64 = ValueType.DATE, ValueType.TIMESTAMP, ValueType.I64

Check = Callable[[Sequence[Typed]], Complaint | None]


def _part(of: Operands) -> Part:
    part = part_named(of.literal(0).decode())
    if part is None:
        raise TypeError("the overload's check lets known parts through only")
    return part


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
        about=f"{part.about[0].upper()}{part.about[1:]}.",
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
    return within(of, start, _TIMESTAMP, "the beginning of the first decade, century or millennium")


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
    return as_date(of.call("calendar_last_day", Clock(of, of[0]).days))


def _day_name(of: Operands) -> ir.Expr:
    weekday = of.call("calendar_weekday", Clock(of, of[0]).days)
    return of.call("calendar_day_name", weekday)


def _month_name(of: Operands) -> ir.Expr:
    return of.call("calendar_month_name", op("i64.sub", Clock(of, of[0]).month(), i64(1)))


def _of_timestamp(name: str, gives: ValueType, lower: Lower) -> tuple[Overload]:
    return (Overload(operation=name, takes=(Takes.TIMESTAMP,), gives=gives, lower=lower),)


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
        about="The beginning of the unit in which a date or timestamp lies. Units are "
        f"{', '.join(part.name for part in PARTS if part.months or part.micros)} and isoyear.",
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
        about="How many boundaries of a unit, as of `date_trunc`, lie between two dates or "
        "timestamps; of weeks, how many times seven boundaries of days.",
        examples=(
            ("date_diff('month', DATE '2026-10-31', DATE '2026-11-01')", "1"),
            ("date_diff('day', DATE '2026-11-21', DATE '2026-12-24')", "33"),
        ),
        aliases=("datediff",),
    ),
    Function(
        name="date_sub",
        overloads=_of_unit("date_sub", _whole_units, _check_unit),
        about="How many whole units, as of `date_trunc`, have passed from one date or timestamp to "
        "another.",
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
)
