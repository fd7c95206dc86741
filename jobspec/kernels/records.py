"""Kernels of the record store: where a program keeps its rows or groups until it is asked for them.

Records have a fixed size (`stride`, a multiple of 8) and an order. They lie in segments, each
{next segment, end of its records, records...}, and never move. For groups, an open-addressing
table of record addresses lies over them; a record then begins with its hash. Strings in records
are (address, length) as everywhere: in the chunk, or copied to text blocks.

Memory from `heap_base`: the chunk, then what is kept (segments, tables, text blocks) mixed with
the scratch of the rows that kept it, up to `kept_top`; above it the scratch of the row at hand,
or the output. Whoever ends a row sets `heap_top` back to `kept_top`.

Not here: which fields a record has and what is done to them (`jobspec.program`).
"""

from __future__ import annotations

SOURCE = '''
HEADER = 64
ALIGN = 63
MAGIC = 0x5443574F
MAX_BYTES = 0x70000000
MIN_RECORDS = 64
MAX_RECORDS = 16384
MIN_SLOTS = 128
TEXT_BLOCK = 65536
STRING = 12
BINARY = 13
F32 = 10
F64 = 11

chunk: i32 = 0
chunk_end: i32 = 0
opened: i32 = 0
rows: i32 = 0
row: i32 = 0
first_row: i64 = 0

kept_top: i32 = 0
text_next: i32 = 0
text_end: i32 = 0

record_count: i32 = 0
record_next: i32 = 0
record_end: i32 = 0
first_segment: i32 = 0
last_segment: i32 = 0
walk_segment: i32 = 0
walk_end: i32 = 0
walk_order: i32 = 0
walk_at: i32 = 0

slots: i32 = 0
slot_mask: i32 = 0

table: i32 = 0
table_bytes: i32 = 0


def receive(size: i32) -> i32:
    """Forget everything and make room for a chunk; 0 if there is none."""
    global trap, heap_top, chunk, chunk_end, opened, rows, row, kept_top, text_next, text_end
    global record_count, record_next, record_end, first_segment, last_segment
    global slots, slot_mask, table_bytes, best_rows, best_room, keys_made, walk_order
    trap = 0
    heap_top = heap_base
    opened = 0
    rows = 0
    row = 0
    text_next = 0
    text_end = 0
    record_count = 0
    record_next = 0
    record_end = 0
    first_segment = 0
    last_segment = 0
    slots = 0
    slot_mask = 0
    best_rows = 0
    best_room = 0
    keys_made = 0
    walk_order = 0
    table_bytes = 0
    if size < HEADER or size > MAX_BYTES:
        return 0
    chunk = table_region(size)
    chunk_end = chunk + size
    kept_top = heap_top
    return chunk


def open_chunk(columns: i32) -> None:
    """Read the header of the chunk that was copied in."""
    global opened, rows, first_row
    opened = 1
    if load32(chunk) != MAGIC or load32(chunk, 4) != 1 or load32(chunk, 8) != columns:
        trap("bad_chunk")
    if load32(chunk, 20) != chunk_end - chunk or load32(chunk, 12) < 0:
        trap("bad_chunk")
    rows = load32(chunk, 12)
    first_row = load64(chunk, 24)


def check_column(descriptor: i32, code: i32, slots_bytes: i32) -> None:
    """Trap unless a column of the chunk has the type that the program reads."""
    if load32(descriptor) != code or u32(load32(descriptor, 4)) > u32(chunk_end - chunk):
        trap("bad_chunk")
    if u64(u32(rows)) * u64(u32(slots_bytes)) > u64(u32(chunk_end - chunk)):
        trap("bad_chunk")


def keep(size: i32) -> i32:
    """Memory that outlives the row."""
    global kept_top
    address = table_region(size)
    kept_top = heap_top
    return address


def keep_zeros(size: i32) -> i32:
    """Memory that outlives the row, filled with zeros."""
    address = keep(size)
    memory_fill(address, 0, size)
    return address


def keep_text(text: str) -> str:
    """The same string where it outlives the row."""
    size = string_len(text)
    if string_ptr(text) < chunk_end or size == 0:
        return text
    address = text_room(size)
    memory_copy(address, string_ptr(text), size)
    return string_pack(address, size)


def text_room(size: i32) -> i32:
    """So many bytes of the text blocks."""
    global text_next, text_end
    if size > text_end - text_next:
        # What lies between kept_top and the block stays behind it: make the block as large.
        block = max(TEXT_BLOCK, size, heap_top - kept_top)
        text_next = keep(block)
        text_end = text_next + block
    address = text_next
    text_next = address + size
    return address


def record_append(stride: i32) -> i32:
    """The address of a new record of zeros behind the others."""
    global record_count, record_next, record_end, first_segment, last_segment
    if record_next == record_end:
        size = min(max(record_count, MIN_RECORDS), MAX_RECORDS) * stride
        segment = keep(size + 8)
        store32(segment, 0)
        store32(segment, segment + 8 + size, 4)
        if last_segment == 0:
            first_segment = segment
        else:
            store32(last_segment, segment)
        last_segment = segment
        record_next = segment + 8
        record_end = record_next + size
    record = record_next
    memory_fill(record, 0, stride)
    record_next = record + stride
    record_count += 1
    return record


def first_record() -> i32:
    """Begin a walk over the records, in their order or in that of `walk_order`."""
    global walk_segment, walk_end, walk_at
    if walk_order != 0:
        walk_at = walk_order
        return load32(walk_order)
    walk_segment = first_segment
    if walk_segment == 0:
        return 0
    walk_end = load32(walk_segment, 4)
    return walk_segment + 8


def record_after(record: i32, stride: i32) -> i32:
    """Go on with the walk; 0 behind the last segment."""
    global walk_segment, walk_end, walk_at
    if walk_order != 0:
        walk_at += 4
        return load32(walk_at)
    following = record + stride
    if following != walk_end:
        return following
    walk_segment = load32(walk_segment)
    if walk_segment == 0:
        return 0
    walk_end = load32(walk_segment, 4)
    return walk_segment + 8


def hash_word(state: i64, word: i64) -> i64:
    """Mix a word into a hash."""
    mixed = (rotl(state, 5) ^ word) * -7046029254386353131
    return mixed ^ i64(u64(mixed) >> 32)


def hash_text(state: i64, text: str) -> i64:
    """Mix a string into a hash."""
    at = string_ptr(text)
    left = string_len(text)
    state = hash_word(state, i64(left))
    while left >= 8:
        state = hash_word(state, load64(at))
        at += 8
        left -= 8
    rest: i64 = 0
    while left > 0:
        rest = rest << 8 | i64(load8u(at))
        at += 1
        left -= 1
    return hash_word(state, rest)


def record_insert(slot: i32, hash: i32, stride: i32) -> i32:
    """A new record at the free slot where the search for its hash ended."""
    if record_count * 2 >= slot_mask:
        grow_slots(stride)
        slot = hash & slot_mask
        while load32(slots + slot * 4) != 0:
            slot = slot + 1 & slot_mask
    record = record_append(stride)
    store32(record, hash)
    store32(slots + slot * 4, record)
    return record


def grow_slots(stride: i32) -> None:
    """Double the table and fill it anew."""
    global slots, slot_mask
    count = max((slot_mask + 1) * 2, MIN_SLOTS)
    slots = keep(count * 4)
    slot_mask = count - 1
    memory_fill(slots, 0, count * 4)
    record = first_record()
    for _ in range(record_count):
        slot = load32(record) & slot_mask
        while load32(slots + slot * 4) != 0:
            slot = slot + 1 & slot_mask
        store32(slots + slot * 4, record)
        record = record_after(record, stride)


def table_region(size: i32) -> i32:
    """The next aligned region of the heap, its padding zero."""
    global heap_top
    heap_top = heap_top + ALIGN & ~ALIGN
    padded = size + ALIGN & ~ALIGN
    address = alloc(padded)
    memory_fill(address + size, 0, padded - size)
    return address


def begin_table(columns: i32) -> None:
    """Begin the output, a table of all records, above what has been made for it."""
    global table
    table = table_region(HEADER + 16 * columns)


def write_column(index: i32, code: i32, width: i32, field: i32, valid: i32, stride: i32) -> None:
    """Write one field of all records as a column; `valid` is the field of its validity, or 0."""
    descriptor = table + HEADER + 16 * index
    store32(descriptor, code)
    store32(descriptor, 0, 8)
    store32(descriptor, 0, 12)
    if code == STRING or code == BINARY:
        write_offsets(descriptor, field, stride)
    else:
        write_values(descriptor, code, width, field, stride)
    if valid != 0:
        write_validity(descriptor, valid, stride)
    if code == STRING or code == BINARY:
        write_text(descriptor, field, stride)


def write_values(descriptor: i32, code: i32, width: i32, field: i32, stride: i32) -> None:
    at = table_region(record_count * width)
    store32(descriptor, at - table, 4)
    record = first_record()
    for _ in range(record_count):
        value = record + field
        if code == F64:
            store_canonical_f64(at, loadf64(value))
        elif code == F32:
            store_canonical_f32(at, loadf32(value))
        elif width == 8:
            store64(at, load64(value))
        elif width == 4:
            store32(at, load32(value))
        elif width == 2:
            store16(at, load16u(value))
        else:
            store8(at, load8u(value))
        at += width
        record = record_after(record, stride)


def store_canonical_f64(at: i32, value: f64) -> None:
    """Engines differ in the bits of NaN; outputs do not."""
    if value == value:
        storef64(at, value)
    else:
        store64(at, 0x7FF8000000000000)


def store_canonical_f32(at: i32, value: f32) -> None:
    if value == value:
        storef32(at, value)
    else:
        store32(at, 0x7FC00000)


def write_validity(descriptor: i32, field: i32, stride: i32) -> None:
    """A byte a record, unless none is NULL."""
    valid: i32 = 0
    record = first_record()
    for _ in range(record_count):
        valid += load8u(record + field)
        record = record_after(record, stride)
    if valid == record_count:
        return
    at = table_region(record_count)
    store32(descriptor, at - table, 8)
    record = first_record()
    for _ in range(record_count):
        store8(at, load8u(record + field))
        at += 1
        record = record_after(record, stride)


def write_offsets(descriptor: i32, field: i32, stride: i32) -> None:
    at = table_region(record_count * 4 + 4)
    store32(descriptor, at - table, 4)
    total: i32 = 0
    record = first_record()
    for _ in range(record_count):
        store32(at, total)
        size = string_len(load_string(record + field))
        if size > MAX_BYTES - total:
            trap("out_of_memory")
        total += size
        at += 4
        record = record_after(record, stride)
    store32(at, total)


def write_text(descriptor: i32, field: i32, stride: i32) -> None:
    total = load32(table + load32(descriptor, 4) + record_count * 4)
    at = table_region(total)
    store32(descriptor, at - table, 12)
    record = first_record()
    for _ in range(record_count):
        text = load_string(record + field)
        memory_copy(at, string_ptr(text), string_len(text))
        at += string_len(text)
        record = record_after(record, stride)


def end_table(columns: i32) -> i32:
    """Write the header; the address of the table."""
    global table_bytes
    table_bytes = heap_top - table
    memory_fill(table, 0, HEADER)
    store32(table, MAGIC)
    store32(table, 1, 4)
    store32(table, columns, 8)
    store32(table, record_count, 12)
    store32(table, row, 16)
    store32(table, table_bytes, 20)
    store64(table, first_row, 24)
    return table
'''
