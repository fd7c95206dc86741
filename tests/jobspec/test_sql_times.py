"""Dates, timestamps and intervals in expressions: against DuckDB, and what is refused."""

from __future__ import annotations

import datetime
from random import Random
from typing import Any

import duckdb
import pytest

from jobspec import sql
from jobspec.problems import ProblemList
from jobspec.sql.functions.time_parts import PARTS
from jobspec.sql.time_texts import time_literal
from jobspec.types import Column, ValueType
from tests.jobspec.expressions import Expressions, Trapped, evaluate

SCHEMA = (
    Column("d", ValueType.DATE, nullable=True),
    Column("e", ValueType.DATE),
    Column("t", ValueType.TIMESTAMP, nullable=True),
    Column("u", ValueType.TIMESTAMP),
    Column("n", ValueType.I64),
)
_UNITS = [part.name for part in PARTS if part.months or part.micros]

EXPRESSIONS = [
    *(f"date_part('{part.name}', {column})" for part in PARTS for column in "dt"),
    *(f"date_trunc('{unit}', {column})" for unit in (*_UNITS, "isoyear") for column in "dt"),
    *(f"date_diff('{unit}', {pair})" for unit in (*_UNITS, "isoyear") for pair in ("d, e", "t, u")),
    *(f"date_sub('{unit}', {pair})" for unit in _UNITS for pair in ("d, u", "t, u", "u, t")),
    *(f"t + INTERVAL (n) {unit}" for unit in _UNITS),
    *(f"d - INTERVAL (n) {unit}" for unit in _UNITS),
    *("d - e", "d + 5", "5 + d", "d - 5", "year(t)", "extract(hour FROM t)", "t < u", "d < t"),
    *("d = e", "d >= u", "greatest(d, t)", "least(d, e)", "coalesce(d, t)", "nullif(d, e)"),
    *("CASE WHEN n > 0 THEN d ELSE e END", "CASE d WHEN e THEN 1 END", "t IS DISTINCT FROM u"),
    *("CAST(t AS date)", "CAST(d AS timestamp)", "CAST(t AS varchar)", "CAST(d AS varchar)"),
    *("dayname(d)", "monthname(t)", "last_day(d)", "last_day(t)", "d || 'x'", "concat(t, d)"),
    "t + INTERVAL '1 month 2 days 03:04:05.6'",
    "t - INTERVAL '1 month 2 days 03:04:05.6'",
    "t + INTERVAL '1 month -2 days' * 3",
    "t + INTERVAL '2 weeks ago'",
    "t + to_months(n) + to_days(n)",
    "t + (INTERVAL 1 MONTH - INTERVAL 1 DAY)",
    "date_add(d, INTERVAL 1 MONTH)",
    *("epoch_ms(t)", "epoch_us(t)", "epoch_ms(n)", "make_timestamp(n)"),
    *("time_bucket(INTERVAL 2 WEEKS, d)", "time_bucket(INTERVAL 7 HOURS, d)"),
    *("time_bucket(INTERVAL 7 HOURS, t)", "time_bucket(INTERVAL 5 MONTHS, t)"),
    *("t IN ('2026-11-21', u)", "d BETWEEN '1970-01-01' AND '2026-11-21'", "'2000-01-01' < t"),
    "make_date(year(d), month(d), day(d))",
    "make_timestamp(year(t), month(t), day(t), hour(t), minute(t), second(t) + 0.25)",
    "strftime(t, '%a %A %w %u %d %-d %b %B %m %-m %y %-y %Y %H %-H %I %-I %p %M %-M %S %-S')",
    "strftime(t, '%f %g %j %-j %U %W %V %G %c %x %X %%')",
    "strptime(strftime(t, '%Y-%m-%d %H:%M:%S.%f'), '%Y-%m-%d %H:%M:%S.%f')",
    "strptime(strftime(t, '%B %-d, %Y %I %p'), '%B %d, %Y %I %p')",
    "strptime(strftime(d, '%Y %j'), '%Y %j')",
    "t + n * INTERVAL 1 DAY",
    "date_diff('day', '2026-11-21', t)",
]


def date(rng: Random) -> datetime.date:
    if rng.random() < 0.1:
        return datetime.date.fromordinal(rng.choice([1, 2, 31, 366, 3652059, 3652058]))
    if rng.random() < 0.5:
        return datetime.date.fromordinal(719_163 + rng.randint(-20_000, 30_000))
    if rng.random() < 0.5:
        year = rng.choice([4, 100, 400, 1000, 1001, 1900, 1969, 1970, 2000, 2024, 2026, 9999])
        following = datetime.date(year, rng.randint(1, 11) + 1, 1)
        return following - datetime.timedelta(days=rng.choice([-1, 0, 1, 2]))
    return datetime.date.fromordinal(rng.randint(1, 3_652_059))


