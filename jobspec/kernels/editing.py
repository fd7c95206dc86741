"""Texts and binaries made from others: repeated, filled up, cut in parts, compared by edits.

Counts and positions are of code points, from 1, as in DuckDB; distances count bytes.
"""

from __future__ import annotations

SOURCE = '''
def str_repeat(s: str, count: i64) -> str:
    """The text so many times; empty from 0 down."""
    bytes = string_len(s)
    if count <= 0 or bytes == 0:
        return string_pack(string_ptr(s), 0)
    if count > div(0x7FFFFFFF, i64(bytes)):
        trap("out_of_memory")
    total = bytes * i32(count)
    start = alloc(total)
    memory_copy(start, string_ptr(s), bytes)
    done = bytes
    while done < total:
        more = min(done, total - done)
        memory_copy(start + done, start, more)
        done += more
    return string_pack(start, total)


def str_filling(s: str, length: i64, pad: str) -> str:
    """What must be added to a text to have a length; empty if it has it, or if `pad` is empty."""
    missing = length - str_length(s)
    if missing <= 0 or string_len(pad) == 0:
        return string_pack(string_ptr(pad), 0)
    whole = div(missing, str_length(pad))
    rest = str_left(pad, missing - whole * str_length(pad))
    return str_concat(str_repeat(pad, whole), rest)


def str_lpad(s: str, length: i64, pad: str) -> str:
    """The text in a length: cut at its end, or filled up at its start."""
    return str_concat(str_filling(s, length, pad), str_left(s, max(length, 0)))


def str_rpad(s: str, length: i64, pad: str) -> str:
    """The text in a length: cut or filled up at its end."""
    return str_concat(str_left(s, max(length, 0)), str_filling(s, length, pad))


def str_lacks_padding(s: str, length: i64, pad: str) -> bool:
    """Whether a text is too short for a length and there is nothing to fill it up with."""
    return string_len(pad) == 0 and str_length(s) < length


def str_parts(s: str, separator: str) -> i64:
    """How many parts a text has between its separators; of an empty one, how many characters."""
    if string_len(separator) == 0:
        return str_length(s)
    count: i64 = 1
    rest = s
    at = str_find(rest, separator)
    while at >= 0:
        count += 1
        rest = str_from(rest, at + string_len(separator))
        at = str_find(rest, separator)
    return count


def str_split_part(s: str, separator: str, number: i64) -> str:
    """The part of that number, from the end if it is negative; empty if there is none."""
    wanted = str_near(number)
    if wanted < 0:
        wanted += str_parts(s, separator) + 1
    if wanted <= 0:
        return string_pack(string_ptr(s), 0)
    if string_len(separator) == 0:
        return str_substring(s, wanted, 1)
    rest = s
    at = str_find(rest, separator)
    while at >= 0 and wanted > 1:
        wanted -= 1
        rest = str_from(rest, at + string_len(separator))
        at = str_find(rest, separator)
    if wanted > 1:
        return string_pack(string_ptr(s), 0)
    return rest if at < 0 else string_pack(string_ptr(rest), at)


def str_translate(s: str, wanted: str, instead: str) -> str:
    """Characters of `wanted` replaced by those at their places in `instead`, or left out."""
    start = alloc(0)
    target = start
    at = string_ptr(s)
    end = at + string_len(s)
    while at < end:
        width = str_width(at)
        place = str_place(wanted, string_pack(at, width))
        if place < 0:
            target = str_append(target, at, width)
        else:
            one = str_substring(instead, place + 1, 1)
            target = str_append(target, string_ptr(one), string_len(one))
        at += width
    return string_pack(start, target - start)


def str_place(s: str, character: str) -> i64:
    """How many characters stand before the first that is the given one; -1 if there is none."""
    offset = str_find(s, character)
    if offset < 0:
        return -1
    return str_length(string_pack(string_ptr(s), offset))


def str_overlay(s: str, part: str, start: i64, length: i64) -> str:
    """The text with characters from a position on replaced by a part: so many, or as it has."""
    begin = str_near(start)
    count = str_length(part) if length < 0 else str_near(length)
    head = str_left(s, max(begin - 1, 0))
    skipped = max(begin + count - 1, 0)
    return str_concat(str_concat(head, part), str_from(s, str_skip(s, skipped)))


def str_unescape_like(pattern: str, escape: str) -> str:
    """A pattern of LIKE in the form that `str_like` takes: 0xFF for any text, 0xFE for a character.

    A wildcard behind `escape`, which is one character or empty, stands for itself. `str_refused`
    is 1 if nothing follows the last escape.
    """
    global str_refused
    str_refused = 0
    start = alloc(string_len(pattern))
    target = start
    at = string_ptr(pattern)
    end = at + string_len(pattern)
    while at < end:
        width = str_width(at)
        byte = load8u(at)
        if string_len(escape) > 0 and str_starts_with(string_pack(at, end - at), escape):
            at += width
            if at == end:
                str_refused = 1
                break
            width = str_width(at)
        elif byte == 37 or byte == 95:
            store8(target, select(byte == 37, i32(0xFF), i32(0xFE)))
            target += 1
            at += 1
            continue
        memory_copy(target, at, width)
        target += width
        at += width
    return string_pack(start, target - start)


def bytes_levenshtein(a: str, b: str) -> i64:
    """How many bytes must be added, left out or changed to make one text of the other."""
    bytes_a = string_len(a)
    bytes_b = string_len(b)
    if bytes_b > 0x1FFFFFFF:
        trap("out_of_memory")
    distances = alloc((bytes_b + 1) << 2)
    j: i32 = 0
    while j <= bytes_b:
        store32(distances + (j << 2), j)
        j += 1
    i: i32 = 0
    while i < bytes_a:
        byte = load8u(string_ptr(a) + i)
        diagonal = i
        left = i + 1
        store32(distances, left)
        j = 0
        while j < bytes_b:
            place = distances + (j << 2)
            above = load32(place, 4)
            changed = diagonal + i32(byte != load8u(string_ptr(b) + j))
            left = min(changed, above + 1, left + 1)
            store32(place, left, 4)
            diagonal = above
            j += 1
        i += 1
    return i64(load32(distances + (bytes_b << 2)))


def bytes_hamming(a: str, b: str) -> i64:
    """How many bytes differ at their places; both texts have the same length."""
    count: i64 = 0
    i: i32 = 0
    while i < min(string_len(a), string_len(b)):
        count += i64(load8u(string_ptr(a) + i) != load8u(string_ptr(b) + i))
        i += 1
    return count


def bytes_jaccard(a: str, b: str) -> f64:
    """The bytes that occur in both texts as a share of those that occur in either."""
    seen = alloc(256)
    memory_fill(seen, 0, 256)
    i: i32 = 0
    while i < string_len(a):
        store8(seen + load8u(string_ptr(a) + i), 1)
        i += 1
    i = 0
    while i < string_len(b):
        place = seen + load8u(string_ptr(b) + i)
        store8(place, load8u(place) | 2)
        i += 1
    either: i32 = 0
    both: i32 = 0
    i = 0
    while i < 256:
        mark = load8u(seen + i)
        either += i32(mark != 0)
        both += i32(mark == 3)
        i += 1
    return f64(both) / f64(either)
'''
