"""Exponentials, powers and hyperbolic functions.

An exponent is a whole number of 32nds of ln 2 and a rest below 0.011: a table gives the power of
two as a pair, a Taylor series the rest. The pair is within 2**-58 of the true power, relatively,
so that one rounding and little else separates results from the true ones.
"""

from __future__ import annotations

from fractions import Fraction

from jobspec.kernels.constants import (
    LN2,
    doubles,
    factorials,
    leading,
    pair,
    polynomial,
    power_of_two,
)

_STEPS = 32
_STEP_HIGH, _rest = leading(LN2 / _STEPS, 36)
_TABLE = doubles(part for j in range(_STEPS) for part in pair(power_of_two(Fraction(j, _STEPS))))

SOURCE = f'''
INFINITY = 1e999
POWERS = {_TABLE!r}
LN2 = {pair(LN2)[0]!r}
LN2_REST = {pair(LN2)[1]!r}

exp_exponent: i32 = 0


def exp_pair(high: f64, low: f64) -> f64:
    """The exponential of a pair of size below 1500, as a pair to be scaled by 2**exp_exponent."""
    global exp_exponent
    steps = nearest(high * {float(_STEPS / LN2)!r})
    count = i32(steps)
    exp_exponent = count >> 5
    entry = string_ptr(POWERS) + ((count & 31) << 4)
    first = high - steps * {_STEP_HIGH!r}
    second = steps * {float(_rest)!r}
    whole = first - second
    low += (first - whole) - second
    r = whole + low
    low -= r - whole
    power = r + (low + r * r * {polynomial("r", factorials(2, 8))})
    base = loadf64(entry)
    return pair_of(base, loadf64(entry, 8) + base * power)


def scaled(x: f64, exponent: i32) -> f64:
    """x * 2**exponent, rounded where the result is subnormal; the exponent is within 2100."""
    if exponent > 1023:
        x *= 8.98846567431158e307
        exponent = min(exponent - 1023, 1023)
    elif exponent < -1022:
        x *= 2.004168360008973e-292
        exponent += 969
        if exponent < -1022:
            x *= 2.004168360008973e-292
            exponent = max(exponent + 969, -1022)
    return x * f64_of_bits(i64(exponent + 1023) << 52)


def exp_sum(high: f64, low: f64) -> f64:
    """The exponential of a pair, rounded; its high part may be infinite, not NaN."""
    if abs(high) > 760.0:
        return INFINITY if high > 0.0 else 0.0
    power = exp_pair(high, low)
    return scaled(power, exp_exponent)


def math_exp(x: f64) -> f64:
    """e**x."""
    return exp_sum(x, 0.0) if x == x else x


def math_exp2(x: f64) -> f64:
    """2**x."""
    if not (abs(x) < 1100.0):
        return exp_sum(x, 0.0) if x == x else x
    whole = nearest(x)
    high = pair_product(x - whole, 0.0, LN2, LN2_REST)
    power = exp_pair(high, pair_low)
    return scaled(power, exp_exponent + i32(whole))


def expm1_pair(x: f64) -> f64:
    """e**x - 1 as a pair. x is of a size below 700."""
    if abs(x) < 0.25:
        return pair_of(x, x * x * {polynomial("x", factorials(2, 15))})
    power = exp_pair(x, 0.0)
    scale = f64_of_bits(i64(exp_exponent + 1023) << 52)
    return pair_sum(power * scale, pair_low * scale, -1.0, 0.0)


def math_expm1(x: f64) -> f64:
    """e**x - 1 without the rounding of e**x."""
    if abs(x) < 1e-17 or x != x:
        return x
    if x < -50.0:
        return -1.0
    return expm1_pair(x) if x < 600.0 else exp_sum(x, 0.0)


def math_sinh(x: f64) -> f64:
    """(e**x - e**-x) / 2."""
    size = abs(x)
    if size < 1e-9 or x != x:
        return x
    if size > 40.0:
        return copysign(exp_half(size), x)
    high = expm1_pair(size)
    low = pair_low
    below = pair_sum(1.0, 0.0, high, low)
    other = pair_quotient(high, low, below, pair_low)
    return copysign(0.5 * pair_sum(high, low, other, pair_low), x)


def math_cosh(x: f64) -> f64:
    """(e**x + e**-x) / 2."""
    size = abs(x)
    if not (size <= 40.0):
        return exp_half(size) if x == x else x
    power = exp_pair(size, 0.0)
    low = pair_low
    scale = f64_of_bits(i64(exp_exponent + 1022) << 52)
    other = pair_quotient(0.25, 0.0, power * scale, low * scale)
    return pair_sum(power * scale, low * scale, other, pair_low)


def exp_half(x: f64) -> f64:
    """e**x / 2, for positive numbers; infinite only where that is."""
    if x > 760.0:
        return INFINITY
    power = exp_pair(x, 0.0)
    return scaled(power, exp_exponent - 1)


def math_tanh(x: f64) -> f64:
    """sinh(x) / cosh(x)."""
    size = abs(x)
    if size < 1e-9 or x != x:
        return x
    if size > 25.0:
        return copysign(1.0, x)
    high = expm1_pair(size + size)
    low = pair_low
    below = pair_sum(2.0, 0.0, high, low)
    return copysign(pair_quotient(high, low, below, pair_low), x)


def math_pow(x: f64, y: f64) -> f64:
    """x**y, with C's results where a number is 0, infinite or NaN."""
    if y == 0.0 or x == 1.0:
        return 1.0
    if x != x or y != y:
        return x + y
    whole = floor(y) == y
    odd = whole and abs(y) < 18014398509481984.0 and floor(y * 0.5) != y * 0.5
    size = abs(x)
    if x < 0.0 and not whole and size < INFINITY:
        return (x - x) / 0.0
    if size == 0.0 or size == 1.0 or size == INFINITY or abs(y) == INFINITY:
        return power_special(x, y, odd)
    high = log_pair(size, 0.0)
    low = pair_low
    product = y * high
    if abs(product) < 760.0:
        low = product_error(y, high, product) + y * low
    result = exp_sum(product, low)
    return copysign(result, x) if odd else result


def power_special(x: f64, y: f64, odd: bool) -> f64:
    """x**y where the size of x is 0, 1 or infinite, or y is infinite."""
    size = abs(x)
    result = INFINITY if (size > 1.0) == (y > 0.0) else 0.0
    if size == 1.0:
        result = 1.0
    return copysign(result, x) if odd else result
'''
