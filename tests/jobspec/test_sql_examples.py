"""The examples of the function table: they run, here and in DuckDB, and give what they say."""

from __future__ import annotations

import duckdb
import pytest

from jobspec.sql.functions import FORMS, FUNCTIONS, NEGATE, OPERATORS
from jobspec.sql.functions.forms import Form
from jobspec.sql.functions.signature import Function
from tests.jobspec.expressions import Trapped, evaluate

ROWS: dict[str, Function | Form] = {
    **{row.name: row for row in (*OPERATORS.values(), *FUNCTIONS.values(), NEGATE)},
    **FORMS,
}


def examples(*, also_different: bool) -> list[tuple[str, str]]:
    return [
        example
        for row in ROWS.values()
        if also_different or not row.differs
        for example in row.examples
    ]


@pytest.mark.parametrize(("text", "expected"), examples(also_different=True))
def test_example_gives_what_the_reference_says(text: str, expected: str) -> None:
    same = evaluate(f"({text}) IS NOT DISTINCT FROM ({expected})")
    assert same is True, (evaluate(text), evaluate(expected))
    assert not isinstance(evaluate(text), Trapped)


@pytest.mark.parametrize(("text", "expected"), examples(also_different=False))
def test_example_gives_the_same_in_duckdb(text: str, expected: str) -> None:
    query = f"SELECT ({text}) IS NOT DISTINCT FROM ({expected}), ({text})"
    same, value = duckdb.sql(query).fetchall()[0]
    assert same, value


@pytest.mark.parametrize("row", list(ROWS.values()), ids=lambda row: row.name)
def test_every_row_of_the_table_has_words_and_an_example(row: Function | Form) -> None:
    assert row.examples
    assert row.about.endswith(".")
