"""SHA-256, and what is made of it: HMAC and PBKDF2, as kernels.

What all digests share is beside MD5 and SHA-1 in `jobspec.plugins.digests`, with the plugins.
"""

from __future__ import annotations

import math
import struct

MOST_DERIVED_BYTES = 1024
MOST_ITERATIONS = 1 << 32


def words(numbers: list[int]) -> bytes:
    """The low 32 bits of numbers, little endian."""
    return b"".join(struct.pack("<I", number & 0xFFFFFFFF) for number in numbers)


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _cube_root(number: int) -> int:
    """The largest whole number whose cube is not above `number`."""
    root = 1 << -(-number.bit_length() // 3)
    while root**3 > number:
        root = (2 * root + number // root**2) // 3
    return root


SHA256_ROUNDS = words([_cube_root(prime << 96) for prime in _primes(64)])
"""The first 32 bits of the fractional parts of the cube roots of the first 64 primes."""
SHA256_START = words([math.isqrt(prime << 64) for prime in _primes(8)])
"""The same of the square roots of the first 8 primes."""

_CONSTANTS = f"""
SHA256_ROUNDS = {SHA256_ROUNDS!r}
SHA256_START = {SHA256_START!r}
MOST_DERIVED_BYTES = {MOST_DERIVED_BYTES}
MOST_ITERATIONS = {MOST_ITERATIONS}
"""
_CODE = '''
def sha256_block(state: i32, at: i32) -> None:
    """Take in 64 bytes; behind the 8 words of the state there is room for 64 more."""
    schedule = state + 32
    for i in range(i32(16)):
        store32(schedule + (i << 2), i32(digest_swap(u32(load32(at + (i << 2))))))
    for i in range(i32(16), i32(64)):
        word = schedule + (i << 2)
        x = u32(load32(word - 60))
        y = u32(load32(word - 8))
        x = rotr(x, 7) ^ rotr(x, 18) ^ x >> 3
        y = rotr(y, 17) ^ rotr(y, 19) ^ y >> 10
        store32(word, load32(word - 64) + load32(word - 28) + i32(x + y))
    a = u32(load32(state))
    b = u32(load32(state, 4))
    c = u32(load32(state, 8))
    d = u32(load32(state, 12))
    e = u32(load32(state, 16))
    f = u32(load32(state, 20))
    g = u32(load32(state, 24))
    h = u32(load32(state, 28))
    rounds = string_ptr(SHA256_ROUNDS)
    for i in range(i32(64)):
        h += (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ e & (f ^ g))
        h += u32(load32(rounds + (i << 2))) + u32(load32(schedule + (i << 2)))
        t = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + (a & b ^ c & (a ^ b))
        d += h
        h += t
        a, b, c, d, e, f, g, h = h, a, b, c, d, e, f, g
    store32(state, load32(state) + i32(a))
    store32(state, load32(state, 4) + i32(b), 4)
    store32(state, load32(state, 8) + i32(c), 8)
    store32(state, load32(state, 12) + i32(d), 12)
    store32(state, load32(state, 16) + i32(e), 16)
    store32(state, load32(state, 20) + i32(f), 20)
    store32(state, load32(state, 24) + i32(g), 24)
    store32(state, load32(state, 28) + i32(h), 28)


def sha256_begin() -> i32:
    """A fresh state."""
    state = alloc(32 + 256)
    memory_copy(state, string_ptr(SHA256_START), 32)
    return state


def sha256_whole_blocks(state: i32, bytes: str) -> None:
    """Take in as many blocks as there are."""
    at = string_ptr(bytes)
    end = at + (string_len(bytes) & -64)
    while at != end:
        sha256_block(state, at)
        at += 64


def sha256_finish(state: i32, message: str, before: i64) -> str:
    """Take in the rest of a message, `before` bytes of which were taken in; its 32 bytes."""
    sha256_whole_blocks(state, message)
    sha256_whole_blocks(state, digest_tail(message, before, True))
    digest_swap_words(state, 32)
    return string_pack(state, 32)


def sha256_bytes(message: str) -> str:
    """The 32 bytes of a message's SHA-256."""
    return sha256_finish(sha256_begin(), message, 0)


def sha256_hex(message: str) -> str:
    """A message's SHA-256 as a text."""
    return digest_hex(sha256_bytes(message))


# --- HMAC and PBKDF2 ------------------------------------------------------------------------------


def hmac_sha256_begin(key: str, pad: i32) -> i32:
    """The state after the block of a key, whose bytes meet `pad` (RFC 2104)."""
    if string_len(key) > 64:
        key = sha256_bytes(key)
    block = alloc(64)
    memory_fill(block, pad, 64)
    for i in range(string_len(key)):
        store8(block + i, load8u(block + i) ^ load8u(string_ptr(key) + i))
    state = sha256_begin()
    sha256_block(state, block)
    return state


def hmac_sha256_bytes(key: str, message: str) -> str:
    """The 32 bytes of a message's HMAC."""
    inner = sha256_finish(hmac_sha256_begin(key, 0x36), message, 64)
    return sha256_finish(hmac_sha256_begin(key, 0x5C), inner, 64)


def hmac_sha256_hex(key: str, message: str) -> str:
    """A message's HMAC as a text."""
    return digest_hex(hmac_sha256_bytes(key, message))


def pbkdf2_sha256_restart(state: i32, start: i32, from_: i32, block: i32) -> None:
    """The state after `start` and one block, whose first 32 bytes are the state `from_`."""
    memory_copy(block, from_, 32)
    digest_swap_words(block, 32)
    memory_copy(state, start, 32)
    sha256_block(state, block)


def pbkdf2_sha256_hex(password: str, salt: str, iterations: i64, bytes: i64) -> str:
    """A key made of a password (RFC 8018), as a text."""
    if iterations < 1 or iterations > MOST_ITERATIONS or bytes < 1 or bytes > MOST_DERIVED_BYTES:
        trap("invalid_argument")
    inner = hmac_sha256_begin(password, 0x36)
    outer = hmac_sha256_begin(password, 0x5C)
    state = alloc(32 + 256)
    block = alloc(64)
    salted = alloc(string_len(salt) + 4)
    memory_copy(salted, string_ptr(salt), string_len(salt))
    count = (i32(bytes) + 31) >> 5
    key = alloc(count << 5)
    for number in range(count):
        part = key + (number << 5)
        store32(salted + string_len(salt), i32(digest_swap(u32(number + 1))))
        memory_copy(state, inner, 32)
        sha256_finish(state, string_pack(salted, string_len(salt) + 4), 64)
        digest_swap_words(state, 32)
        memory_fill(block, 0, 64)
        store8(block, 0x80, 32)
        store8(block, 3, 62)
        pbkdf2_sha256_restart(state, outer, state, block)
        memory_copy(part, state, 32)
        left = iterations
        while left > 1:
            pbkdf2_sha256_restart(state, inner, state, block)
            pbkdf2_sha256_restart(state, outer, state, block)
            for word in range(i32(4)):
                at = part + (word << 3)
                store64(at, load64(at) ^ load64(state + (word << 3)))
            left -= 1
    digest_swap_words(key, count << 5)
    return digest_hex(string_pack(key, i32(bytes)))
'''

SOURCE = _CONSTANTS + _CODE
