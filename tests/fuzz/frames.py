"""Streams of WebSocket frames, right and wrong, in any cut: our parser against wsproto's.

Both must see the same messages and control frames up to the same end, and refuse with the same
code. Where only one of them has refused what is not complete yet, both are told what follows, since
a rule may be checked as soon as it can be or when the frame is there.
"""

from __future__ import annotations

import itertools
from typing import Any, TypeAlias

from hypothesis import given, seed, settings
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode, ParseFailed

from owc.web.websocket.frames import Close, FrameParser, Ping, Pong, ProtocolError

Seen: TypeAlias = list[tuple[Any, ...]]

_NOT_WSPROTOS = 1014  # IANA's "bad gateway", which wsproto takes for reserved
_MORE = b"\xff" * 200_000  # ends any frame that a test can begin, and is none itself


def masked(first: int, payload: bytes, mask: bytes, *, form: int | None = None) -> bytes:
    """A client's frame; `form` is the seven bits of the length where they are not the least."""
    length = len(payload)
    if form is None:
        form = length if length < 126 else 126 if length < 1 << 16 else 127
    extended = {126: 2, 127: 8}.get(form, 0)
    head = bytes((first, 0x80 | form)) + (length.to_bytes(extended, "big") if extended else b"")
    pattern = mask * (length // 4 + 1)
    return head + mask + bytes(a ^ b for a, b in zip(payload, pattern, strict=False))


_payloads = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(str.encode),
    st.sampled_from([b"\xf4\x90\x80\x80", b"\xce", b"\xba\xe1", b"\xed\xa0\x80", b"\xc0\xaf"]),
    st.sampled_from([125, 126, 127, 128, 1023, 1024, 1025, 65_535, 65_536, 70_000]).map(
        lambda length: b"\xce\xba" * (length // 2) + b"x" * (length % 2)
    ),
)
_closes = st.builds(
    lambda code, reason: code.to_bytes(2, "big") + reason,
    st.one_of(st.integers(990, 1020), st.integers(2990, 5010)).filter(lambda n: n != _NOT_WSPROTOS),
    st.text(max_size=50).map(lambda text: text.encode()[:123]),
)
_masks = st.binary(min_size=4, max_size=4)
_firsts = st.one_of(
    st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x00, 0x80, 0x89, 0x8A]), st.integers(0, 255)
)
_frames = st.one_of(
    st.builds(masked, _firsts, _payloads, _masks),
    st.builds(masked, st.sampled_from([0x89, 0x8A, 0x80, 0x00]), st.binary(max_size=125), _masks),
    st.builds(masked, st.just(0x88), st.one_of(_closes, st.just(b"")), _masks),
    st.builds(masked, _firsts, st.binary(max_size=30), _masks, form=st.sampled_from([126, 127])),
)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Frames, perhaps with some bytes changed, and cut anywhere."""
    stream = bytearray(b"".join(draw(st.lists(_frames, min_size=1, max_size=12))))
    for _ in range(draw(st.integers(0, 3)) if draw(st.booleans()) else 0):
        at = draw(st.integers(0, min(len(stream), 400) - 1))
        stream[at] = draw(st.integers(0, 255))
    cuts = draw(st.lists(st.integers(0, len(stream)), max_size=12))
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [bytes(stream[a:b]) for a, b in itertools.pairwise(edges)]
    if draw(st.booleans()) and len(stream) < 500:
        pieces = [bytes([byte]) for byte in stream]
    return pieces


def check(pieces: list[bytes]) -> None:
    """Raise AssertionError where the two differ."""
    ours, theirs = seen_by_us(pieces), seen_by_wsproto(pieces)
    if len(ours) != len(theirs):
        ours, theirs = seen_by_us([*pieces, _MORE]), seen_by_wsproto([*pieces, _MORE])
    assert ours == theirs


def seen_by_us(pieces: list[bytes]) -> Seen:
    parser = FrameParser(message_bytes=1 << 63)
    seen: Seen = []
    try:
        for piece in pieces:
            parser.feed(piece)
            while (received := parser.next()) is not None:
                match received:
                    case Ping(payload):
                        seen.append(("ping", payload))
                    case Pong(payload):
                        seen.append(("pong", payload))
                    case Close(code, reason):
                        return [*seen, ("close", code, reason)]
                    case message:
                        seen.append(("message", message))
    except ProtocolError as error:
        seen.append(("refused", int(error.code)))
    return seen


def seen_by_wsproto(pieces: list[bytes]) -> Seen:
    protocol = FrameProtocol(client=False, extensions=[])
    seen: Seen = []
    parts: list[Any] = []
    try:
        for piece in pieces:
            protocol.receive_bytes(piece)
            for frame in protocol.received_frames():
                if frame.opcode is Opcode.PING:
                    seen.append(("ping", bytes(frame.payload)))
                elif frame.opcode is Opcode.PONG:
                    seen.append(("pong", bytes(frame.payload)))
                elif frame.opcode is Opcode.CLOSE:
                    code, reason = frame.payload
                    return [*seen, ("close", None if code == 1005 else int(code), reason)]
                else:
                    parts.append(frame.payload)
                    if frame.message_finished:
                        seen.append(("message", type(parts[0])().join(parts)))
                        parts = []
    except ParseFailed as error:
        seen.append(("refused", int(error.code)))
    return seen


def run(number: int, cases: int) -> None:
    """Compare so many streams, always the same for a number; raises where the two differ."""
    options = settings(max_examples=cases, deadline=None, database=None)
    seed(number)(options(given(streams())(check)))()
