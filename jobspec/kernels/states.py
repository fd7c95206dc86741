"""Kernels of the states of aggregates that grow: what does not fit the fields of a record.

A state has a cell, 8 bytes in its group's record, zero at first. What the cell points to lies in
blocks: kept memory that is taken in small pieces and never given back. A state that must grow
moves to a block of twice the size, so what it leaves behind is no more than it has. All this ends
where the program's memory ends.

    map       one table for all states: (cell, key) to a number that begins as 0. The entries of
              a cell form a chain in the order of their first appearance; cell: first, last.
              entry: hash, next, cell, 4 bytes unused, key (8 bytes or a text), number
    text      the texts of a group, joined; block: bytes, room, the bytes
    best      no cell: a text in a field, which its successor takes the place of; in front of it
              8 bytes with the room, unless it lies in the chunk
    registers the ranks of a HyperLogLog; block: entries, room, then register << 8 | rank each;
              past `SPARSE` entries: -1, 0, one byte a register

Not here: what is counted and joined (`jobspec.aggregates`), exact sums (`jobspec.kernels.exact`).
"""

from __future__ import annotations

SOURCE = '''
BLOCK = 65536
MIN_PLACES = 128
SPARSE = 64
REGISTERS = 4096
MAX_TEXT = 0x30000000

block_next: i32 = 0
block_end: i32 = 0
map_places: i32 = 0
map_mask: i32 = 0
map_entries: i32 = 0


def states_begin() -> None:
    """Forget the blocks and entries of the chunk before."""
    global block_next, block_end, map_places, map_mask, map_entries
    block_next = 0
    block_end = 0
    map_places = 0
    map_mask = 0
    map_entries = 0


def block_of(size: i32) -> i32:
    """Zeroed memory that outlives the row; its size is rounded up to a multiple of 8."""
    global block_next, block_end
    size = size + 7 & ~7
    if size > block_end - block_next:
        # What lies between kept_top and the piece stays behind it: make the piece as large.
        piece = max(BLOCK, size, heap_top - kept_top)
        block_next = keep(piece)
        block_end = block_next + piece
    block = block_next
    block_next = block + size
    memory_fill(block, 0, size)
    return block


def map_word(cell: i32, word: i64) -> i32:
    """The entry of a state for a number, which is new if there was none."""
    hash = i32(hash_word(i64(cell), word))
    place = hash & map_mask
    entry = load32(map_places + place * 4)
    while entry != 0:
        if load32(entry) == hash and load32(entry, 8) == cell and load64(entry, 16) == word:
            return entry
        place = place + 1 & map_mask
        entry = load32(map_places + place * 4)
    entry = map_insert(cell, hash)
    store64(entry, word, 16)
    return entry


def map_text(cell: i32, text: str) -> i32:
    """The entry of a state for a text, which is new if there was none."""
    hash = i32(hash_text(i64(cell), text))
    place = hash & map_mask
    entry = load32(map_places + place * 4)
    while entry != 0:
        if load32(entry) == hash and load32(entry, 8) == cell:
            if str_equal(load_string(entry, 16), text):
                return entry
        place = place + 1 & map_mask
        entry = load32(map_places + place * 4)
    entry = map_insert(cell, hash)
    store_string(entry, keep_text(text), 16)
    return entry


def map_insert(cell: i32, hash: i32) -> i32:
    """A new entry at the end of a state's chain; its key is still to be set."""
    global map_entries
    if map_entries * 2 >= map_mask:
        map_grow()
    entry = block_of(32)
    store32(entry, hash)
    store32(entry, cell, 8)
    map_place(entry, hash)
    last = load32(cell, 4)
    if last == 0:
        store32(cell, entry)
    else:
        store32(last, entry, 4)
    store32(cell, entry, 4)
    map_entries += 1
    return entry


def map_place(entry: i32, hash: i32) -> None:
    """Put an entry where a search for its hash ends."""
    place = hash & map_mask
    while load32(map_places + place * 4) != 0:
        place = place + 1 & map_mask
    store32(map_places + place * 4, entry)


def map_grow() -> None:
    """Double the table and fill it anew."""
    global map_places, map_mask
    before = map_places
    count = map_mask + 1 if before != 0 else 0
    after = max(count * 2, MIN_PLACES)
    map_places = keep(after * 4)
    map_mask = after - 1
    memory_fill(map_places, 0, after * 4)
    for place in range(count):
        entry = load32(before + place * 4)
        if entry != 0:
            map_place(entry, load32(entry))


def map_count(entry: i32) -> None:
    """Add 1 to the number of an entry."""
    store64(entry, load64(entry, 24) + 1, 24)


def map_words(cell: i32, width: i32) -> str:
    """A state's keys in order, 8 bytes each; of width 16, with their numbers."""
    size: i32 = 0
    entry = load32(cell)
    while entry != 0:
        size += width
        entry = load32(entry, 4)
    address = alloc(size)
    at = address
    entry = load32(cell)
    while entry != 0:
        memory_copy(at, entry + 16, width)
        at += width
        entry = load32(entry, 4)
    return string_pack(address, size)


def map_texts(cell: i32, width: i32) -> str:
    """A state's keys in order: 4 bytes of length, the bytes; of width 16, 8 of their number."""
    size: i32 = 0
    entry = load32(cell)
    while entry != 0:
        more = width - 4 + string_len(load_string(entry, 16))
        if more > MAX_TEXT - size:
            trap("out_of_memory")
        size += more
        entry = load32(entry, 4)
    address = alloc(size)
    at = address
    entry = load32(cell)
    while entry != 0:
        text = load_string(entry, 16)
        bytes = string_len(text)
        store32(at, bytes)
        memory_copy(at + 4, string_ptr(text), bytes)
        at += 4 + bytes
        if width == 16:
            store64(at, load64(entry, 24))
            at += 8
        entry = load32(entry, 4)
    return string_pack(address, size)


def best_text(before: str, text: str) -> str:
    """A text where it outlives the row; if a state's text before it has a block, in that."""
    size = string_len(text)
    place = string_ptr(before)
    if place < chunk_end:
        if size == 0 or string_ptr(text) < chunk_end:
            return text if size != 0 else string_pack(0, 0)
        place = best_room(size)
    elif size > load32(place - 8):
        place = best_room(size)
    memory_copy(place, string_ptr(text), size)
    return string_pack(place, size)


def best_room(size: i32) -> i32:
    """Twice the room that a text needs, behind 8 bytes that say how much it is."""
    if size > MAX_TEXT:
        trap("out_of_memory")
    room = max(size * 2, 24) + 7 & ~7
    block = block_of(room + 8)
    store32(block, room)
    return block + 8


def text_append(cell: i32, text: str, separator: str) -> None:
    """Add a text behind those of a state, with a separator between."""
    block = load32(cell)
    used: i32 = 0
    gap: i32 = 0
    if block != 0:
        used = load32(block)
        gap = string_len(separator)
    more = string_len(text)
    if more > MAX_TEXT - used or gap > MAX_TEXT - used - more:
        trap("out_of_memory")
    end = used + gap + more
    if block == 0 or end > load32(block, 4):
        room = max(end * 2, 24)
        larger = block_of(room + 8)
        store32(larger, room, 4)
        memory_copy(larger + 8, block + 8, used)
        store32(cell, larger)
        block = larger
    memory_copy(block + 8 + used, string_ptr(separator), gap)
    memory_copy(block + 8 + used + gap, string_ptr(text), more)
    store32(block, end)


def text_of(cell: i32) -> str:
    """The texts of a state, joined; empty if there were none."""
    block = load32(cell)
    return string_pack(block + 8, load32(block)) if block != 0 else string_pack(cell, 0)


def register_add(cell: i32, register: i32, rank: i32) -> None:
    """Let a register of a HyperLogLog be at least the rank."""
    block = load32(cell)
    if block == 0:
        block = block_of(8 + 16)
        store32(block, 4, 4)
        store32(cell, block)
    entries = load32(block)
    if entries < 0:
        store8(block + register, max(load8u(block + register, 8), rank), 8)
        return
    at = block + 8
    for _ in range(entries):
        entry = load32(at)
        if entry >> 8 == register:
            store32(at, max(entry, register << 8 | rank))
            return
        at += 4
    if entries == load32(block, 4):
        block = registers_grown(block, entries)
        store32(cell, block)
        if entries == SPARSE:
            store8(block + register, rank, 8)
            return
    store32(block + entries * 4, register << 8 | rank, 8)
    store32(block, entries + 1)


def registers_grown(block: i32, entries: i32) -> i32:
    """A larger block with the same registers: with more room, or one byte for every register."""
    if entries < SPARSE:
        larger = block_of(8 + entries * 8)
        memory_copy(larger, block, 8 + entries * 4)
        store32(larger, entries * 2, 4)
        return larger
    dense = block_of(8 + REGISTERS)
    store32(dense, -1)
    for _ in range(entries):
        entry = load32(block, 8)
        store8(dense + (entry >> 8), entry & 255, 8)
        block += 4
    return dense


def registers_of(cell: i32) -> str:
    """The registers of a state: its entries, or a byte for each if they are many."""
    block = load32(cell)
    if block == 0:
        return string_pack(cell, 0)
    entries = load32(block)
    return string_pack(block + 8, REGISTERS if entries < 0 else entries * 4)
'''
