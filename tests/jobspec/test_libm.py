"""The mathematical kernels: within one unit in the last place of the correctly rounded result."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobspec import kernels
from tests.jobspec.libm_reference import (
    ANGLES,
    ONE_OPERAND,
    TWO_OPERANDS,
    arguments,
    reference,
    steps_between,
)
from tests.jobspec.running import Instance

NAMES = [name for name in kernels.names() if name.startswith("math_")]
LIBM = Instance(*(found for name in NAMES if (found := kernels.function(name))))
CASES = 250
EDGES = (0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1e-9, 0.5, 1.0, 1.5, 2.0, 3.0, 33.0, 34.0)
SPECIALS = (*EDGES, 710.0, 746.0, 1024.0, 1075.0, 1e17, 2.0**53, 1.7976931348623157e308, math.inf)
ARGUMENTS = [math.nan, *SPECIALS, *(-value for value in SPECIALS)]

AS_IN_C: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "cbrt": np.cbrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
}
AS_IN_C_OF_TWO: dict[str, Callable[..., Any]] = {
    "pow": np.float_power,
    "atan2": np.arctan2,
    "hypot": np.hypot,
}


def computed(name: str, *args: float) -> float:
    result: float = LIBM.call(f"math_{name}", *args)
    return result


@pytest.mark.parametrize("name", [*ONE_OPERAND, *TWO_OPERANDS])
def test_results_are_within_one_ulp_of_the_rounded_truth(name: str) -> None:
    random = Random(name)
    for _ in range(CASES):
        args = arguments(name, random)
        found, wanted = computed(name, *args), reference(name, *args)
        assert steps_between(found, wanted) <= 1, (name, args, found, wanted)


@pytest.mark.parametrize("name", AS_IN_C)
def test_special_arguments_give_what_they_give_in_c(name: str) -> None:
    with np.errstate(all="ignore"):
        for x in ARGUMENTS:
            assert_special(computed(name, x), float(AS_IN_C[name](x)), (name, x))


@pytest.mark.parametrize("name", AS_IN_C_OF_TWO)
def test_special_pairs_of_arguments_give_what_they_give_in_c(name: str) -> None:
    with np.errstate(all="ignore"):
        for x in ARGUMENTS:
            for y in ARGUMENTS:
                wanted = float(AS_IN_C_OF_TWO[name](x, y))
                assert_special(computed(name, x, y), wanted, (name, x, y))


def assert_special(found: float, wanted: float, case: tuple[object, ...]) -> None:
    if math.isnan(wanted):
        assert math.isnan(found), (case, found)
    elif wanted == 0 or math.isinf(wanted) or abs(wanted) in (1, 2):
        assert repr(found) == repr(wanted), case
    else:
        assert math.copysign(1, found) == math.copysign(1, wanted), (case, found, wanted)
        assert steps_between(found, wanted) <= 2, (case, found, wanted)  # C's may be one off


@pytest.mark.parametrize("name", ANGLES)
@pytest.mark.parametrize("angle", [6381956970095103 * 2.0**797, 5.319372648326541e255, 1.7e308])
def test_angles_that_all_but_vanish_keep_every_digit(name: str, angle: float) -> None:
    assert steps_between(computed(name, angle), reference(name, angle)) <= 1
    assert steps_between(computed(name, -angle), reference(name, -angle)) <= 1


def test_the_logarithm_of_gamma_is_near_the_truth_below_zero() -> None:
    """Where it passes zero its error is small beside 1 only, as `jobspec.kernels.gamma` says."""
    random = Random("lgamma")
    for _ in range(CASES):
        x = random.uniform(-60, 0)
        wanted = float(mpmath.log(abs(mpmath.gamma(x))))
        assert abs(computed("lgamma", x) - wanted) <= 1e-15 * max(1, abs(wanted)), x


@pytest.mark.parametrize(
    ("x", "gamma", "lgamma"),
    [
        (0.0, math.inf, math.inf),
        (-0.0, -math.inf, math.inf),
        (1.0, 1.0, 0.0),
        (2.0, 1.0, 0.0),
        (23.0, 1.1240007277776077e21, math.lgamma(23)),
        (-3.0, math.nan, math.inf),
        (-200.5, -0.0, math.lgamma(-200.5)),
        (-201.5, 0.0, math.lgamma(-201.5)),
        (172.0, math.inf, math.lgamma(172)),
        (1e308, math.inf, math.inf),
        (math.inf, math.inf, math.inf),
        (-math.inf, math.nan, math.inf),
        (math.nan, math.nan, math.nan),
    ],
)
def test_gamma_of_special_numbers(x: float, gamma: float, lgamma: float) -> None:
    assert repr(computed("gamma", x)) == repr(gamma)
    assert computed("lgamma", x) == pytest.approx(lgamma, rel=3e-16, nan_ok=True)


@given(st.integers(-1074, 1023))
def test_powers_of_two_and_their_logarithms_are_exact(exponent: int) -> None:
    power = math.ldexp(1.0, exponent)
    assert computed("exp2", float(exponent)) == power
    assert computed("pow", 2.0, float(exponent)) == power
    assert computed("log2", power) == exponent


@given(st.integers(0, 22))
def test_logarithms_of_powers_of_ten_are_whole(exponent: int) -> None:
    assert computed("log10", 10.0**exponent) == exponent
    assert computed("log", 10.0, 10.0**exponent) == exponent


@given(st.integers(-200_000, 200_000))
def test_cube_roots_of_cubes_are_exact(root: int) -> None:
    assert computed("cbrt", float(root) ** 3) == root


@given(st.floats(-1e308, 1e308))
def test_odd_functions_are_odd_to_the_bit(x: float) -> None:
    for name in ("sin", "tan", "asinh", "atan", "cbrt", "sinh", "tanh"):
        assert repr(computed(name, -x)) == repr(-computed(name, x))
