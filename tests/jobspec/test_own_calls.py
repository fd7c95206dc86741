"""Calls of a job's own functions in expressions: arrays by name, several derived columns."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from jobspec import ir, sql
from jobspec.functions import compile_functions
from jobspec.problems import ProblemList
from jobspec.shared import Shared, SharedArray
from jobspec.types import Column, ValueType
from tests.jobspec.jobs import compiled, computed, problems
from tests.jobspec.running import Instance

I64, F64, U8 = ValueType.I64, ValueType.F64, ValueType.U8
DIVIDE = "def divide(a: i64, b: i64) -> tuple[i64, i64]:\n    return a // b, a % b"
RANGE = {"range": {"n": [0, 6]}}

# --- several columns ------------------------------------------------------------------------------


def test_a_call_with_several_results_derives_as_many_columns() -> None:
    job = compiled(
        RANGE,
        {"derive": {"q, r": "divide(n * 7, 4)", "s": "q * 4 + r"}},
        functions={"divide": DIVIDE},
    )
    expected = [{"n": n, "q": n * 7 // 4, "r": n * 7 % 4, "s": n * 7} for n in range(6)]
    assert computed(job) == computed(job, rows=2) == expected


def test_all_results_are_null_where_an_argument_is() -> None:
    rows = {"rows": [{"a": 7, "b": 2}, {"a": None, "b": 2}, {"a": 9, "b": 4}]}
    job = compiled(rows, {"derive": {"q,r": "divide(a, b)"}}, functions={"divide": DIVIDE})
    assert [(row["q"], row["r"]) for row in computed(job)] == [(3, 1), (None, None), (2, 1)]


def test_columns_that_nobody_reads_are_dropped_and_the_call_with_the_last_of_them() -> None:
    steps = [{"derive": {"q, r": "divide(n, 0)", "k": "n + 1"}}, {"select": ["k"]}]
    job = compiled(RANGE, *steps, functions={"divide": DIVIDE})
    assert [row["k"] for row in computed(job)] == [1, 2, 3, 4, 5, 6]
    steps = [{"derive": {"q, r": "divide(n, 4)"}}, {"select": ["r"]}]
    job = compiled(RANGE, *steps, functions={"divide": DIVIDE})
    assert [row["r"] for row in computed(job)] == [0, 1, 2, 3, 0, 1]


@pytest.mark.parametrize(
    ("derive", "code", "pointer", "words"),
    [
        ({"q": "divide(n, 2)"}, "type_mismatch", "/q", 'name as many columns: {"derive": {"a, b"'),
        ({"q": "1 + divide(n, 2)"}, "type_mismatch", "/q", "divide has 2 results"),
        ({"q, r": "n + 1"}, "type_mismatch", "/q, r", "2 columns are derived from one value"),
        ({"q, r": "abs(n)"}, "type_mismatch", "/q, r", "call a function of the job"),
        ({"q, r, s": "divide(n, 2)"}, "type_mismatch", "/q, r, s", "2 results for 3 columns"),
        ({"q, r": "one(n)"}, "type_mismatch", "/q, r", "one has 1 result for 2 columns"),
        ({"q, r": "divide(n)"}, "wrong_argument_count", "/q, r", "divide takes 2 arguments"),
        ({"q, r": "divide(m, 2)"}, "unknown_column", "/q, r", "no column 'm'"),
        ({"q, q": "divide(n, 2)"}, "duplicate_name", "/q, q", "'q' stands twice"),
        ({"q, 1": "divide(n, 2)"}, "bad_name", "/q, 1", "'1' is not a plain name"),
        ({"q,": "divide(n, 2)"}, "bad_name", "/q,", "'' is not a plain name"),
        ({"q": "nothing(n)"}, "type_mismatch", "/q", "nothing has no result"),
        ({"q": "one(*)"}, "wrong_argument_count", "/q", "one does not take *"),
    ],
)
def test_results_and_columns_must_be_as_many(
    derive: dict[str, str], code: str, pointer: str, words: str
) -> None:
    functions = {
        "divide": DIVIDE,
        "one": "def one(n: i64) -> i64:\n    return n",
        "nothing": "def nothing(n: i64) -> None:\n    return",
    }
    found = problems(RANGE, {"derive": derive}, functions=functions)
    assert [(problem.code, problem.pointer) for problem in found] == [
        (code, f"/steps/0/derive{pointer}")
    ]
    assert words in found[0].render()


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"functions": {"f": "def f(n) -> i64:\n    return n"}}, "/functions/f"),
        ({"functions": {"f": "def f(n: i64) -> i64:\n    return n +"}}, "/functions/f"),
        (
            {
                "functions": {
                    "f": "def f(n: i64) -> i64:\n    return g(n)",
                    "g": "def g(n) -> i64:\n    return n",
                }
            },
            "/functions/g",
        ),
        (
            {
                "functions": {"f": "def f(n: i64, xs: i64[:]) -> i64:\n    return xs[n]"},
                "shared": {"xs": {"values": [1, "a"], "type": "i64"}},
                "steps": [{"derive": {"a": "f(n, xs)"}}],
            },
            "/shared/xs",
        ),
        (
            {
                "shared": {"t": {"rows": [{"n": 1}, {"n": "a"}]}},
                "steps": [{"join": {"table": "t", "on": {"n": "n"}}}],
            },
            "/shared/t/rows/1/n",
        ),
    ],
)
def test_what_cannot_be_read_is_reported_where_it_stands_only(
    members: dict[str, Any], pointer: str
) -> None:
    steps = members.get("steps", [{"derive": {"a": "f(n)"}}])
    found = problems(RANGE, *steps, **{key: members[key] for key in members if key != "steps"})
    assert [problem.pointer for problem in found] == [pointer]


# --- shared arrays --------------------------------------------------------------------------------

MATRIX = SharedArray(
    name="matrix", element=F64, shape=(2, 3), data=struct.pack("<6d", 1, 2, 3, 4, 5, 6)
)
BYTES = SharedArray(name="bytes", element=U8, shape=(4,), data=b"\x01\x02\x03\xff")
DAYS = SharedArray(name="days", element=ValueType.DATE, shape=(1,), data=b"\0\0\0\0")
SHARED: Shared = {"matrix": MATRIX, "bytes": BYTES, "days": DAYS}
FUNCTIONS = {
    "at": "def at(m: f64[:, :], i: i64, j: i64) -> f64:\n    return m[i][j] + len(m) * 100",
    "dot": "def dot(xs: u8[:], m: f64[:, :], k: i64) -> f64:\n    total = 0.0\n"
    "    for i in range(len(m[0])):\n        total += xs[i] * m[k, i]\n    return total",
    "fill": "def fill(xs: u8[:], n: i64) -> i64:\n    xs[0] = n\n    return n",
    "whole": "def whole(xs: i64[:]) -> i64:\n    return xs[0]",
    "plain": "def plain(n: i64) -> i64:\n    return n",
}
SCOPE = {"i": Column("i", I64)}


def value_of(text: str, i: int) -> float | tuple[str, int | None]:
    """The value of an expression over the row, or the code and line of its trap."""
    found, traps = ProblemList(), ir.TrapSites()
    functions = compile_functions(FUNCTIONS, found, traps)
    typed = sql.parse_expression(text, "/x", found, scope=SCOPE, functions=functions, shared=SHARED)
    assert typed is not None, found.all()
    body = ir.Body(traps)
    value = sql.lower(typed, {"i": sql.Value(I64, ir.Get("i", ir.Kind.I64))}, body)
    body.add(ir.Return(value.value))
    row = ir.Function(
        name="row", params=(("i", ir.Kind.I64),), result=value.type.kind, body=body.statements()
    )
    instance = Instance(row, *(item.function for item in functions.values()))
    result: float = instance.call("row", i)
    number = instance.trap()
    if number is None:
        return result
    site = traps.all()[number]
    return site.code, site.line


def test_shared_arrays_are_passed_by_name() -> None:
    assert [value_of("at(matrix, i, 2)", i) for i in (0, 1)] == [203.0, 206.0]
    assert value_of("dot(bytes, matrix, i) + at(matrix, 0, 0)", 1) == 4 + 10 + 18 + 201
    assert value_of("at(matrix, i, 0)", 2) == ("index_out_of_range", 2)
    assert value_of("at(matrix, i, 3)", 1) == ("index_out_of_range", 2)
    assert value_of("at(matrix, 0, i)", -1) == ("index_out_of_range", 2)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("at(matrx, i, 2)", "type_mismatch", "did you mean 'matrix'?"),
        ("at(i, i, 2)", "type_mismatch", "parameter 'm' of at is the array f64[:, :]"),
        ("at(1.5, i, 2)", "type_mismatch", "name an array of the job's 'shared' inputs"),
        ("at(NULL, i, 2)", "type_mismatch", "name an array"),
        ("at(bytes, i, 2)", "type_mismatch", "annotate the parameter: m: u8[:]"),
        ("at(matrix, matrix, 2)", "unknown_column", "'matrix' is a shared input"),
        ("at(matrix, i)", "wrong_argument_count", "at takes 3 arguments, not 2"),
        ("at(matrix, i, 0.5e0)", "type_mismatch", "parameter 'j' of at is i64"),
        ("whole(bytes)", "type_mismatch", "the array i64[:], not u8[4]"),
        ("whole(days)", "type_mismatch", "functions take arrays of numbers and bools"),
        ("fill(bytes, i)", "type_mismatch", "shared inputs stay as they are"),
        ("plain(bytes)", "unknown_column", "pass an array to a function"),
        ("matrix + 1", "unknown_column", "'matrix' is a shared input"),
    ],
)
def test_arrays_must_be_shared_and_of_the_declared_type(text: str, code: str, words: str) -> None:
    found = ProblemList()
    functions = compile_functions(FUNCTIONS, found)
    typed = sql.parse_expression(text, "/x", found, scope=SCOPE, functions=functions, shared=SHARED)
    assert typed is None
    assert [problem.code for problem in found] == [code]
    assert words in found.all()[0].render()


def test_shared_inputs_of_a_document_reach_functions() -> None:
    shared = {
        "weights": {"values": [[1, 2, 3], [4, 5, 6]], "type": "i32"},
        "flags": {"values": [True, False, True], "type": "bool"},
    }
    weigh = (
        "def weigh(w: i32[:, :], flags: bool[:], n: i64) -> tuple[i64, i64]:\n"
        "    total, used = 0, 0\n    for i in range(len(flags)):\n        if flags[i]:\n"
        "            total += w[n % 2][i]\n            used += 1\n    return total, used"
    )
    steps = {"derive": {"total, used": "weigh(weights, flags, n)"}}
    job = compiled(RANGE, steps, functions={"weigh": weigh}, shared=shared)
    assert [(row["total"], row["used"]) for row in computed(job, rows=4)] == [(4, 2), (10, 2)] * 3
    assert "shared weights: i32[2, 3], sha256 " in job.listing
