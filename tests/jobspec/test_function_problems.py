"""Problems of researchers' functions, each at its place, and bounds on what they may be."""

from __future__ import annotations

import pytest

from jobspec.functions import compile_functions
from jobspec.functions.syntax import MAX_DEPTH
from jobspec.problems import ProblemList
from jobspec.types import ValueType
from tests.jobspec.functions_running import Functions, problems_of
from tests.jobspec.running import Instance

HEAD = "def f(n: i64, x: f64, b: bool) -> i64:\n"


@pytest.mark.parametrize(
    ("body", "code", "line", "column", "words"),
    [
        ("return m", "unknown_variable", 2, 12, "there is: b, n, x"),
        ("return absolute(n)", "unknown_function", 2, 12, "no function absolute"),
        ("return math.sine(n)", "unknown_function", 2, 12, "math.sine"),
        ("return math.po", "unknown_variable", 2, 12, "there is: e, inf, nan, pi, tau"),
        ("return max()", "wrong_argument_count", 2, 12, "max takes 2 or more arguments, not 0"),
        ("return abs(n, n)", "wrong_argument_count", 2, 12, "abs takes 1 argument, not 2"),
        ("return max(n, key=n)", "unsupported_python", 2, 12, "by position"),
        ("return n.bit_length()", "unsupported_python", 2, 12, "by their plain name"),
        ("return x", "type_mismatch", 2, 12, "the result is i64, not f64"),
        ("return b", "type_mismatch", 2, 12, "the result is i64, not bool"),
        ("return n + b", "type_mismatch", 2, 12, "i64 meets bool"),
        ("return b + b", "type_mismatch", 2, 12, "+ does not take bool"),
        ("return n + u64(n)", "type_mismatch", 2, 12, "convert one side: i64(...) or u64(...)"),
        ("return int(x & x)", "type_mismatch", 2, 16, "& does not take f64"),
        ("return int(x << 2)", "type_mismatch", 2, 16, "<< does not take f64 and i64"),
        ("return -b", "type_mismatch", 2, 12, "`not` turns a bool round"),
        ("return ~x", "type_mismatch", 2, 12, "~ does not take f64"),
        ("return n ** n", "unsupported_python", 2, 12, "1 << n is 2 ** n"),
        ("return n ** -1", "unsupported_python", 2, 12, "takes a whole number from 0"),
        ("return n @ n", "unsupported_python", 2, 12, "matrix products"),
        ("return n[0]", "type_mismatch", 2, 12, "only arrays have elements"),
        ("return abs('abc')", "unsupported_python", 2, 16, "leaves out text"),
        ("return 'ü' if b else 'x'", "unsupported_python", 2, 12, "leaves out text"),
        ("return ü + None", "unknown_variable", 2, 12, "no variable ü"),
        ("return n + 1j", "unsupported_python", 2, 16, "leaves out complex numbers"),
        ("return None", "missing_return", 2, 5, "return a value"),
        ("return n is 5", "unsupported_python", 2, 12, "`is` and `in` are left out"),
        ("return {n}", "unsupported_python", 2, 12, "leaves out sets"),
        ("return (lambda: n)()", "unsupported_python", 2, 12, "by their plain name"),
        ("return 9223372036854775808", "number_literal", 2, 12, "does not fit i64"),
        ("return 1 << 64", "number_literal", 2, 12, "does not fit i64"),
        ("return i8(128)", "number_literal", 2, 12, "128 does not fit i8"),
        ("return n if n else 5", "type_mismatch", 2, 17, "a condition is a bool, not i64"),
        ("return n and 5", "type_mismatch", 2, 12, "compare it: x != 0"),
        ("if n: return 1\n    return 2", "type_mismatch", 2, 8, "compare it: x != 0"),
        ("y = 0\n    y = x\n    return y", "type_mismatch", 3, 5, "variable y (line 2) is i64"),
        ("n = x\n    return n", "type_mismatch", 2, 5, "variable n (line 1) is i64, not f64"),
        ("y: i32 = 5\n    return y", "unknown_type", 2, 8, "one of bool, i64, u64, f64"),
        ("y: text = 5\n    return y", "unknown_type", 2, 8, "not text"),
        ("y: f64 = 5\n    y: i64 = 5\n    return 1", "type_mismatch", 3, 5, "y is f64 since"),
        ("if b:\n        y = 1\n    return y", "maybe_unassigned", 4, 12, "y may have no value"),
        ("while b:\n        y = 1\n    return y", "maybe_unassigned", 4, 12, "y may have no value"),
        ("for i in range(n):\n        y = i\n    return y", "maybe_unassigned", 4, 12, "y may"),
        ("y += 1\n    return y", "maybe_unassigned", 2, 5, "y may have no value"),
        ("y: i64\n    return y", "maybe_unassigned", 3, 12, "y may have no value"),
        ("if b:\n        return 1", "missing_return", 1, 1, "can end without returning"),
        ("while b:\n        return 1", "missing_return", 1, 1, "can end without returning"),
        ("while True:\n        break", "missing_return", 1, 1, "can end without returning"),
        ("pass", "missing_return", 1, 1, "can end without returning"),
        ("break\n    return 1", "python_syntax", 2, 5, "break stands outside a loop"),
        ("for i in n:\n        pass\n    return 1", "unsupported_python", 2, 14, "over range"),
        ("for i in range(x):\n        pass\n    return 1", "type_mismatch", 2, 14, "integers"),
        ("for i in range():\n        pass\n    return 1", "wrong_argument_count", 2, 14, "not 0"),
        ("for i in range(1, 5, 0):\n        pass\n    return 1", "number_literal", 2, 14, "zero"),
        ("for i, j in range(5):\n        pass\n    return 1", "unsupported_python", 2, 9, "plain"),
        ("for i in range(5):\n        pass\n    else:\n        n = 1\n    return 1",
         "unsupported_python", 5, 9, "`else` of loops"),
        ("a, b = 1\n    return n", "unsupported_python", 2, 5, "1 values are assigned to 2"),
        ("n[0] = 1\n    return n", "type_mismatch", 2, 5, "only arrays have elements"),
        ("n + 1\n    return n", "unsupported_python", 2, 5, "computed and not used"),
        ("print(n)\n    return n", "unsupported_python", 2, 5, "computed and not used"),
        ("import math\n    return n", "unsupported_python", 2, 5, "are there without it"),
        ("try:\n        n = 1\n    except ValueError:\n        pass\n    return n",
         "unsupported_python", 2, 5, "leaves out try"),
        ("def g():\n        pass\n    return n", "unsupported_python", 2, 5, "functions inside"),
        ("global y\n    return n", "unsupported_python", 2, 5, "global variables"),
        ("return (y := n)", "unsupported_python", 2, 13, "assignment inside an expression"),
        ("return n +", "python_syntax", 2, 15, "Python cannot read this"),
    ],
)  # fmt: skip
def test_problems_have_a_place(body: str, code: str, line: int, column: int, words: str) -> None:
    found = problems_of(f"{HEAD}    {body}")
    assert [problem.code for problem in found] == [code]
    assert (found[0].line, found[0].column) == (line, column)
    assert found[0].pointer == "/functions/f"
    assert words in found[0].render()


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("def f(n) -> i64:\n    return 1", "missing_annotation", "parameter n has no type"),
        ("def f(n: i64):\n    return 1", "missing_annotation", "the result has no type"),
        ("def f(n: i63) -> i64:\n    return 1", "unknown_type", "did you mean"),
        ("def f(n: str) -> i64:\n    return 1", "unknown_type", "strings stay in SQL"),
        ("def f(n: date) -> i64:\n    return 1", "unknown_type", "a date stays in SQL"),
        ("def f(n: list[str]) -> i64:\n    return 1", "unknown_type", "list[str]"),
        ("def f(n: i64[3]) -> i64:\n    return 1", "unknown_type", "i64[3]"),
        ("def f(n: i64[:, :, :, :]) -> i64:\n    return 1", "unknown_type", "f64[:, :]"),
        ("def f() -> list[i64]:\n    return 1", "unknown_type", "fill an array"),
        ("def f() -> tuple[i64]:\n    return 1", "unsupported_python", "2 to 16 results, not 1"),
        ("def f() -> tuple[i64, str]:\n    return 1", "unknown_type", "strings stay in SQL"),
        ("def f(n: i64 = 5) -> i64:\n    return 1", "unsupported_python", "no defaults"),
        ("def f(*n: i64) -> i64:\n    return 1", "unsupported_python", "no *args"),
        ("def f(*, n: i64) -> i64:\n    return 1", "unsupported_python", "keyword-only"),
        ("def f(n: i64, n: i64) -> i64:\n    return 1", "python_syntax", "are named n"),
        ("@cache\ndef f(n: i64) -> i64:\n    return 1", "unsupported_python", "decorators"),
        ("async def f(n: i64) -> i64:\n    return 1", "python_syntax", "must be one function"),
        ("x = 5", "python_syntax", "must be one function"),
        ("", "python_syntax", "must be one function"),
        ("def f() -> i64:\n    return 1\ndef g() -> i64:\n    return 2", "python_syntax", "one"),
        ("def g(n: i64) -> i64:\n    return 1", "function_name", "named g, its entry f"),
        ("def f(n: i64) -> i64:\nreturn 1", "python_syntax", "indented block"),
        ("def f(n: i64) -> i64:\n    return '\0'", "python_syntax", "null"),
        ("def f(n: i64) -> i64:\n    return '\ud800'", "python_syntax", "cannot read"),
        ("def f() -> i64:\n    return " + "9" * 5000, "python_syntax", "limit"),
    ],
)
def test_texts_that_are_no_function_are_refused(source: str, code: str, words: str) -> None:
    found = problems_of(f=source)
    assert [problem.code for problem in found] == [code]
    assert words in found[0].render()


