"""Texts as bools, and texts as binary values and back."""

from __future__ import annotations

SOURCE = '''
def str_to_bool(s: str) -> i32:
    """1 for true, t, yes, y and 1, 0 for their opposites, 2 for everything else."""
    if str_is_word(s, "true") or str_is_word(s, "t") or str_is_word(s, "1"):
        return 1
    if str_is_word(s, "yes") or str_is_word(s, "y"):
        return 1
    if str_is_word(s, "false") or str_is_word(s, "f") or str_is_word(s, "0"):
        return 0
    if str_is_word(s, "no") or str_is_word(s, "n"):
        return 0
    return 2


def str_is_word(s: str, word: str) -> bool:
    """Whether a text is a word of lower-case letters and digits, in any case."""
    bytes = string_len(s)
    if bytes != string_len(word):
        return False
    for i in range(bytes):
        byte = load8u(string_ptr(s) + i)
        if byte >= 65 and byte <= 90:
            byte += 32
        if byte != load8u(string_ptr(word) + i):
            return False
    return True


def str_from_binary(s: str) -> str:
    """Printable ASCII as it is; other bytes, quotes and backslashes as a backslash, x and hex."""
    bytes = string_len(s)
    if bytes > 0x1FFFFFFF:
        trap("out_of_memory")
    start = alloc(bytes * 4)
    at = start
    for i in range(bytes):
        byte = load8u(string_ptr(s) + i)
        if byte >= 32 and byte <= 126 and byte != 34 and byte != 39 and byte != 92:
            store8(at, byte)
            at += 1
        else:
            store8(at, 92)
            store8(at, 120, 1)
            store8(at, str_hex_digit(byte >> 4), 2)
            store8(at, str_hex_digit(byte & 15), 3)
            at += 4
    return string_pack(start, at - start)


def str_hex_digit(value: i32) -> i32:
    """The digit of a value from 0 to 15."""
    return value + 48 if value < 10 else value + 55


def str_hex_value(digit: i32) -> i32:
    """The value of a digit; -1 if it is none."""
    if digit >= 48 and digit <= 57:
        return digit - 48
    letter = digit | 32
    return letter - 87 if letter >= 97 and letter <= 102 else i32(-1)


def str_hex_escape(s: str, at: i32) -> i32:
    """The byte that a backslash, x and two hex digits stand for; -1 if they are not there."""
    if at + 4 > string_len(s) or load8u(string_ptr(s) + at, 1) != 120:
        return -1
    high = str_hex_value(load8u(string_ptr(s) + at, 2))
    low = str_hex_value(load8u(string_ptr(s) + at, 3))
    return i32(-1) if high < 0 or low < 0 else high * 16 + low


def str_to_binary(s: str) -> str:
    """The opposite; str_parsed tells whether there is nothing but ASCII and such escapes."""
    global str_parsed
    str_parsed = 1
    bytes = string_len(s)
    start = alloc(bytes)
    at = start
    i: i32 = 0
    while i < bytes:
        byte = load8u(string_ptr(s) + i)
        if byte == 92:
            byte = str_hex_escape(s, i)
            i += 3
        elif byte > 127:
            byte = -1
        if byte < 0:
            str_parsed = 0
            return s
        store8(at, byte)
        at += 1
        i += 1
    return string_pack(start, at - start)
'''
