"""Kernels of the first rows in an order: what `sort` with a limit and samples of so many rows keep.

A row's key is a string of bytes that compare as the rows do, and that no two rows share. Records
begin with their key: address, length and room, each an i32. Over the records lies a heap, an array
of their addresses with the last one in the order at the top, which the next better row replaces.

For the output, `order_records` makes another array, along which walks then go.
"""

from __future__ import annotations

SOURCE = '''
MIN_ROOM = 64
MIN_KEY = 16

best_rows: i32 = 0
best_room: i32 = 0
keys_made: i64 = 0


def key_word(at: i32, word: i64, bytes: i32) -> i32:
    """Write the low bytes of a word, the highest first; where the next part of the key goes.

    Always eight bytes are written: whatever comes behind is written later.
    """
    rest = u64(word) << u64(64 - bytes * 8)
    rest = (rest >> 8 & 0x00FF00FF00FF00FF) | (rest & 0x00FF00FF00FF00FF) << 8
    rest = (rest >> 16 & 0x0000FFFF0000FFFF) | (rest & 0x0000FFFF0000FFFF) << 16
    store64(at, i64(rotl(rest, 32)))
    return at + bytes


def key_text(at: i32, text: str, flip: i32) -> i32:
    """Write a string so that it ends before all longer ones; `flip` turns the order around."""
    source = string_ptr(text)
    end = source + string_len(text)
    while source < end:
        byte = load8u(source)
        store8(at, byte ^ flip)
        at += 1
        if byte == 0:
            store8(at, 255 ^ flip)
            at += 1
        source += 1
    store8(at, flip)
    store8(at, flip, 1)
    return at + 2


def order_of_f64(value: f64) -> i64:
    """A word that compares, unsigned, as floats do: one zero, one NaN above everything."""
    bits: i64 = 0x7FF8000000000000
    if value == value:
        bits = bits_of_f64(value + 0.0)
    return bits ^ ((bits >> 63) | -0x8000000000000000)


def row_hash(seed: i64, row: i64) -> i64:
    """The output of splitmix64 number `row` after the state `seed`."""
    mixed = u64(seed + row * -7046029254386353131)
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB
    return i64(mixed ^ (mixed >> 31))


def take_row(key: str, most: i32, stride: i32) -> i32:
    """The record for a row if it is one of the first `most` so far, else 0."""
    global best_rows, best_room
    if record_count == most:
        if most == 0:
            return 0
        record = load32(best_rows)
        size = min(string_len(key), load32(record, 4))
        if memory_compare(string_ptr(key), load32(record), size) >= 0:
            return 0
        keep_key(record, key)
        sift_down(best_rows, 0, most, 0)
        return record
    if record_count == best_room:
        room = max(best_room * 2, MIN_ROOM)
        larger = keep(room * 4)
        memory_copy(larger, best_rows, best_room * 4)
        best_rows = larger
        best_room = room
    at = record_count
    record = record_append(stride)
    keep_key(record, key)
    while at > 0:
        parent = at - 1 >> 1
        above = load32(best_rows + parent * 4)
        if compare_keys(above, record, 0) >= 0:
            break
        store32(best_rows + at * 4, above)
        at = parent
    store32(best_rows + at * 4, record)
    return record


def keep_key(record: i32, key: str) -> None:
    """Let a record begin with a key; the room of the one before is used again."""
    size = string_len(key)
    if size > load32(record, 8):
        room = max(size + size // 2, MIN_KEY)
        store32(record, text_room(room))
        store32(record, room, 8)
    store32(record, size, 4)
    memory_copy(load32(record), string_ptr(key), size)


def compare_keys(a: i32, b: i32, skip: i32) -> i32:
    """As `memory_compare`, of the keys of two records less their first bytes."""
    size = min(load32(a, 4), load32(b, 4)) - skip
    return memory_compare(load32(a) + skip, load32(b) + skip, size)


def sift_down(heap: i32, at: i32, count: i32, skip: i32) -> None:
    """Let the record at a place of a heap sink to where none below it comes after it."""
    record = load32(heap + at * 4)
    child = at * 2 + 1
    while child < count:
        if child + 1 < count:
            left = load32(heap + child * 4)
            if compare_keys(load32(heap + child * 4 + 4), left, skip) > 0:
                child += 1
        below = load32(heap + child * 4)
        if compare_keys(record, below, skip) >= 0:
            break
        store32(heap + at * 4, below)
        at = child
        child = at * 2 + 1
    store32(heap + at * 4, record)


def order_records(skip: i32) -> None:
    """Let walks meet the records in the order of their keys less the first `skip` bytes."""
    global walk_order
    list = alloc(record_count * 4 + 4)
    memory_copy(list, best_rows, record_count * 4)
    at = record_count >> 1
    while at > 0:
        at -= 1
        sift_down(list, at, record_count, skip)
    end = record_count
    while end > 1:
        end -= 1
        last = load32(list + end * 4)
        store32(list + end * 4, load32(list))
        store32(list, last)
        sift_down(list, 0, end, skip)
    walk_order = list
'''