def test_names_that_are_taken_or_not_plain_are_refused() -> None:
    assert [p.code for p in problems_of("def min(n: i64) -> i64:\n    return n")] == [
        "function_name"
    ]
    assert [p.code for p in problems_of("def größe(n: i64) -> i64:\n    return n")] == [
        "function_name"
    ]


def test_all_problems_of_all_functions_are_found() -> None:
    first = f"{HEAD}    y = m\n    z = y + 1\n    if n:\n        k = q\n    return z + x"
    second = "def g(n: i64) -> i64:\n    return f(n)"
    found = problems_of(first, second)
    assert [(p.pointer, p.code, p.line) for p in found] == [
        ("/functions/f", "unknown_variable", 2),
        ("/functions/f", "type_mismatch", 4),
        ("/functions/f", "unknown_variable", 5),
        ("/functions/g", "wrong_argument_count", 2),
    ]


def test_a_broken_function_can_still_be_named() -> None:
    problems = ProblemList()
    compiled = compile_functions({"f": "def f(n: i64) -> u8:\n    return m"}, problems)
    assert (compiled["f"].params, compiled["f"].result) == (
        (("n", ValueType.I64),),
        ValueType.U8,
    )
    assert len(problems) == 1


def test_messages_stay_short_whatever_they_quote() -> None:
    found = problems_of(f"def f(n: i64) -> i64:\n    return {'m' * 10_000}")
    assert len(found[0].message) == 300


