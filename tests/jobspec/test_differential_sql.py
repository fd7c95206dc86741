"""SQL expressions against DuckDB: random expressions over random rows give the same values."""

from __future__ import annotations

import math
import struct
from typing import Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import sql
from jobspec.problems import ProblemList
from tests.jobspec.expressions import DuckDB, Expressions, Trapped, evaluate
from tests.jobspec.generated_sql import ROWS, SCHEMA, Sql, expressions

_SETTINGS = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@_SETTINGS
@given(st.lists(expressions(3), min_size=1, max_size=6), ROWS)
def test_expressions_have_the_values_of_duckdb(
    generated: list[Sql], rows: list[tuple[Any, ...]]
) -> None:
    compiled = Expressions([one.ours for one in generated], SCHEMA)
    ours = [compiled.run(row) for row in rows]
    engine = DuckDB(SCHEMA, rows)
    try:
        for index, one in enumerate(generated):
            theirs = engine.run(one.duckdb)
            for row, values, expected in zip(rows, ours, theirs, strict=False):
                assert agree(values[index], expected) or is_excused(values[index], expected, one), (
                    f"{one.ours}\nas DuckDB's {one.duckdb}\nof {row}\n"
                    f"is {values[index]!r}, not {expected!r}"
                )
    finally:
        engine.close()


OPERANDS = st.sampled_from(["0", "1", "2", "3", "-1", "TRUE", "FALSE", "NULL", "'a'", "'1'", "(1)"])
BETWEEN_OPERANDS = st.sampled_from(
    [
        *("+", "-", "*", "//", "%", "&", "|", "<<", ">>", "||", "=", "<>", "<", ">="),
        *("AND", "OR", "LIKE", "NOT LIKE", "IS DISTINCT FROM", "BETWEEN 0 AND 2 AND"),
        *("IS NULL AND", "IS NULL =", "IS NOT NULL OR", "NOT BETWEEN 1 AND", "IN (1, 2) AND"),
        *("NOT IN (3) =", "::bigint +", "AND NOT", "OR NOT", "= NOT", "+ -", "- -", "= -", "* +"),
        "|| CASE WHEN TRUE THEN 1 ELSE 2 END ||",
    ]
)
CHAINS = st.tuples(
    st.sampled_from(["", "", "NOT ", "-", "- -", "NOT NOT "]),
    OPERANDS,
    st.lists(st.tuples(BETWEEN_OPERANDS, OPERANDS), min_size=1, max_size=4),
).map(lambda drawn: drawn[0] + drawn[1] + "".join(f" {op} {value}" for op, value in drawn[2]))


@settings(max_examples=600, deadline=None)
@given(CHAINS)
def test_operators_bind_as_in_duckdb(text: str) -> None:
    if sql.parse_expression(text, "", ProblemList(), scope={}, functions={}) is None:
        return
    try:
        theirs = duckdb.connect().execute(f"SELECT {text}").fetchall()[0][0]
    except duckdb.Error:
        return  # of values; what binds otherwise gives another value for others
    ours = evaluate(text)
    assert agree(ours, theirs) or isinstance(ours, Trapped), f"{text} is {ours!r}, not {theirs!r}"


def agree(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return bits(ours) == bits(theirs)
    return type(ours) is type(theirs) and bool(ours == theirs)


def is_excused(ours: Any, theirs: Any, one: Sql) -> bool:
    """Which errors DuckDB meets depends on more than the row."""
    if isinstance(theirs, Trapped):  # both sides of a conjunction; we stop at the answer
        return not {"AND", "OR"}.isdisjoint(one.ours.split())
    return isinstance(ours, Trapped) and theirs is None  # what is beside NULL may not be computed


def bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else struct.pack("<d", value)
