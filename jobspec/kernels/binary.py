"""Bytes as text and back: hexadecimal and binary digits, base64, UTF-8.

What is read here may be no such text: `str_refused` is 1 then, and the result is empty.
"""

from __future__ import annotations

SOURCE = '''
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

str_refused: i32 = 0


def hex_digit(value: i32) -> i32:
    """The digit of a value below 16."""
    return select(value < 10, value + 48, value + 55)


def bytes_to_digits(s: str, bits: i32) -> str:
    """The bytes in digits of so many bits each: 4 for hexadecimal, 1 for binary."""
    if string_len(s) > 0x0FFFFFFF:
        trap("out_of_memory")
    digits = i32(3) if bits == 1 else 1
    start = alloc(string_len(s) << digits)
    target = start
    i: i32 = 0
    while i < string_len(s):
        byte = load8u(string_ptr(s) + i)
        shift = 8 - bits
        while shift >= 0:
            store8(target, hex_digit((byte >> shift) & ((1 << bits) - 1)))
            target += 1
            shift -= bits
        i += 1
    return string_pack(start, target - start)


def digits_of_u64(n: u64, bits: i32) -> str:
    """The number in digits of so many bits each, without zeros in front."""
    end = alloc(64) + 64
    at = end
    rest = n
    while rest != 0 or at == end:
        at -= 1
        store8(at, hex_digit(i32(rest) & ((1 << bits) - 1)))
        rest = rest >> u64(bits)
    return string_pack(at, end - at)


def digit_value(byte: i32) -> i32:
    """What a hexadecimal digit stands for; -1 if it is none."""
    if byte >= 48 and byte <= 57:
        return byte - 48
    letter = byte | 32
    if letter >= 97 and letter <= 102:
        return letter - 87
    return -1


def digits_to_bytes(s: str, bits: i32) -> str:
    """The bytes that digits of so many bits each stand for; zeros are missing in front."""
    global str_refused
    str_refused = 0
    each = div(8, bits)
    count = string_len(s)
    bytes = div(count + each - 1, each)
    start = alloc(bytes)
    at = string_ptr(s)
    end = at + count
    missing = bytes * each - count
    byte: i32 = 0
    target = start
    while at < end:
        value = digit_value(load8u(at))
        if value < 0 or (value >> bits) != 0:
            str_refused = 1
            return string_pack(start, 0)
        byte = (byte << bits) | value
        missing += 1
        if missing == each:
            store8(target, byte)
            target += 1
            byte = 0
            missing = 0
        at += 1
    return string_pack(start, target - start)


def base64_write(s: str) -> str:
    """The bytes in base64, filled up with =."""
    bytes = string_len(s)
    if bytes > 0x5FFFFFFF:
        trap("out_of_memory")
    letters = string_ptr(BASE64)
    start = alloc(div(bytes + 2, 3) << 2)
    target = start
    i: i32 = 0
    while i < bytes:
        at = string_ptr(s) + i
        left = bytes - i
        word = load8u(at) << 16
        if left > 1:
            word = word | (load8u(at, 1) << 8)
        if left > 2:
            word = word | load8u(at, 2)
        store8(target, load8u(letters + (word >> 18)))
        store8(target, load8u(letters + ((word >> 12) & 63)), 1)
        store8(target, load8u(letters + ((word >> 6) & 63)) if left > 1 else 61, 2)
        store8(target, load8u(letters + (word & 63)) if left > 2 else 61, 3)
        target += 4
        i += 3
    return string_pack(start, target - start)


def base64_value(byte: i32) -> i32:
    """What a letter of base64 stands for; -1 if it is none."""
    if byte >= 65 and byte <= 90:
        return byte - 65
    if byte >= 97 and byte <= 122:
        return byte - 71
    if byte >= 48 and byte <= 57:
        return byte + 4
    if byte == 43:
        return 62
    return i32(63) if byte == 47 else -1


def base64_read(s: str) -> str:
    """The bytes of a text in base64, which has a multiple of four letters; = only at its end."""
    global str_refused
    str_refused = 0
    count = string_len(s)
    start = alloc(count)
    target = start
    at = string_ptr(s)
    end = at + count
    if (count & 3) != 0:
        str_refused = 1
        return string_pack(start, 0)
    while at < end:
        missing: i32 = 0
        if at + 4 == end and load8u(at, 3) == 61:
            missing = 1 + i32(load8u(at, 2) == 61)
        word: i32 = 0
        i: i32 = 0
        while i < 4 - missing:
            value = base64_value(load8u(at + i))
            if value < 0:
                str_refused = 1
                return string_pack(start, 0)
            word = word | (value << (18 - 6 * i))
            i += 1
        store8(target, word >> 16)
        store8(target, word >> 8, 1)
        store8(target, word, 2)
        target += 3 - missing
        at += 4
    return string_pack(start, target - start)


def utf8_is_valid(s: str) -> bool:
    """Whether bytes are UTF-8: shortest forms only, no surrogates, nothing beyond U+10FFFF."""
    at = string_ptr(s)
    end = at + string_len(s)
    while at < end:
        lead = load8u(at)
        if lead < 0x80:
            at += 1
            continue
        if lead < 0xC2 or lead > 0xF4:
            return False
        width = str_width(at)
        if width > end - at:
            return False
        i: i32 = 1
        while i < width:
            if (load8u(at + i) & 0xC0) != 0x80:
                return False
            i += 1
        second = load8u(at, 1)
        if (lead == 0xE0 and second < 0xA0) or (lead == 0xED and second > 0x9F):
            return False
        if (lead == 0xF0 and second < 0x90) or (lead == 0xF4 and second > 0x8F):
            return False
        at += width
    return True


def bytes_slice(s: str, start: i64, length: i64) -> str:
    """Bytes from a position on, from 1; from the end if it is negative, backwards as texts go."""
    begin = str_near(start)
    bytes = i64(string_len(s))
    if begin < 0:
        begin += bytes
    else:
        begin -= 1
    end = begin + str_near(length)
    if end < begin:
        begin, end = end, begin
    begin = min(max(begin, 0), bytes)
    end = max(min(end, bytes), begin)
    return string_pack(string_ptr(s) + i32(begin), i32(end - begin))


def bytes_left(s: str, count: i64) -> str:
    """The first bytes; all but the last if the count is negative."""
    wanted = str_near(count)
    if wanted < 0:
        wanted += i64(string_len(s))
    return bytes_slice(s, 1, max(wanted, 0))


def bytes_right(s: str, count: i64) -> str:
    """The last bytes; all but the first if the count is negative."""
    bytes = i64(string_len(s))
    wanted = str_near(count)
    if wanted < 0:
        wanted += bytes
    wanted = min(max(wanted, 0), bytes)
    return string_pack(string_ptr(s) + i32(bytes - wanted), i32(wanted))
'''
