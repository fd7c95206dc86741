"""Cube roots and the lengths of vectors."""

from __future__ import annotations

SOURCE = '''
def math_cbrt(x: f64) -> f64:
    """The cube root: Newton's method on a size between 1 and 8, its last step on pairs."""
    size = abs(x)
    if not (size > 0.0 and size < 1e999):
        return x
    bits = bits_of_f64(size)
    exponent: i64 = -1023
    if bits < 0x10000000000000:
        bits = bits_of_f64(size * 18014398509481984.0)
        exponent = -1077
    exponent += bits >> 52
    third = exponent // 3
    m = f64_of_bits((bits & 0xFFFFFFFFFFFFF) | (exponent - 3 * third + 1023) << 52)
    root = 0.75 + m * (0.2847 - 0.0165 * m)
    root -= (root * root * root - m) / (3.0 * root * root)
    root -= (root * root * root - m) / (3.0 * root * root)
    root -= (root * root * root - m) / (3.0 * root * root)
    square = root * root
    low = product_error(root, root, square)
    cube = pair_product(square, low, root, 0.0)
    root -= ((cube - m) + pair_low) / (3.0 * square)
    return copysign(root * f64_of_bits((third + 1023) << 52), x)


def math_hypot(x: f64, y: f64) -> f64:
    """sqrt(x * x + y * y) without overflow on the way; infinite if either is."""
    long = max(abs(x), abs(y))
    short = min(abs(x), abs(y))
    if abs(x) == 1e999 or abs(y) == 1e999:
        return 1e999
    if x != x or y != y or short <= long * 1e-18:
        return abs(x) + abs(y)
    scale = 1.0
    if long > 1e150:
        scale = 2.409919865102884e-181
    elif long < 1e-120:
        scale = 4.149515568880993e180
    long *= scale
    short *= scale
    square = long * long
    low = product_error(long, long, square)
    other = short * short
    square = pair_sum(square, low, other, product_error(short, short, other))
    return pair_root(square, pair_low) / scale
'''
