"""Arithmetic that WebAssembly has no instruction for."""

from __future__ import annotations

SOURCE = '''
def floor_divide_i64(a: i64, b: i64) -> i64:
    """Python's a // b; the one quotient that does not fit wraps. b is not 0."""
    if b == -1:
        return 0 - a
    quotient = div(a, b)
    remainder = a - quotient * b
    return quotient - i64(remainder != 0 and (remainder ^ b) < 0)


def floor_modulo_i64(a: i64, b: i64) -> i64:
    """Python's a % b. b is not 0."""
    remainder = rem(a, b)
    return remainder + b if remainder != 0 and (remainder ^ b) < 0 else remainder


def floor_divide_i32(a: i32, b: i32) -> i32:
    """Python's a // b; the one quotient that does not fit wraps. b is not 0."""
    if b == -1:
        return 0 - a
    quotient = div(a, b)
    remainder = a - quotient * b
    return quotient - i32(remainder != 0 and (remainder ^ b) < 0)


def floor_modulo_i32(a: i32, b: i32) -> i32:
    """Python's a % b. b is not 0."""
    remainder = rem(a, b)
    return remainder + b if remainder != 0 and (remainder ^ b) < 0 else remainder


def power_i64(base: i64, exponent: i64) -> i64:
    """base ** exponent by repeated squaring, wrapping. The exponent is above 0."""
    result: i64 = 1
    while exponent > 1:
        if (exponent & 1) != 0:
            result *= base
        base *= base
        exponent >>= 1
    return result * base


def power_f64(base: f64, exponent: i64) -> f64:
    """base ** exponent by repeated squaring. The exponent is above 0."""
    result: f64 = 1.0
    while exponent > 1:
        if (exponent & 1) != 0:
            result *= base
        base *= base
        exponent >>= 1
    return result * base


def integer_root(n: u64) -> u64:
    """The greatest number whose square is not above n."""
    root = u64(sqrt(f64(n)))
    while root > 0 and root > div(n, root):
        root -= 1
    while root < 0xFFFFFFFF and (root + 1) * (root + 1) <= n:
        root += 1
    return root


def common_divisor_u64(a: u64, b: u64) -> u64:
    """The greatest number that divides both; the other one, if one is 0."""
    while b != 0:
        rest = rem(a, b)
        a = b
        b = rest
    return a


def common_divisor_i64(a: i64, b: i64) -> i64:
    """The same of the sizes of two numbers; of 2**63 it wraps."""
    return i64(common_divisor_u64(u64(abs(a)), u64(abs(b))))


def multiply_overflows_i64(a: i64, b: i64) -> bool:
    """Whether a * b does not fit 64 bits."""
    high = multiply_high_u64(u64(a), u64(b))
    if a < 0:
        high -= u64(b)
    if b < 0:
        high -= u64(a)
    return i64(high) != (a * b) >> 63


def multiply_high_u64(a: u64, b: u64) -> u64:
    """The upper 64 bits of a * b."""
    a0 = a & 0xFFFFFFFF
    a1 = a >> 32
    b0 = b & 0xFFFFFFFF
    b1 = b >> 32
    middle = a1 * b0 + ((a0 * b0) >> 32)
    other = a0 * b1 + (middle & 0xFFFFFFFF)
    return a1 * b1 + (middle >> 32) + (other >> 32)


def float_remainder(x: f64, y: f64) -> f64:
    """C's fmod: what is left of x after whole multiples of y, exact, with the sign of x."""
    ux = u64(bits_of_f64(x))
    uy = u64(bits_of_f64(y))
    sign = ux & 0x8000000000000000
    ux ^= sign
    uy &= 0x7FFFFFFFFFFFFFFF
    if uy == 0 or uy > 0x7FF0000000000000 or ux >= 0x7FF0000000000000:
        return (x * y) / (x * y)
    if ux < uy:
        return x
    ex = i64(ux >> 52)
    ey = i64(uy >> 52)
    if ex == 0:
        ex = 12 - i64(clz(ux))
        ux = ux << u64(1 - ex)
    else:
        ux = (ux & 0xFFFFFFFFFFFFF) | 0x10000000000000
    if ey == 0:
        ey = 12 - i64(clz(uy))
        uy = uy << u64(1 - ey)
    else:
        uy = (uy & 0xFFFFFFFFFFFFF) | 0x10000000000000
    while ex > ey:
        if ux >= uy:
            ux -= uy
        ux = ux << 1
        ex -= 1
    if ux >= uy:
        ux -= uy
    if ux == 0:
        return f64_of_bits(i64(sign))
    lift = i64(clz(ux)) - 11
    ux = ux << u64(lift)
    ex -= lift
    if ex > 0:
        ux = (ux - 0x10000000000000) | (u64(ex) << 52)
    else:
        ux = ux >> u64(1 - ex)
    return f64_of_bits(i64(ux | sign))


def float_modulo(x: f64, y: f64) -> f64:
    """Python's x % y. y is not 0."""
    remainder = float_remainder(x, y)
    if remainder == 0.0:
        return copysign(0.0, y)
    return remainder + y if (remainder < 0.0) != (y < 0.0) else remainder


def float_floor_divide(x: f64, y: f64) -> f64:
    """Python's x // y. y is not 0."""
    remainder = float_remainder(x, y)
    quotient = (x - remainder) / y
    if remainder != 0.0 and (remainder < 0.0) != (y < 0.0):
        quotient -= 1.0
    if quotient == 0.0:
        return copysign(0.0, x / y)
    whole = floor(quotient)
    return whole + 1.0 if quotient - whole > 0.5 else whole


def next_after(x: f64, towards: f64) -> f64:
    """The float beside x in the direction of another."""
    if x != x or towards != towards:
        return x + towards
    if x == towards:
        return towards
    if x == 0.0:
        return copysign(5e-324, towards)
    bits = bits_of_f64(x)
    return f64_of_bits(bits + 1 if (x < towards) == (x > 0.0) else bits - 1)


def next_after_f32(x: f32, towards: f32) -> f32:
    """The narrow float beside x in the direction of another."""
    if x != x or towards != towards:
        return x + towards
    if x == towards:
        return towards
    zero = f32_of_bits(0)
    if x == zero:
        return copysign(f32_of_bits(1), towards)
    bits = bits_of_f32(x)
    return f32_of_bits(bits + 1 if (x < towards) == (x > zero) else bits - 1)


def away_to_even(x: f64) -> f64:
    """The nearest even whole number that is not nearer to zero."""
    return copysign(ceil(ceil(abs(x)) * 0.5) * 2.0, x)


def factorial(n: i64) -> i64:
    """1 * 2 * ... * n, for n from 0 to 20."""
    product: i64 = 1
    while n > 1:
        product *= n
        n -= 1
    return product
'''
