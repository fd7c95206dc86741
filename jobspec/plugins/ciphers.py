"""Encryption with XChaCha20 (RFC 8439's cipher under the longer nonce of libsodium).

It hides values, and only from those who cannot read the job: whoever reads the job's document
reads the key in it. It does not tell whether a ciphertext was changed.
"""

from __future__ import annotations

import struct

from jobspec.plugins.plugin import TEXT_OR_BYTES, KernelBody, Plugin
from jobspec.types import ValueType

KEY_BYTES = 32
NONCE_BYTES = 24
SIGMA = b"expand 32-byte k"

_COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
_DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def _quarter_round(a: int, b: int, c: int, d: int) -> str:
    lines = (
        f"x{target} += x{added}; x{turned} = rotl(x{turned} ^ x{target}, {distance})"
        for target, added, turned, distance in (
            (a, b, d, 16),
            (c, d, b, 12),
            (a, b, d, 8),
            (c, d, b, 7),
        )
    )
    return "\n        ".join(lines)


_LOADS = "\n    ".join(f"x{i} = u32(load32(state, {4 * i}))" for i in range(16))
_DOUBLE_ROUND = "\n        ".join(_quarter_round(*words) for words in (*_COLUMNS, *_DIAGONALS))
_STORES = "\n    ".join(f"store32(to, i32(x{i}), {4 * i})" for i in range(16))

_PERMUTATION = f'''
SIGMA = {SIGMA!r}
KEY_BYTES = {KEY_BYTES}
NONCE_BYTES = {NONCE_BYTES}


def chacha20_permute(state: i32, to: i32) -> None:
    """Ten double rounds over 16 words."""
    {_LOADS}
    for i in range(i32(10)):
        {_DOUBLE_ROUND}
    {_STORES}
'''
_CODE = '''

def hchacha20(key: i32, nonce: i32, to: i32) -> None:
    """The key of 32 bytes that belongs to a key and a nonce of 16 bytes."""
    state = alloc(64)
    memory_copy(state, string_ptr(SIGMA), 16)
    memory_copy(state + 16, key, 32)
    memory_copy(state + 48, nonce, 16)
    chacha20_permute(state, state)
    memory_copy(to, state, 16)
    memory_copy(to + 16, state + 48, 16)


def xchacha20(key: i32, nonce: i32, bytes: i32, to: i32) -> None:
    """The bytes that come before `bytes` more of a key stream's, each mixed in where it stands."""
    state = alloc(64)
    stream = alloc(64)
    memory_copy(state, string_ptr(SIGMA), 16)
    hchacha20(key, nonce, state + 16)
    memory_fill(state + 48, 0, 8)
    memory_copy(state + 56, nonce + 16, 8)
    done: i32 = 0
    while done < bytes:
        chacha20_permute(state, stream)
        for i in range(i32(16)):
            word = i << 2
            store32(stream + word, load32(stream + word) + load32(state + word))
        for i in range(min(bytes - done, 64)):
            store8(to + done + i, load8u(to + done + i) ^ load8u(stream + i))
        store32(state, load32(state, 48) + 1, 48)
        done += 64


def xchacha20_encrypt(call: i64, value: str, key: str) -> str:
    """The nonce and what hides the value; the nonce is that of the row."""
    if string_len(key) != KEY_BYTES:
        trap("invalid_argument")
    size = string_len(value)
    nonce = alloc(NONCE_BYTES + size)
    store64(nonce, job_low)
    store64(nonce, job_high ^ call ^ joined, 8)
    store64(nonce, row_number(), 16)
    memory_copy(nonce + NONCE_BYTES, string_ptr(value), size)
    xchacha20(string_ptr(key), nonce, size, nonce + NONCE_BYTES)
    return string_pack(nonce, NONCE_BYTES + size)


def xchacha20_decrypt(hidden: str, key: str) -> str:
    """What `xchacha20_encrypt` hid."""
    size = string_len(hidden) - NONCE_BYTES
    if string_len(key) != KEY_BYTES or size < 0:
        trap("invalid_argument")
    value = alloc(size)
    memory_copy(value, string_ptr(hidden) + NONCE_BYTES, size)
    xchacha20(string_ptr(key), string_ptr(hidden), size, value)
    return string_pack(value, size)
'''

