"""The plugins of digests: those of SQL (md5, sha1, sha256), HMAC, PBKDF2 and CRC-32.

A digest is a text of lower-case hexadecimal digits, as in DuckDB; `unhex` makes bytes of it. Texts
count as their UTF-8 bytes. Not here: the kernels of SHA-256 (`jobspec.plugins.sha256`).
"""

from __future__ import annotations

import hashlib
import hmac
import math
import zlib

from jobspec.plugins.plugin import TEXT_OR_BYTES, KernelBody, Plugin
from jobspec.plugins.sha256 import MOST_DERIVED_BYTES, MOST_ITERATIONS, words
from jobspec.plugins.sha256 import SOURCE as SHA256_SOURCE
from jobspec.types import ValueType

MD5_ROUNDS = words([int(abs(math.sin(i + 1)) * 2**32) for i in range(64)])
MD5_SHIFTS = bytes([7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21])
SHA1_START = words([0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0])
"""MD5 begins with the first four of these."""


def _crc32_of_nibble(nibble: int) -> int:
    for _ in range(4):
        nibble = nibble >> 1 ^ (0xEDB88320 if nibble & 1 else 0)
    return nibble


CRC32_NIBBLES = words([_crc32_of_nibble(nibble) for nibble in range(16)])

_CONSTANTS = f"""
MD5_ROUNDS = {MD5_ROUNDS!r}
MD5_SHIFTS = {MD5_SHIFTS!r}
SHA1_START = {SHA1_START!r}
CRC32_NIBBLES = {CRC32_NIBBLES!r}
HEX_DIGITS = "0123456789abcdef"
"""
_CODE = '''

def digest_swap(word: u32) -> u32:
    """The bytes of a word the other way round."""
    return rotl(word, 8) & 0x00FF00FF | rotr(word, 8) & 0xFF00FF00


def digest_swap_words(at: i32, bytes: i32) -> None:
    """Turn the bytes of words that lie in a row the other way round."""
    for i in range(bytes >> 2):
        word = at + (i << 2)
        store32(word, i32(digest_swap(u32(load32(word)))))


def digest_hex(bytes: str) -> str:
    """The hexadecimal digits of bytes."""
    size = string_len(bytes)
    address = alloc(size << 1)
    for i in range(size):
        byte = load8u(string_ptr(bytes) + i)
        store8(address + (i << 1), load8u(string_ptr(HEX_DIGITS) + (byte >> 4)))
        store8(address + (i << 1), load8u(string_ptr(HEX_DIGITS) + (byte & 15)), 1)
    return string_pack(address, size << 1)


def digest_tail(message: str, before: i64, swapped: bool) -> str:
    """The last blocks of 64 bytes: what fills none, the mark of the end, the length in bits.

    `before` is how many bytes were digested before the message; lengths are little endian unless
    `swapped`.
    """
    size = string_len(message)
    rest = size & 63
    bytes = select(rest < 56, i32(64), i32(128))
    address = alloc(bytes)
    memory_fill(address, 0, bytes)
    memory_copy(address, string_ptr(message) + size - rest, rest)
    store8(address + rest, 0x80)
    bits = (before + i64(size)) << 3
    low = u32(bits)
    high = u32(bits >> 32)
    store32(address + bytes - 8, i32(digest_swap(high) if swapped else low))
    store32(address + bytes - 4, i32(digest_swap(low) if swapped else high))
    return string_pack(address, bytes)


# --- SHA-1 and MD5 --------------------------------------------------------------------------------


def sha1_block(state: i32, at: i32) -> None:
    """Take in 64 bytes; behind the 5 words of the state there is room for 80 more."""
    schedule = state + 20
    for i in range(i32(16)):
        store32(schedule + (i << 2), i32(digest_swap(u32(load32(at + (i << 2))))))
    for i in range(i32(16), i32(80)):
        word = schedule + (i << 2)
        mixed = load32(word - 12) ^ load32(word - 32) ^ load32(word - 56) ^ load32(word - 64)
        store32(word, rotl(mixed, 1))
    a = u32(load32(state))
    b = u32(load32(state, 4))
    c = u32(load32(state, 8))
    d = u32(load32(state, 12))
    e = u32(load32(state, 16))
    for i in range(i32(80)):
        if i < 20:
            e += (d ^ b & (c ^ d)) + 0x5A827999
        elif i < 40:
            e += (b ^ c ^ d) + 0x6ED9EBA1
        elif i < 60:
            e += (b & c ^ d & (b ^ c)) + 0x8F1BBCDC
        else:
            e += (b ^ c ^ d) + 0xCA62C1D6
        e += rotl(a, 5) + u32(load32(schedule + (i << 2)))
        a, b, c, d, e = e, a, rotl(b, 30), c, d
    store32(state, load32(state) + i32(a))
    store32(state, load32(state, 4) + i32(b), 4)
    store32(state, load32(state, 8) + i32(c), 8)
    store32(state, load32(state, 12) + i32(d), 12)
    store32(state, load32(state, 16) + i32(e), 16)


def sha1_whole_blocks(state: i32, bytes: str) -> None:
    """Take in as many blocks as there are."""
    at = string_ptr(bytes)
    end = at + (string_len(bytes) & -64)
    while at != end:
        sha1_block(state, at)
        at += 64


def sha1_hex(message: str) -> str:
    """A message's SHA-1 as a text."""
    state = alloc(20 + 320)
    memory_copy(state, string_ptr(SHA1_START), 20)
    sha1_whole_blocks(state, message)
    sha1_whole_blocks(state, digest_tail(message, 0, True))
    digest_swap_words(state, 20)
    return digest_hex(string_pack(state, 20))


def md5_block(state: i32, at: i32) -> None:
    """Take in 64 bytes; the state is 4 words."""
    a = u32(load32(state))
    b = u32(load32(state, 4))
    c = u32(load32(state, 8))
    d = u32(load32(state, 12))
    rounds = string_ptr(MD5_ROUNDS)
    shifts = string_ptr(MD5_SHIFTS)
    for i in range(i32(64)):
        word: i32 = 0
        if i < 16:
            a += d ^ b & (c ^ d)
            word = i
        elif i < 32:
            a += c ^ d & (b ^ c)
            word = 5 * i + 1
        elif i < 48:
            a += b ^ c ^ d
            word = 3 * i + 5
        else:
            a += c ^ (b | d ^ 0xFFFFFFFF)
            word = 7 * i
        a += u32(load32(rounds + (i << 2))) + u32(load32(at + ((word & 15) << 2)))
        a = b + rotl(a, u32(load8u(shifts + (i >> 4 << 2) + (i & 3))))
        a, b, c, d = d, a, b, c
    store32(state, load32(state) + i32(a))
    store32(state, load32(state, 4) + i32(b), 4)
    store32(state, load32(state, 8) + i32(c), 8)
    store32(state, load32(state, 12) + i32(d), 12)


def md5_whole_blocks(state: i32, bytes: str) -> None:
    """Take in as many blocks as there are."""
    at = string_ptr(bytes)
    end = at + (string_len(bytes) & -64)
    while at != end:
        md5_block(state, at)
        at += 64


def md5_hex(message: str) -> str:
    """A message's MD5 as a text."""
    state = alloc(16)
    memory_copy(state, string_ptr(SHA1_START), 16)
    md5_whole_blocks(state, message)
    md5_whole_blocks(state, digest_tail(message, 0, False))
    return digest_hex(string_pack(state, 16))


# --- CRC ------------------------------------------------------------------------------------------


def crc32(bytes: str) -> i32:
    """The cyclic redundancy check of gzip, PNG and Ethernet."""
    nibbles = string_ptr(CRC32_NIBBLES)
    at = string_ptr(bytes)
    crc: u32 = 0xFFFFFFFF
    for i in range(string_len(bytes)):
        crc ^= u32(load8u(at + i))
        crc = crc >> 4 ^ u32(load32(nibbles + i32((crc & 15) << 2)))
        crc = crc >> 4 ^ u32(load32(nibbles + i32((crc & 15) << 2)))
    return i32(crc ^ 0xFFFFFFFF)
'''

