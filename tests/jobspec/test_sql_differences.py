"""The page of differences from DuckDB says what is so, on both sides."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobspec import sql
from jobspec.problems import ProblemList
from jobspec.types import Column, ValueType
from tests.jobspec.expressions import Trapped, evaluate

PAGE = Path(__file__).parents[2] / "docs" / "sql-differences.md"
SCOPE = {"n": Column("n", ValueType.I64)}
_DUCKDB_NAMES = {
    "i8": "TINYINT",
    "i64": "BIGINT",
    "u64": "UBIGINT",
    "f64": "DOUBLE",
    "string": "VARCHAR",
}


def rows() -> list[tuple[str, str, str]]:
    expressions = PAGE.read_text(encoding="utf-8").partition("## Aggregate functions")[0]
    found = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", expressions, re.MULTILINE)
    assert len(found) > 20
    return found


@pytest.mark.parametrize(("expression", "ours", "theirs"), rows())
def test_both_engines_do_what_the_page_says(expression: str, ours: str, theirs: str) -> None:
    assert shown(our_value(expression)) == ours
    assert shown(value_of_duckdb(expression)) == theirs


def our_value(expression: str) -> Any:
    problems = ProblemList()
    if sql.parse_expression(expression, "", problems, scope=SCOPE, functions={}) is None:
        assert problems
        return "refused"
    return evaluate(expression, n=0)


def value_of_duckdb(expression: str) -> Any:
    for ours, theirs in _DUCKDB_NAMES.items():
        expression = re.sub(rf"\bAS {ours}\b", f"AS {theirs}", expression)
    try:
        return duckdb.connect().execute(f"SELECT {expression} FROM range(1) t(n)").fetchall()[0][0]
    except duckdb.Error:
        return Trapped()


def shown(value: Any) -> str:
    if isinstance(value, Trapped):
        return "error"
    value = float(value) if isinstance(value, Decimal) else value
    return value if value == "refused" else ast.unparse(ast.Constant(value))
