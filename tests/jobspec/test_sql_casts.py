"""CAST and TRY_CAST between all pairs of types: random values against DuckDB."""

from __future__ import annotations

import datetime
import math
import struct
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import duckdb
import pytest

from jobspec.sql.casts import can_fail, is_supported
from jobspec.types import Column, ValueType
from tests.jobspec.expressions import Expressions, Trapped, evaluate

T = ValueType
DECIMALS = [T.decimal(*digits) for digits in ((2, 2), (4, 1), (9, 4), (18, 0), (18, 2), (18, 18))]
TYPES = [*T, *DECIMALS]
_NAMES = {
    T.BOOL: "BOOLEAN",
    T.I8: "TINYINT",
    T.I16: "SMALLINT",
    T.I32: "INTEGER",
    T.I64: "BIGINT",
    T.U8: "UTINYINT",
    T.U16: "USMALLINT",
    T.U32: "UINTEGER",
    T.U64: "UBIGINT",
    T.F32: "FLOAT",
    T.F64: "DOUBLE",
    T.STRING: "VARCHAR",
    T.BINARY: "BLOB",
}


def _number(rng: Random, type_: ValueType) -> int:
    low, high = type_.minimum, type_.maximum
    number = rng.choice(
        [
            *(0, 1, -1, 127, 128, -129, 255, 256, low, high, rng.randint(low, high)),
            rng.randint(low, high) // 10 ** rng.randrange(0, 18),
            rng.choice([1, -1]) * 5 * 10 ** rng.randrange(0, 18) + rng.choice([0, -1]),
        ]
    )
    return max(low, min(high, number))


def _float(rng: Random, type_: ValueType) -> float:
    edges = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, 127.5, -128.5, 0.05, 1.005, 2.675, 5e-324, 1e300]
    found = rng.choice(
        [
            *(*edges, math.nan, math.inf, -math.inf, rng.uniform(-1000, 1000)),
            rng.uniform(-1, 1) * 10.0 ** rng.randrange(-20, 25),
            float(10 ** rng.randrange(0, 19)),
        ]
    )
    if type_ is T.F64:
        return found
    try:
        return float(struct.unpack("<f", struct.pack("<f", found))[0])
    except OverflowError:
        return math.inf


def _text(rng: Random, type_: ValueType) -> str:
    del type_
    number = rng.choice(["", "-", "+", " "]) + str(rng.randrange(10 ** rng.randrange(1, 20)))
    number += rng.choice(["", ".", ".5", ".49", f".{rng.randrange(10**6)}"])
    words = ["true", "FALSE", "t", "y", "no", "1", "on", "tr", " true", "N", "Yes", "f", "0"]
    bad = ["", ".", "-", "e", "1.2.3", "1__0", "_1", "1_", "1 2", "12a", "-0", "- 1"]
    escapes = ["a", "\\x41", "\\xFF", "\\x00", "\\", "é", '"', "'", "\\x4", "\\xg1", " ", "~"]
    moment = f"{rng.randrange(1, 9999):04}-{rng.randrange(1, 13)}-{rng.randrange(1, 31)}"
    return rng.choice(
        [
            *(number, number, number + rng.choice([" ", "_1", "x"]), rng.choice(words)),
            *(rng.choice(bad), "".join(rng.choices(escapes, k=rng.randrange(5)))),
            *(moment, f"{moment} {rng.randrange(26)}:{rng.randrange(62)}"),
        ]
    )


def _binary(rng: Random, type_: ValueType) -> bytes:
    del type_
    return bytes(rng.choices([0, 65, 92, 255, 128, 34, 39, 32, 126, 127, 31], k=rng.randrange(6)))


def _date(rng: Random, type_: ValueType) -> datetime.date:
    del type_
    return datetime.date.fromordinal(rng.choice([1, 3_652_059, rng.randint(1, 3_652_059)]))


def _timestamp(rng: Random, type_: ValueType) -> datetime.datetime:
    micros = rng.choice([0, 1, 86_399_999_999, rng.randrange(86_400_000_000)])
    midnight = datetime.datetime.combine(_date(rng, type_), datetime.time())
    return midnight + datetime.timedelta(microseconds=micros)


