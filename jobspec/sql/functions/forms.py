"""Calls that treat NULL, or the computing of their operands, in a way of their own.

Among them are those that take or stand for an interval (`jobspec.sql.intervals`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One row of the reference; `jobspec.sql.check` knows what it means."""

    name: str
    least: int
    most: int | None
    about: str
    examples: tuple[tuple[str, str], ...]
    """Expressions and their values, both as SQL."""
    nulls: str
    """When it is NULL."""
    differs: str = ""


_ROWS = (
    Form(
        name="coalesce",
        least=1,
        most=None,
        about="The first value that is not NULL; later ones are not computed.",
        nulls="NULL where all values are",
        examples=(("coalesce(NULL, 2, 3)", "2"),),
    ),
    Form(
        name="concat",
        least=1,
        most=None,
        about="All texts, one after the other; NULL counts as an empty text.",
        nulls="never NULL",
        examples=(("concat('a', NULL, 1)", "'a1'"),),
    ),
    Form(
        name="concat_ws",
        least=2,
        most=None,
        about="The texts that are not NULL, with the first one between them.",
        nulls="NULL where the first text is",
        examples=(("concat_ws('-', 'a', NULL, 3)", "'a-3'"), ("concat_ws(', ', NULL)", "''")),
    ),
    Form(
        name="date_add",
        least=2,
        most=2,
        about="The timestamp that is an interval after a date or timestamp: x + INTERVAL.",
        nulls="NULL where an operand is",
        examples=(
            ("date_add(DATE '2024-01-31', INTERVAL 1 MONTH)", "TIMESTAMP '2024-02-29 00:00:00'"),
        ),
    ),
    Form(
        name="greatest",
        least=1,
        most=None,
        about="The greatest value that is not NULL.",
        nulls="NULL where all values are",
        examples=(("greatest(1, NULL, 3)", "3"),),
    ),
    Form(
        name="if",
        least=3,
        most=3,
        about="The second value where the first is true, else the third.",
        nulls="NULL where the chosen value is",
        examples=(("if(2 > 1, 'yes', 'no')", "'yes'"),),
    ),
    Form(
        name="ifnull",
        least=2,
        most=2,
        about="The first value, or the second where it is NULL.",
        nulls="NULL where both values are",
        examples=(("ifnull(NULL, 2)", "2"),),
    ),
    Form(
        name="least",
        least=1,
        most=None,
        about="The least value that is not NULL.",
        nulls="NULL where all values are",
        examples=(("least(1, NULL, 3)", "1"),),
    ),
    Form(
        name="nullif",
        least=2,
        most=2,
        about="NULL where the values are equal, else the first.",
        nulls="NULL where the first value is, or both are equal",
        examples=(("nullif(3, 3)", "NULL"), ("nullif(3, 4)", "3")),
    ),
    Form(
        name="time_bucket",
        least=2,
        most=2,
        about="The beginning of the stretch of time in which a date or timestamp lies. Stretches "
        "are as long as a literal interval; one begins on Monday 2000-01-03, or in January 2000.",
        nulls="NULL where an operand is",
        examples=(
            (
                "time_bucket(INTERVAL 6 HOURS, TIMESTAMP '2026-11-21 13:05:30')",
                "TIMESTAMP '2026-11-21 12:00:00'",
            ),
            ("time_bucket(INTERVAL 2 WEEKS, DATE '2026-11-21')", "DATE '2026-11-16'"),
        ),
    ),
)


def _interval(unit: str) -> Form:
    return Form(
        name=f"to_{unit}",
        least=1,
        most=1,
        about=f"So many {unit}, an interval: the same as INTERVAL (n) {unit.upper()}.",
        nulls="what it is added to becomes NULL where the number is",
        examples=(
            (
                f"TIMESTAMP '2026-11-21 13:05:30' + to_{unit}(1)",
                f"TIMESTAMP '2026-11-21 13:05:30' + INTERVAL '1 {unit}'",
            ),
        ),
    )


UNIT_FUNCTIONS = {
    f"to_{unit}": unit
    for unit in (
        *("microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks"),
        *("months", "quarters", "years", "decades", "centuries", "millennia"),
    )
}
"""`to_days(n)` is `INTERVAL (n) DAYS`."""

FORMS: dict[str, Form] = {
    row.name: row
    for row in sorted((*_ROWS, *map(_interval, UNIT_FUNCTIONS.values())), key=lambda row: row.name)
}
