"""The parts and units of time: their names in SQL, and how each is taken from a timestamp.

Not here: the functions that take them (`jobspec.sql.functions.dates`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobspec import ir
from jobspec.problems import near_miss
from jobspec.sql.functions.signature import Complaint, Operands
from jobspec.sql.typed import Constant, Typed
from jobspec.sql.value import i64, op, real
from jobspec.types import ValueType

DAY = 86_400_000_000
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """A timestamp taken apart as far as needed."""

    of: Operands
    micros: ir.Expr

    @property
    def days(self) -> ir.Expr:
        return self.floored(self.micros, DAY)

    def floored(self, value: ir.Expr, divisor: int) -> ir.Expr:
        return self.of.call("floor_divide_i64", value, i64(divisor))

    def time(self, unit: int, modulus: int) -> ir.Expr:
        """How many units of the time of day have passed, counted anew after `modulus`."""
        rest = self.of.call("floor_modulo_i64", self.micros, i64(unit * modulus))
        return op("i64.div_s", rest, i64(unit)) if unit > 1 else rest

    def civil(self) -> ir.Expr:
        return self.of.call("civil", self.days)

    def year(self) -> ir.Expr:
        return op("i64.shr_s", self.civil(), i64(9))

    def month(self) -> ir.Expr:
        return op("i64.and", op("i64.shr_s", self.civil(), i64(5)), i64(15))

    def week(self) -> ir.Expr:
        """Packed: ISO year << 6 | week."""
        return self.of.call("calendar_iso_week", self.days)


def _divided(value: ir.Expr, divisor: int, *, before: int = 0, behind: int = 0) -> ir.Expr:
    """(value + before) / divisor + behind, of what is never negative."""
    shifted = op("i64.add", value, i64(before)) if before else value
    quotient = op("i64.div_s", shifted, i64(divisor))
    return op("i64.add", quotient, i64(behind)) if behind else quotient


def _epoch(clock: Clock) -> ir.Expr:
    return op("f64.div", op("f64.convert_i64_s", clock.micros), real(ValueType.F64, 1e6))


def _julian(clock: Clock) -> ir.Expr:
    """Days since noon of 1 January 4713 BC, by DuckDB's way from midnight to midnight."""
    days = op("f64.convert_i64_s", op("i64.add", clock.days, i64(2_440_588)))
    rest = op("f64.convert_i64_s", clock.time(1, DAY))
    return op("f64.add", days, op("f64.div", rest, real(ValueType.F64, float(DAY))))


def _weekday(clock: Clock) -> ir.Expr:
    """0 for Sunday to 6 for Saturday."""
    return clock.of.call("floor_modulo_i64", op("i64.add", clock.days, i64(4)), i64(7))


