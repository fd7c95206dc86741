"""The numbers that mathematical kernels are made of, computed from their definitions.

Everything here is exact arithmetic on integers and fractions, rounded once at the end, so no table
has to be believed. A number that one f64 cannot hold well enough is a pair: the nearest f64 and the
nearest f64 to what is left.

Not here: what the kernels do with them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from decimal import Context
from fractions import Fraction

_DIGITS = Context(prec=60)
_BITS = 256

Pair = tuple[float, float]


def pair(value: Fraction) -> Pair:
    high = float(value)
    return high, float(value - Fraction(high))


def leading(value: Fraction, bits: int) -> tuple[float, Fraction]:
    """A float of so many bits, or one more, close to `value`, and what is left of it."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length() - bits
    unit = Fraction(2) ** exponent
    high = round(value / unit) * unit
    return float(high), value - high


def doubles(values: Iterable[float]) -> bytes:
    """A table of f64."""
    listed = list(values)
    return struct.pack(f"<{len(listed)}d", *listed)


def polynomial(variable: str, coefficients: Sequence[Fraction]) -> str:
    """Kernel text that computes a polynomial, whose lowest coefficient comes first."""
    text = repr(float(coefficients[-1]))
    for coefficient in reversed(coefficients[:-1]):
        text = f"{float(coefficient)!r} + {variable} * ({text})"
    return f"({text})"


def factorials(first: int, last: int, step: int = 1) -> list[Fraction]:
    """1/n! for n from `first` to `last`; the sign changes from one to the next if n skips some."""
    product, found = 1, {0: Fraction(1)}
    for n in range(1, last + 1):
        product *= n
        found[n] = Fraction(1, product)
    chosen = range(first, last + 1, step)
    return [found[n] * (-1) ** (n // 2 if step == 2 else 0) for n in chosen]


def logarithm(value: Fraction) -> Fraction:
    quotient = _DIGITS.divide(value.numerator, value.denominator)
    return Fraction(_DIGITS.ln(quotient))


def power_of_two(exponent: Fraction) -> Fraction:
    product = LN2 * exponent
    return Fraction(_DIGITS.exp(_DIGITS.divide(product.numerator, product.denominator)))


def arctangent(value: Fraction, bits: int = _BITS) -> Fraction:
    """Euler's series, whose terms at least halve for values up to 1."""
    square = value * value
    one = 1 << bits
    factor = square / (1 + square)
    term = total = int(value / (1 + square) * one)
    n = 1
    while term:
        term = term * 2 * n * factor.numerator // ((2 * n + 1) * factor.denominator)
        total += term
        n += 1
    return Fraction(total, one)


def _pi(bits: int) -> Fraction:
    """Machin's formula."""
    small = [arctangent(Fraction(1, divisor), bits) for divisor in (5, 239)]
    return 16 * small[0] - 4 * small[1]


LN2 = logarithm(Fraction(2))
LN10 = logarithm(Fraction(10))
PI = _pi(_BITS)

TWO_OVER_PI_BITS = 1280
TWO_OVER_PI = int(2 / _pi(TWO_OVER_PI_BITS + 64) * (1 << TWO_OVER_PI_BITS))
"""The binary digits of 2/pi behind the point: as many as the largest f64 needs."""
