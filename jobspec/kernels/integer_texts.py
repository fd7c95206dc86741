"""Whole numbers as text and back, in the forms that DuckDB reads."""

from __future__ import annotations

SOURCE = '''
str_parsed: i32 = 0
str_negative: i32 = 0


def str_from_u64(n: u64) -> str:
    """The number in decimal digits."""
    return str_digits(n, False)


def str_from_i64(n: i64) -> str:
    """The number in decimal digits, with a sign if it is negative."""
    return str_digits(u64(0 - n) if n < 0 else u64(n), n < 0)


def str_digits(magnitude: u64, negative: bool) -> str:
    """The text of a number's sign and magnitude."""
    end = alloc(24) + 24
    at = end
    rest = magnitude
    while rest >= 10:
        tenth = div(rest, 10)
        at -= 1
        store8(at, i32(rest - tenth * 10) + 48)
        rest = tenth
    at -= 1
    store8(at, i32(rest) + 48)
    if negative:
        at -= 1
        store8(at, 45)
    return string_pack(at, end - at)


def str_to_i64(s: str) -> i64:
    """The whole number that a text says; str_parsed tells whether it does and fits."""
    global str_parsed
    magnitude = str_parse(s)
    if str_negative != 0:
        if magnitude > 0x8000000000000000:
            str_parsed = 0
        return 0 - i64(magnitude)
    if magnitude > 0x7FFFFFFFFFFFFFFF:
        str_parsed = 0
    return i64(magnitude)


def str_to_u64(s: str) -> u64:
    """The same for numbers that are not negative; -0 passes, -0.0 does not."""
    global str_parsed
    magnitude = str_parse(s)
    if str_negative > i32(magnitude == 0):
        str_parsed = 0
    return magnitude


def str_is_space(byte: i32) -> bool:
    """Whether a byte is a blank, a tab or the end of a line or page."""
    return byte == 32 or (byte >= 9 and byte <= 13)


def str_parse(s: str) -> u64:
    """The magnitude of a decimal number, rounded to a whole one, halves away from zero.

    Sets str_parsed, and str_negative to 1 behind a minus sign, to 2 if there is a point too.
    Spaces may stand around the number, a single _ between digits, an exponent behind them.
    """
    global str_parsed, str_negative
    str_parsed = 0
    str_negative = 0
    at = string_ptr(s)
    end = at + string_len(s)
    while at < end and str_is_space(load8u(at)):
        at += 1
    while at < end and str_is_space(load8u(end - 1)):
        end -= 1
    if at < end and (load8u(at) == 43 or load8u(at) == 45):
        str_negative = i32(load8u(at) == 45)
        at += 1
    magnitude: u64 = 0
    digits: i32 = 0
    while at < end and load8u(at) != 46:
        byte = load8u(at)
        if byte == 95 and digits > 0 and at + 1 < end:
            at += 1
            byte = load8u(at)
        if byte < 48 or byte > 57:
            return str_parse_power(s, byte)
        digit = u64(byte - 48)
        if magnitude > div(0xFFFFFFFFFFFFFFFF - digit, 10):
            return 0
        magnitude = magnitude * 10 + digit
        digits += 1
        at += 1
    if at < end:
        at += 1
        if at < end and load8u(at) >= 53 and load8u(at) <= 57:
            if magnitude == 0xFFFFFFFFFFFFFFFF:
                return 0
            magnitude += 1
        str_negative = str_negative << 1
        in_fraction = False
        while at < end:
            byte = load8u(at)
            if byte == 95 and in_fraction and at + 1 < end:
                at += 1
                byte = load8u(at)
            if byte < 48 or byte > 57:
                return str_parse_power(s, byte)
            in_fraction = True
            digits += 1
            at += 1
    str_parsed = i32(digits > 0)
    return magnitude


def str_parse_power(s: str, byte: i32) -> u64:
    """The same for a number with an exponent, whose first byte is given.

    It has 19 digits that count at most, unless the rest is beyond the point.
    """
    global str_parsed, str_negative
    if (byte | 32) != 101:
        return 0
    magnitude = scan_float(s)
    str_negative = scan_negative << 1
    if scan_state == 1 and magnitude == 0:
        str_parsed = 1
    elif scan_state == 1 and scan_exponent <= 19:
        magnitude = str_times_power(magnitude, scan_exponent)
    return magnitude


def str_times_power(magnitude: u64, power: i64) -> u64:
    """magnitude * 10**power, rounded, of what was scanned; str_parsed tells whether it is whole.

    Halves go away from zero. The power is at most 19.
    """
    global str_parsed
    if power >= 0 and scan_more != 0:
        return 0
    while power > 0 and magnitude <= 1844674407370955161:
        magnitude *= 10
        power -= 1
    while power < -1 and magnitude > 0:
        magnitude = div(magnitude, 10)
        power += 1
    if power < 0:
        magnitude = div(magnitude + 5, 10)
    str_parsed = i32(power <= 0)
    return magnitude
'''
