"""Random values of every type, the edges more often than the rest, and literals of them."""

from __future__ import annotations

import datetime
import math
import struct
from decimal import Decimal
from random import Random
from typing import Any

from jobspec.types import Column, ValueType

T = ValueType
MONEY = T.decimal(9, 2)
SCHEMA = (
    Column("b", T.BOOL, nullable=True),
    Column("flag", T.BOOL),
    Column("t", T.I8, nullable=True),
    Column("h", T.I16),
    Column("k", T.I32, nullable=True),
    Column("i", T.I64, nullable=True),
    Column("n", T.I64),
    Column("c", T.U8),
    Column("w", T.U16, nullable=True),
    Column("v", T.U32),
    Column("u", T.U64, nullable=True),
    Column("x", T.F64, nullable=True),
    Column("y", T.F64),
    Column("f", T.F32, nullable=True),
    Column("s", T.STRING, nullable=True),
    Column("word", T.STRING),
    Column("z", T.BINARY, nullable=True),
    Column("d", T.DATE, nullable=True),
    Column("day", T.DATE),
    Column("ts", T.TIMESTAMP, nullable=True),
    Column("at", T.TIMESTAMP),
    Column("m", MONEY, nullable=True),
    Column("price", T.decimal(18, 4)),
    Column("q", T.decimal(4, 0), nullable=True),
)
"""Every type, with and without NULLs."""

_SMALL = [0, 1, -1, 2, 3, 7, 10, 63, 64, 100, 127, 128, 255, 256, 1000]
_EDGES = [*_SMALL, *(-edge for edge in _SMALL), 2**31 - 1, 2**31, 2**53 + 1, 2**62]
_FLOATS = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 1e-5, 127.5, 1e18, 2.0**53, 2.0**63),
    *(1e300, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308),
    *(math.nan, math.inf, -math.inf, math.pi),
]
_CHARACTERS = [*"aaabbAB  %_!.19-+:/", "\t", "\n", "é", "ß", "İ", "\u00a0", "Ж", "€", "漢", "😀"]
_TEXTS = [
    *("", " ", "12", " -7 ", "+1.5", "1_0", "1e3", "-0.005", "nan", "inf", "true", "a%b"),
    *("aaaaaaaaaaaaaaaaaaaab", "2026-11-21", "2024-02-29 23:59:59.999999", "1969-12-31 00:00:00"),
    *("0001-01-01", "9999-12-31", "12:30", "2026-02-30", "x@y.org", "key=value", "a,b,c"),
]
_DAYS = [0, 1, -1, 59, 60, 365, 10957, 11016, 19723, 20778, -719162, 2932896]
_DAY = datetime.date(1970, 1, 1)
_MIDNIGHT = datetime.datetime(1970, 1, 1)  # noqa: DTZ001  (timestamps have no zone)


def value(rng: Random, type_: ValueType) -> Any:
    """A value of the type, in Python."""
    if type_.is_integer or type_.is_decimal:
        number = _integer(rng, type_)
        return Decimal(number).scaleb(-type_.scale) if type_.is_decimal else number
    match type_:
        case T.BOOL:
            return rng.random() < 0.5
        case T.F64:
            return _float(rng)
        case T.F32:
            return _to_f32(_float(rng))
        case T.STRING:
            return text(rng)
        case T.BINARY:
            return rng.randbytes(rng.choice([0, 1, 3, 8, 20]))
        case T.DATE:
            return _DAY + datetime.timedelta(_days(rng))
    micros = rng.choice([0, 1, 999_999, 86_399_999_999, rng.randrange(86_400_000_000)])
    return _MIDNIGHT + datetime.timedelta(_days(rng), microseconds=micros)


def row(rng: Random) -> tuple[Any, ...]:
    """A row of `SCHEMA`."""
    return tuple(
        None if column.nullable and rng.random() < 0.2 else value(rng, column.type)
        for column in SCHEMA
    )


def text(rng: Random) -> str:
    if rng.random() < 0.4:
        return rng.choice(_TEXTS)
    return "".join(rng.choices(_CHARACTERS, k=rng.choice([0, 1, 2, 4, 8])))


def literal(rng: Random, type_: ValueType) -> tuple[str, str] | None:
    """A literal of the type, here and in DuckDB; None where the type has none."""
    given = value(rng, type_)
    if type_ is T.STRING:
        quoted = "'" + given.replace("'", "''") + "'"
        return quoted, quoted
    if type_ is T.I64:
        return f"({given})", f"CAST({given} AS BIGINT)"
    if type_ is T.U64:  # alone, a small number is an i64
        return f"CAST({given} AS u64)", f"CAST({given} AS UBIGINT)"
    if type_ is T.F64 and math.isfinite(given):
        written = f"({given:.17e})"
        return written, f"CAST({written} AS DOUBLE)"
    if type_ is T.BOOL:
        return (str(given).upper(),) * 2
    if type_ is T.DATE:
        return (f"DATE '{given.isoformat()}'",) * 2
    if type_ is T.TIMESTAMP:
        return (f"TIMESTAMP '{given.isoformat(' ')}'",) * 2
    return None


def _integer(rng: Random, type_: ValueType) -> int:
    low, high = type_.minimum, type_.maximum
    edges = [edge for edge in (*_EDGES, low, high, low + 1, high - 1) if low <= edge <= high]
    return rng.choice(edges) if rng.random() < 0.7 else rng.randint(low, high)


def _float(rng: Random) -> float:
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(_FLOATS)
    if kind < 0.8:
        return rng.uniform(-1000, 1000)
    found: float = struct.unpack("<d", rng.randbytes(8))[0]
    return found


def _to_f32(number: float) -> float:
    try:
        found: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    return found


def _days(rng: Random) -> int:
    return rng.choice(_DAYS) if rng.random() < 0.5 else rng.randint(-719162, 2932896)
