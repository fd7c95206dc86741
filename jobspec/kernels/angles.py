"""The inverse trigonometric functions: each is the angle of a point whose coordinates are pairs.

The angle's tangent is at most 1 after a swap of the coordinates. A table holds the arctangents of
sixteenths; the difference to the nearest one has a tangent below 1/31, for which Taylor serves.

Not here: angles to coordinates (`trigonometry`).
"""

from __future__ import annotations

from fractions import Fraction

from jobspec.kernels.constants import PI, arctangent, doubles, pair, polynomial

_ATAN = doubles(part for i in range(17) for part in pair(arctangent(Fraction(i, 16))))
_SERIES = [Fraction((-1) ** n, 2 * n + 1) for n in range(1, 8)]
_HALF_PI, _HALF_PI_LOW = pair(PI / 2)
_PI, _PI_LOW = pair(PI)

SOURCE = f'''
INFINITY = 1e999
HALF_PI = {_HALF_PI!r}
HALF_PI_LOW = {_HALF_PI_LOW!r}
PI = {_PI!r}
PI_LOW = {_PI_LOW!r}
ARCTANGENTS = {_ATAN!r}


def angle_below(y: f64, y_low: f64, x: f64, x_low: f64) -> f64:
    """The angle of a point with 0 <= y <= x as a pair. x is of a size that products can bear."""
    index = nearest(y / x * 16.0)
    tangent = index * 0.0625
    entry = string_ptr(ARCTANGENTS) + (i32(index) << 4)
    product = tangent * x
    above = y - product
    above_low = sum_error(y, 0.0 - product, above) - product_error(tangent, x, product)
    above_low += y_low - tangent * x_low
    product = tangent * y
    below = x + product
    below_low = sum_error(x, product, below) + product_error(tangent, y, product)
    below_low += x_low + tangent * y_low
    t = pair_quotient(above, above_low, below, below_low)
    square = t * t
    rest = pair_low + t * square * {polynomial("square", _SERIES)}
    return pair_sum(loadf64(entry), loadf64(entry, 8), t, rest)


def angle(y: f64, y_low: f64, x: f64, x_low: f64) -> f64:
    """The angle, from 0 to pi, of a point with y >= 0: finite and not both 0."""
    size = abs(x)
    flipped = 0.0 - x_low if x < 0.0 else x_low
    if y > size:
        rest = angle_below(size, flipped, y, y_low)
        if x < 0.0:
            return pair_sum(HALF_PI, HALF_PI_LOW, rest, pair_low)
        return pair_sum(HALF_PI, HALF_PI_LOW, 0.0 - rest, 0.0 - pair_low)
    rest = angle_below(y, y_low, size, flipped)
    if x < 0.0:
        return pair_sum(PI, PI_LOW, 0.0 - rest, 0.0 - pair_low)
    return rest


def math_atan(x: f64) -> f64:
    """The angle between -pi/2 and pi/2 whose tangent is x."""
    size = abs(x)
    if not (size > 3e-9):
        return x
    if size > 1e18:
        return copysign(HALF_PI, x)
    return copysign(angle(size, 0.0, 1.0, 0.0), x)


def math_atan2(y: f64, x: f64) -> f64:
    """The angle of the point (x, y) between -pi and pi, with C's results for 0 and infinity."""
    if x != x or y != y:
        return x + y
    high = abs(y)
    wide = abs(x)
    if wide == INFINITY and high == INFINITY:
        high = 1.0
        x = copysign(1.0, x)
    elif wide == 0.0 and high == 0.0 or wide == INFINITY:
        high = 0.0
        x = copysign(1.0, x)
    elif high == INFINITY:
        high = 1.0
        x = 0.0
    if max(high, abs(x)) > 1e270:
        high *= 8.636168555094445e-78
        x *= 8.636168555094445e-78
    elif max(high, abs(x)) < 1e-100:
        high *= 2.0370359763344861e90
        x *= 2.0370359763344861e90
    if x > 0.0 and high < x * 1e-18:
        return copysign(high / x, y)
    return copysign(angle(high, 0.0, x, 0.0), y)


def math_asin(x: f64) -> f64:
    """The angle between -pi/2 and pi/2 whose sine is x; NaN beyond -1 and 1."""
    size = abs(x)
    if not (size > 3e-9 and size <= 1.0):
        return x if size <= 1.0 else (x - x) / 0.0
    root = other_side(size)
    return copysign(angle(size, 0.0, root, pair_low), x)


def math_acos(x: f64) -> f64:
    """The angle between 0 and pi whose cosine is x; NaN beyond -1 and 1."""
    if not (abs(x) <= 1.0):
        return (x - x) / 0.0
    root = other_side(x)
    return angle(root, pair_low, x, 0.0)


def other_side(x: f64) -> f64:
    """sqrt(1 - x * x) as a pair, for x from -1 to 1."""
    square = x * x
    rest = 0.0 - product_error(x, x, square)
    high = pair_sum(1.0, 0.0, 0.0 - square, rest)
    return pair_root(high, pair_low)
'''
