"""Dates and timestamps from numbers, and as numbers since 1970."""

from __future__ import annotations

from jobspec import ir
from jobspec.sql.functions.signature import Function, Lower, Operands, Overload, Takes
from jobspec.sql.functions.time_arithmetic import as_date, existing
from jobspec.sql.value import both, i64, negated, op
from jobspec.types import ValueType

_DATE, _TIMESTAMP, _I64 = ValueType.DATE, ValueType.TIMESTAMP, ValueType.I64


def _make_date(of: Operands) -> ir.Expr:
    days = of.call("calendar_date", of[0], of[1], of[2])
    return as_date(existing(of, days, "the date"))


def _make_timestamp(of: Operands) -> ir.Expr:
    micros = of.call("calendar_timestamp", *(value.value for value in of.values))
    return existing(of, micros, "the timestamp")


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


FUNCTIONS = (
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
        overloads=(
            Overload(
                operation="epoch_ms",
                takes=(Takes.TIMESTAMP,),
                gives=_I64,
                lower=_to_milliseconds,
            ),
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
        overloads=(
            Overload(
                operation="epoch_us",
                takes=(Takes.TIMESTAMP,),
                gives=_I64,
                lower=lambda of: of[0],
            ),
        ),
        about="The microseconds since 1970-01-01.",
        examples=(("epoch_us(TIMESTAMP '1970-01-01 00:00:01')", "1000000"),),
    ),
)
