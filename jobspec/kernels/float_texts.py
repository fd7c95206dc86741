"""Floats as text: the shortest digits that read back as the same float, and of those the closest.

The digits are Giulietti's (Schubfach): the interval of numbers that round to the float is scaled by
a power of ten so that it holds a whole number, and one of at most two is it. The layout is that of
DuckDB and Python: 0.0001, 100000.0, 1e-05, 1e+16. (DuckDB's digits are not always the shortest for
f32, and wrong for 2.0**81 and a few more.)
"""

from __future__ import annotations

SOURCE = '''
shortest_exponent: i32 = 0


def str_from_f64(x: f64) -> str:
    """The text of a number."""
    bits = bits_of_f64(x)
    fraction = u64(bits & 0xFFFFFFFFFFFFF)
    return float_text(fraction, i32(bits >> 52) & 0x7FF, 52, 0x7FF, bits < 0)


def str_from_f32(x: f32) -> str:
    """The text of a number."""
    bits = bits_of_f32(x)
    return float_text(u64(bits & 0x7FFFFF), (bits >> 23) & 0xFF, 23, 0xFF, bits < 0)


def float_text(fraction: u64, exponent: i32, width: i32, top: i32, negative: bool) -> str:
    """The text of a float of which the fields are given, and the exponent of infinities."""
    if exponent == top:
        if fraction != 0:
            return "nan"
        return "-inf" if negative else "inf"
    significand = fraction
    if exponent > 0:
        significand |= u64(1) << u64(width)
    if significand == 0:
        return "-0.0" if negative else "0.0"
    digits = shortest_digits(
        significand, max(exponent, 1) - (top >> 1) - width, fraction == 0 and exponent > 1
    )
    return float_digits_text(digits, shortest_exponent, negative)


def shortest_digits(significand: u64, exponent: i32, closer_below: bool) -> u64:
    """The decimal significand of the float significand * 2**exponent.

    `closer_below` says that the float is a power of two: its lower neighbour is half as far as
    the upper one.
    """
    global shortest_exponent
    ten = (exponent * 1262611 - select(closer_below, i32(524031), i32(0))) >> 22
    shortest_exponent = ten
    lift = u64(exponent + log2_of_power_of_ten(0 - ten) + 1)
    high = power_of_ten(0 - ten)
    low = ten_low
    if 0 - ten < 0 or 0 - ten > 55:
        low += 1
        high += u64(low == 0)
    four = significand << 2
    odd = significand & 1
    value = scaled_to_odd(high, low, four << lift)
    lower = scaled_to_odd(high, low, (four - 2 + u64(closer_below)) << lift) + odd
    upper = scaled_to_odd(high, low, (four + 2) << lift) - odd
    whole = value >> 2
    if whole >= 10:
        tenth = div(whole, 10) * 40
        below_fits = lower <= tenth
        above_fits = tenth + 40 <= upper
        if below_fits != above_fits:
            shortest_exponent += 1
            return div(whole, 10) + u64(above_fits)
    below_fits = lower <= whole << 2
    above_fits = (whole << 2) + 4 <= upper
    if below_fits != above_fits:
        return whole + u64(above_fits)
    middle = (whole << 2) + 2
    return whole + u64(value > middle or value == middle and (whole & 1) != 0)


def scaled_to_odd(high: u64, low: u64, factor: u64) -> u64:
    """The upper 64 of the 192 bits of a product; the lowest is 1 if any below them are."""
    carried = multiply_high_u64(low, factor)
    middle = high * factor + carried
    top = multiply_high_u64(high, factor) + u64(middle < carried)
    return top | u64(middle > 1)


def float_digits_text(digits: u64, exponent: i32, negative: bool) -> str:
    """The text of digits * 10**exponent, which is not 0, as a float is written."""
    while rem(digits, 10) == 0:
        digits = div(digits, 10)
        exponent += 1
    count: i32 = 1
    reach: u64 = 10
    while count < 19 and digits >= reach:
        reach *= 10
        count += 1
    start = alloc(32)
    at = start
    if negative:
        store8(at, 45)
        at += 1
    point = count + exponent
    if point > 16 or point < -3:
        at = store_pointed(at, digits, count, 1)
        if count == 1:
            at -= 2
        at = store_exponent(at, point - 1)
    elif point > 0:
        at = store_pointed(at, digits, count, point)
    else:
        memory_fill(at, 48, 2 - point)
        store8(at + 1, 46)
        store_digits(at + 2 - point, digits, count)
        at += 2 - point + count
    return string_pack(start, at - start)


def store_pointed(at: i32, digits: u64, count: i32, point: i32) -> i32:
    """Write digits with a point behind so many, and zeros that lack; the address behind them."""
    if point < count:
        store_digits(at + 1, digits, count)
        memory_copy(at, at + 1, point)
        store8(at + point, 46)
        return at + count + 1
    store_digits(at, digits, count)
    memory_fill(at + count, 48, point + 2 - count)
    store8(at + point, 46)
    return at + point + 2


def store_digits(at: i32, digits: u64, count: i32) -> None:
    """Write the last so many decimal digits of a number."""
    place = at + count
    while place > at:
        place -= 1
        store8(place, 48 + i32(rem(digits, 10)))
        digits = div(digits, 10)


def store_exponent(at: i32, exponent: i32) -> i32:
    """Write an exponent of at least two digits; the address behind it."""
    size = u64(abs(exponent))
    count = select(size >= 100, i32(3), i32(2))
    store8(at, 101)
    store8(at + 1, i32(45) if exponent < 0 else 43)
    store_digits(at + 2, size, count)
    return at + 2 + count
'''
