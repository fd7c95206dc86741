"""Problems of functions with arrays and several results, each at its place."""

from __future__ import annotations

import pytest

from jobspec.functions import compile_functions
from jobspec.problems import ProblemList
from tests.jobspec.functions_running import problems_of

HEAD = "def f(n: i64, x: f64, xs: f64[:], m: u8[:, :]) -> i64:\n"


@pytest.mark.parametrize(
    ("body", "code", "line", "column", "words"),
    [
        ("return xs", "type_mismatch", 2, 12, "not the array f64[:] (take an element: xs[0])"),
        ("return m[0]", "type_mismatch", 2, 12, "not the array u8[:]"),
        ("return [n]", "type_mismatch", 2, 12, "not the array i64[1]"),
        ("return n + xs", "type_mismatch", 2, 16, "a number is needed"),
        ("return int(xs[1.5])", "type_mismatch", 2, 16, "an index is an integer, not f64"),
        ("return int(xs[-1])", "number_literal", 2, 16, "xs[len(xs) - 1]"),
        ("return int(xs[1:2])", "unsupported_python", 2, 16, "slices"),
        ("return int(xs[0, 1])", "type_mismatch", 2, 16, "f64[:] does not take 2 indexes"),
        ("return m[0][1][2]", "type_mismatch", 2, 12, "only arrays have elements"),
        ("return m[0, 1][2]", "type_mismatch", 2, 12, "only arrays have elements"),
        ("return [1, 2][2]", "number_literal", 2, 12, "the array has 2 elements"),
        ("return int(xs[99999999999999999999])", "number_literal", 2, 16, "too large"),
        ("xs[0] = True\n    return n", "type_mismatch", 2, 5, "an element is f64, not bool"),
        ("m[0] = 1\n    return n", "type_mismatch", 2, 5, "rows are not assigned"),
        ("m[0, 0] = 256\n    return n", "number_literal", 2, 5, "256 does not fit u8"),
        ("xs = n\n    return n", "type_mismatch", 2, 5, "variable xs (line 1) is f64[:], not i64"),
        ("n = xs\n    return n", "type_mismatch", 2, 5, "variable n (line 1) is i64, not f64[:]"),
        ("xs = [1, 2]\n    return n", "type_mismatch", 2, 5, "is f64[:], not i64[2]"),
        ("y = [1, 2]\n    y = [1, 2, 3]\n    return n", "type_mismatch", 3, 5, "not i64[3]"),
        ("y = []\n    return n", "unsupported_python", 2, 9, "[0] * 100"),
        ("y = [0] * n\n    return n", "unsupported_python", 2, 15, "as it stands"),
        ("y = [0] * 0\n    return n", "unsupported_python", 2, 15, "from 1 on"),
        ("y = [0] * len(xs)\n    return n", "unsupported_python", 2, 15, "the greatest length"),
        ("y = [i for i in range(n)]\n    return n", "unsupported_python", 2, 21, "range(10), say"),
        ("y = [v for v in xs]\n    return n", "unsupported_python", 2, 21, "goes over range"),
        ("y = [i for i in range(9) if i]\n    return n", "unsupported_python", 2, 9, "no `if`"),
        ("y = [[0] * 3] * 3\n    return n", "unsupported_python", 2, 9, "one and the same list"),
        ("y = [[1], [2, 3]]\n    return n", "type_mismatch", 2, 9, "equally long"),
        ("y = [[1], 2]\n    return n", "type_mismatch", 2, 15, "all numbers or all rows"),
        ("y = [[[[1]]]]\n    return n", "unsupported_python", 2, 9, "at most 3 dimensions"),
        ("y = [1, True]\n    return n", "type_mismatch", 2, 10, "an element is bool, not i64"),
        ("y = [n, True]\n    return n", "type_mismatch", 2, 9, "not of bool, i64"),
        ("y = [xs, xs]\n    return n", "type_mismatch", 2, 10, "a number is needed"),
        ("y = [0] * 3_000_000\n    return n", "program_too_large", 2, 9, "24,000,000 bytes"),
        ("y = [[0] * 9999999 for i in range(99999999)]\n    return n", "program_too_large", 2, 9,
         "bytes"),
        ("y: u8[:] = xs\n    return n", "unsupported_python", 2, 5, "written where it is made"),
        ("y: u8[:]\n    return n", "unsupported_python", 2, 5, "y: u8[:] = [0] * 10"),
        ("y: u8[:, :] = [1, 2]\n    return n", "type_mismatch", 2, 19, "is u8[2], not u8[:, :]"),
        ("y: u8[:] = [256]\n    return n", "number_literal", 2, 17, "256 does not fit u8"),
        ("y: str[:] = [1]\n    return n", "unknown_type", 2, 8, "str[:]"),
        ("return len(n)", "type_mismatch", 2, 12, "len takes an array, not i64"),
        ("return len(xs, xs)", "wrong_argument_count", 2, 12, "len takes 1 argument, not 2"),
        ("return int(max(xs, x))", "type_mismatch", 2, 20, "a number is needed"),
        ("return int(sum(m))", "unsupported_python", 2, 20, "not over"),
        ("return int(sum(x))", "type_mismatch", 2, 16, "sum takes an array, not f64"),
        ("return int(max(m))", "type_mismatch", 2, 20, "numbers are compared"),
        ("return int(min([True]))", "type_mismatch", 2, 20, "numbers are compared"),
        ("return max(n)", "type_mismatch", 2, 12, "max takes an array, not i64"),
        ("return sorted(xs)", "unknown_function", 2, 12, "in loops of your own"),
        ("xs.append(x)\n    return n", "unsupported_python", 2, 5, "methods, such as .append"),
        ("y = xs.pop()\n    return n", "unsupported_python", 2, 9, "an array keeps its length"),
        ("for row in m:\n        pass\n    return n", "unsupported_python", 2, 16, "not over"),
        ("for i in enumerate(xs):\n        pass\n    return n", "unsupported_python", 2, 14, ""),
        ("return xs == xs", "type_mismatch", 2, 12, "a number is needed"),
        ("return f(n, x, m, xs)", "recursion", 2, 12, "f calls itself"),
        ("if xs:\n        pass\n    return n", "type_mismatch", 2, 8, "a number is needed"),
        ("return n, n", "unsupported_python", 2, 12, "-> tuple[i64, f64]"),
        ("y = n, n\n    return n", "unsupported_python", 2, 9, "several values stand only"),
        ("y = divmod(n, n)\n    return n", "type_mismatch", 2, 9, "name them all: a, b"),
        ("a, b, c = divmod(n, n)\n    return n", "unsupported_python", 2, 5, "2 values"),
        ("a, (b, c) = n, n\n    return n", "unsupported_python", 2, 8, "only plain variables"),
        ("a, *b = n, n\n    return n", "unsupported_python", 2, 8, "only plain variables"),
        ("return divmod(n, n)", "type_mismatch", 2, 12, "this call has 2 results"),
        ("if n > 0:\n        y = [1]\n    return y[0]", "maybe_unassigned", 4, 12, "y may have no"),
        ("for i in range(3):\n        y = [0]\n        if i == 0:\n            z = y\n    return n",
         "unsupported_python", 3, 9, "another variable may stand for it"),
        ("z = [9]\n    for i in range(3):\n        z = y = [0]\n    return n",
         "unsupported_python", 4, 9, "another variable may stand for it"),
        ("y = [1]\n    for i in range(3):\n        y = [y[j] for j in range(1)]\n    return n",
         "unsupported_python", 4, 14, "made anew from itself"),
        ("y = [1, 2]\n    for i in range(3):\n        y, z = [0, 0], y[0]\n    return n",
         "unsupported_python", 4, 24, "made anew from itself"),
    ],
)  # fmt: skip
def test_problems_have_a_place(body: str, code: str, line: int, column: int, words: str) -> None:
    found = problems_of(f"{HEAD}    {body}")
    assert [problem.code for problem in found] == [code], found
    assert (found[0].line, found[0].column) == (line, column)
    assert words in found[0].render()


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("g(n, xs)", "type_mismatch", "parameter xs of g is i64[:], not i64 (pass an array)"),
        ("g(xs, xs)", "type_mismatch", "is i64[:], not f64[:]"),
        ("g([1.5], n)", "type_mismatch", "is i64[:], not f64[1]"),
        ("g([[1]], n)", "type_mismatch", "is i64[:], not i64[1, 1]"),
        ("g([1], xs)", "type_mismatch", "a number is needed, not the array f64[:]"),
        ("g([1])", "wrong_argument_count", "g takes 2 arguments, not 1"),
        ("nothing([1])", "type_mismatch", "this call has no result"),
    ],
)
def test_arguments_must_be_arrays_where_parameters_are(call: str, code: str, words: str) -> None:
    found = problems_of(
        f"def f(n: i64, xs: f64[:]) -> i64:\n    return {call}",
        "def g(xs: i64[:], n: i64) -> i64:\n    return xs[n]",
        "def nothing(xs: i64[:]) -> None:\n    xs[0] = 1",
    )
    assert [problem.code for problem in found] == [code]
    assert words in found[0].render()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 1", "1 values are returned, the function has 2 results"),
        ("return 1, 2, 3", "3 values are returned"),
        ("return 1, 'a'", "leaves out text"),
        ("return 1.5, 1", "result 1 is i64, not f64"),
        ("return", "the result is i64 and f64, so return a value"),
        ("pass", "can end without returning"),
    ],
)
def test_results_must_be_as_many_and_as_declared(body: str, words: str) -> None:
    found = problems_of(f"def f() -> tuple[i64, f64]:\n    {body}")
    assert len(found) == 1
    assert words in found[0].render()


