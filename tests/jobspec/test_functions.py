"""Researchers' functions: what they compute, and how they trap."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobspec import ir
from jobspec.functions import CompiledFunction
from jobspec.ir import Kind
from jobspec.types import ValueType
from jobspec.wasm.codegen import assemble
from tests.jobspec.functions_running import Functions

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


def test_the_same_sources_give_the_same_bytes() -> None:
    def program() -> bytes:
        compiled: dict[str, CompiledFunction] = Functions(IS_PRIME, ISQRT, MANDELBROT).compiled
        functions = tuple(item.function for item in compiled.values())
        return assemble(ir.Module(functions=functions, memory_maximum_bytes=1 << 20))

    assert program() == program()
