"""Logarithms, and the inverse hyperbolic functions, which are logarithms of pairs.

A number is 2**k times m, with m between sqrt(1/2) and sqrt(2). A table gives a factor of few bits
that brings m within 1/79 of 1, and the factor's logarithm; the rest is a Taylor series whose first
three terms are pairs. Its pair is within 2**-68 of the true logarithm, relatively, which is what
`math_pow` needs.
"""

from __future__ import annotations

from fractions import Fraction

from jobspec.kernels.constants import LN2, LN10, doubles, leading, logarithm, pair, polynomial

_FIRST, _LAST, _STEPS, _FACTOR_BITS = 45, 91, 64, 9


def _table() -> bytes:
    """For m near i/64 a factor near 64/i, and minus its logarithm as a pair."""
    rows: list[float] = []
    for index in range(_FIRST, _LAST + 1):
        unit = Fraction(1, 1 << _FACTOR_BITS)
        factor = round(Fraction(_STEPS, index) / unit) * unit
        rows += (float(factor), *pair(-logarithm(factor)))
    return doubles(rows)


_LN2_HIGH, _rest = leading(LN2, 40)
_THIRD, _THIRD_LOW = pair(Fraction(1, 3))
_SERIES = [Fraction((-1) ** (n + 1), n) for n in range(4, 12)]
_LOG2_E, _LOG2_E_LOW = pair(1 / LN2)
_LOG10_E, _LOG10_E_LOW = pair(1 / LN10)

SOURCE = f'''
INFINITY = 1e999
LOGARITHMS = {_table()!r}
LN2_HIGH = {_LN2_HIGH!r}
LN2_LOW = {float(_rest)!r}
LN2 = {pair(LN2)[0]!r}
LN2_REST = {pair(LN2)[1]!r}


def log_pair(high: f64, low: f64) -> f64:
    """The logarithm of a pair, as a pair. The high part is positive and finite."""
    bits = bits_of_f64(high)
    exponent: i64 = 0
    if bits < 0x10000000000000:
        bits = bits_of_f64(high * 18014398509481984.0)
        exponent = -54
    lift = (bits - 0x3FE6A09E667F3BCD) >> 52
    bits -= lift << 52
    exponent += lift
    if low != 0.0:
        low *= f64_of_bits((1023 - exponent) << 52)
    entry = string_ptr(LOGARITHMS)
    entry += (i32(nearest(f64_of_bits(bits) * {_STEPS}.0)) - {_FIRST}) * 24
    factor = loadf64(entry)
    upper = f64_of_bits(bits >> 32 << 32)
    lower = factor * (f64_of_bits(bits) - upper)
    upper = factor * upper - 1.0
    total = upper + lower
    low = sum_error(upper, lower, total) + factor * low
    r = total + low
    r_low = low - (r - total)
    square = r * r
    square_low = product_error(r, r, square) + 2.0 * r * r_low
    cube = r * square
    cube_low = product_error(r, square, cube) + r * square_low
    third = cube * {_THIRD!r}
    third_low = product_error(cube, {_THIRD!r}, third) + cube * {_THIRD_LOW!r}
    third_low += cube_low * {_THIRD!r}
    tail = square * square * {polynomial("r", _SERIES)}
    a = f64(exponent) * LN2_HIGH
    b = a + loadf64(entry, 8)
    c = b + r
    d = c - 0.5 * square
    e = d + third
    errors = (sum_error(d, third, e) + sum_error(c, -0.5 * square, d)) + sum_error(b, r, c)
    errors += sum_error(a, loadf64(entry, 8), b)
    lows = ((f64(exponent) * LN2_LOW + loadf64(entry, 16)) + r_low) - 0.5 * square_low
    return pair_of(e, errors + (tail + (third_low + lows)))


def log_special(x: f64) -> f64:
    """The logarithm of what has no finite one: of 0, infinity, NaN and negative numbers."""
    if x == 0.0:
        return 0.0 - INFINITY
    return x if x == INFINITY else (x - x) / 0.0


def has_log(x: f64) -> bool:
    """Whether a number has a finite logarithm."""
    return x > 0.0 and x < INFINITY


def math_ln(x: f64) -> f64:
    """The natural logarithm."""
    return log_pair(x, 0.0) if has_log(x) else log_special(x)


def math_log2(x: f64) -> f64:
    """The logarithm to base 2."""
    if not has_log(x):
        return log_special(x)
    high = log_pair(x, 0.0)
    return pair_product(high, pair_low, {_LOG2_E!r}, {_LOG2_E_LOW!r})


def math_log10(x: f64) -> f64:
    """The logarithm to base 10."""
    if not has_log(x):
        return log_special(x)
    high = log_pair(x, 0.0)
    return pair_product(high, pair_low, {_LOG10_E!r}, {_LOG10_E_LOW!r})


def math_log(base: f64, x: f64) -> f64:
    """The logarithm to any base: the quotient of two logarithms, also where they are special."""
    if not has_log(base) or not has_log(x) or base == 1.0:
        return math_ln(x) / math_ln(base)
    below = log_pair(base, 0.0)
    below_low = pair_low
    above = log_pair(x, 0.0)
    return pair_quotient(above, pair_low, below, below_low)


def math_log1p(x: f64) -> f64:
    """ln(1 + x) without the rounding of 1 + x."""
    if abs(x) < 5e-17 or not (x > -1.0 and x < INFINITY):
        return x if abs(x) < 5e-17 else log_special(1.0 + x)
    if x > 1e18:
        return log_pair(x, 0.0)
    total = 1.0 + x
    return log_pair(total, sum_error(1.0, x, total))


def math_asinh(x: f64) -> f64:
    """The inverse of sinh: ln(x + sqrt(x * x + 1))."""
    size = abs(x)
    if not (size > 3e-9 and size < INFINITY):
        return x
    if size > 1e9:
        far = log_pair(size, 0.0)
        return copysign(pair_sum(LN2, LN2_REST, far, pair_low), x)
    square = size * size
    low = product_error(size, size, square)
    high = pair_sum(square, low, 1.0, 0.0)
    root = pair_root(high, pair_low)
    high = pair_sum(root, pair_low, size, 0.0)
    return copysign(log_pair(high, pair_low), x)


def math_acosh(x: f64) -> f64:
    """The inverse of cosh: ln(x + sqrt(x * x - 1)); NaN below 1."""
    if x > 1e9 and x < INFINITY:
        far = log_pair(x, 0.0)
        return pair_sum(LN2, LN2_REST, far, pair_low)
    if not (x >= 1.0 and x < INFINITY):
        return x if x == INFINITY else (x - x) / 0.0
    square = x * x
    low = product_error(x, x, square)
    high = pair_sum(square, low, -1.0, 0.0)
    root = pair_root(high, pair_low)
    high = pair_sum(x, 0.0, root, pair_low)
    return log_pair(high, pair_low)


def math_atanh(x: f64) -> f64:
    """The inverse of tanh: ln((1 + x) / (1 - x)) / 2; NaN beyond -1 and 1."""
    size = abs(x)
    if not (size > 3e-9 and size < 1.0):
        return x if size <= 3e-9 else x / (1.0 - size) if size == 1.0 else (x - x) / 0.0
    above = 1.0 + size
    below = 1.0 - size
    above_low = sum_error(1.0, size, above)
    below_low = sum_error(1.0, 0.0 - size, below)
    high = pair_quotient(above, above_low, below, below_low)
    return copysign(0.5 * log_pair(high, pair_low), x)
'''
