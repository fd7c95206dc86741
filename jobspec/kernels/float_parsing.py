"""Texts as floats, correctly rounded, in the form that DuckDB reads.

Up to 19 digits and a power of ten of 128 bits give bounds of the number. Where both round to one
float that is it; else whole numbers of any length compare the text with the middle between two.
"""

from __future__ import annotations

SOURCE = '''
TAKEN = 19
COMPARED = 800
FIVE_13 = 1220703125

scan_state: i32 = 0
scan_negative: i32 = 0
scan_first: i32 = 0
scan_taken: i32 = 0
scan_more: i32 = 0
scan_exponent: i64 = 0


def str_to_f64(s: str) -> f64:
    """The number that a text says; str_parsed tells whether it does."""
    return f64_of_bits(i64(float_of_text(s, 52, 0x7FF)))


def str_to_f32(s: str) -> f32:
    """The number that a text says, rounded once; str_parsed tells whether it does."""
    return f32_of_bits(i32(float_of_text(s, 23, 0xFF)))


def float_of_text(s: str, width: i32, top: i32) -> u64:
    """The bits of the float that a text says; `width` and `top` say which kind of float."""
    global str_parsed
    digits = scan_float(s)
    str_parsed = i32(scan_state != 0)
    bits: u64 = 0
    if scan_state == 1:
        bits = rounded_decimal(digits, string_ptr(s) + string_len(s), width, top)
    elif scan_state > 1:
        bits = u64(top) << u64(width) | u64(scan_state == 3) << u64(width - 1)
    negative = scan_negative != 0 and scan_state < 3
    return bits | u64(negative) << u64(width + popcnt(top))


def is_digit(at: i32) -> bool:
    """Whether the byte at an address is a decimal digit."""
    return u32(load8u(at) - 48) < 10


def scan_float(s: str) -> u64:
    """Read a text: its first 19 digits that count, and all else in the variables `scan_...`.

    scan_state is 0 for what is no number, 1 for a number, 2 for an infinity, 3 for NaN. The number
    is the digits times 10**scan_exponent, and a bit more if scan_more is 1.
    """
    global scan_state, scan_negative, scan_first, scan_taken, scan_more, scan_exponent
    scan_state = 0
    scan_negative = 0
    scan_taken = 0
    scan_more = 0
    scan_exponent = 0
    at = string_ptr(s)
    end = at + string_len(s)
    while at < end and str_is_space(load8u(at)):
        at += 1
    while at < end and str_is_space(load8u(end - 1)):
        end -= 1
    if at < end and (load8u(at) == 43 or load8u(at) == 45):
        scan_negative = i32(load8u(at) == 45)
        at += 1
    begin = at
    scan_first = at
    pointed = False
    seen = False
    digits: u64 = 0
    while at < end:
        byte = load8u(at)
        if is_digit(at):
            seen = True
            if scan_taken < TAKEN:
                if byte != 48 and scan_taken == 0:
                    scan_first = at
                digits = digits * 10 + u64(byte - 48)
                scan_taken += i32(digits != 0)
                scan_exponent -= i64(pointed)
            else:
                scan_more |= i32(byte != 48)
                scan_exponent += i64(not pointed)
        elif byte == 46 and not pointed:
            pointed = True
        elif not is_separator(at, begin, end):
            break
        at += 1
    if at == begin:
        scan_state = special_float(at, end)
    elif not seen:
        scan_state = 0
    elif at == end or scan_power(at, end):
        scan_state = 1
    return digits


def is_separator(at: i32, begin: i32, end: i32) -> bool:
    """Whether an underscore stands between two digits."""
    if load8u(at) != 95 or at == begin or at + 1 >= end:
        return False
    return is_digit(at - 1) and is_digit(at + 1)


def scan_power(at: i32, end: i32) -> bool:
    """Read an exponent up to the end, and add it to scan_exponent."""
    global scan_exponent
    if (load8u(at) | 32) != 101:
        return False
    at += 1
    negative = False
    if at < end and (load8u(at) == 43 or load8u(at) == 45):
        negative = load8u(at) == 45
        at += 1
    begin = at
    power: i64 = 0
    while at < end:
        if is_digit(at):
            power = min(power * 10 + i64(load8u(at) - 48), 1000000000000)
        elif not is_separator(at, begin, end):
            return False
        at += 1
    scan_exponent += 0 - power if negative else power
    return at > begin


def special_float(at: i32, end: i32) -> i32:
    """2 if the text is an infinity, 3 if it is NaN, in letters of either case; else 0."""
    bytes = end - at
    if bytes == 3 and spells(at, "nan"):
        return 3
    return i32(bytes == 3 and spells(at, "inf") or bytes == 8 and spells(at, "infinity")) * 2


def spells(at: i32, word: str) -> bool:
    """Whether the letters at an address are those of a word."""
    i: i32 = 0
    while i < string_len(word):
        if (load8u(at + i) | 32) != load8u(string_ptr(word) + i):
            return False
        i += 1
    return True


def rounded_decimal(digits: u64, end: i32, width: i32, top: i32) -> u64:
    """The bits of the float nearest to the number that was scanned, without its sign."""
    if digits == 0 or scan_exponent < -342:
        return 0
    if scan_exponent > 310:
        return u64(top) << u64(width)
    exponent = i32(scan_exponent)
    exact = scan_more == 0 and exponent >= 0 and exponent <= 55
    low = scaled_decimal(digits, exponent, 0, width, top)
    if exact:
        return low
    high = scaled_decimal(digits + u64(scan_more), exponent, 1, width, top)
    if low == high:
        return low
    return low + u64(is_above_middle(low, end, exponent, width, top))


def scaled_decimal(digits: u64, exponent: i32, more: u64, width: i32, top: i32) -> u64:
    """The bits of the float nearest to a product; `more` is what to add to its 128th bit."""
    zeros = clz(digits)
    digits = digits << zeros
    high = power_of_ten(exponent)
    low = ten_low * digits
    carried = multiply_high_u64(ten_low, digits)
    middle = high * digits + carried
    first = multiply_high_u64(high, digits) + u64(middle < carried)
    middle += more
    first += u64(middle < more)
    binary = log2_of_power_of_ten(exponent) + 64 - i32(zeros)
    if first < 0x8000000000000000:
        first = first << 1 | middle >> 63
        middle = middle << 1
        binary -= 1
    sticky = u64((first & 3) != 0 or (middle | low) != 0)
    return rounded_binary(first >> 2 | sticky, binary, width, top)


def rounded_binary(first: u64, binary: i32, width: i32, top: i32) -> u64:
    """The bits of the float nearest to first * 2**(binary - 61), where first has 62 bits."""
    bias = top >> 1
    drop = 61 - width
    lift: u64 = 0
    if binary < 1 - bias:
        drop += 1 - bias - binary
        if drop > 62:
            return 0
    else:
        lift = u64(binary + bias - 1) << u64(width)
    kept = first >> u64(drop)
    rest = first - (kept << u64(drop))
    half = u64(1) << u64(drop - 1)
    kept += u64(rest > half or rest == half and (kept & 1) != 0)
    return min(lift + kept, u64(top) << u64(width))


def is_above_middle(bits: u64, end: i32, exponent: i32, width: i32, top: i32) -> bool:
    """Whether the scanned text rounds to the float after the one of the given bits."""
    field = i32(bits >> u64(width))
    significand = bits & ((u64(1) << u64(width)) - 1)
    if field > 0:
        significand |= u64(1) << u64(width)
    binary = max(field, 1) - (top >> 1) - width - 1
    text = alloc(1024)
    middle = alloc(1024)
    ten = exponent + scan_taken - big_of_text(text, end)
    store32(middle, 2)
    store64(middle, i64(significand * 2 + 1), 4)
    big_times_five(text, max(ten, 0))
    big_times_five(middle, max(0 - ten, 0))
    big_times_two(text, max(ten - binary, 0))
    big_times_two(middle, max(binary - ten, 0))
    order = big_compare(text, middle)
    return order > 0 or order == 0 and (scan_more > 1 or (bits & 1) != 0)


def big_of_text(big: i32, end: i32) -> i32:
    """Read up to 800 digits of the scanned text as one number; how many it were.

    A whole number of any length is the count of its 32-bit words, then these, the lowest first.
    scan_more becomes 2 if digits behind those are not all 0.
    """
    global scan_more
    store32(big, 0)
    at = scan_first
    count: i32 = 0
    while at < end and (is_digit(at) or load8u(at) == 46 or load8u(at) == 95):
        if is_digit(at):
            if count < COMPARED:
                big_times(big, 10, u64(load8u(at) - 48))
                count += 1
            elif load8u(at) != 48:
                scan_more = 2
        at += 1
    return count


def big_times(big: i32, factor: u64, more: u64) -> None:
    """Multiply by a factor of 32 bits and add a number of 32 bits."""
    words = load32(big)
    at = big + 4
    last = at + (words << 2)
    carry = more
    while at < last:
        carry += u64(u32(load32(at))) * factor
        store32(at, i32(carry))
        carry = carry >> 32
        at += 4
    if carry != 0:
        store32(at, i32(carry))
        store32(big, words + 1)


def big_times_five(big: i32, power: i32) -> None:
    """Multiply by 5**power."""
    while power >= 13:
        big_times(big, FIVE_13, 0)
        power -= 13
    while power > 0:
        big_times(big, 5, 0)
        power -= 1


def big_times_two(big: i32, power: i32) -> None:
    """Multiply by 2**power."""
    words = power >> 5
    have = load32(big)
    memory_copy(big + 4 + (words << 2), big + 4, have << 2)
    memory_fill(big + 4, 0, words << 2)
    store32(big, have + words)
    big_times(big, u64(1) << u64(power & 31), 0)


def big_compare(a: i32, b: i32) -> i32:
    """-1, 0 or 1 as the first number is below, equal to or above the second."""
    words = max(load32(a), load32(b))
    while words > 0:
        left = big_word(a, words)
        right = big_word(b, words)
        if left != right:
            return i32(-1) if left < right else 1
        words -= 1
    return 0


def big_word(big: i32, place: i32) -> u32:
    """The word at a place from 1 on; 0 beyond the last."""
    return u32(load32(big + (place << 2))) if place <= load32(big) else u32(0)
'''