def _year_and_week(clock: Clock) -> ir.Expr:
    packed = clock.of.body.temporary(clock.week())
    year = op("i64.mul", op("i64.shr_s", packed, i64(6)), i64(100))
    return op("i64.add", year, op("i64.and", packed, i64(63)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a timestamp."""

    name: str
    aliases: tuple[str, ...] = ()
    about: str
    take: Callable[[Clock], ir.Expr]
    gives: ValueType = ValueType.I64
    months: int = 0
    """Its length, where it is a unit of so many months..."""
    micros: int = 0
    """...or of so many microseconds."""


PARTS = (
    Part(
        name="microsecond",
        aliases=("microseconds", "us", "usec", "usecs", "usecond", "useconds"),
        about="the microseconds of the minute, seconds among them",
        take=lambda clock: clock.time(1, 60 * _SECOND),
        micros=1,
    ),
    Part(
        name="millisecond",
        aliases=("milliseconds", "ms", "msec", "msecs", "msecond", "mseconds"),
        about="the milliseconds of the minute, seconds among them",
        take=lambda clock: clock.time(1000, 60_000),
        micros=1000,
    ),
    Part(
        name="second",
        aliases=("seconds", "sec", "secs", "s"),
        about="the whole second, 0 to 59",
        take=lambda clock: clock.time(_SECOND, 60),
        micros=_SECOND,
    ),
    Part(
        name="minute",
        aliases=("minutes", "min", "mins", "m"),
        about="the minute, 0 to 59",
        take=lambda clock: clock.time(60 * _SECOND, 60),
        micros=60 * _SECOND,
    ),
    Part(
        name="hour",
        aliases=("hours", "hr", "hrs", "h"),
        about="the hour, 0 to 23",
        take=lambda clock: clock.time(3600 * _SECOND, 24),
        micros=3600 * _SECOND,
    ),
    Part(
        name="day",
        aliases=("days", "d", "dayofmonth"),
        about="the day of the month",
        take=lambda clock: op("i64.and", clock.civil(), i64(31)),
        micros=DAY,
    ),
    Part(
        name="week",
        aliases=("weeks", "w", "weekofyear"),
        about="the week after ISO 8601, 1 to 53",
        take=lambda clock: op("i64.and", clock.week(), i64(63)),
        micros=7 * DAY,
    ),
    Part(
        name="month",
        aliases=("months", "mon", "mons"),
        about="the month, 1 to 12",
        take=Clock.month,
        months=1,
    ),
    Part(
        name="quarter",
        aliases=("quarters",),
        about="the quarter of the year, 1 to 4",
        take=lambda clock: _divided(clock.month(), 3, before=2),
        months=3,
    ),
    Part(
        name="year",
        aliases=("years", "yr", "yrs", "y"),
        about="the year",
        take=Clock.year,
        months=12,
    ),
    Part(
        name="decade",
        aliases=("decades", "dec", "decs"),
        about="the year without its last digit",
        take=lambda clock: _divided(clock.year(), 10),
        months=120,
    ),
    Part(
        name="century",
        aliases=("centuries", "cent", "c"),
        about="the century: 20 for the years 1901 to 2000",
        take=lambda clock: _divided(clock.year(), 100, before=-1, behind=1),
        months=1200,
    ),
    Part(
        name="millennium",
        aliases=("millennia", "millenniums", "mil", "mils"),
        about="the millennium: 2 for the years 1001 to 2000",
        take=lambda clock: _divided(clock.year(), 1000, before=-1, behind=1),
        months=12_000,
    ),
    Part(
        name="dow",
        aliases=("dayofweek", "weekday"),
        about="the day of the week, 0 for Sunday to 6 for Saturday",
        take=_weekday,
    ),
    Part(
        name="isodow",
        about="the day of the week, 1 for Monday to 7 for Sunday",
        take=lambda clock: op("i64.add", clock.of.call("calendar_weekday", clock.days), i64(1)),
    ),
    Part(
        name="doy",
        aliases=("dayofyear",),
        about="the day of the year, from 1",
        take=lambda clock: clock.of.call("calendar_day_of_year", clock.days),
    ),
    Part(
        name="isoyear",
        about="the year that the ISO week belongs to",
        take=lambda clock: op("i64.shr_s", clock.week(), i64(6)),
    ),
    Part(
        name="yearweek",
        about="the ISO year and week as one number, such as 202653",
        take=_year_and_week,
    ),
    Part(
        name="epoch",
        about="the seconds since 1970-01-01",
        take=_epoch,
        gives=ValueType.F64,
    ),
    Part(
        name="julian",
        about="the Julian day, which begins at midnight",
        take=_julian,
        gives=ValueType.F64,
    ),
)

_BY_NAME = {name: part for part in PARTS for name in (part.name, *part.aliases)}


def part_named(name: str) -> Part | None:
    """The part or unit of that name or alias, in any case."""
    return _BY_NAME.get(name.lower())


def literal_part(values: Sequence[Typed]) -> Part | None:
    """The part that the first operand names."""
    name = values[0]
    if not isinstance(name, Constant) or not isinstance(name.value, bytes):
        return None
    return part_named(name.value.decode())


def unknown_part(values: Sequence[Typed], *, unit: bool = False) -> Complaint | None:
    """What is wrong with a first operand that should name a part, or a unit."""
    part = literal_part(values)
    if part is not None and (not unit or part.months or part.micros):
        return None
    name = values[0].value if isinstance(values[0], Constant) else b""
    text = name.decode()[:60] if isinstance(name, bytes) else ""
    known = [part.name for part in PARTS if not unit or part.months or part.micros]
    what = "unit" if unit else "part"
    return Complaint(f"{text!r} is not a {what} of time", near_miss(text, known))


def taken(of: Operands, part: Part, index: int) -> ir.Expr:
    """The part of a timestamp operand."""
    return part.take(Clock(of, of[index]))
