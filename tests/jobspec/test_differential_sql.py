"""SQL expressions against DuckDB: random expressions over random rows give the same values."""

from __future__ import annotations

import math
import struct
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobspec.expressions import DuckDB, Expressions, Trapped
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
    compiled = Expressions([sql.ours for sql in generated], SCHEMA)
    ours = [compiled.run(row) for row in rows]
    duckdb = DuckDB(SCHEMA, rows)
    try:
        for index, sql in enumerate(generated):
            theirs = duckdb.run(sql.duckdb)
            for row, values, expected in zip(rows, ours, theirs, strict=False):
                assert agree(values[index], expected) or is_excused(values[index], expected, sql), (
                    f"{sql.ours}\nas DuckDB's {sql.duckdb}\nof {row}\n"
                    f"is {values[index]!r}, not {expected!r}"
                )
    finally:
        duckdb.close()


def agree(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return bits(ours) == bits(theirs)
    return type(ours) is type(theirs) and bool(ours == theirs)


def is_excused(ours: Any, theirs: Any, sql: Sql) -> bool:
    """Which errors DuckDB meets depends on more than the row."""
    if isinstance(theirs, Trapped):  # both sides of a conjunction; we stop at the answer
        return not {"AND", "OR"}.isdisjoint(sql.ours.split())
    return isinstance(ours, Trapped) and theirs is None  # what is beside NULL may not be computed


def bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else struct.pack("<d", value)
