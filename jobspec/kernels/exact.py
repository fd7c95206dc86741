"""Kernels of exact sums: numbers of any size are added without rounding, in any order.

A sum is digits of 32 bits; digit i stands for 2 ** (32 i) units. Each lies in 64 bits, so that
what is added or subtracted needs no carry for 2 ** 30 times. A state's cell points to a block,
which grows to the digits that have been needed:

    0 4  number of the lowest digit     8 4  additions since the last carry
    4 4  digits                        12 4  unused, then 8 bytes a digit

For floats a unit is the least of them, 2 ** -1074; for products of two, 2 ** -2148.
"""

from __future__ import annotations

SOURCE = '''
DIGIT = 0xFFFFFFFF
FRACTION = 0xFFFFFFFFFFFFF
HIDDEN = 0x10000000000000
SLACK = 2
CARRY_AFTER = 0x40000000


def exact_fraction(x: f64) -> u64:
    """The magnitude of a finite float in units of 2 ** exact_shift(x)."""
    bits = u64(bits_of_f64(x))
    hidden = u64(HIDDEN) if bits << 1 >> 53 != 0 else 0
    return bits & FRACTION | hidden


def exact_shift(x: f64) -> i32:
    """By how many bits the last one of a float's fraction is above the least float."""
    return max(i32(u64(bits_of_f64(x)) << 1 >> 53), 1) - 1


def exact_special(x: f64) -> i32:
    """1 for NaN, 2 for infinity, 4 for minus infinity, 0 for what can be added."""
    if x - x == 0.0:
        return 0
    if x != x:
        return 1
    return i32(2) if x > 0.0 else 4


def exact_resize(cell: i32, first: i32, end: i32) -> i32:
    """The block of a sum, moved to where it has the digits from `first` to before `end`."""
    block = load32(cell)
    larger = block_of(16 + (end - first) * 8)
    if block != 0:
        before = load32(block) - first
        memory_copy(larger + 16 + before * 8, block + 16, load32(block, 4) * 8)
        store32(larger, load32(block, 8), 8)
    store32(larger, first)
    store32(larger, end - first, 4)
    store32(cell, larger)
    return larger


def exact_settle(cell: i32) -> None:
    """Bring every digit back to 32 bits; one more takes what is left."""
    block = load32(cell)
    first = load32(block)
    count = load32(block, 4)
    block = exact_resize(cell, first, first + count + 1)
    store32(block, 0, 8)
    at = block + 16
    for _ in range(count):
        digit = load64(at)
        store64(at, digit & DIGIT)
        store64(at, load64(at, 8) + (digit >> 32), 8)
        at += 8


def exact_room(cell: i32, low: i32, count: i32) -> i32:
    """The address of the digit `low` of a sum that has it and those above it."""
    block = load32(cell)
    first = low
    end = low + count
    if block == 0:
        block = exact_resize(cell, first, end)
    else:
        if load32(block, 8) == CARRY_AFTER:
            exact_settle(cell)
            block = load32(cell)
        first = load32(block)
        end = first + load32(block, 4)
        if low < first or low + count > end:
            first = max(low - SLACK, 0) if low < first else first
            end = max(low + count + SLACK, end) if low + count > end else end
            block = exact_resize(cell, first, end)
    store32(block, load32(block, 8) + 1, 8)
    return block + 16 + (low - first) * 8


def exact_digit(at: i32, digit: u64, sign: i64) -> None:
    store64(at, load64(at) + ((i64(digit) ^ sign) - sign))


def exact_add(cell: i32, magnitude: u64, shift: i32, negative: i32) -> None:
    """Add magnitude * 2 ** shift units, or subtract them."""
    sign = 0 - i64(negative)
    at = exact_room(cell, shift >> 5, 3)
    bits = u64(shift & 31)
    low = magnitude << bits
    exact_digit(at, low & DIGIT, sign)
    exact_digit(at + 8, low >> 32, sign)
    exact_digit(at + 16, magnitude >> 1 >> (63 - bits), sign)


def exact_add_product(cell: i32, a: u64, b: u64, shift: i32, negative: i32) -> None:
    """Add a * b * 2 ** shift units, or subtract them."""
    sign = 0 - i64(negative)
    at = exact_room(cell, shift >> 5, 5)
    bits = u64(shift & 31)
    low = a * b
    high = multiply_high_u64(a, b)
    middle = high << bits | low >> 1 >> (63 - bits)
    low = low << bits
    exact_digit(at, low & DIGIT, sign)
    exact_digit(at + 8, low >> 32, sign)
    exact_digit(at + 16, middle & DIGIT, sign)
    exact_digit(at + 24, middle >> 32, sign)
    exact_digit(at + 32, high >> 1 >> (63 - bits), sign)


def exact_bytes(cell: i32) -> str:
    """A sum as 4 bytes, the number of its lowest digit, and its digits in two's complement.

    Without digits that say nothing; zero is an empty text.
    """
    block = load32(cell)
    if block == 0:
        return string_pack(cell, 0)
    count = load32(block, 4)
    address = alloc(count * 4 + 8)
    at = address + 4
    carry: i64 = 0
    for i in range(count):
        carry += load64(block + i * 8, 16)
        store32(at, i32(carry))
        carry >>= 32
        at += 4
    store32(at, i32(carry))
    end = at + 4
    while end - 8 >= address + 4 and load32(end - 4) == load32(end - 8) >> 31:
        end -= 4
    start = address + 4
    first = load32(block)
    while start < end and load32(start) == 0:
        start += 4
        first += 1
    if start == end:
        return string_pack(cell, 0)
    store32(start - 4, first)
    return string_pack(start - 4, end - start + 4)
'''
