"""Researchers' functions: what they compute, how they trap, and what they are refused for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobspec import ir
from jobspec.functions import CompiledFunction, compile_functions
from jobspec.functions.syntax import MAX_DEPTH
from jobspec.ir import Kind
from jobspec.problems import ProblemList
from jobspec.types import ValueType
from jobspec.wasm.codegen import assemble
from tests.jobspec.functions_running import Functions, problems_of
from tests.jobspec.running import Instance

small = st.integers(-(10**6), 10**6)


# --- programs people write ------------------------------------------------------------------------

GCD = """def gcd(a: i64, b: i64) -> i64:
    while b != 0:
        a, b = b, a % b
    return abs(a)"""

ISQRT = """def isqrt(n: i64) -> i64:
    if n < 2:
        return n
    low = 1
    high = min(n, 3037000499)
    while low < high:
        middle = low + (high - low + 1) // 2
        if middle * middle <= n:
            low = middle
        else:
            high = middle - 1
    return low"""

IS_PRIME = '''def is_prime(n: i64) -> bool:
    """Trial division."""
    if n < 2 or n % 2 == 0 or n % 3 == 0:
        return n == 2 or n == 3
    for d in range(5, isqrt(n) + 1, 6):
        if n % d == 0 or n % (d + 2) == 0:
            return False
    return True'''

FLIGHT = """def flight(n: i64) -> i32:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps"""

MANDELBROT = """def mandelbrot(cx: f64, cy: f64) -> u16:
    x = 0.0
    y = 0.0
    for i in range(1000):
        x2, y2 = x * x, y * y
        if x2 + y2 > 4.0:
            return i
        x, y = x2 - y2 + cx, 2 * x * y + cy
    return 1000"""

POWER_MODULO = """def power_modulo(base: i64, exponent: i64, modulus: i64) -> i64:
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent & 1 == 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result"""

FNV = """def fnv(x: u64) -> u64:
    hash: u64 = 14695981039346656037
    for shift in range(0, 64, 8):
        hash = (hash ^ (x >> shift & 255)) * 1099511628211
    return hash"""


@given(small, small)
def test_greatest_common_divisor(a: int, b: int) -> None:
    assert Functions(GCD)("gcd", a, b) == math.gcd(a, b)


def test_integer_square_root() -> None:
    functions = Functions(ISQRT)
    numbers = [0, 1, 2, 3, 4, 15, 16, 17, 10**12 - 1, 10**12, 2**63 - 1, 3037000499**2]
    for number in numbers:
        assert functions("isqrt", number) == math.isqrt(number)


def test_functions_call_each_other_whatever_their_order() -> None:
    functions = Functions(IS_PRIME, ISQRT)
    primes = [n for n in range(200) if functions("is_prime", n)]
    assert primes == [n for n in range(2, 200) if all(n % d for d in range(2, n))]


def test_collatz_flights() -> None:
    functions = Functions(FLIGHT)
    assert [functions("flight", n) for n in (1, 2, 27, 97, 2298025)] == [0, 1, 111, 118, 559]


def test_mandelbrot_iterations() -> None:
    functions = Functions(MANDELBROT)
    assert functions("mandelbrot", 0.0, 0.0) == 1000
    assert functions("mandelbrot", 2.0, 2.0) == 1
    assert functions("mandelbrot", -0.75, 0.1) == 33


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 2**31))
def test_modular_powers(base: int, exponent: int, modulus: int) -> None:
    result = Functions(POWER_MODULO)("power_modulo", base, exponent, modulus)
    assert result == (pow(base, exponent, modulus) if exponent else 1)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, 15, 16, 17, 18, 63, 64, 100, 1000, 1024])
def test_powers_are_products_however_large_the_exponent(exponent: int) -> None:
    functions = Functions(
        f"def whole(n: i64) -> i64:\n    return n ** {exponent}",
        f"def natural(n: u64) -> u64:\n    return n ** {exponent}",
        f"def real(x: f64) -> f64:\n    return x ** {exponent}",
    )
    for base in (-7, -1, 0, 1, 2, 3, 10**9 + 7):
        assert functions("whole", base) % 2**64 == base**exponent % 2**64
        assert functions("natural", base) % 2**64 == base**exponent % 2**64
    for number in (-1.001, 0.0, 0.5, 1.0 + 2**-40):
        assert functions("real", number) == pytest.approx(number**exponent, rel=1e-12)


def test_unsigned_hashes_wrap() -> None:
    expected = 14695981039346656037
    for byte in (2**64 - 2).to_bytes(8, "little"):
        expected = (expected ^ byte) * 1099511628211 % 2**64
    assert Functions(FNV)("fnv", -2) % 2**64 == expected


# --- types ----------------------------------------------------------------------------------------


def test_the_types_of_a_function_are_those_of_its_annotations() -> None:
    source = "def f(a: u8, b: int, c: float, d: f32) -> bool:\n    return a > b or c > d"
    compiled = Functions(source).compiled["f"]
    assert compiled.params == (
        ("a", ValueType.U8),
        ("b", ValueType.I64),
        ("c", ValueType.F64),
        ("d", ValueType.F32),
    )
    assert compiled.result is ValueType.BOOL
    assert compiled.function.name == "fn_f"
    assert [kind for _, kind in compiled.function.params] == [
        Kind.I32,
        Kind.I64,
        Kind.F64,
        Kind.F32,
    ]
    assert not compiled.may_trap


@pytest.mark.parametrize(
    ("declared", "fits", "too_large"),
    [
        ("i8", [-128, 127], [-129, 128, 2**63 - 1]),
        ("u8", [0, 255], [-1, 256]),
        ("i16", [-(2**15), 2**15 - 1], [-(2**15) - 1, 2**15]),
        ("u16", [0, 2**16 - 1], [-1, 2**16]),
        ("i32", [-(2**31), 2**31 - 1], [-(2**31) - 1, 2**31]),
        ("u32", [0, 2**31 - 1], [-1, 2**32]),
        ("u64", [0, 2**63 - 1], [-1, -(2**63)]),
    ],
)
def test_results_outside_their_type_trap(
    declared: str, fits: list[int], too_large: list[int]
) -> None:
    functions = Functions(
        f"def f(n: i64) -> {declared}:\n    return n",
        f"def g(n: {declared}) -> i64:\n    return i64(n)",
        "def h(n: i64) -> i64:\n    m = n\n    return g(m)",
    )
    for number in fits:
        assert functions("f", number) == number
        assert functions("h", number) == number
    for number in too_large:
        assert functions("f", number) == ("cast_overflow", 2)
        assert functions("h", number) == ("cast_overflow", 3)


def test_narrow_parameters_are_widened_before_arithmetic() -> None:
    functions = Functions("def f(a: i8, b: u8) -> i64:\n    return a * 1000 + b * 1000000")
    assert functions("f", -128, 255) == -128_000 + 255_000_000


def test_integers_wrap_at_64_bits() -> None:
    functions = Functions("def f(n: i64) -> i64:\n    return n * n + 1")
    assert functions("f", 2**62 + 1) == ((2**62 + 1) ** 2 + 1 + 2**63) % 2**64 - 2**63


def test_f32_parameters_and_results_are_rounded() -> None:
    functions = Functions("def f(x: f32) -> f32:\n    return x + 0.1")
    assert functions("f", 0.5) == pytest.approx(0.6, rel=1e-7)
    assert functions("f", 0.5) != 0.6


# --- traps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "args", "trap"),
    [
        ("i64(1 // a)", (0, 0.0), "division_by_zero"),
        ("i64(1 % a)", (0, 0.0), "division_by_zero"),
        ("int(1 / x)", (0, -0.0), "division_by_zero"),
        ("int(1.5 // x)", (0, 0.0), "division_by_zero"),
        ("int(2.5 % x)", (0, 0.0), "division_by_zero"),
        ("a // 0", (5, 0.0), "division_by_zero"),
        ("int(x)", (0, 2.0**63), "cast_overflow"),
        ("int(x)", (0, math.nan), "cast_overflow"),
        ("math.floor(x)", (0, -math.inf), "cast_overflow"),
        ("i64(u64(a))", (-1, 0.0), "cast_overflow"),
        ("u8(a) + 1", (256, 0.0), "cast_overflow"),
        ("1 << a", (-1, 0.0), "negative_shift"),
        ("a >> a", (-1, 0.0), "negative_shift"),
        ("int(sqrt(x))", (0, -1.0), "math_domain"),
    ],
)
def test_traps_name_their_line(expression: str, args: tuple[int, float], trap: str) -> None:
    functions = Functions(
        f"def f(a: i64, x: f64) -> i64:\n    y = 1\n    return y * ({expression})"
    )
    assert functions("f", *args) == (trap, 3)


def test_a_trap_ends_the_callers_too() -> None:
    functions = Functions(
        "def inner(n: i64) -> i64:\n    return 10 // n",
        "def outer(n: i64) -> f64:\n    m = inner(n)\n    while True:\n        m += 1\n"
        "        if m > 100:\n            return m / 2",
    )
    assert functions("outer", 5) == 50.5
    assert functions("outer", 0) == ("division_by_zero", 2)


def test_what_is_not_reached_does_not_trap() -> None:
    functions = Functions(
        "def f(n: i64) -> i64:\n    return 10 // n if n != 0 else -1",
        "def g(n: i64) -> bool:\n    return n != 0 and 10 // n > 2",
        "def h(n: i64) -> bool:\n    return n == 0 or 10 // n > 2",
        "def k(n: i64) -> bool:\n    return 5 < n < 100 // (n - 5) < 60 // (n - 5)",
    )
    assert [functions("f", n) for n in (0, 5)] == [-1, 2]
    assert [functions("g", n) for n in (0, 3, 9)] == [0, 1, 0]
    assert [functions("h", n) for n in (0, 3, 9)] == [1, 1, 0]
    assert [functions("k", n) for n in (5, 4, 6)] == [0, 0, 0]


def test_the_smallest_integer_divides_by_minus_one() -> None:
    functions = Functions(
        "def f(a: i64, b: i64) -> i64:\n    return a // b",
        "def g(a: i64, b: i64) -> i64:\n    return a % b",
    )
    assert functions("f", -(2**63), -1) == -(2**63)
    assert functions("g", -(2**63), -1) == 0


def test_ranges_end_at_the_edge_of_their_type() -> None:
    functions = Functions(
        "def f(start: i64, stop: i64, step: i64) -> i64:\n"
        "    count = 0\n"
        "    last = 0\n"
        "    for i in range(start, stop, step):\n"
        "        count += 1\n"
        "        last = i\n"
        "        stop = 0\n"
        "        if count == 100:\n"
        "            break\n"
        "    return last + count * 0",
        "def g(start: i64) -> i64:\n"
        "    count = 0\n"
        "    for i in range(start, 9223372036854775807, 3):\n"
        "        count += 1\n"
        "    return count",
    )
    top = 2**63 - 1
    assert functions("f", top - 5, top, 3) == top - 2
    assert functions("f", -(2**63), top, top) == top - 1
    assert functions("f", 5, -(2**63), -(2**63)) == 5 - 2**63
    assert functions("f", 0, 5, 0) == ("range_step_zero", 4)
    assert functions("g", top - 7) == 3


def test_a_loop_variable_keeps_its_last_value() -> None:
    functions = Functions(
        "def f(n: i64) -> i64:\n    i = -1\n    for i in range(n):\n        pass\n    return i"
    )
    assert [functions("f", n) for n in (0, 1, 5)] == [-1, 0, 4]


def test_assigning_to_the_loop_variable_does_not_change_the_rounds() -> None:
    functions = Functions(
        "def f(n: i64) -> i64:\n    total = 0\n    for i in range(n):\n        total += 1\n"
        "        i += 10\n    return total"
    )
    assert functions("f", 7) == 7


# --- problems -------------------------------------------------------------------------------------

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


def test_the_same_sources_give_the_same_bytes() -> None:
    def program() -> bytes:
        compiled: dict[str, CompiledFunction] = Functions(IS_PRIME, ISQRT, MANDELBROT).compiled
        functions = tuple(item.function for item in compiled.values())
        return assemble(ir.Module(functions=functions, memory_maximum_bytes=1 << 20))

    assert program() == program()


def test_line_ends_of_other_systems_are_read() -> None:
    functions = Functions("def f(n: i64) -> i64:\r\n    m = n\r\n    return 1 // m")
    assert functions("f", 0) == ("division_by_zero", 3)
