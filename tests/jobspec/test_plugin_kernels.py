"""The bodies of our own plugins, and the kernels of chance and hashing: published vectors first."""

from __future__ import annotations

import hashlib
import hmac
import math
import struct
import zlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobspec import ir, kernels
from jobspec.plugins import ciphers, sketches
from tests.jobspec.running import Instance

PAGES = 16
INPUT = 1 << 19
"""Where arguments lie: above what the kernels take from the heap."""

NAMES = (
    *("heap_reset", "md5_hex", "sha1_hex", "sha256_hex", "hmac_sha256_hex", "pbkdf2_sha256_hex"),
    *("crc32", "hchacha20", "xchacha20_encrypt", "xchacha20_decrypt", "philox", "random_f64"),
    *("xxh64_text", "xxh64_i64", "xxh64_f64"),
    *("hll_register", "hll_rank", "ddsketch_bucket", "ddsketch_value"),
)


class Kernels(Instance):
    """Calls kernels on texts and bytes."""

    def __init__(self) -> None:
        found = [kernels.function(name) for name in NAMES]
        super().__init__(*(item for item in found if item), memory_bytes=PAGES << 16)
        self.memory.grow(self.store, PAGES - self.memory.size(self.store))

    def run(self, name: str, *args: Any) -> Any:
        """The result of a kernel on a fresh heap; bytes are written into the memory for it."""
        self.call("clear_trap")
        self.call("heap_reset")
        at = INPUT
        given = []
        for arg in args:
            if isinstance(arg, bytes):
                self.memory.write(self.store, arg + b"\xff", at)
                given.append(len(arg) << 32 | at)
                at += len(arg) + 1 | 7
            else:
                given.append(signed(arg) if isinstance(arg, int) else arg)
        return self.call(name, *given)

    def text(self, name: str, *args: Any) -> bytes:
        """The bytes that a kernel gives."""
        packed = self.run(name, *args) % 2**64
        start, size = packed & 0xFFFFFFFF, packed >> 32
        return bytes(self.memory.read(self.store, start, start + size))

    def code(self) -> str | None:
        number = self.trap()
        return None if number is None else ir.STANDARD_TRAPS[number].code


K = Kernels()
messages = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([bytes(range(256))[:size] for size in (55, 56, 57, 63, 64, 65, 119, 120, 128)]),
)


def signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def unsigned(value: int) -> int:
    return value % 2**64


# --- digests --------------------------------------------------------------------------------------


@given(messages)
@example(b"")
def test_digests_are_those_of_hashlib(message: bytes) -> None:
    for name in ("md5", "sha1", "sha256"):
        expected = hashlib.new(name, message, usedforsecurity=False).hexdigest()
        assert K.text(f"{name}_hex", message).decode() == expected
    assert K.run("crc32", message) % 2**32 == zlib.crc32(message)


def test_a_long_message_is_digested_whole() -> None:
    message = bytes(range(251)) * 800
    assert K.text("sha256_hex", message).decode() == hashlib.sha256(message).hexdigest()


@given(messages, messages)
@example(b"k" * 64, b"")
@example(b"k" * 65, b"")
def test_hmac_is_that_of_the_standard_library(key: bytes, message: bytes) -> None:
    expected = hmac.digest(key, message, "sha256").hex()
    assert K.text("hmac_sha256_hex", key, message).decode() == expected


@given(messages, messages, st.integers(1, 5), st.integers(1, 100))
@example(b"", b"", 1, 1)
@example(b"passwd", b"salt", 1, 64)
def test_pbkdf2_is_that_of_hashlib(
    password: bytes, salt: bytes, iterations: int, size: int
) -> None:
    expected = hashlib.pbkdf2_hmac("sha256", password, salt, iterations, size).hex()
    assert K.text("pbkdf2_sha256_hex", password, salt, iterations, size).decode() == expected


@pytest.mark.parametrize(
    ("iterations", "size"), [(0, 32), (-1, 32), (2**40, 32), (1, 0), (1, 1025)]
)
def test_pbkdf2_refuses_what_would_never_end_or_give_nothing(iterations: int, size: int) -> None:
    K.run("pbkdf2_sha256_hex", b"p", b"s", iterations, size)
    assert K.code() == "invalid_argument"


