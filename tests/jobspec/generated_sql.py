"""Hypothesis strategies: typed SQL expressions over a fixed schema, and rows for it.

Each expression is written twice, for us and for DuckDB: DuckDB gives literals and some functions
narrower types, in which its arithmetic would overflow where ours does not.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from jobspec.types import Column, ValueType

SCHEMA = (
    Column("b", ValueType.BOOL, nullable=True),
    Column("flag", ValueType.BOOL),
    Column("t", ValueType.I8, nullable=True),
    Column("i", ValueType.I64, nullable=True),
    Column("n", ValueType.I64),
    Column("k", ValueType.I32),
    Column("c", ValueType.U16),
    Column("u", ValueType.U64, nullable=True),
    Column("x", ValueType.F64, nullable=True),
    Column("y", ValueType.F64),
    Column("f", ValueType.F32, nullable=True),
    Column("s", ValueType.STRING, nullable=True),
    Column("word", ValueType.STRING),
)


@dataclass(frozen=True)
class Sql:
    """One expression in both dialects."""

    ours: str
    duckdb: str


def same(text: str) -> Sql:
    return Sql(text, text)


def join(template: str, *parts: Sql) -> Sql:
    """Both dialects by one template."""
    return Sql(
        template.format(*(part.ours for part in parts)),
        template.format(*(part.duckdb for part in parts)),
    )


def duckdb_as(type_name: str, sql: Sql) -> Sql:
    return Sql(sql.ours, f"({sql.duckdb})::{type_name}")


# --- values ---------------------------------------------------------------------------------------

_EDGES = [0, 1, -1, 2, 7, 63, 64, 100, 127, 128, 255, 256, 1000]
INTEGERS = st.one_of(
    st.sampled_from([*_EDGES, *(-edge for edge in _EDGES)]),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**62, 2**63 - 1, -(2**63)]),
    st.integers(-(2**63), 2**63 - 1),
)
FLOATS = st.one_of(
    st.sampled_from(
        [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 1e-5, 127.5, 1e18, 2.0**63, 1e300, 5e-324]
    ),
    st.sampled_from([float("nan"), float("inf"), -float("inf")]),
    st.floats(-1000, 1000),
    st.floats(),
)
CHARACTERS = st.sampled_from([*"aaabbAB  %_!.19-+", "\t", "é", "ß", "\u00a0", "Ж", "€", "漢", "😀"])
STRINGS = st.one_of(
    st.text(CHARACTERS, max_size=8),
    st.sampled_from(["", " ", "12", " -7 ", "+1.5", "1_0", "a%b", "aaaaaaaaaaaaaaaaaaaab"]),
    st.integers(-(2**65), 2**65).map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)


def _values(column: Column) -> SearchStrategy[Any]:
    type_ = column.type
    if type_ is ValueType.BOOL:
        values: SearchStrategy[Any] = st.booleans()
    elif type_ is ValueType.STRING:
        values = STRINGS
    elif type_ is ValueType.F32:
        values = st.one_of(st.sampled_from([0.5, 2.5, 0.1, float("nan")]), st.floats(width=32)).map(
            _to_f32
        )
    elif type_.is_float:
        values = FLOATS
    else:
        edges = [*_EDGES, *(-edge for edge in _EDGES)]
        edges += [type_.minimum, type_.maximum]
        fitting = [edge for edge in edges if type_.minimum <= edge <= type_.maximum]
        values = st.one_of(st.sampled_from(fitting), st.integers(type_.minimum, type_.maximum))
    return st.none() | values if column.nullable else values


def _to_f32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


ROWS = st.lists(st.tuples(*map(_values, SCHEMA)), min_size=1, max_size=8)


# --- literals -------------------------------------------------------------------------------------


@st.composite
def _integer_literal(draw: DrawFn) -> Sql:
    value = draw(INTEGERS)
    written = str(value) if value >= 0 else f"({value})"
    return Sql(written, f"({value})::BIGINT")


@st.composite
def _float_literal(draw: DrawFn) -> Sql:
    value = draw(st.one_of(st.sampled_from([0.0, 0.5, 2.5, 1e10]), st.floats(0, 1e300)))
    return same(f"{value:.17e}")


@st.composite
def _string_literal(draw: DrawFn) -> Sql:
    return same("'" + draw(STRINGS).replace("'", "''") + "'")


# --- expressions ----------------------------------------------------------------------------------


def _columns(*names: str) -> SearchStrategy[Sql]:
    return st.sampled_from(names).map(same)


def _form(template: str, *parts: SearchStrategy[Sql]) -> SearchStrategy[Sql]:
    return st.tuples(*parts).map(lambda drawn: join(template, *drawn))


def _operator(
    names: list[str], side: SearchStrategy[Sql], right: SearchStrategy[Sql] | None = None
) -> SearchStrategy[Sql]:
    return st.tuples(st.sampled_from(names), side, side if right is None else right).map(
        lambda drawn: join(f"({{}} {drawn[0]} {{}})", drawn[1], drawn[2])
    )


def _case(conditions: SearchStrategy[Sql], values: SearchStrategy[Sql]) -> SearchStrategy[Sql]:
    return st.one_of(
        _form("CASE WHEN {} THEN {} ELSE {} END", conditions, values, values),
        _form("CASE WHEN {} THEN {} WHEN {} THEN {} END", conditions, values, conditions, values),
        _form("CASE {} WHEN {} THEN {} ELSE {} END", values, values, values, values),
        _form("if({}, {}, {})", conditions, values, values),
    )


def _any_type(values: SearchStrategy[Sql]) -> SearchStrategy[Sql]:
    return st.one_of(
        _form("coalesce({}, {})", values, values),
        _form("ifnull({}, {})", values, values),
        _form("nullif({}, {})", values, values),
        _form("least({}, {}, {})", values, values, values),
        _form("greatest({}, {})", values, values),
        _form("coalesce(NULL, {}, {})", values, values),
    )


@cache
def _integers(depth: int) -> SearchStrategy[Sql]:
    if depth == 0:
        return _columns("t", "i", "n", "k", "c") | _integer_literal()
    inner, condition = _integers(depth - 1), _conditions(depth - 1)
    text, real = _strings(depth - 1), _floats(depth - 1)
    small = st.integers(-3, 70).map(lambda n: Sql(f"({n})", f"({n})::BIGINT"))
    narrow = st.sampled_from(["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "UINTEGER", "BIGINT"])
    choices = [
        _integers(0),
        _operator(["+", "-", "*", "//", "%", "&", "|"], inner),
        _operator(["+", "-", "*"], inner, small),
        _operator(["<<", ">>"], inner, small),
        _form("xor({}, {})", inner, inner),
        _form("mod({}, {})", inner, small),
        _form("(-{})", inner).map(lambda sql: duckdb_as("BIGINT", sql)),
        _form("abs({})", inner),
        _form("sign({})", inner | real).map(lambda sql: duckdb_as("BIGINT", sql)),
        _form("trunc({})", inner),
        _form("round({})", inner),
        st.tuples(inner, st.integers(-20, 3)).map(
            lambda drawn: join(f"round({{}}, {drawn[1]})", drawn[0])
        ),
        _case(condition, inner),
        _any_type(inner),
        st.tuples(
            st.sampled_from(["CAST", "TRY_CAST"]), inner | real | text | condition, narrow
        ).map(lambda drawn: duckdb_as("BIGINT", join(f"{drawn[0]}({{}} AS {drawn[2]})", drawn[1]))),
        _form("length({})", text),
        _form("strlen({})", text),
        _form("strpos({}, {})", text, text),
    ]
    return st.one_of(choices)


@cache
def _unsigned(depth: int) -> SearchStrategy[Sql]:
    literal = st.integers(0, 2**64 - 1).map(lambda n: Sql(str(n), f"({n})::UBIGINT"))
    if depth == 0:
        return _columns("u")
    inner = _unsigned(depth - 1)
    choices = [
        _unsigned(0),
        _operator(["+", "-", "*", "//", "%", "&", "|"], inner, inner | literal),
        _form("abs({})", inner),
        _any_type(inner),
        _case(_conditions(depth - 1), inner),
        _form("TRY_CAST({} AS UBIGINT)", _integers(depth - 1) | _floats(depth - 1)),
        _form("CAST({} AS UBIGINT)", _strings(depth - 1)),
    ]
    return st.one_of(choices)


@cache
def _floats(depth: int) -> SearchStrategy[Sql]:
    if depth == 0:
        return _columns("x", "y", "f") | _float_literal()
    inner, integer = _floats(depth - 1), _integers(depth - 1)
    either = inner | integer
    choices = [
        _floats(0),
        _operator(["+", "-", "*", "/", "%"], inner),
        _operator(["+", "-", "*", "/", "%"], inner, either),
        _operator(["/"], integer),
        _form("(-{})", inner),
        _form("abs({})", inner),
        _form("floor({})", either),
        _form("ceil({})", either),
        _form("trunc({})", inner),
        _form("sqrt({})", either),
        _form("round({})", inner),
        st.tuples(inner, st.integers(-4, 6)).map(
            lambda drawn: join(f"round({{}}, {drawn[1]})", drawn[0])
        ),
        _form("CAST({} AS DOUBLE)", either | _conditions(depth - 1) | _unsigned(depth - 1)),
        _form("TRY_CAST({} AS FLOAT)", either),
        _case(_conditions(depth - 1), inner),
        _any_type(inner),
    ]
    return st.one_of(choices)


@cache
def _strings(depth: int) -> SearchStrategy[Sql]:
    if depth == 0:
        return _columns("s", "word") | _string_literal()
    inner = _strings(depth - 1)
    position = st.integers(-12, 12).map(lambda n: same(f"({n})")) | _columns("t")
    choices = [
        _strings(0),
        _operator(["||"], inner),
        _operator(["||"], inner, _integers(depth - 1) | _conditions(depth - 1)),
        _form("concat({}, {}, {})", inner, _integers(depth - 1), inner),
        _form("substring({}, {})", inner, position),
        _form("substr({}, {}, {})", inner, position, position),
        _form("left({}, {})", inner, position),
        _form("right({}, {})", inner, position),
        _form("trim({})", inner),
        _form("ltrim({})", inner),
        _form("rtrim({}, {})", inner, inner),
        _form("trim({}, {})", inner, inner),
        _form("replace({}, {}, {})", inner, inner, inner),
        _form("CAST({} AS VARCHAR)", _integers(depth - 1) | _unsigned(depth - 1)),
        _form("CAST({} AS VARCHAR)", _conditions(depth - 1)),
        _case(_conditions(depth - 1), inner),
        _any_type(inner),
    ]
    return st.one_of(choices)


_PATTERNS = st.text(st.sampled_from(["%", "%", "_", "a", "b", "é", "!", " "]), max_size=6)


@cache
def _conditions(depth: int) -> SearchStrategy[Sql]:
    if depth == 0:
        return _columns("b", "flag", "TRUE", "FALSE", "(1 = NULL)")
    condition = _conditions(depth - 1)
    integer, real, text = _integers(depth - 1), _floats(depth - 1), _strings(depth - 1)
    unsigned = _unsigned(depth - 1)
    anything = st.one_of(integer, real, text, condition, unsigned)
    comparisons = ["=", "<>", "!=", "==", "<", "<=", ">", ">="]
    # What is dearer for DuckDB than for us, or decides a choice, stands on one side only: a
    # conjunction there computes both sides, so that errors differ.
    pure = _conditions(0)
    choices = [
        _operator(comparisons, integer),
        _operator(comparisons, real),
        _operator(comparisons, text),
        _operator(comparisons, condition),
        _operator(comparisons, unsigned, integer),
        _operator(comparisons, integer, unsigned),
        _operator(["AND", "OR"], condition, pure | condition),
        _form("({} AND {} AND {})", pure, condition, pure),
        _form("({} OR {} OR {})", condition, pure, pure),
        _form("(NOT {})", condition),
        _form("({} IS NULL)", anything),
        _form("({} IS NOT NULL)", anything),
        _form("({} IS TRUE)", condition),
        _form("({} IS NOT FALSE)", condition),
        _form("({} IS DISTINCT FROM {})", integer, integer),
        _form("({} IS NOT DISTINCT FROM {})", real, real),
        _form("({} IS DISTINCT FROM {})", text, text),
        _form("({} IS DISTINCT FROM {})", condition, condition),
        # The last ones cannot fail: DuckDB computes them even where the answer is known.
        _form("({} IN ({}, {}, NULL))", integer, integer, _integers(0)),
        _form("({} NOT IN ({}, {}))", text, text, _strings(0)),
        _form("({} IN ({}, {}))", real, real, _floats(0)),
        _form("({} BETWEEN {} AND {})", integer, integer, _integers(0)),
        _form("({} NOT BETWEEN {} AND {})", real, real, _floats(0)),
        _form("({} BETWEEN {} AND {})", text, text, _strings(0)),
        _form("({} LIKE {})", text, _PATTERNS.map(lambda p: same(f"'{p}'"))),
        _form("({} NOT LIKE {} ESCAPE '#')", text, _PATTERNS.map(lambda p: same(f"'#_{p}'"))),
        _form("({} LIKE word)", text),
        _form("starts_with({}, {})", text, text),
        _form("ends_with({}, {})", text, text),
        _form("contains({}, {})", text, text),
        _form("isnan({})", real),
        _form("isinf({})", real),
        _form("isfinite({})", real),
        _form("CAST({} AS BOOLEAN)", integer | real),
        _case(condition, condition),
        _any_type(condition),
    ]
    return st.one_of(choices)


def expressions(depth: int) -> SearchStrategy[Sql]:
    """Expressions of any type."""
    return st.one_of(
        _integers(depth), _unsigned(depth), _floats(depth), _strings(depth), _conditions(depth)
    )
