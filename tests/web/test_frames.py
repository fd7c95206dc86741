"""WebSocket frames by the letter of RFC 6455; `tests.fuzz.frames` compares with another reader."""

from __future__ import annotations

import random

import pytest

from owc.web.websocket import frames
from owc.web.websocket.frames import Close, FrameParser, Ping, Pong, ProtocolError, Received
from tests.fuzz.frames import masked

MASK = b"\x37\xfa\x21\x3d"
LIMIT = 1 << 20
TEXT, BINARY, CONTINUED, LAST = 0x81, 0x82, 0x00, 0x80
TEXT_BEGINS, BINARY_BEGINS = 0x01, 0x02
CLOSE, PING, PONG = 0x88, 0x89, 0x8A


def read(*pieces: bytes, limit: int = LIMIT) -> list[Received]:
    """All that is in these bytes."""
    parser = FrameParser(message_bytes=limit)
    seen = []
    for piece in pieces:
        parser.feed(piece)
        while (received := parser.next()) is not None:
            seen.append(received)
    return seen


def refused(*pieces: bytes, limit: int = LIMIT) -> int:
    """The code with which these bytes are refused."""
    with pytest.raises(ProtocolError) as caught:
        read(*pieces, limit=limit)
    return int(caught.value.code)


def one(first: int, payload: bytes = b"") -> bytes:
    return masked(first, payload, MASK)