def test_columns_count_characters_not_bytes() -> None:
    found = problems_of("def f(größe: i64) -> i64:\n    return größe + näher")
    assert (found[0].line, found[0].column) == (2, 20)


# --- recursion and size ---------------------------------------------------------------------------


def test_recursion_is_refused_at_the_call() -> None:
    found = problems_of("def f(n: i64) -> i64:\n    return 1 if n < 2 else n * f(n - 1)")
    assert [(p.code, p.line, p.column) for p in found] == [("recursion", 2, 32)]


def test_recursion_through_others_is_refused_once_a_function() -> None:
    found = problems_of(
        "def a(n: i64) -> i64:\n    return b(n)",
        "def b(n: i64) -> i64:\n    return c(n)",
        "def c(n: i64) -> i64:\n    return a(n)",
        "def d(n: i64) -> i64:\n    return a(n)",
    )
    assert [(p.code, p.pointer) for p in found] == [
        ("recursion", f"/functions/{name}") for name in "abc"
    ]


def test_a_long_chain_of_calls_compiles() -> None:
    sources = {"fn0": "def fn0(n: i64) -> i64:\n    return n"}
    for index in range(1, 1200):
        sources[f"fn{index}"] = f"def fn{index}(n: i64) -> i64:\n    return fn{index - 1}(n) + 1"
    problems = ProblemList()
    compiled = compile_functions(dict(reversed(sources.items())), problems)
    assert not problems.all()
    instance = Instance(*(item.function for item in compiled.values()))
    assert instance.call("fn_fn1199", 1) == 1200


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "n" + ")" * 3000,
        "-" * 9000 + "n",
        "not " * 4000 + "b",
        "n" + " + n" * 4000,
        "n" + " if b else n" * 1000,
        "n" + "()" * 4000,
        "abs(" * 2000 + "n" + ")" * 2000,
        "n" + ".a" * 8000,
        "[" * 5000,
        "lambda:" * 2000 + "n",
        "f'" + "{" * 100,
    ],
)
@pytest.mark.timeout(20)
def test_bombs_are_problems(text: str) -> None:
    found = problems_of(f"{HEAD}    return {text}")
    assert found
    assert {problem.code for problem in found} <= {"python_too_deep", "python_syntax"}


def test_deep_blocks_and_long_else_chains_are_refused() -> None:
    chain = "".join(f"    elif n == {i}:\n        n = {i}\n" for i in range(200))
    found = problems_of(f"{HEAD}    if n == -1:\n        n = 5\n{chain}    return n")
    assert [problem.code for problem in found] == ["python_too_deep"]


def test_a_function_as_deep_as_allowed_compiles() -> None:
    text = "n" + " + n" * (MAX_DEPTH - 6)
    assert Functions(f"{HEAD}    return {text}")("f", 2, 0.0, 0) == 2 * (MAX_DEPTH - 5)


def test_too_long_a_text_is_refused() -> None:
    found = problems_of("def f(n: i64) -> i64:\n    return n" + "\n" * 20_000)
    assert [problem.code for problem in found] == ["too_long"]


def test_too_many_parameters_are_refused() -> None:
    params = ", ".join(f"p{index}: i64" for index in range(65))
    assert [p.code for p in problems_of(f"def f({params}) -> i64:\n    return p0")] == ["too_long"]


@pytest.mark.timeout(20)
def test_a_large_flat_function_compiles() -> None:
    lines = "".join(f"    n = n * 3 + {index} if n % 2 == 0 else n - 1\n" for index in range(400))
    functions = Functions(f"def f(n: i64) -> i64:\n{lines}    return n")
    expected = 10
    for index in range(400):
        expected = expected * 3 + index if expected % 2 == 0 else expected - 1
    assert functions("f", 10) == (expected + 2**63) % 2**64 - 2**63


def test_line_ends_of_other_systems_are_read() -> None:
    functions = Functions("def f(n: i64) -> i64:\r\n    m = n\r\n    return 1 // m")
    assert functions("f", 0) == ("division_by_zero", 3)