SOURCE = _CONSTANTS + _CODE


def _kernel(function: str) -> KernelBody:
    return KernelBody(source=SOURCE, function=function)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


PLUGINS = (
    Plugin(
        name="md5",
        params=(("value", TEXT_OR_BYTES),),
        result=ValueType.STRING,
        body=_kernel("md5_hex"),
        reference=lambda value: hashlib.md5(_bytes(value), usedforsecurity=False).hexdigest(),
        about="The MD5 digest, in hexadecimal digits. It protects nothing: use sha256 for that.",
        examples=(("md5('abc')", "'900150983cd24fb0d6963f7d28e17f72'"),),
    ),
    Plugin(
        name="sha1",
        params=(("value", TEXT_OR_BYTES),),
        result=ValueType.STRING,
        body=_kernel("sha1_hex"),
        reference=lambda value: hashlib.sha1(_bytes(value), usedforsecurity=False).hexdigest(),
        about="The SHA-1 digest, in hexadecimal digits. It protects nothing: use sha256 for that.",
        examples=(("sha1('abc')", "'a9993e364706816aba3e25717850c26c9cd0d89d'"),),
    ),
    Plugin(
        name="sha256",
        params=(("value", TEXT_OR_BYTES),),
        result=ValueType.STRING,
        body=KernelBody(source=SHA256_SOURCE, function="sha256_hex"),
        reference=lambda value: hashlib.sha256(_bytes(value)).hexdigest(),
        about="The SHA-256 digest, in hexadecimal digits; `unhex` makes bytes of them.",
        examples=(
            ("sha256('abc')", "'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'"),
        ),
    ),
    Plugin(
        name="hmac_sha256",
        params=(("key", TEXT_OR_BYTES), ("message", TEXT_OR_BYTES)),
        result=ValueType.STRING,
        body=KernelBody(source=SHA256_SOURCE, function="hmac_sha256_hex"),
        reference=lambda key, message: hmac.digest(_bytes(key), _bytes(message), "sha256").hex(),
        about="The HMAC of a message under a key (RFC 2104), in hexadecimal digits.",
        examples=(
            (
                "hmac_sha256('Jefe', 'what do ya want for nothing?')",
                "'5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'",
            ),
        ),
        differs="DuckDB has no such function",
    ),
    Plugin(
        name="pbkdf2_sha256",
        params=(
            ("password", TEXT_OR_BYTES),
            ("salt", TEXT_OR_BYTES),
            ("iterations", ValueType.I64),
            ("size", ValueType.I64),
        ),
        result=ValueType.STRING,
        body=KernelBody(source=SHA256_SOURCE, function="pbkdf2_sha256_hex"),
        reference=lambda password, salt, iterations, size: hashlib.pbkdf2_hmac(
            "sha256", _bytes(password), _bytes(salt), iterations, size
        ).hex(),
        about="A key of `size` bytes, derived from a password (RFC 8018), in hexadecimal digits.",
        examples=(
            (
                "pbkdf2_sha256('password', 'salt', 2, 32)",
                "'ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43'",
            ),
        ),
        differs="DuckDB has no such function",
        refuses=f"pbkdf2_sha256 takes from 1 to {MOST_ITERATIONS} iterations"
        f" and gives from 1 to {MOST_DERIVED_BYTES} bytes",
    ),
    Plugin(
        name="crc32",
        params=(("value", TEXT_OR_BYTES),),
        result=ValueType.U32,
        body=_kernel("crc32"),
        reference=lambda value: zlib.crc32(_bytes(value)),
        about="The cyclic redundancy check of gzip, PNG and Ethernet.",
        examples=(("crc32('123456789')", "3421780262"),),
        differs="DuckDB has no such function",
    ),
)
