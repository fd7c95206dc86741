"""Python's `math` in researchers' functions, against CPython's."""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobspec.functions.mathematics import TABLE
from tests.jobspec.functions_running import Functions, problems_of

EDGES = [
    *(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 100.0, 709.0, 710.0, 745.0, 1e5, 1e22, 1e300, 5e-324),
    *(math.pi / 2, math.inf, math.nan, 0.1, 1e-17, 1.0 - 2**-53, 1.0 + 2**-52),
]
EDGES += [-edge for edge in EDGES]
CODES = {ValueError: "math_domain", OverflowError: "math_range"}
TO_INTEGERS = {"ceil", "floor", "trunc"}
OF_INTEGERS = {"gcd", "isqrt"}
LOOSE = {"gamma", "lgamma"}
"""CPython computes them less exactly than we do."""
OF_FLOATS = sorted(set(TABLE) - TO_INTEGERS - OF_INTEGERS)
OF_ONE = [name for name in OF_FLOATS if TABLE[name][0] == 1]
OF_ONE += [*sorted(TO_INTEGERS), "round", "square", "inverse"]


@cache
def functions() -> Functions:
    sources = []
    for name in OF_FLOATS:
        for count in range(TABLE[name][0], TABLE[name][1] + 1):
            params = ["x", "y"][:count]
            heading = ", ".join(f"{param}: f64" for param in params)
            result = "bool" if name.startswith("is") else "f64"
            sources.append(
                f"def {name}_{count}({heading}) -> {result}:\n"
                f"    return math.{name}({', '.join(params)})"
            )
    sources += [
        f"def {name}_1(x: f64) -> i64:\n    return math.{name}(x)" for name in sorted(TO_INTEGERS)
    ]
    sources.append("def round_1(x: f64) -> i64:\n    return round(x)")
    sources.append("def power_2(x: f64, y: f64) -> f64:\n    return x ** y")
    sources.append("def square_1(x: f64) -> f64:\n    return x ** 2")
    sources.append("def inverse_1(x: f64) -> f64:\n    return x ** -2")
    return Functions(*sources)


def expected(name: str, *args: float) -> Any:
    called = {
        "round": round,
        "power": _power,
        "square": lambda x: x**2,
        "inverse": lambda x: x**-2,
    }.get(name) or getattr(math, name)
    try:
        value = called(*args)
    except ZeroDivisionError:
        return "division_by_zero"
    except (ValueError, OverflowError) as error:
        to_integer = name in TO_INTEGERS or name == "round"
        return "cast_overflow" if to_integer else CODES[type(error)]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "cast_overflow"
    return value


def _power(x: float, y: float) -> float:
    if x < 0 and math.isfinite(x) and math.isfinite(y) and y != math.floor(y):
        raise ValueError("Python leaves the floats here")
    result: float = x**y
    return result


def close(name: str, found: float, wanted: float) -> bool:
    if math.isnan(wanted) or math.isinf(wanted) or wanted == 0:
        return repr(float(found)) == repr(float(wanted))
    if name in LOOSE:
        return abs(found - wanted) <= 1e-15 + 10 * math.ulp(wanted)
    return abs(found - wanted) <= 2 * math.ulp(wanted)


def compare(name: str, *args: float) -> None:
    found = functions()(f"{name}_{len(args)}", *args)
    wanted = expected(name, *args)
    if isinstance(wanted, str):
        assert found == (wanted, 2), (name, args)
    else:
        assert not isinstance(found, tuple), (name, args, found, wanted)
        assert close(name, found, wanted), (name, args, found, wanted)


@pytest.mark.parametrize("name", OF_ONE)
def test_functions_of_one_number_are_those_of_cpython(name: str) -> None:
    for x in EDGES:
        compare(name, x)


@pytest.mark.parametrize("name", ["atan2", "copysign", "fmod", "hypot", "pow", "log", "power"])
def test_functions_of_two_numbers_are_those_of_cpython(name: str) -> None:
    for x, y in product(EDGES, EDGES):
        if name != "copysign" or not math.isnan(y):
            compare(name, x, y)


@pytest.mark.parametrize("nan", [math.nan, -math.nan])
def test_nan_has_the_sign_of_a_positive_number(nan: float) -> None:
    """Which one it really has depends on the processor."""
    assert functions()("copysign_2", -2.0, nan) == 2.0


@given(st.sampled_from([*OF_FLOATS, "round", "power"]), st.floats(-50, 50), st.floats(-50, 50))
def test_functions_of_ordinary_numbers_are_those_of_cpython(name: str, x: float, y: float) -> None:
    count = 2 if name == "power" else TABLE.get(name, (1,))[0]
    compare(name, *(x, y)[:count])


integers = st.one_of(st.integers(-10, 10**4), st.integers(-(2**63), 2**63 - 1))


@given(integers, integers)
def test_functions_of_integers_are_those_of_cpython(a: int, b: int) -> None:
    compiled = Functions(
        "def divisor(a: i64, b: i64) -> i64:\n    return math.gcd(a, b)",
        "def wide_divisor(a: u64, b: u64) -> u64:\n    return math.gcd(a, b)",
        "def root(n: i64) -> i64:\n    return math.isqrt(n)",
        "def wide_root(n: u64) -> u64:\n    return math.isqrt(n)",
    )
    assert compiled("divisor", a, b) % 2**64 == math.gcd(a, b)
    assert compiled("wide_divisor", a, b) % 2**64 == math.gcd(a % 2**64, b % 2**64)
    assert compiled("root", a) == (math.isqrt(a) if a >= 0 else ("math_domain", 2))
    assert compiled("wide_root", a) == math.isqrt(a % 2**64)


@pytest.mark.parametrize("base", [1, 2, 3, 10, 2**16, 3037000499, 4294967295, 2**31])
def test_integer_roots_are_exact_around_squares(base: int) -> None:
    compiled = Functions("def root(n: u64) -> u64:\n    return math.isqrt(n)")
    for number in (base**2 - 1, base**2, base**2 + 1, 2**64 - 1):
        assert compiled("root", number - 2**64 * (number >> 63)) == math.isqrt(number)


@pytest.mark.parametrize(
    ("expression", "code", "words"),
    [
        ("sin(x)", "unknown_function", "write math.sin"),
        ("math.sine(x)", "unknown_function", "did you mean 'math.sin'?"),
        ("math.log(x, x, x)", "wrong_argument_count", "math.log takes 1 or 2 arguments, not 3"),
        ("math.atan2(x)", "wrong_argument_count", "takes 2 arguments"),
        ("math.sin(b)", "type_mismatch", "a number is needed, not bool"),
        ("float(math.isqrt(x))", "type_mismatch", "an integer is needed, not f64"),
        ("float(math.gcd(n, u64(n)))", "type_mismatch", "i64 meets u64"),
        ("round(x, 2)", "wrong_argument_count", "round takes 1 argument, not 2"),
        ("float(n ** n)", "unsupported_python", "float(x) ** n is a float"),
        ("b ** 2", "type_mismatch", "** does not take bool"),
        ("x ** b", "type_mismatch", "a number is needed, not bool"),
    ],
)
def test_calls_that_math_does_not_take_are_problems(expression: str, code: str, words: str) -> None:
    found = problems_of(f"def f(x: f64, n: i64, b: bool) -> f64:\n    return {expression}")
    assert [problem.code for problem in found] == [code]
    assert words in found[0].render()