SOURCE = _PERMUTATION + _CODE


# --- in Python ------------------------------------------------------------------------------------


def _permuted(words: list[int]) -> list[int]:
    state = list(words)
    for _ in range(10):
        for a, b, c, d in (*_COLUMNS, *_DIAGONALS):
            for target, added, turned, distance in (
                (a, b, d, 16),
                (c, d, b, 12),
                (a, b, d, 8),
                (c, d, b, 7),
            ):
                state[target] = (state[target] + state[added]) & 0xFFFFFFFF
                mixed = state[turned] ^ state[target]
                state[turned] = (mixed << distance | mixed >> (32 - distance)) & 0xFFFFFFFF
    return state


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """The key of 32 bytes that belongs to a key and a nonce of 16 bytes."""
    state = _permuted(list(struct.unpack("<16I", SIGMA + key + nonce)))
    return struct.pack("<8I", *state[:4], *state[12:])


def chacha20_block(key: bytes, counter: int, nonce: bytes) -> bytes:
    """64 bytes of the key stream of RFC 8439, whose nonce has 12 bytes."""
    words = list(struct.unpack("<16I", SIGMA + key + struct.pack("<I", counter) + nonce))
    return struct.pack(
        "<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(words, _permuted(words), strict=True))
    )


def xchacha20(key: bytes, nonce: bytes, value: bytes) -> bytes:
    """The value, hidden or shown again."""
    own_key = hchacha20(key, nonce[:16])
    own_nonce = bytes(4) + nonce[16:]
    blocks = range(-(-len(value) // 64))
    stream = b"".join(chacha20_block(own_key, number, own_nonce) for number in blocks)
    return bytes(a ^ b for a, b in zip(value, stream, strict=False))


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _encrypted(
    job: tuple[int, int], row: int, call: int, value: str | bytes, key: str | bytes
) -> bytes:
    low, high = job
    nonce = struct.pack("<3Q", low, high ^ call, row)
    return nonce + xchacha20(_bytes(key), nonce, _bytes(value))


def _decrypted(hidden: bytes, key: str | bytes) -> bytes:
    return xchacha20(_bytes(key), hidden[:NONCE_BYTES], hidden[NONCE_BYTES:])


_KEY = "'a key of thirty-two bytes, so...'"
_KEY_IS_PUBLIC = (
    "Whoever can read the job can read the key, so it protects on a private hub only; nor does it"
    " tell whether the bytes were changed."
)

PLUGINS = (
    Plugin(
        name="encrypt",
        params=(("value", TEXT_OR_BYTES), ("key", TEXT_OR_BYTES)),
        result=ValueType.BINARY,
        body=KernelBody(source=SOURCE, function="xchacha20_encrypt"),
        reference=_encrypted,
        about="Hides a value under a key of 32 bytes by XChaCha20: 24 bytes of nonce, which is"
        f" another one in each row, and as many bytes as the value has. {_KEY_IS_PUBLIC}",
        examples=((f"encrypt('secret', {_KEY}) <> encrypt('secret', {_KEY})", "true"),),
        differs="DuckDB has no such function",
        refuses=f"encrypt takes a key of {KEY_BYTES} bytes",
        of_row=True,
    ),
    Plugin(
        name="decrypt",
        params=(("hidden", ValueType.BINARY), ("key", TEXT_OR_BYTES)),
        result=ValueType.BINARY,
        body=KernelBody(source=SOURCE, function="xchacha20_decrypt"),
        reference=_decrypted,
        about="Shows what `encrypt` hid under the same key, as bytes; `decode` makes text of them.",
        examples=((f"md5(decrypt(encrypt('secret', {_KEY}), {_KEY})) = md5('secret')", "true"),),
        differs="DuckDB has no such function",
        refuses=f"decrypt takes what encrypt gave and a key of {KEY_BYTES} bytes",
    ),
)
