"""Characters of texts: code points, and lower and upper case.

Which characters have a case is a table that the caller passes: 16 bytes (i32 each) a run of code
points that move alike: first, last, step, difference. The first run is that of ASCII.
"""

from __future__ import annotations

SOURCE = '''
HIGH_BITS = 0x8080808080808080
EVERY_BYTE = 0x0101010101010101


def char_read(address: i32) -> i32:
    """The code point that begins at an address."""
    lead = load8u(address)
    if lead < 0x80:
        return lead
    second = load8u(address, 1) & 0x3F
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | second
    third = load8u(address, 2) & 0x3F
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (second << 6) | third
    return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | (load8u(address, 3) & 0x3F)


def char_write(address: i32, point: i32) -> i32:
    """Write a code point; the address behind it."""
    if point < 0x80:
        store8(address, point)
        return address + 1
    if point < 0x800:
        store8(address, 0xC0 | (point >> 6))
        store8(address, 0x80 | (point & 0x3F), 1)
        return address + 2
    if point < 0x10000:
        store8(address, 0xE0 | (point >> 12))
        store8(address, 0x80 | ((point >> 6) & 0x3F), 1)
        store8(address, 0x80 | (point & 0x3F), 2)
        return address + 3
    store8(address, 0xF0 | (point >> 18))
    store8(address, 0x80 | ((point >> 12) & 0x3F), 1)
    store8(address, 0x80 | ((point >> 6) & 0x3F), 2)
    store8(address, 0x80 | (point & 0x3F), 3)
    return address + 4


def char_first(s: str, none: i64) -> i64:
    """The code point of the first character; `none` if there is none."""
    if string_len(s) == 0:
        return none
    return i64(char_read(string_ptr(s)))


def char_text(point: i64) -> str:
    """The text of one character; the code point is one."""
    start = alloc(4)
    return string_pack(start, char_write(start, i32(point)) - start)


def char_recase(point: i32, runs: str) -> i32:
    """A code point in the case that the runs lead to."""
    low: i32 = 0
    count = string_len(runs) >> 4
    while low < count:
        middle = (low + count) >> 1
        if load32(string_ptr(runs) + (middle << 4)) <= point:
            low = middle + 1
        else:
            count = middle
    if low == 0:
        return point
    run = string_ptr(runs) + ((low - 1) << 4)
    steps = point - load32(run)
    if point > load32(run, 4) or (steps & (load32(run, 8) - 1)) != 0:
        return point
    return point + load32(run, 12)


def str_recase(s: str, runs: str) -> str:
    """The text in the case that the runs lead to, eight characters at a time where all are ASCII.

    A character of two bytes may become one of three, and no other grows.
    """
    bytes = string_len(s)
    start = alloc(bytes + (bytes >> 1))
    target = start
    at = string_ptr(s)
    end = at + bytes
    first = load32(string_ptr(runs))
    last = load32(string_ptr(runs), 4)
    from_first = u64(0x80 - first) * EVERY_BYTE
    behind_last = u64(0x7F - last) * EVERY_BYTE
    while at < end:
        byte = load8u(at)
        if byte < 0x80 and at + 8 <= end:
            eight = u64(load64(at))
            if (eight & HIGH_BITS) == 0:
                changes = ((eight + from_first) ^ (eight + behind_last)) & HIGH_BITS
                store64(target, i64(eight ^ (changes >> 2)))
                at += 8
                target += 8
                continue
        if byte < 0x80:
            store8(target, byte ^ (i32(byte >= first and byte <= last) << 5))
            at += 1
            target += 1
        else:
            target = char_write(target, char_recase(char_read(at), runs))
            at += str_width(at)
    return string_pack(start, target - start)
'''
