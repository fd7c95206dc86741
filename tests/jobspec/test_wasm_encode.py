"""Numbers and sections of the binary format, against worked examples and a reader of our own."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobspec.opcodes import LOADS, STORES
from jobspec.wasm import encode


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (624485, "e58e26"),
        (2**28 - 1, "ffffff7f"),
        (2**28, "8080808001"),
        (2**32 - 1, "ffffffff0f"),
        (2**35, "808080808001"),
    ],
)
def test_unsigned_numbers_have_their_shortest_form(value: int, encoded: str) -> None:
    assert encode.unsigned(value).hex() == encoded


def test_a_negative_number_has_no_unsigned_form() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        encode.unsigned(-1)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (63, "3f"),
        (64, "c000"),
        (-1, "7f"),
        (-64, "40"),
        (-65, "bf7f"),
        (-123456, "c0bb78"),
        (2**28, "8080808001"),
        (-(2**28), "808080807f"),
        (2**31 - 1, "ffffffff07"),
        (-(2**31), "8080808078"),
        (2**63 - 1, "ffffffffffffffffff00"),
        (-(2**63), "8080808080808080807f"),
    ],
)
def test_signed_numbers_have_their_shortest_form(value: int, encoded: str) -> None:
    assert encode.signed(value).hex() == encoded


def decode(data: bytes, *, is_signed: bool) -> int:
    value = sum((byte & 0x7F) << 7 * index for index, byte in enumerate(data))
    return value - (1 << 7 * len(data)) if is_signed and data[-1] & 0x40 else value


@given(st.integers(-(2**63), 2**63 - 1))
@example(-(2**63))
def test_every_signed_number_comes_back(value: int) -> None:
    encoded = encode.signed(value)
    assert decode(encoded, is_signed=True) == value
    assert all(byte & 0x80 for byte in encoded[:-1])
    assert len(encoded) <= 10


@given(st.integers(0, 2**64 - 1))
def test_every_unsigned_number_comes_back(value: int) -> None:
    assert decode(encode.unsigned(value), is_signed=False) == value


@pytest.mark.parametrize(
    ("kind", "value", "signed"),
    [
        ("i32", 0xFFFFFFFF, -1),
        ("i32", 0x80000000, -(2**31)),
        ("i64", 2**64 - 1, -1),
        ("i64", 2**63, -(2**63)),
        ("i64", -(2**63), -(2**63)),
    ],
)
def test_integer_constants_wrap_to_their_width(kind: str, value: int, signed: int) -> None:
    assert encode.constant(kind, value)[1:] == encode.signed(signed)


def test_nan_constants_are_canonical() -> None:
    assert encode.constant("f64", -math.nan)[1:].hex() == "000000000000f87f"
    assert encode.constant("f32", math.nan)[1:].hex() == "0000c07f"


def test_a_double_too_large_for_f32_becomes_infinite() -> None:
    assert encode.constant("f32", -1e300)[1:] == struct.pack("<f", -math.inf)


def test_alignment_is_the_width_of_the_access() -> None:
    widths = {name: 1 << encode.natural_alignment(name) for name in (*LOADS, *STORES)}
    assert widths["i32.load8_u"] == widths["i64.store8"] == 1
    assert widths["i64.load16_s"] == widths["i32.store16"] == 2
    assert widths["i64.load32_u"] == widths["i32.load"] == widths["f32.store"] == 4
    assert widths["i64.load"] == widths["f64.store"] == 8


def test_sections_are_their_number_their_size_and_their_content() -> None:
    assert encode.type_section([encode.function_type(["i32", "f64"], ["i64"])]).hex() == (
        "01070160027f7c017e"
    )
    assert encode.memory_section(1, 1024).hex() == "05050101018008"
    assert encode.export_section([("step", encode.EXPORT_FUNCTION, 3)]).hex() == (
        "07080104737465700003"
    )