def test_the_examples_of_the_rfc() -> None:
    assert read(bytes.fromhex("818537fa213d7f9f4d5158")) == ["Hello"]
    assert read(bytes.fromhex("8a8537fa213d7f9f4d5158")) == [Pong(b"Hello")]
    assert frames.frame("Hello") == bytes.fromhex("810548656c6c6f")
    assert frames.frame(bytes(256))[:4] == bytes.fromhex("827e0100")
    assert frames.frame(bytes(65_536))[:10] == bytes.fromhex("827f0000000000010000")
    assert frames.pong_frame(b"Hello") == bytes.fromhex("8a0548656c6c6f")


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 1023, 1024, 1025, 65_535, 65_536, LIMIT])
def test_payloads_of_every_form_come_out_as_they_went_in(length: int) -> None:
    payload = random.Random(length).randbytes(length)
    assert read(one(BINARY, payload)) == [payload]
    text = "é" * (length // 2)
    assert read(one(TEXT, text.encode())) == [text]


def test_masks_differ_from_frame_to_frame() -> None:
    stream = masked(BINARY, b"first", b"\x00\x00\x00\x00") + masked(BINARY, b"second", MASK)
    assert read(stream) == [b"first", b"second"]


def test_control_frames_may_stand_between_fragments() -> None:
    stream = (
        one(TEXT_BEGINS, b"Hel") + one(PING, b"1") + one(CONTINUED) + one(PONG) + one(LAST, b"lo")
    )
    assert read(stream) == [Ping(b"1"), Pong(b""), "Hello"]
    assert read(*(bytes([byte]) for byte in stream)) == [Ping(b"1"), Pong(b""), "Hello"]


def test_a_code_point_may_be_cut_between_fragments() -> None:
    euro = "€".encode()
    assert read(one(TEXT_BEGINS, euro[:1]) + one(CONTINUED, euro[1:2]) + one(LAST, euro[2:])) == [
        "€"
    ]


def test_a_close_frame_has_no_payload_or_a_code_and_a_reason() -> None:
    assert read(one(CLOSE)) == [Close(None, "")]
    assert read(one(CLOSE, b"\x03\xe8")) == [Close(1000, "")]
    assert read(one(CLOSE, b"\x0f\xa0" + "später".encode())) == [Close(4000, "später")]
    assert frames.close_frame(None) == b"\x88\x00"
    reason = "é" * 100
    built = frames.close_frame(1008, reason)
    assert len(built) <= 127
    assert reason.startswith(built[4:].decode()), "cut between characters"


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (b"\x81\x05Hello", 1002),  # not masked
        (one(TEXT | 0x40, b"x"), 1002),  # an extension that was not agreed on
        (one(TEXT | 0x20, b"x"), 1002),
        (one(BINARY | 0x10, b"x"), 1002),
        (one(0x83), 1002),  # reserved opcodes
        (one(0x87), 1002),
        (one(0x8B), 1002),
        (one(0x8F), 1002),
        (one(PING & 0x7F), 1002),  # a control frame in fragments
        (one(CLOSE & 0x7F), 1002),
        (masked(PING, b"x" * 126, MASK), 1002),  # a long control frame
        (masked(BINARY, b"x" * 125, MASK, form=126), 1002),  # lengths that are not the least
        (masked(BINARY, b"x" * 65_535, MASK, form=127), 1002),
        (b"\x82\xff\x80" + bytes(7) + MASK, 1002),
        (one(LAST, b"x"), 1002),  # nothing to continue
        (one(TEXT_BEGINS, b"x") + one(TEXT, b"x"), 1002),  # a message within a message
        (one(CLOSE, b"\x03"), 1002),  # half a code
        *((one(CLOSE, code.to_bytes(2, "big")), 1002) for code in (0, 999, 1004, 1005, 1006)),
        *((one(CLOSE, code.to_bytes(2, "big")), 1002) for code in (1015, 1016, 2999, 5000, 65_535)),
        (one(CLOSE, b"\x03\xe8\xff"), 1007),  # a reason that is no text
        (one(TEXT, b"\xc0\xaf"), 1007),  # overlong
        (one(TEXT, b"\xed\xa0\x80"), 1007),  # half a surrogate pair
        (one(TEXT, b"\xf4\x90\x80\x80"), 1007),  # beyond Unicode
        (one(TEXT, b"\xce"), 1007),  # cut short
        (one(TEXT_BEGINS, b"\xce") + one(LAST), 1007),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_breaks_a_rule_is_refused(stream: bytes, code: int) -> None:
    assert refused(stream) == code
    assert refused(*(bytes([byte]) for byte in stream[:200]), stream[200:]) == code


def test_a_text_is_refused_as_soon_as_it_is_none() -> None:
    assert refused(one(TEXT_BEGINS, b"fine") + one(CONTINUED, b"\xff")) == 1007
    begun = one(TEXT, b"fine \xff" + b"x" * 1000)
    assert refused(begun[: 8 + 6], limit=2000) == 1007, "its frame is far from complete"


def test_a_long_message_is_refused_by_what_it_announces() -> None:
    assert refused(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + MASK) == 1009
    assert refused(one(BINARY, bytes(101)), limit=100) == 1009
    assert refused(one(BINARY_BEGINS, bytes(60)) + one(LAST, bytes(41)), limit=100) == 1009
    assert read(
        one(BINARY_BEGINS, bytes(60)) + one(PING, bytes(99)) + one(LAST, bytes(40)), limit=100
    )


def test_a_length_that_is_only_announced_costs_nothing() -> None:
    import tracemalloc

    tracemalloc.start()
    parser = FrameParser(message_bytes=1 << 40)
    parser.feed(b"\x82\xff" + (1 << 39).to_bytes(8, "big") + MASK + b"x")
    assert parser.next() is None
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@pytest.mark.parametrize("frame", [one(CONTINUED), one(PING), one(PONG, b"x")], ids=repr)
def test_frames_that_lead_nowhere_are_bounded(frame: bytes) -> None:
    assert refused(one(TEXT_BEGINS, b"x") + frame * 100_000) == 1008
    fine = (frame * 900 + one(LAST, b"x") + one(TEXT_BEGINS)) * 5
    assert len([seen for seen in read(one(TEXT_BEGINS) + fine) if seen == "x"]) == 5


@pytest.mark.timeout(60)
def test_work_grows_with_the_bytes_however_they_are_cut() -> None:
    payload = bytes(LIMIT)
    whole = one(BINARY, payload)
    assert read(*(whole[at : at + 8] for at in range(0, len(whole), 8))) == [payload]
    fragments = [one(BINARY_BEGINS)] + [one(CONTINUED, b"12345678")] * (LIMIT // 8) + [one(LAST)]
    assert read(b"".join(fragments)) == [b"12345678" * (LIMIT // 8)]
    assert read(*fragments) == [b"12345678" * (LIMIT // 8)]