_MAKERS: dict[ValueType, Callable[[Random, ValueType], Any]] = {
    T.BOOL: lambda rng, _: rng.random() < 0.5,
    T.F32: _float,
    T.F64: _float,
    T.STRING: _text,
    T.BINARY: _binary,
    T.DATE: _date,
    T.TIMESTAMP: _timestamp,
}


def value(rng: Random, type_: ValueType) -> Any:
    if type_.is_decimal:
        return Decimal(_number(rng, type_)).scaleb(-type_.scale)
    return _MAKERS.get(type_, _number)(rng, type_)


def name(type_: ValueType) -> str:
    return _NAMES.get(type_, str(type_))


@pytest.mark.parametrize("source", TYPES, ids=str)
def test_casts_from_this_type_give_what_duckdb_gives(source: ValueType) -> None:
    rng = Random(str(source))
    values = [value(rng, source) for _ in range(300 if source is T.STRING else 60)]
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE r (i INT, a {name(source)})")
    connection.executemany("INSERT INTO r VALUES (?, ?)", list(enumerate(values)))
    targets = [target for target in TYPES if is_supported(source, target)]
    texts = [f"{cast}(a AS {target})" for target in targets for cast in ("CAST", "TRY_CAST")]
    compiled = Expressions(texts, (Column("a", source),))
    ours = [compiled.run((given,)) for given in values]
    for index, target in enumerate(targets):
        query = f"SELECT TRY_CAST(a AS {name(target)}) FROM r ORDER BY i"
        for given, found, (expected,) in zip(
            values, ours, connection.execute(query).fetchall(), strict=True
        ):
            cast, tried = found[2 * index], found[2 * index + 1]
            assert agree(tried, cast) or (tried is None and isinstance(cast, Trapped))
            assert tried is not None or can_fail(source, target)
            if not is_known(given, target):
                assert agree(tried, expected), (source, target, given)


def agree(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        same = struct.pack("<d", ours) == struct.pack("<d", theirs)
        return same or (math.isnan(ours) and math.isnan(theirs))
    return type(ours) is type(theirs) and bool(ours == theirs)


def is_known(given: Any, target: ValueType) -> bool:
    """What docs/sql-differences.md tells: TRUE does not fit a decimal without whole digits."""
    return given is True and target.is_decimal and target.precision == target.scale


@pytest.mark.parametrize("source", TYPES, ids=str)
def test_casts_that_duckdb_does_not_have_are_none_here(source: ValueType) -> None:
    rng = Random(str(source))
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE r (a {name(source)})")
    values = [(value(rng, source),) for _ in range(300)]
    connection.executemany("INSERT INTO r VALUES (?)", values)
    for target in TYPES:
        query = f"SELECT count(TRY_CAST(a AS {name(target)})) FROM r"
        ((converted,),) = connection.execute(query).fetchall()
        assert is_supported(source, target) == (converted > 0), target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CAST('1.5e1' AS decimal(4,1))", Decimal("15.0")),
        ("CAST('72326.3e-3' AS decimal(4,1))", Decimal("72.3")),
        ("CAST('15e-1' AS decimal(4,0))", Decimal(2)),
        ("CAST('-0.00000000000000000005e20' AS decimal(4,1))", Decimal("-5.0")),
        ("TRY_CAST('1e18' AS decimal(18,0))", None),
        ("TRY_CAST('1e999999999999' AS decimal(18,0))", None),
        ("CAST('1e-999999999999' AS decimal(18,0))", Decimal(0)),
        ("CAST('0e999999999999' AS decimal(18,0))", Decimal(0)),
        ("TRY_CAST('1e' AS decimal(18,0))", None),
        ("TRY_CAST('1e1x' AS decimal(18,0))", None),
    ],
)
def test_texts_with_exponents_become_decimals_exactly(text: str, expected: Decimal | None) -> None:
    assert evaluate(text) == expected