def timestamp(rng: Random) -> datetime.datetime:
    day = 86_400_000_000
    micros = rng.choice([0, 1, day - 1, rng.randrange(day), rng.randrange(86_400) * 10**6, 999])
    midnight = datetime.datetime.combine(date(rng), datetime.time())
    return midnight + datetime.timedelta(microseconds=micros)


def row(rng: Random) -> tuple[Any, ...]:
    near = [0, 1, -1, 12, -12, 13, 100, 1000]
    number = rng.choice([*near, rng.randint(-5000, 5000), rng.randint(-(10**6), 10**6)])
    first, second = timestamp(rng), timestamp(rng)
    if rng.random() < 0.3 and 10 < first.year < 9990:
        second = first + datetime.timedelta(days=rng.randint(-400, 400))
    nulls = rng.random()
    return (
        None if nulls < 0.03 else date(rng),
        date(rng),
        None if nulls > 0.97 else first,
        second,
        number,
    )


def is_beyond(text: str | None) -> bool:
    """Whether DuckDB gives a time that lies before the year 1 or after 9999, or none."""
    return text is None or "(BC)" in text or text.find("-") > 4


def test_times_have_the_values_of_duckdb() -> None:
    rng = Random(20261121)
    rows = [row(rng) for _ in range(100)]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE r (i INT, d DATE, e DATE, t TIMESTAMP, u TIMESTAMP, n BIGINT)")
    numbered = [(at, *values) for at, values in enumerate(rows)]
    connection.executemany("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?)", numbered)
    compiled = Expressions(EXPRESSIONS, SCHEMA)
    ours = [compiled.run(values) for values in rows]
    for index, text in enumerate(EXPRESSIONS):
        theirs = connection.execute(
            f"SELECT TRY({text}), CAST(TRY({text}) AS VARCHAR) FROM r ORDER BY i"
        ).fetchall()
        for values, found, (expected, shown) in zip(rows, ours, theirs, strict=True):
            if isinstance(found[index], Trapped) and is_beyond(shown):
                continue
            assert found[index] == expected, (text, values)
            assert type(found[index]) is type(expected), (text, values)


def text_of_time(rng: Random) -> str:
    separator = rng.choice("---/ \\")
    year = rng.choice(["2026", "1", "0", "9999", "10000", "0044", str(rng.randrange(1, 9999))])
    text = rng.choice(["", "", " "]) + separator.join(
        [
            year,
            rng.choice(["1", "02", "12", "13", "00", str(rng.randrange(1, 13))]),
            rng.choice(["1", "02", "31", "29", "32", "0", str(rng.randrange(1, 29))]),
        ]
    )
    if rng.random() < 0.3:
        return text + rng.choice(["", " ", "x", "T", "-", "0", "Z"])
    text += rng.choice([" ", " ", "T", "T", "  ", "", "t", "T "])
    text += rng.choice(["0", "10", "23", "24", "25", "007"])
    text += ":" + rng.choice(["0", "10", "59", "60", "5", "005"])
    if rng.random() < 0.7:
        text += ":" + rng.choice(["0", "10", "59", "60", "5", "00"])
        text += rng.choice(["", "", ".", ".1", ".123456", ".1234567", ".000001", ",5"])
    zones = [
        "",
        "",
        "",
        "Z",
        "z",
        " Z",
        "+02",
        "+02:30",
        "-0230",
        "+02:30:15",
        "+2",
        " UTC",
        " x y",
    ]
    return text + rng.choice([*zones, "x", " ", " Europe/Berlin", " +02", "+", ":", " é"])


def test_texts_of_times_are_read_as_duckdb_reads_them() -> None:
    rng = Random(1)
    texts = [text_of_time(rng) for _ in range(3000)]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE s (i INT, s VARCHAR)")
    connection.executemany("INSERT INTO s VALUES (?, ?)", list(enumerate(texts)))
    casts = ("TRY_CAST(s AS date)", "TRY_CAST(s AS timestamp)")
    query = ", ".join(f"{cast}, CAST({cast} AS VARCHAR)" for cast in casts)
    theirs = connection.execute(f"SELECT {query} FROM s ORDER BY i").fetchall()
    compiled = Expressions(casts, (Column("s", ValueType.STRING),))
    read = 0
    for text, (day, day_text, moment, moment_text) in zip(texts, theirs, strict=True):
        ours = compiled.run((text,))
        assert ours[0] == (None if is_beyond(day_text) else day), text
        assert ours[1] == (None if is_beyond(moment_text) else moment), text
        read += ours[1] is not None
    assert read > 100