# --- ciphers --------------------------------------------------------------------------------------

KEY = bytes(range(32))


def test_our_reference_gives_the_published_blocks_of_chacha20() -> None:
    nonce = bytes.fromhex("000000090000004a00000000")
    assert ciphers.chacha20_block(KEY, 1, nonce).hex() == (
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
    )
    assert (
        ciphers.chacha20_block(bytes(32), 0, bytes(12)).hex().startswith("76b8e0ada0f13d90405d6ae5")
    )
    subkey = ciphers.hchacha20(KEY, bytes.fromhex("000000090000004a0000000031415927"))
    assert subkey.hex() == "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"


@given(st.binary(max_size=300), st.binary(min_size=32, max_size=32), st.integers(0, 2**64 - 1))
@example(b"", KEY, 0)
@example(b"x" * 64, KEY, 1)
@example(b"x" * 65, KEY, 1)
def test_what_is_encrypted_is_that_of_the_reference_and_is_shown_again(
    value: bytes, key: bytes, call: int
) -> None:
    hidden = K.text("xchacha20_encrypt", call, value, key)
    assert hidden == ciphers._encrypted((0, 0), 0, call, value, key)
    assert K.text("xchacha20_decrypt", hidden, key) == value
    assert ciphers._decrypted(hidden, key) == value


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_32_bytes(size: int) -> None:
    K.run("xchacha20_encrypt", 0, b"value", bytes(size))
    assert K.code() == "invalid_argument"
    K.run("xchacha20_decrypt", bytes(40), bytes(size))
    assert K.code() == "invalid_argument"


def test_what_is_shorter_than_a_nonce_was_never_encrypted() -> None:
    K.run("xchacha20_decrypt", bytes(23), KEY)
    assert K.code() == "invalid_argument"
    assert K.text("xchacha20_decrypt", bytes(24), KEY) == b""


# --- chance ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "key", "expected"),
    [
        (0, 0, 0, 0xE169C58D_6627E8D5),
        (2**64 - 1, 2**64 - 1, 2**64 - 1, 0x41C83B0E_408F276D),
        (0x85A308D3_243F6A88, 0x03707344_13198A2E, 0x299F31D0_A4093822, 0x94FDCCEB_D16CFE09),
    ],
)
def test_philox_gives_the_published_numbers(low: int, high: int, key: int, expected: int) -> None:
    assert unsigned(K.run("philox", low, high, key)) == expected


def test_random_numbers_fill_the_interval_evenly() -> None:
    numbers = [K.run("random_f64", call) for call in range(4000)]
    assert all(0 <= number < 1 for number in numbers)
    assert len(set(numbers)) == len(numbers)
    counts = [sum(int(number * 10) == tenth for number in numbers) for tenth in range(10)]
    assert all(330 < count < 470 for count in counts)
    assert abs(sum(numbers) / len(numbers) - 0.5) < 0.02


# --- hashes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"", 0xEF46DB3751D8E999), (b"a", 0xD24EC4F1A98C6E5B), (b"abc", 0x44BC2CF5AD770999)],
)
def test_xxh64_gives_the_published_numbers(text: bytes, expected: int) -> None:
    assert unsigned(K.run("xxh64_text", text, 0)) == expected


@given(st.binary(max_size=100), st.integers(0, 2**64 - 1))
def test_xxh64_is_that_of_the_specification(text: bytes, seed: int) -> None:
    assert unsigned(K.run("xxh64_text", text, seed)) == xxh64(text, seed)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1))
def test_a_number_is_hashed_as_eight_bytes(number: int, seed: int) -> None:
    expected = xxh64(struct.pack("<q", number), seed)
    assert unsigned(K.run("xxh64_i64", number, seed)) == expected


