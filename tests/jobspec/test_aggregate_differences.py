"""The page of differences from DuckDB says what is so of aggregates, on both sides."""

from __future__ import annotations

import ast
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jobspec import DocumentError, MergeError
from tests.jobspec.jobs import compiled, computed

PAGE = Path(__file__).parents[2] / "docs" / "sql-differences.md"
NUMBERS = ((2, math.inf), (1, 1.0), (2, 1.0))


def rows() -> list[tuple[str, str, str]]:
    section = PAGE.read_text(encoding="utf-8").partition("## Aggregate functions")[2]
    found = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", section, re.MULTILINE)
    assert len(found) > 8
    return found


@pytest.mark.parametrize(("call", "ours", "theirs"), rows())
def test_both_engines_do_what_the_page_says(call: str, ours: str, theirs: str) -> None:
    assert shown(our_value(call)) == ours
    assert shown(value_of_duckdb(call)) == theirs


def our_value(call: str) -> Any:
    source = {
        "rows": [{"n": n, "x": 1.0 if math.isinf(x) else x} for n, x in NUMBERS],
    }
    infinite = {"derive": {"x": "CASE WHEN r = 0 THEN x / 0 ELSE x END"}}
    source["rows"] = [{**row, "r": number} for number, row in enumerate(source["rows"])]
    try:
        job = compiled(source, infinite, {"aggregate": {"a": call}})
        return computed(job)[0]["a"]
    except DocumentError:
        return "refused"
    except MergeError:
        return "error"


def value_of_duckdb(call: str) -> Any:
    values = ", ".join(f"({n}::BIGINT, '{x}'::DOUBLE)" for n, x in NUMBERS)
    try:
        return (
            duckdb.connect()
            .execute(f"SELECT {call} FROM (VALUES {values}) t(n, x)")
            .fetchall()[0][0]
        )
    except duckdb.Error:
        return "error"


def shown(value: Any) -> str:
    if value in ("refused", "error"):
        return str(value)
    value = float(value) if isinstance(value, Decimal) else value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return ast.unparse(ast.Constant(value))