def test_written_times_are_read_as_those_of_columns() -> None:
    rng = Random(2)
    compiled = Expressions(
        ["TRY_CAST(s AS date) - DATE '1970-01-01'", "epoch_us(TRY_CAST(s AS timestamp))"],
        (Column("s", ValueType.STRING),),
    )
    for _ in range(1500):
        text = text_of_time(rng)
        literals = [time_literal(text, type_) for type_ in (ValueType.DATE, ValueType.TIMESTAMP)]
        assert compiled.run((text,)) == literals, text


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("DATE '9999-12-31' + n", "time_out_of_range"),
        ("DATE '0001-01-01' - n", "time_out_of_range"),
        ("DATE '2026-11-21' + n * 9223372036854775807", "time_out_of_range"),
        ("TIMESTAMP '9999-12-31 23:59:59.999999' + INTERVAL (n) MICROSECOND", "time_out_of_range"),
        ("TIMESTAMP '2026-11-21' + INTERVAL (n * 9223372036854775807) DAY", "time_out_of_range"),
        ("TIMESTAMP '2026-11-21' + INTERVAL (n * 9223372036854775807) DAYS", "time_out_of_range"),
        ("TIMESTAMP '2026-11-21' - INTERVAL (n * 9000000000000000000) YEAR", "integer_overflow"),
        ("make_date(2026, 2, 28 + n)", "time_out_of_range"),
        ("make_timestamp(2026, 2, 28, 24, 0, n)", "time_out_of_range"),
        ("make_timestamp(2026, 2, 28, 23, 59, 0 / (n - 1))", "time_out_of_range"),
        ("epoch_ms(n * 9223372036854775807)", "time_out_of_range"),
        ("date_trunc('century', make_date(n, 1, 1))", "time_out_of_range"),
        ("CAST('2026-02-30' || CAST(n AS string) AS date)", "cast_overflow"),
    ],
)
def test_times_that_do_not_exist_trap(expression: str, code: str) -> None:
    value = evaluate(expression, n=1)
    assert isinstance(value, Trapped)
    assert value.code == code


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("INTERVAL 1 DAY", "date_diff"),
        ("t - u", "date_diff"),
        ("n + INTERVAL 1 DAY", "CAST"),
        ("t * INTERVAL 1 DAY", "date_diff"),
        ("t + INTERVAL 1 FORTNIGHT", "microseconds to millennia"),
        ("t + INTERVAL '1.5 days'", "whole numbers"),
        ("t + INTERVAL n DAY", "INTERVAL (n) DAY"),
        ("t + to_days(1, 2)", ""),
        ("t + to_days(DISTINCT n)", "CASE"),
        ("now()", "every run"),
        ("age(t, u)", "date_diff"),
        ("to_date('21.11.2026')", "strptime"),
        ("INTERVAL 1 DAY = INTERVAL 24 HOURS", "date_diff"),
        ("t + INTERVAL '1 month 1 day' * n", "each of its parts"),
        ("date_add(t, 1)", "INTERVAL"),
        ("time_bucket(INTERVAL (n) DAY, t)", "time_bucket"),
        ("time_bucket(INTERVAL '1 month 1 day', t)", "time_bucket"),
        ("time_bucket(INTERVAL 0 DAY, t)", "time_bucket"),
        ("date_part('yaer', t)", "year"),
        ("date_trunc('dow', t)", ""),
        ("date_part(s, t)", "write the value itself"),
        ("d = '2026-02-30'", "2026-11-21"),
        ("d IN ('2026-02-28', 'tomorrow')", "2026-11-21"),
        ("d = 5", "CAST"),
        ("CASE WHEN n > 0 THEN d ELSE 5 END", "CAST"),
        ("CAST(n AS timestamp)", "epoch_ms"),
        ("CAST(d AS i64)", "epoch"),
        ("t AT TIME ZONE 'UTC'", "UTC"),
        ("CAST(t AS timestamptz)", "UTC"),
        ("strftime(t, '%q')", "%Y"),
        ("strftime(t, '%')", "%%"),
        ("strptime(s, '%V')", "%Y"),
        ("strptime(s, '')", "%Y"),
    ],
)
def test_what_times_cannot_do_is_a_problem_that_names_the_mend(expression: str, hint: str) -> None:
    problems = ProblemList()
    scope = {column.name: column for column in (*SCHEMA, Column("s", ValueType.STRING))}
    assert sql.parse_expression(expression, "", problems, scope=scope, functions={}) is None
    (problem,) = problems
    assert hint in problem.hint
