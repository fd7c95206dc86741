"""Texts: UTF-8 bytes somewhere in memory, never changed once they are made.

Positions and lengths count code points from 1, as in DuckDB. Kernels that make a text take fresh
memory from the heap; the others point into the text that they are given.
"""

from __future__ import annotations

SOURCE = '''
FAR = 0x200000000
EACH_BYTE = 0x0101010101010101


def str_equal(a: str, b: str) -> bool:
    """Whether two texts have the same bytes."""
    bytes = string_len(a)
    return bytes == string_len(b) and memory_equal(string_ptr(a), string_ptr(b), bytes)


def str_compare(a: str, b: str) -> i32:
    """-1, 0 or 1 as the first text comes before, equals or comes after the second."""
    bytes_a = string_len(a)
    bytes_b = string_len(b)
    order = memory_compare(string_ptr(a), string_ptr(b), min(bytes_a, bytes_b))
    if order != 0:
        return order
    return i32(bytes_a > bytes_b) - i32(bytes_a < bytes_b)


def str_length(s: str) -> i64:
    """The number of code points: of bytes that do not continue one."""
    address = string_ptr(s)
    bytes = string_len(s)
    count = i64(bytes)
    i: i32 = 0
    while i + 8 <= bytes:
        eight = u64(load64(address + i))
        count -= i64(popcnt((eight >> 7) & ((eight >> 6) ^ EACH_BYTE) & EACH_BYTE))
        i += 8
    while i < bytes:
        count -= i64((load8u(address + i) & 0xC0) == 0x80)
        i += 1
    return count


def str_width(address: i32) -> i32:
    """The bytes of the code point that begins at an address."""
    lead = load8u(address)
    if lead < 0x80:
        return 1
    return select(lead < 0xE0, i32(2), select(lead < 0xF0, i32(3), i32(4)))


def str_skip(s: str, characters: i64) -> i32:
    """How many bytes the first characters of a text take; all, if it has no more."""
    address = string_ptr(s)
    bytes = string_len(s)
    i: i32 = 0
    while characters > 0 and i < bytes:
        i += str_width(address + i)
        characters -= 1
    return i


def str_from(s: str, offset: i32) -> str:
    """The text without its first bytes."""
    return string_pack(string_ptr(s) + offset, string_len(s) - offset)


def str_behind_start(s: str, start: str) -> str:
    """A text that begins with another or is empty, without that beginning."""
    return s if string_len(s) == 0 else str_from(s, string_len(start))


def str_near(n: i64) -> i64:
    """A count that no arithmetic on positions can make overflow."""
    return max(min(n, FAR), 0 - FAR)


def str_substring(s: str, start: i64, length: i64) -> str:
    """From a position on; from the end if it is negative, backwards if the length is."""
    begin = str_near(start)
    if begin < 0:
        begin += str_length(s)
    else:
        begin -= 1
    end = begin + str_near(length)
    if end < begin:
        begin, end = end, begin
    begin = max(begin, 0)
    if end <= begin:
        return string_pack(string_ptr(s), 0)
    rest = str_from(s, str_skip(s, begin))
    return string_pack(string_ptr(rest), str_skip(rest, end - begin))


def str_left(s: str, count: i64) -> str:
    """The first characters; all but the last if the count is negative."""
    wanted = str_near(count)
    if wanted < 0:
        wanted += str_length(s)
    return string_pack(string_ptr(s), str_skip(s, wanted))


def str_right(s: str, count: i64) -> str:
    """The last characters; all but the first if the count is negative."""
    dropped = 0 - str_near(count)
    if dropped <= 0:
        dropped += str_length(s)
    if count == 0:
        return string_pack(string_ptr(s), 0)
    return str_from(s, str_skip(s, dropped))


def str_starts_with(s: str, start: str) -> bool:
    """Whether a text begins with another."""
    bytes = string_len(start)
    return bytes <= string_len(s) and memory_equal(string_ptr(s), string_ptr(start), bytes)


def str_ends_with(s: str, end: str) -> bool:
    """Whether a text ends with another."""
    bytes = string_len(end)
    rest = string_len(s) - bytes
    return rest >= 0 and memory_equal(string_ptr(s) + rest, string_ptr(end), bytes)


def str_find(s: str, wanted: str) -> i32:
    """How many bytes stand before the first occurrence of a text; -1 if there is none."""
    address = string_ptr(s)
    bytes = string_len(wanted)
    last = string_len(s) - bytes
    if bytes == 0:
        return 0
    first = load8u(string_ptr(wanted))
    i: i32 = 0
    while i <= last:
        if load8u(address + i) == first and memory_equal(address + i, string_ptr(wanted), bytes):
            return i
        i += 1
    return -1


def str_contains(s: str, wanted: str) -> bool:
    """Whether a text occurs in another."""
    return str_find(s, wanted) >= 0


def str_strpos(s: str, wanted: str) -> i64:
    """The position of the first occurrence of a text; 0 if there is none."""
    offset = str_find(s, wanted)
    if offset < 0:
        return 0
    return str_length(string_pack(string_ptr(s), offset)) + 1


def str_holds(s: str, character: i32, width: i32) -> bool:
    """Whether the code point of so many bytes at an address is in a text."""
    place = string_ptr(s)
    end = place + string_len(s)
    lead = load8u(character)
    if width == 1:
        eight_leads = u64(lead) * EACH_BYTE
        while place + 8 <= end:
            differ = u64(load64(place)) ^ eight_leads
            if ((differ - EACH_BYTE) & ~differ & (EACH_BYTE << 7)) != 0:
                return True
            place += 8
    while place < end:
        if load8u(place) == lead and (width == 1 or memory_equal(place, character, width)):
            return True
        place += 1
    return False


def str_trim(s: str, characters: str, sides: i32) -> str:
    """Without the given characters at its start (sides & 1) and its end (sides & 2)."""
    address = string_ptr(s)
    begin: i32 = 0
    end = string_len(s)
    while (sides & 1) != 0 and begin < end:
        width = str_width(address + begin)
        if not str_holds(characters, address + begin, width):
            break
        begin += width
    while (sides & 2) != 0 and begin < end:
        at = end - 1
        while at > begin and (load8u(address + at) & 0xC0) == 0x80:
            at -= 1
        if not str_holds(characters, address + at, end - at):
            break
        end = at
    return string_pack(address + begin, end - begin)


def str_append(target: i32, source: i32, bytes: i32) -> i32:
    """Append bytes to what was allocated last and ends at `target`; the new end."""
    end = target + bytes
    if end < target:
        trap("out_of_memory")
    if u32(end) > u32(heap_top):
        alloc(end - heap_top)
    memory_copy(target, source, bytes)
    return end


def str_concat(a: str, b: str) -> str:
    """Two texts, one after the other."""
    bytes_a = string_len(a)
    bytes_b = string_len(b)
    if bytes_b == 0:
        return a
    if bytes_a == 0:
        return b
    address = alloc(bytes_a + bytes_b)
    memory_copy(address, string_ptr(a), bytes_a)
    memory_copy(address + bytes_a, string_ptr(b), bytes_b)
    return string_pack(address, bytes_a + bytes_b)


def str_replace(s: str, wanted: str, instead: str) -> str:
    """Every occurrence of a text, from the left and without overlaps, replaced by another."""
    if string_len(wanted) == 0:
        return s
    count: i64 = 0
    rest = s
    at = str_find(rest, wanted)
    while at >= 0:
        count += 1
        rest = str_from(rest, at + string_len(wanted))
        at = str_find(rest, wanted)
    if count == 0:
        return s
    bytes = i64(string_len(s)) + count * i64(string_len(instead) - string_len(wanted))
    if bytes > 0x7FFFFFFF:
        trap("out_of_memory")
    start = alloc(i32(bytes))
    target = start
    rest = s
    at = str_find(rest, wanted)
    while at >= 0:
        memory_copy(target, string_ptr(rest), at)
        memory_copy(target + at, string_ptr(instead), string_len(instead))
        target += at + string_len(instead)
        rest = str_from(rest, at + string_len(wanted))
        at = str_find(rest, wanted)
    memory_copy(target, string_ptr(rest), string_len(rest))
    return string_pack(start, i32(bytes))


def str_reverse(s: str) -> str:
    """The code points in the opposite order."""
    bytes = string_len(s)
    address = string_ptr(s)
    start = alloc(bytes)
    i: i32 = 0
    while i < bytes:
        width = str_width(address + i)
        memory_copy(start + bytes - i - width, address + i, width)
        i += width
    return string_pack(start, bytes)


def str_like(s: str, pattern: str, any_text: i32, any_character: i32) -> bool:
    """Whether a text matches a pattern in which two byte values are wildcards.

    Where a part does not fit, the last wildcard for any text takes one character more.
    """
    address = string_ptr(s)
    bytes = string_len(s)
    pattern_address = string_ptr(pattern)
    pattern_bytes = string_len(pattern)
    i: i32 = 0
    p: i32 = 0
    after_wildcard: i32 = -1
    taken: i32 = 0
    while i < bytes:
        wanted: i32 = -1
        if p < pattern_bytes:
            wanted = load8u(pattern_address + p)
        if wanted == any_text:
            p += 1
            after_wildcard = p
            taken = i
        elif wanted == any_character:
            i += str_width(address + i)
            p += 1
        elif wanted == load8u(address + i):
            i += 1
            p += 1
        elif after_wildcard >= 0:
            taken += str_width(address + taken)
            i = taken
            p = after_wildcard
        else:
            return False
    while p < pattern_bytes and load8u(pattern_address + p) == any_text:
        p += 1
    return p == pattern_bytes
'''
