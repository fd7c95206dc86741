"""RFC 6455 frames of a server: bytes in, messages and control frames out. No I/O, no extensions.

`FrameParser` is fed whatever arrives, in any cut, and gives one thing at a time, so that what waits
is never more than the bytes that were fed. Memory and work grow with those bytes, never faster: a
length that is only announced costs nothing, fragments are gathered in one buffer, and a text is
checked while it arrives. What breaks a rule raises `ProtocolError` with the code to close with.
"""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np


class Opcode(IntEnum):
    """What a frame is (RFC 6455, 11.8); every other number is reserved."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class CloseCode(IntEnum):
    """Why we close (RFC 6455, 7.4.1)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    INVALID_DATA = 1007
    POLICY = 1008
    TOO_BIG = 1009


class ProtocolError(Exception):
    """What arrived breaks the protocol or a limit; `code` is what to close with."""

    def __init__(self, code: CloseCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ping:
    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """`code` is None where none was given."""

    code: int | None
    reason: str


Received: TypeAlias = str | bytes | Ping | Pong | Close

MAX_CONTROL_BYTES = 125
_MAX_IDLE_FRAMES = 1_000
_SMALL_BYTES = 1_024  # up to here one XOR of two integers is faster than numpy
_FIN, _RSV, _MASKED = 0x80, 0x70, 0x80
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = (int(opcode) for opcode in Opcode)
_CODES_ON_THE_WIRE = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


def frame(payload: str | bytes) -> bytes:
    """A whole message as one unmasked frame, as servers send them."""
    if isinstance(payload, str):
        return _frame(_TEXT, payload.encode())
    return _frame(_BINARY, payload)


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping: its payload comes back."""
    return _frame(_PONG, payload)


def close_frame(code: int | None, reason: str = "") -> bytes:
    """Says goodbye; the reason is cut where it would not fit."""
    if code is None:
        return _frame(_CLOSE, b"")
    text = reason.encode()[: MAX_CONTROL_BYTES - 2].decode(errors="ignore")
    return _frame(_CLOSE, struct.pack("!H", code) + text.encode())


def _frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((_FIN | opcode, length)) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", _FIN | opcode, 126, length) + payload
    return struct.pack("!BBQ", _FIN | opcode, 127, length) + payload


def unmask(payload: bytes | bytearray | memoryview, mask: bytes) -> bytes:
    """XOR with the four bytes of the mask, again and again."""
    length = len(payload)
    if length <= _SMALL_BYTES:
        pattern = (mask * ((length >> 2) + 1))[:length]
        number = int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")
        return number.to_bytes(length, "little")
    words = length >> 3
    head = np.frombuffer(payload, "<u8", words) ^ np.frombuffer(mask + mask, "<u8")
    return b"".join((head, unmask(payload[words << 3 :], mask)))


class FrameParser:
    """What a client sends, frame by frame.

    `message_bytes` bounds a message. Control frames and empty fragments between the ends of two
    messages are bounded in number, since they cost work and lead nowhere.
    """

    __slots__ = (
        "_at",
        "_buffer",
        "_checked",
        "_decoder",
        "_idle",
        "_message",
        "_most",
        "_needed",
        "_opcode",
    )

    def __init__(self, *, message_bytes: int) -> None:
        self._most = message_bytes
        self._buffer: bytes | bytearray = b""
        self._at = 0  # where in the buffer the next frame begins
        self._needed = 2  # bytes of it that must be there before it is looked at again
        self._opcode = _CONTINUATION  # of the fragmented message that is open, if one is
        self._message = bytearray()  # its payload so far
        self._decoder: codecs.IncrementalDecoder | None = None  # of the text that is open
        self._checked = 0  # bytes of the incomplete frame that it has seen
        self._idle = 0

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        if self._at == len(self._buffer):
            self._buffer = data
        else:
            if isinstance(self._buffer, bytes):
                self._buffer = bytearray(memoryview(self._buffer)[self._at :])
            elif self._at:
                del self._buffer[: self._at]
            self._buffer += data
        self._at = 0

    def next(self) -> Received | None:
        """The next message or control frame, None until more is fed. Raises ProtocolError."""
        while len(self._buffer) - self._at >= self._needed:
            parsed = self._head()
            if parsed is None:
                break
            first, mask, begin, end = parsed
            opcode = first & 0x0F
            if end > len(self._buffer):
                self._needed = end - self._at
                if opcode == _TEXT or (opcode == _CONTINUATION and self._opcode == _TEXT):
                    self._check_early(mask, begin)
                break
            payload = self._payload(begin, end, mask)
            self._at, self._needed = end, 2
            if self._at == len(self._buffer):
                self._buffer, self._at = b"", 0
            if opcode >= _CLOSE:
                self._count_idle()
                return _control(opcode, payload)
            message = self._take(opcode, payload, final=first >= _FIN)
            if message is not None:
                self._idle = 0
                return message
        return None

    def _head(self) -> tuple[int, bytes, int, int] | None:
        """First byte, mask, begin and end of the next frame; None if its head is not complete."""
        buffer, at = self._buffer, self._at
        first, length = buffer[at], buffer[at + 1]
        if first & _RSV:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "no extension was agreed on")
        if length < _MASKED:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "a client's frames are masked")
        length -= _MASKED
        self._check_opcode(first, length)
        begin = at + 6
        if length >= 126:
            extended = 2 if length == 126 else 8
            begin += extended
            if len(buffer) < begin:
                self._needed = begin - at
                return None
            length = int.from_bytes(buffer[at + 2 : at + 2 + extended], "big")
            if length < (126 if extended == 2 else 1 << 16) or length >> 63:
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, "a length is not in its least form")
        elif len(buffer) < begin:
            self._needed = 6
            return None
        if first & 0x0F < _CLOSE and length + len(self._message) > self._most:
            raise ProtocolError(CloseCode.TOO_BIG, f"a message has at most {self._most} bytes")
        return first, bytes(buffer[begin - 4 : begin]), begin, begin + length

    def _check_opcode(self, first: int, length: int) -> None:
        opcode = first & 0x0F
        if opcode >= _CLOSE:
            if opcode > _PONG:
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, "a reserved opcode")
            if first < _FIN or length > MAX_CONTROL_BYTES:
                raise ProtocolError(CloseCode.PROTOCOL_ERROR, "a control frame is short and whole")
        elif opcode > _BINARY:
            raise ProtocolError(CloseCode.PROTOCOL_ERROR, "a reserved opcode")
        elif (opcode == _CONTINUATION) != (self._opcode != _CONTINUATION):
            raise ProtocolError(
                CloseCode.PROTOCOL_ERROR, "fragments of a message follow each other"
            )

    def _take(self, opcode: int, payload: bytes, *, final: bool) -> str | bytes | None:
        """A frame of a message; returns the message that it completes."""
        if final and opcode != _CONTINUATION and self._decoder is None:
            return payload if opcode == _BINARY else _text(payload)
        if opcode != _CONTINUATION:
            self._opcode = opcode
        if self._opcode == _TEXT:
            self._check_text(payload[self._checked :], final=final)
            self._checked = 0
        if not payload:
            self._count_idle()
        self._message += payload
        if not final:
            return None
        whole, kind = bytes(self._message), self._opcode
        self._message, self._opcode, self._decoder = bytearray(), _CONTINUATION, None
        return whole if kind == _BINARY else _text(whole)

    def _payload(self, begin: int, end: int, mask: bytes) -> bytes:
        if end - begin <= _SMALL_BYTES:
            return unmask(self._buffer[begin:end], mask)
        with memoryview(self._buffer)[begin:end] as payload:
            return unmask(payload, mask)

    def _check_early(self, mask: bytes, begin: int) -> None:
        """Check the part of a text that is there, though its frame is not complete."""
        part = self._buffer[begin + self._checked :]
        turn = self._checked & 3
        self._check_text(unmask(part, mask[turn:] + mask[:turn]), final=False)
        self._checked += len(part)
        self._needed = len(self._buffer) - self._at + 1

    def _check_text(self, part: bytes, *, final: bool) -> None:
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            self._decoder.decode(part, final)
        except UnicodeDecodeError as error:
            raise ProtocolError(CloseCode.INVALID_DATA, "a text is not UTF-8") from error

    def _count_idle(self) -> None:
        self._idle += 1
        if self._idle > _MAX_IDLE_FRAMES:
            raise ProtocolError(CloseCode.POLICY, "too many frames without a message")


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(CloseCode.INVALID_DATA, "a text is not UTF-8") from error


def _control(opcode: int, payload: bytes) -> Ping | Pong | Close:
    if opcode == _PING:
        return Ping(payload)
    if opcode == _PONG:
        return Pong(payload)
    if not payload:
        return Close(None, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in _CODES_ON_THE_WIRE:
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "a close code that may not be sent")
    return Close(code, _text(payload[2:]))
