"""The gamma function, and the logarithm of its size.

Stirling's series serves from 24 on. Below, steps of 1 lead there, and the result is divided by the
product of what they passed; negative numbers are reflected. The logarithm is 0 at 1 and 2, where
it has Taylor series of its own. It also is where the function is 1 or -1 below -2: there the error
is below 1e-15, which is small, but not beside a result that is smaller.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial

from jobspec.kernels.constants import LN2, PI, logarithm, pair, polynomial

_BITS = 200


def _bernoulli(last: int) -> list[Fraction]:
    found = [Fraction(1)]
    for n in range(1, last + 1):
        total = sum((comb(n + 1, k) * found[k] for k in range(n)), Fraction(0))
        found.append(-total / (n + 1))
    return found


_BERNOULLI = _bernoulli(20)


def _zeta(power: int) -> Fraction:
    """The sum of all 1/n**power: the first 31 and the rest by Euler and Maclaurin."""
    first = sum((1 << _BITS) // n**power for n in range(1, 32))
    rest = Fraction(1, (power - 1) * 32 ** (power - 1)) + Fraction(1, 2 * 32**power)
    rising = Fraction(power)
    for j in range(1, 11):
        rest += _BERNOULLI[2 * j] * rising / (factorial(2 * j) * 32 ** (power + 2 * j - 1))
        rising *= (power + 2 * j - 1) * (power + 2 * j)
    return Fraction(first, 1 << _BITS) + rest


def _euler() -> Fraction:
    """Euler's constant: the harmonic number of 64 less its logarithm, corrected."""
    harmonic = sum((Fraction(1, n) for n in range(1, 65)), Fraction(0))
    rest = sum((_BERNOULLI[2 * j] / (2 * j * 64 ** (2 * j)) for j in range(1, 11)), Fraction(0))
    return harmonic - 6 * LN2 - Fraction(1, 128) + rest


_STIRLING = [_BERNOULLI[2 * k] / (2 * k * (2 * k - 1)) for k in range(1, 11)]
_HALF_LN_TAU, _HALF_LN_TAU_LOW = pair((LN2 + logarithm(PI)) / 2)
_LN_PI, _LN_PI_LOW = pair(logarithm(PI))
_PI, _PI_LOW = pair(PI)
_ZETA = {power: _zeta(power) for power in range(2, 24)}
_AT_ONE = [value * (-1) ** power / power for power, value in _ZETA.items()]
_AT_TWO = [(value - 1) * (-1) ** power / power for power, value in _ZETA.items()]
_SLOPE_1, _SLOPE_1_LOW = pair(-_euler())
_SLOPE_2, _SLOPE_2_LOW = pair(1 - _euler())

SOURCE = f'''
INFINITY = 1e999
PI = {_PI!r}
PI_LOW = {_PI_LOW!r}


def stirling_pair(high: f64, low: f64) -> f64:
    """The logarithm of the gamma function of a pair from 24 to 1e18, as a pair."""
    log = log_pair(high, low)
    total = pair_product(high - 0.5, low, log, pair_low)
    total = pair_sum(total, pair_low, 0.0 - high, 0.0 - low)
    total = pair_sum(total, pair_low, {_HALF_LN_TAU!r}, {_HALF_LN_TAU_LOW!r})
    part = 1.0 / high
    square = part * part
    return pair_sum(total, pair_low, part * {polynomial("square", _STIRLING)}, 0.0)


def gamma_pair(high: f64, low: f64) -> f64:
    """The gamma function of a pair from 1e-17 to 186, as a pair to be scaled by 2**exp_exponent."""
    passed = 1.0
    passed_low = 0.0
    while high < 24.0:
        passed = pair_product(passed, passed_low, high, low)
        passed_low = pair_low
        high = pair_sum(high, low, 1.0, 0.0)
        low = pair_low
    log = stirling_pair(high, low)
    power = exp_pair(log, pair_low)
    return pair_quotient(power, pair_low, passed, passed_low)


def sine_of_half_turns(x: f64) -> f64:
    """The size of the sine of pi * x as a pair."""
    rest = abs(x - nearest(x))
    if rest > 0.25:
        angle = pair_product(0.5 - rest, 0.0, PI, PI_LOW)
        return cosine_pair(angle, pair_low)
    angle = pair_product(rest, 0.0, PI, PI_LOW)
    return sine_pair(angle, pair_low)


def math_gamma(x: f64) -> f64:
    """The gamma function: (x - 1)! of whole numbers. NaN at negative ones."""
    if abs(x) < 1e-17:
        return 1.0 / x
    if x != x or x > 172.0:
        return x if x != x else INFINITY
    if x > 0.0:
        power = gamma_pair(x, 0.0)
        return scaled(power, exp_exponent)
    if floor(x) == x:
        return (x - x) / 0.0
    sign = 1.0 if floor(x * 0.5) * 2.0 == floor(x) else -1.0
    if x < -184.0:
        return copysign(0.0, sign)
    reflected = 1.0 - x
    power = gamma_pair(reflected, sum_error(1.0, 0.0 - x, reflected))
    low = pair_low
    sine = sine_of_half_turns(x)
    power = pair_product(power, low, sine, pair_low)
    power = pair_quotient(PI, PI_LOW, power, pair_low)
    return copysign(scaled(power, 0 - exp_exponent), sign)


def log_gamma_pair(high: f64, low: f64) -> f64:
    """The logarithm of the gamma function of a pair from 1e-17 to 1e18, as a pair."""
    if high >= 24.0:
        return stirling_pair(high, low)
    beside = high - (2.0 if high > 1.5 else 1.0)
    if abs(beside) < 0.15:
        if high > 1.5:
            rest = beside * beside * {polynomial("beside", _AT_TWO)}
            slope = pair_product(beside, low, {_SLOPE_2!r}, {_SLOPE_2_LOW!r})
        else:
            rest = beside * beside * {polynomial("beside", _AT_ONE)}
            slope = pair_product(beside, low, {_SLOPE_1!r}, {_SLOPE_1_LOW!r})
        return pair_sum(slope, pair_low, rest, 0.0)
    power = gamma_pair(high, low)
    scale = f64_of_bits(i64(exp_exponent + 1023) << 52)
    return log_pair(power * scale, pair_low * scale)


def math_lgamma(x: f64) -> f64:
    """The logarithm of the size of the gamma function."""
    size = abs(x)
    if x != x or size == INFINITY:
        return size
    if x <= 0.0 and floor(x) == x:
        return INFINITY
    if size < 1e-17:
        return 0.0 - math_ln(size)
    if size > 1e18:
        log = log_pair(size, 0.0)
        log = pair_sum(log, pair_low, -1.0, 0.0)
        return log * (size * 0.00390625) * 256.0
    if x > 0.0:
        return log_gamma_pair(x, 0.0)
    sine = sine_of_half_turns(x)
    sine = log_pair(sine, pair_low)
    sine = pair_sum({_LN_PI!r}, {_LN_PI_LOW!r}, 0.0 - sine, 0.0 - pair_low)
    sine_low = pair_low
    reflected = 1.0 + size
    log = log_gamma_pair(reflected, sum_error(1.0, size, reflected))
    return pair_sum(sine, sine_low, 0.0 - log, 0.0 - pair_low)
'''
