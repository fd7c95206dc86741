"""Powers of ten from 1e-351 to 1e350 as 128 binary digits, for texts of floats.

A table of every 27th power, with 192 digits, and of the first powers of five makes them all: each
is the product of two entries, cut off after 128 digits. Those from 1e0 to 1e55 are exact.
"""

from __future__ import annotations

from fractions import Fraction

_FIRST, _LAST, _APART = -351, 324, 27


def _digits(value: Fraction, count: int) -> int:
    """The first so many binary digits of a positive number."""
    length = value.numerator.bit_length() - value.denominator.bit_length()
    digits = int(value * Fraction(2) ** (count - length))
    return digits >> digits.bit_length() - count


def _words(digits: int, count: int) -> bytes:
    """64-bit words, the most significant first."""
    shifts = range(64 * (count - 1), -1, -64)
    return b"".join((digits >> shift & (1 << 64) - 1).to_bytes(8, "little") for shift in shifts)


_POWERS = b"".join(
    _words(_digits(Fraction(10) ** power, 192), 3) for power in range(_FIRST, _LAST + 1, _APART)
)
_FIVES = b"".join(_words(_digits(Fraction(5**power), 64), 1) for power in range(_APART))

SOURCE = f'''
POWERS = {_POWERS!r}
FIVES = {_FIVES!r}

ten_low: u64 = 0


def power_of_ten(exponent: i32) -> u64:
    """The upper 64 of the first 128 binary digits of 10**exponent; the others in `ten_low`."""
    global ten_low
    lifted = exponent - ({_FIRST})
    entry = string_ptr(POWERS) + div(lifted, {_APART}) * 24
    five = u64(load64(string_ptr(FIVES) + rem(lifted, {_APART}) * 8))
    high = u64(load64(entry))
    middle = u64(load64(entry, 8))
    low = middle * five
    third = low + multiply_high_u64(u64(load64(entry, 16)), five)
    upper = multiply_high_u64(middle, five) + u64(third < low)
    second = high * five + upper
    first = multiply_high_u64(high, five) + u64(second < upper)
    if first < 0x8000000000000000:
        first = first << 1 | second >> 63
        second = second << 1 | third >> 63
    ten_low = second
    return first


def log2_of_power_of_ten(exponent: i32) -> i32:
    """The exponent of the greatest power of two that is not above 10**exponent."""
    return (exponent * 1741647) >> 19
'''
