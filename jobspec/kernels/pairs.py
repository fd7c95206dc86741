"""Arithmetic on pairs of f64 whose unrounded sum is the number: about 106 bits.

A kernel that gives a pair returns the high part and leaves the low part in `pair_low`, which every
such kernel overwrites. Operands are far enough from the ends of the range of f64 that products
neither overflow nor lose bits.
"""

from __future__ import annotations

SOURCE = '''
pair_low: f64 = 0


def sum_error(a: f64, b: f64, total: f64) -> f64:
    """What rounding took from a + b, exactly (Knuth)."""
    part = total - a
    return (a - (total - part)) + (b - part)


def product_error(a: f64, b: f64, product: f64) -> f64:
    """What rounding took from a * b, exactly (Dekker, with halves after Veltkamp)."""
    wide = 134217729.0 * a
    a1 = wide - (wide - a)
    a2 = a - a1
    wide = 134217729.0 * b
    b1 = wide - (wide - b)
    b2 = b - b1
    return a2 * b2 - (((product - a1 * b1) - a2 * b1) - a1 * b2)


def pair_of(high: f64, low: f64) -> f64:
    """The pair of two numbers of which the second is not the larger one."""
    global pair_low
    total = high + low
    pair_low = low - (total - high)
    return total


def pair_sum(a: f64, a_low: f64, b: f64, b_low: f64) -> f64:
    """The sum of two pairs."""
    total = a + b
    return pair_of(total, sum_error(a, b, total) + (a_low + b_low))


def pair_product(a: f64, a_low: f64, b: f64, b_low: f64) -> f64:
    """The product of two pairs."""
    product = a * b
    return pair_of(product, product_error(a, b, product) + (a * b_low + a_low * b))


def pair_quotient(a: f64, a_low: f64, b: f64, b_low: f64) -> f64:
    """The quotient of two pairs; the divisor is not 0."""
    quotient = a / b
    product = quotient * b
    rest = (a - product) - product_error(quotient, b, product)
    return pair_of(quotient, (rest + a_low - quotient * b_low) / b)


def pair_root(a: f64, a_low: f64) -> f64:
    """The square root of a pair that is not negative."""
    global pair_low
    if a == 0.0:
        pair_low = 0.0
        return 0.0
    root = sqrt(a)
    square = root * root
    rest = (a - square) - product_error(root, root, square)
    return pair_of(root, (rest + a_low) / (root + root))
'''
