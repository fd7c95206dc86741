"""Kernels that run the automata of patterns over texts: one entry of a table a byte.

The tables are made and described by `jobspec.regex.tables`. Kernels that find bounds keep them in
registers, 32-bit places counted from the start of the text, which `re_registers` makes room for.
"""

from __future__ import annotations

SOURCE = '''
MATCHER_END = 256
MATCHER_FIRST = 258
MATCHER_MATCHED = 260
MATCHER_ENTRIES = 264

FINDER_END = 256
FINDER_REGISTERS = 258
FINDER_ENTRIES = 260
FINDER_MOVES = 264
FINDER_FIRST = 268

HERE = 0xFFFF
GROUP = 0xFF


def re_matches(s: str, machine: str) -> bool:
    """Whether a matcher matches a text."""
    columns = string_ptr(machine)
    entries = columns + MATCHER_ENTRIES
    state = load16u(columns, MATCHER_FIRST)
    matched = load16u(columns, MATCHER_MATCHED)
    at = string_ptr(s)
    end = at + string_len(s)
    while at < end:
        state = load16u(entries + ((state + load8u(columns + load8u(at))) << 1))
        if state <= matched:
            return state == matched
        at += 1
    last = load16u(columns, MATCHER_END)
    return load16u(entries + ((state + last) << 1)) == matched


def re_registers(machine: str) -> i32:
    """Room for the registers of a finder."""
    return alloc(load16u(string_ptr(machine), FINDER_REGISTERS) << 2)


def re_find(s: str, machine: str, begin: i32, registers: i32) -> bool:
    """Find the first match from a place on; its bounds are in registers if there is one."""
    base = string_ptr(machine)
    text = string_ptr(s)
    bytes = string_len(s)
    entries = base + load32(base, FINDER_ENTRIES)
    moves = base + load32(base, FINDER_MOVES)
    end = load16u(base, FINDER_END)
    before = end
    if begin > 0:
        byte = load8u(text + begin - 1)
        before = load8u(base + select(byte < 0x80, byte, i32(0xFF)))
    state = load16u(base + (before << 1), FINDER_FIRST)
    memory_fill(registers, 0xFF, load16u(base, FINDER_REGISTERS) << 2)
    at = begin
    while at < bytes:
        entry = load32(entries + ((state + load8u(base + load8u(text + at))) << 2))
        state = entry & 0xFFFF
        if u32(entry - 1) >= 0xFFFF:  # there are moves, or the state is dead
            if state != entry:
                re_move(registers, moves + i32((u32(entry) >> 16) << 1), at)
            if state == 0:
                return load32(registers) >= 0
        at += 1
    last = load32(entries + ((state + end) << 2))
    re_move(registers, moves + i32((u32(last) >> 16) << 1), at)
    return load32(registers) >= 0


def re_move(registers: i32, moves: i32, at: i32) -> None:
    """Do a list of moves."""
    last = moves + (load16u(moves) << 2)
    move = moves
    while move < last:
        source = load16u(move, 4)
        value = at
        if source != HERE:
            value = load32(registers + (source << 2))
        store32(registers + (load16u(move, 2) << 2), value)
        move += 4


def re_group(s: str, registers: i32, first: i32, last: i32) -> str:
    """The text between two registers; empty if the group has no part in the match."""
    begin = load32(registers + (first << 2))
    end = load32(registers + (last << 2))
    if begin < 0 or end < begin:
        return string_pack(string_ptr(s), 0)
    return string_pack(string_ptr(s) + begin, end - begin)


def re_extract(s: str, machine: str, first: i32, last: i32) -> str:
    """The part of the first match between two registers; empty if there is no match."""
    registers = re_registers(machine)
    if not re_find(s, machine, 0, registers):
        return string_pack(string_ptr(s), 0)
    return re_group(s, registers, first, last)


def re_replace(s: str, machine: str, instead: str, every: i32) -> str:
    """The text with the first match, or every one, replaced. Register 1 is the match's begin.

    In `instead` the byte 0xFF and two registers stand for what is between these. As in RE2, an
    empty match right behind another match does not count.
    """
    registers = re_registers(machine)
    text = string_ptr(s)
    bytes = string_len(s)
    start = alloc(0)
    target = start
    at: i32 = 0
    matched_up_to: i32 = -1
    while at <= bytes:
        if not re_find(s, machine, at, registers):
            break
        begin = load32(registers, 4)
        end = load32(registers)
        target = str_append(target, text + at, begin - at)
        if begin == end and begin == matched_up_to:
            if at < bytes:
                width = str_width(text + at)
                target = str_append(target, text + at, width)
                at += width
            else:
                at += 1
            continue
        target = re_rewrite(s, registers, instead, target)
        at = end
        matched_up_to = end
        if every == 0:
            break
    if matched_up_to < 0:
        return s
    if at < bytes:
        target = str_append(target, text + at, bytes - at)
    return string_pack(start, target - start)


def re_rewrite(s: str, registers: i32, instead: str, target: i32) -> i32:
    """Append a replacement with its groups filled in; the new end."""
    at = string_ptr(instead)
    end = at + string_len(instead)
    plain = at
    while at < end:
        if load8u(at) != GROUP:
            at += 1
        else:
            target = str_append(target, plain, at - plain)
            part = re_group(s, registers, load8u(at, 1), load8u(at, 2))
            target = str_append(target, string_ptr(part), string_len(part))
            at += 3
            plain = at
    return str_append(target, plain, end - plain)

'''
