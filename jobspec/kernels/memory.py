"""The heap of a program: one region that grows and is emptied as a whole."""

from __future__ import annotations

SOURCE = '''
PAGE = 65536

heap_top: i32 = 0


def heap_reset() -> None:
    """Forget everything that was allocated."""
    global heap_top
    heap_top = heap_base


def alloc(bytes: i32) -> i32:
    """The address of fresh bytes, a multiple of 8; their content is undefined."""
    global heap_top
    if bytes < 0:
        trap("out_of_memory")
    address = heap_top
    top = u32(address) + ((u32(bytes) + 7) & 0xFFFFFFF8)
    reserve(top)
    heap_top = i32(top)
    return address


def reserve(top: u32) -> None:
    """Let the memory reach up to an address, by at least a quarter more when it must grow."""
    if top > 0x7FFFFFF8:
        trap("out_of_memory")
    have = memory_size()
    need = i32((top + PAGE - 1) >> 16) - have
    if need > 0:
        if memory_grow(max(need, have >> 2)) == -1:
            if memory_grow(need) == -1:
                trap("out_of_memory")


def memory_equal(a: i32, b: i32, bytes: i32) -> bool:
    """Whether two regions hold the same bytes."""
    i: i32 = 0
    while i + 8 <= bytes:
        if load64(a + i) != load64(b + i):
            return False
        i += 8
    while i < bytes:
        if load8u(a + i) != load8u(b + i):
            return False
        i += 1
    return True


def memory_compare(a: i32, b: i32, bytes: i32) -> i32:
    """-1, 0 or 1 as the first region's bytes come before, equal or after the second's."""
    i: i32 = 0
    while i + 8 <= bytes and load64(a + i) == load64(b + i):
        i += 8
    while i < bytes:
        difference = load8u(a + i) - load8u(b + i)
        if difference != 0:
            return i32(-1) if difference < 0 else 1
        i += 1
    return 0
'''
