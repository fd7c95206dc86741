"""How tightly operators bind, against DuckDB. What their values are: `tests.fuzz`."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from jobspec import sql
from jobspec.problems import ProblemList
from tests.fuzz.compare import agree
from tests.jobspec.expressions import Trapped, evaluate

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
