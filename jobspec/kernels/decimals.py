"""Decimals: whole numbers that know how many of their digits stand after a point.

A decimal of scale s is an i64, its number times 10**s. Kernels take the powers of ten that they
need, which the compiler knows. Rounding goes to the nearest, halves away from zero.
"""

from __future__ import annotations

SOURCE = '''
LIMIT = 1000000000000000000
MOST = 0x7FFFFFFFFFFFFFFF
LEAST = -0x8000000000000000


def decimal_text(value: i64, scale: i32, zero_before_point: bool) -> str:
    """The number with its point; one below 1 begins with a zero or with the point."""
    end = alloc(24) + 24
    at = end
    rest = u64(0 - value) if value < 0 else u64(value)
    digits: i32 = 0
    while rest > 0 or digits < scale:
        tenth = div(rest, 10)
        at -= 1
        store8(at, i32(rest - tenth * 10) + 48)
        rest = tenth
        digits += 1
        if digits == scale:
            at -= 1
            store8(at, 46)
    if digits == scale and zero_before_point:
        at -= 1
        store8(at, 48)
    if value < 0:
        at -= 1
        store8(at, 45)
    return string_pack(at, end - at)


def decimal_scaled(value: i64, power: i64) -> i64:
    """value * power; the end of the i64 where that does not fit, which no decimal reaches."""
    most = div(MOST, power)
    if value > most:
        return MOST
    return LEAST if value < 0 - most else value * power


def decimal_rounded(value: i64, power: i64) -> i64:
    """value / power as a whole number. The power is from 10 to 10**18, and so is the value."""
    whole = div(value, power)
    rest = (value - whole * power) * 2
    return whole + i64(rest >= power) - i64(rest <= 0 - power)


def decimal_remainder(a: i64, zeros: i32, b: i64) -> i64:
    """What a * 10**zeros leaves when it is divided by b, with the sign of a. b is not 0."""
    divisor = u64(0 - b) if b < 0 else u64(b)
    rest = rem(u64(0 - a) if a < 0 else u64(a), divisor)
    for i in range(zeros):
        rest = rem(rest * 10, divisor)
    return 0 - i64(rest) if a < 0 else i64(rest)


def decimal_to_f64(value: i64, power: i64) -> f64:
    """value / power, rounded once."""
    magnitude = u64(0 - value) if value < 0 else u64(value)
    if magnitude <= 0x20000000000000:
        return f64(value) / f64(power)
    divisor = u64(power)
    quotient = div(magnitude, divisor)
    rest = rem(magnitude, divisor)
    bits: i64 = 0
    while quotient < 0x2000000000000000:
        rest *= 2
        quotient = quotient * 2 + u64(rest >= divisor)
        if rest >= divisor:
            rest -= divisor
        bits += 1
    quotient |= u64(rest != 0)
    result = f64(quotient) * f64_of_bits((1023 - bits) << 52)
    return 0.0 - result if value < 0 else result


def decimal_digits(at: i32, end: i32) -> i32:
    """How many digits stand there, a single _ between two allowed; -1 if other bytes do."""
    digits: i32 = 0
    after_digit = False
    while at < end:
        byte = load8u(at)
        if byte == 95 and after_digit and at + 1 < end:
            after_digit = False
        elif byte >= 48 and byte <= 57:
            after_digit = True
            digits += 1
        else:
            return -1
        at += 1
    return digits


def decimal_exponent(at: i32, end: i32) -> i64:
    """The whole number there, cut to about 10**9; clears str_parsed if there is none."""
    global str_parsed
    negative = at < end and load8u(at) == 45
    if at < end and (negative or load8u(at) == 43):
        at += 1
    if at == end:
        str_parsed = 0
    value: i64 = 0
    while at < end:
        digit = i64(load8u(at)) - 48
        if digit < 0 or digit > 9:
            str_parsed = 0
        value = min(value * 10 + digit, 0x3FFFFFFF)
        at += 1
    return 0 - value if negative else value


def decimal_parse(s: str, scale: i32) -> i64:
    """The number that a text says, times 10**scale and rounded; str_parsed tells whether it does.

    Spaces may stand around it. It also fails from 10**18 on.
    """
    global str_parsed
    str_parsed = 1
    at = string_ptr(s)
    end = at + string_len(s)
    while at < end and str_is_space(load8u(at)):
        at += 1
    while at < end and str_is_space(load8u(end - 1)):
        end -= 1
    negative = at < end and load8u(at) == 45
    if at < end and (negative or load8u(at) == 43):
        at += 1
    point = at
    while point < end and load8u(point) != 46 and (load8u(point) | 32) != 101:
        point += 1
    stop = point
    while stop < end and (load8u(stop) | 32) != 101:
        stop += 1
    whole = decimal_digits(at, point)
    fraction = decimal_digits(point + 1, stop) if point < stop else i32(0)
    exponent = decimal_exponent(stop + 1, end) if stop < end else i64(0)
    if whole < 0 or fraction < 0 or whole + fraction == 0 or str_parsed == 0:
        str_parsed = 0
        return 0
    magnitude = decimal_kept(at, stop, i64(whole) + exponent + i64(scale))
    return 0 - magnitude if negative else magnitude


def decimal_kept(at: i32, end: i32, digits: i64) -> i64:
    """The first digits between `at` and `end` as a number, rounded by the one that follows."""
    global str_parsed
    value: i64 = 0
    while at < end and digits >= 0:
        byte = load8u(at)
        at += 1
        if byte != 46 and byte != 95:
            if digits == 0:
                value += i64(byte >= 53)
            else:
                value = value * 10 + i64(byte) - 48
            digits -= 1
        if value >= LIMIT:
            str_parsed = 0
            return 0
    while digits > 0 and value > 0:
        value *= 10
        digits -= 1
        if value >= LIMIT:
            str_parsed = 0
            return 0
    return value
'''
