"""Sine, cosine and tangent, as correct for 1e300 as for 1.

An angle becomes a quarter turn's number and a pair below pi/4. Up to a million quarters three parts
of pi/2 are taken off exactly; beyond, the angle meets as many binary digits of 2/pi as matter to it
in whole-number arithmetic (Payne and Hanek). From there on Taylor series do.
"""

from __future__ import annotations

from jobspec.kernels.constants import (
    PI,
    TWO_OVER_PI,
    TWO_OVER_PI_BITS,
    factorials,
    leading,
    pair,
    polynomial,
)

_PART_1, _rest = leading(PI / 2, 32)
_PART_2, _rest = leading(_rest, 32)
_PART_3, _rest = leading(_rest, 32)
_PART_4 = float(_rest)
_WORDS = [TWO_OVER_PI >> shift & (1 << 32) - 1 for shift in range(TWO_OVER_PI_BITS - 32, -1, -32)]
_HALF_PI, _HALF_PI_LOW = pair(PI / 2)

SOURCE = f'''
INFINITY = 1e999
HALF_PI = {_HALF_PI!r}
HALF_PI_LOW = {_HALF_PI_LOW!r}
TWO_OVER_PI = {b"".join(word.to_bytes(4, "little") for word in (0, 0, *_WORDS))!r}

quadrant: i32 = 0


def reduced(x: f64) -> f64:
    """A finite angle less its nearest multiple of pi/2, as a pair; `quadrant` counts those."""
    global quadrant, pair_low
    if abs(x) <= 0.7853981633974483:
        quadrant = 0
        pair_low = 0.0
        return x
    if abs(x) > 1e6:
        return reduced_far(x)
    count = nearest(x * {float(2 / PI)!r})
    quadrant = i32(count)
    first = x - count * {_PART_1!r}
    taken = count * {_PART_2!r}
    second = first - taken
    low = sum_error(first, 0.0 - taken, second)
    taken = count * {_PART_3!r}
    third = second - taken
    low += sum_error(second, 0.0 - taken, third)
    return pair_of(third, low - count * {_PART_4!r})


def reduced_far(x: f64) -> f64:
    """The same for angles above 2**19.

    The angle is a whole number of 53 bits times 2**shift. Its product with 192 digits of 2/pi that
    begin where they count halves of a turn has the quarter in its upper 2 bits.
    """
    global quadrant
    bits = bits_of_f64(x)
    significand = u64((bits & 0xFFFFFFFFFFFFF) | 0x10000000000000)
    start = i32((bits >> 52) & 0x7FF) - 1075 + 62
    words = string_ptr(TWO_OVER_PI) + ((start >> 5) << 2)
    top = two_over_pi_digits(words, start & 31)
    middle = two_over_pi_digits(words + 8, start & 31)
    bottom = two_over_pi_digits(words + 16, start & 31)
    low = middle * significand + multiply_high_u64(bottom, significand)
    high = top * significand + multiply_high_u64(middle, significand)
    high += u64(low < middle * significand)
    quarters = (high + 0x2000000000000000) >> 62
    high -= quarters << 62
    quadrant = i32(0 - quarters if x < 0.0 else quarters)
    negative = high >= 0x8000000000000000
    if negative:
        high = (high ^ 0xFFFFFFFFFFFFFFFF) + u64(low == 0)
        low = 0 - low
    size = quarters_pair(high, low)
    if negative != (x < 0.0):
        return negated_pair(size)
    return size


def two_over_pi_digits(words: i32, by: i32) -> u64:
    """64 binary digits of 2/pi from a bit of a 32-bit word on."""
    first = u64(u32(load32(words))) << 32 | u64(u32(load32(words, 4)))
    return first << u64(by) | (u64(u32(load32(words, 8))) << u64(by)) >> 32


def quarters_pair(high: u64, low: u64) -> f64:
    """A number of 128 bits, as quarters of a turn times 2**126, as an angle."""
    exponent: i64 = -51
    if high == 0:
        high = low
        low = 0
        exponent = -115
    lift = u64(clz(high))
    high = high << lift | low >> (64 - lift) if lift > 0 else high
    low = low << lift
    unit = f64_of_bits((exponent - i64(lift) + 1023) << 52)
    rest = f64(high << 53 | low >> 11) * 5.421010862427522e-20
    return pair_product(f64(high >> 11) * unit, rest * unit, HALF_PI, HALF_PI_LOW)


def negated_pair(high: f64) -> f64:
    """The negative of a pair."""
    global pair_low
    pair_low = 0.0 - pair_low
    return 0.0 - high


def sine_pair(high: f64, low: f64) -> f64:
    """The sine of a pair of a size up to pi/4, as a pair."""
    square = high * high
    cubic = high * square * {polynomial("square", factorials(3, 17, 2))}
    return pair_of(high, low + (cubic - 0.5 * square * low))


def cosine_pair(high: f64, low: f64) -> f64:
    """The cosine of a pair of a size up to pi/4, as a pair."""
    square = high * high
    rest = 0.5 * product_error(high, high, square) + high * low
    first = 1.0 - 0.5 * square
    rest = ((1.0 - first) - 0.5 * square) - rest
    return pair_of(first, rest + square * square * {polynomial("square", factorials(4, 18, 2))})


def is_angle(x: f64) -> bool:
    """Whether an angle is finite and large enough to differ from its sine and tangent."""
    return abs(x) > 3e-9 and abs(x) < INFINITY


def math_sin(x: f64) -> f64:
    """The sine of an angle in radians."""
    if not is_angle(x):
        return x if abs(x) < 1.0 else x - x
    rest = reduced(x)
    turn = quadrant
    size = cosine_pair(rest, pair_low) if (turn & 1) != 0 else sine_pair(rest, pair_low)
    return 0.0 - size if (turn & 2) != 0 else size


def math_cos(x: f64) -> f64:
    """The cosine of an angle in radians."""
    if not (abs(x) < INFINITY):
        return x - x
    rest = reduced(x)
    turn = quadrant
    size = sine_pair(rest, pair_low) if (turn & 1) != 0 else cosine_pair(rest, pair_low)
    return 0.0 - size if ((turn + 1) & 2) != 0 else size


def tangent(x: f64, inverted: i32) -> f64:
    """The tangent of an angle that `is_angle`, or 1 through it."""
    rest = reduced(x)
    rest_low = pair_low
    sine = sine_pair(rest, rest_low)
    sine_low = pair_low
    cosine = cosine_pair(rest, rest_low)
    if ((quadrant ^ inverted) & 1) != 0:
        sign = 1.0 if inverted != 0 and (quadrant & 1) == 0 else -1.0
        return sign * pair_quotient(cosine, pair_low, sine, sine_low)
    sign = -1.0 if inverted != 0 else 1.0
    return sign * pair_quotient(sine, sine_low, cosine, pair_low)


def math_tan(x: f64) -> f64:
    """The tangent of an angle in radians."""
    if not is_angle(x):
        return x if abs(x) < 1.0 else x - x
    return tangent(x, 0)


def math_cot(x: f64) -> f64:
    """The cotangent of an angle in radians."""
    if not is_angle(x):
        return 1.0 / x if abs(x) < 1.0 else x - x
    return tangent(x, 1)
'''