def test_a_function_without_a_result_returns_nothing() -> None:
    found = problems_of("def f(xs: i64[:]) -> None:\n    return xs[0]")
    assert [problem.code for problem in found] == ["type_mismatch"]
    assert "annotate it" in found[0].render()


def test_the_arrays_of_all_functions_share_one_limit() -> None:
    source = "def {0}(i: i64) -> i64:\n    xs = [0] * 100\n    return xs[i]"
    sources = {name: source.format(name) for name in ("a", "b", "c")}
    problems = ProblemList()
    compile_functions(sources, problems, array_bytes=1999)
    assert [(p.code, p.pointer) for p in problems] == [("program_too_large", "/functions/c")] or [
        (p.code, p.pointer) for p in problems
    ] == [("program_too_large", "/functions/b"), ("program_too_large", "/functions/c")]


def test_an_array_is_not_made_anew_while_a_loop_goes_over_it() -> None:
    found = problems_of(
        "def f(n: i64) -> i64:\n    xs = [1, 2]\n    for x in xs:\n        xs = [x, n]\n"
        "    for i in range(3):\n        for x in xs:\n            xs = [x, 7]\n"
        "        xs = [i, 7]\n        for x in xs:\n            n += x\n    return n"
    )
    assert [(problem.line, problem.column) for problem in found] == [(7, 13)]
    assert "xs is made anew while a loop goes over it" in found[0].message