def test_equal_floats_have_the_same_hash() -> None:
    assert K.run("xxh64_f64", 0.0, 0) == K.run("xxh64_f64", -0.0, 0)
    nans = [
        struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in (0x7FF8 << 48, 0xFFF9 << 48)
    ]
    assert K.run("xxh64_f64", nans[0], 0) == K.run("xxh64_f64", nans[1], 0)
    assert unsigned(K.run("xxh64_f64", 1.5, 0)) == xxh64(struct.pack("<d", 1.5), 0)


def xxh64(data: bytes, seed: int) -> int:
    """The specification of XXH64, word for word."""
    p1, p2, p3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
    p4, p5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5

    def rotl(x: int, r: int) -> int:
        x %= 2**64
        return (x << r | x >> (64 - r)) % 2**64

    def round_(acc: int, word: int) -> int:
        return rotl(acc + word * p2, 31) * p1 % 2**64

    rest = data
    acc = seed + p5
    if len(data) >= 32:
        lanes = [seed + p1 + p2, seed + p2, seed, seed - p1]
        while len(rest) >= 32:
            words = struct.unpack("<4Q", rest[:32])
            lanes = [round_(lane, word) for lane, word in zip(lanes, words, strict=True)]
            rest = rest[32:]
        acc = sum(rotl(lane, turn) for lane, turn in zip(lanes, (1, 7, 12, 18), strict=True))
        for lane in lanes:
            acc = (acc ^ round_(0, lane)) * p1 + p4 & 2**64 - 1
    acc += len(data)
    while len(rest) >= 8:
        word = round_(0, int.from_bytes(rest[:8], "little"))
        acc = rotl(acc % 2**64 ^ word, 27) * p1 + p4
        rest = rest[8:]
    if len(rest) >= 4:
        acc = rotl(acc % 2**64 ^ int.from_bytes(rest[:4], "little") * p1 % 2**64, 23) * p2 + p3
        rest = rest[4:]
    for byte in rest:
        acc = rotl(acc % 2**64 ^ byte * p5 % 2**64, 11) * p1
    acc %= 2**64
    acc = (acc ^ acc >> 33) * p2 % 2**64
    acc = (acc ^ acc >> 29) * p3 % 2**64
    return acc ^ acc >> 32


# --- sketches -------------------------------------------------------------------------------------


@given(st.integers(0, 2**64 - 1))
@example(0)
@example(2**64 - 1)
@example(1)
def test_registers_and_ranks_are_those_of_the_reference(hash_: int) -> None:
    assert K.run("hll_register", hash_) == sketches.hll_register(hash_)
    assert K.run("hll_rank", hash_) == sketches.hll_rank(hash_)
    assert 0 <= sketches.hll_register(hash_) < sketches.HLL_REGISTERS
    assert 1 <= sketches.hll_rank(hash_) <= 53


@given(st.floats())
@example(0.0)
@example(-0.0)
@example(5e-324)
@example(1.7976931348623157e308)
def test_buckets_are_those_of_the_reference(x: float) -> None:
    bucket = K.run("ddsketch_bucket", x)
    assert bucket == sketches.ddsketch_bucket(x)
    assert repr(K.run("ddsketch_value", bucket)) == repr(sketches.ddsketch_value(bucket))


@given(st.floats(min_value=2.3e-308, max_value=1.79e308), st.booleans())
def test_the_middle_of_a_bucket_is_within_one_percent(x: float, negative: bool) -> None:
    x = -x if negative else x
    assert abs(sketches.ddsketch_value(sketches.ddsketch_bucket(x)) - x) <= 0.0079 * abs(x)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_buckets_are_in_the_order_of_numbers(a: float, b: float) -> None:
    low, high = sorted([a, b])
    assert sketches.ddsketch_bucket(low) <= sketches.ddsketch_bucket(high)
    assert sketches.ddsketch_bucket(high) < sketches.ddsketch_bucket(math.nan)


@given(st.integers(-(2**63), 2**63 - 1))
@example(-(2**63))
def test_any_bucket_has_a_value(bucket: int) -> None:
    value = K.run("ddsketch_value", bucket)
    assert repr(value) == repr(sketches.ddsketch_value(bucket)).replace("-nan", "nan")
