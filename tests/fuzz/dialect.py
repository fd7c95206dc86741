"""What the generator must know of DuckDB: names and meanings, and operands that make sense."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from jobspec.plugins import plugins
from jobspec.sql.functions import mathematics
from jobspec.sql.functions.signature import Takes
from jobspec.sql.functions.time_parts import PARTS
from jobspec.types import ValueType

T = ValueType

LEFT_OUT: dict[str, str] = {
    **dict.fromkeys(("exp2", "expm1", "hypot", "log1p"), "DuckDB has no such function"),
    "fmod": "DuckDB's is x - floor(x / y) * y, rounded on the way",
    "hash": "DuckDB has another hash",
    "random": "DuckDB's numbers are other ones in every run",
    "reverse": "DuckDB reverses graphemes",
    **{plugin.name: plugin.differs for plugin in plugins().values() if plugin.differs},
}
"""Rows that cannot be compared with DuckDB, and why. Tests of their own pin them."""

OVERLOADS_LEFT_OUT = frozenset(
    {
        *("bin_binary", "bit_length_binary", "left_binary", "length_binary", "octet_length_text"),
        *("right_binary", "substring_binary"),
    }
)
"""Ways to call a function that DuckDB has not."""

INEXACT = frozenset(
    {row.name for row in (*mathematics.FUNCTIONS, *mathematics.OPERATORS)}
    - {"fdiv", "fmod", "pi", "radians", "degrees"}
)
"""Functions in whose last digit libraries differ: compared within `ULPS`, and never inside."""

ULPS = 5
"""One for ours, four for the system's library, which promises little for some functions."""

OPERATORS: dict[str, str] = {}
"""Operators that are not written between two operands."""

FUNCTIONS: dict[str, Callable[..., str]] = {
    "factorial": lambda n: f"factorial(CAST({n} AS INTEGER))",
}
"""Functions that DuckDB has in another form."""

SPELLED: dict[str, str] = {}
"""Functions and aliases that DuckDB has by another name."""

_PATTERNS = [
    *("'a'", "'a+'", "'[a-z]+'", "'^a'", "'b$'", "'a|b+'", "'(a)(b)?'", "'[^a ]'", "'\\d+'", "'.'"),
    *(
        "'\\w+@'",
        "'é|😀'",
        "'(?i)AB'",
        "''",
        "'a*'",
        "'^.*$'",
        "'\\s'",
        "'[[:alpha:]]{2,3}'",
        "'x*?a'",
    ),
]
_REGEXP = ("regexp_matches", "regexp_full_match", "regexp_extract", "regexp_replace")
LITERAL_ONLY = {Takes.LITERAL}
_UNITS = [f"'{part.name}'" for part in PARTS if part.months or part.micros]
_PARSED = [
    *("'%Y-%m-%d'", "'%Y-%m-%d %H:%M:%S'", "'%Y-%m-%d %H:%M:%S.%f'", "'%d/%m/%Y'", "'%H:%M'"),
]
LITERALS: dict[tuple[str, int], list[str]] = {
    ("date_part", 0): [f"'{part.name}'" for part in PARTS],
    ("date_trunc", 0): [*_UNITS, "'isoyear'"],
    ("date_diff", 0): [*_UNITS, "'isoyear'"],
    ("date_sub", 0): _UNITS,
    **{(name, 1): _PARSED for name in ("strptime", "try_strptime")},
    ("strftime", 1): [*_PARSED, "'%a %d %b %y'", "'%A, %-d. %B'", "'%j %U %W %w'", "'%I %p %%'"],
    ("LIKE", 1): ["'%'", "'%a%'", "'_a%'", "'a_'", "'%é'", "''", "'%a%b%'", "'aa%'", "'%_'"],
    ("trim", 1): ["' a'", "'é😀'", "''"],
    **{(name, 1): _PATTERNS for name in _REGEXP},
    ("regexp_replace", 2): ["'-'", "''", "'\\0\\0'", "'<\\1>'", "'é'"],
    ("regexp_replace", 3): ["'g'", "'i'", "'gi'"],
    ("regexp_extract", 2): ["'i'", "'s'", "'l'"],
    ("regexp_extract", 3): ["'i'", "'c'"],
    ("regexp_full_match", 2): ["'i'", "'is'"],
    ("regexp_matches", 2): ["'i'", "'l'"],
    ("from_base64", 0): ["'YWJj'", "'YQ=='", "'YWI'", "''"],
    ("split_part", 1): ["'a'", "' '", "''", "'é'"],
    ("translate", 1): ["'abé'", "' '", "'aa'"],
    ("unbin", 0): ["'101'", "'0'", "'12'"],
    ("unhex", 0): ["'c3A9'", "'abc'", "'x'"],
}
"""Text operands that bring a function to life: (function, operand) -> SQL."""

COUNTS: dict[tuple[str, int], tuple[int, int]] = {
    ("left", 1): (-12, 12),
    ("right", 1): (-12, 12),
    ("substring", 1): (-12, 12),
    ("substring", 2): (-12, 12),
}
"""The range of literal counts: (function, operand) -> least, greatest."""

MADE: dict[Takes, Callable[[Random], tuple[str, str]]] = {}
"""Operands that are no values, in both dialects."""

_DUCKDB_NAMES = {
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


def type_name(type_: ValueType) -> str:
    """The type itself, which may be narrower than the column that holds its values."""
    return _DUCKDB_NAMES.get(type_, str(type_).upper())


def argument(family: Takes, text: str) -> str:
    """An operand as DuckDB wants it."""
    return f"CAST({text} AS INTEGER)" if family is Takes.COUNT else text


def cast(word: str, source: ValueType, text: str, target: ValueType) -> str:
    """`CAST` or `TRY_CAST`, but for what docs/sql-differences.md names.

    There are no negative NaNs here, which DuckDB writes as -nan, no infinite dates, no years but
    1 to 9999, and none of ten digits.
    """
    written = f"{word}({text} AS {type_name(target)})"
    if source.is_float and target is T.STRING:
        return f"CASE WHEN isnan({text}) THEN 'nan' ELSE {written} END"
    if source is T.STRING and target in {T.DATE, T.TIMESTAMP}:
        refused = f"{word}({text} || 'x' AS {type_name(target)})"
        years = (
            f"year({written}) BETWEEN 1 AND 9999 AND NOT regexp_matches({text}, '^\\s*\\d{{10}}')"
        )
        return f"CASE WHEN isfinite({written}) AND {years} THEN {written} ELSE {refused} END"
    return written
