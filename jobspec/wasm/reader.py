"""Reads the numbers, names and vectors of WebAssembly's binary format from hostile bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

from jobspec.errors import ProgramError
from jobspec.opcodes import VALUE_TYPES

T = TypeVar("T")

_KINDS = {byte: kind for kind, byte in VALUE_TYPES.items()}


class Reader:
    """Reads forward through bytes from `position` to `end`; errors begin with `subject`."""

    def __init__(
        self,
        data: bytes,
        position: int,
        end: int,
        subject: str = "not a program of this compiler",
    ) -> None:
        self.data = data
        self.position = position
        self.end = end
        self._subject = subject

    @property
    def at_end(self) -> bool:
        return self.position >= self.end

    def fail(self, message: str) -> ProgramError:
        return ProgramError(f"{self._subject}: {message} at byte {self.position}")

    def take(self, count: int) -> bytes:
        if count > self.end - self.position:
            raise self.fail("the text ends too early")
        self.position += count
        return self.data[self.position - count : self.position]

    def byte(self) -> int:
        return self.take(1)[0]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
            if shift > 28:
                raise self.fail("a number is longer than 32 bits")
        if value >= 1 << 32:
            raise self.fail("a number is larger than 32 bits")
        return value

    def signed(self, bits: int) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
            if shift >= bits:
                raise self.fail(f"a number is longer than {bits} bits")
        if byte & 0x40:
            value -= 1 << shift
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            raise self.fail(f"a number is larger than {bits} bits")
        return value

    def floating(self, kind: str) -> float:
        size, form = (4, "<f") if kind == "f32" else (8, "<d")
        value: float = struct.unpack(form, self.take(size))[0]
        return value

    def name(self) -> str:
        try:
            return self.take(self.unsigned()).decode()
        except UnicodeDecodeError:
            raise self.fail("a name is not UTF-8") from None

    def kind(self) -> str:
        byte = self.byte()
        if byte not in _KINDS:
            raise self.fail(f"{byte:#04x} is no type of a value")
        return _KINDS[byte]

    def vector(self, item: Callable[[], T]) -> list[T]:
        count = self.unsigned()
        if count > self.end - self.position:
            raise self.fail(f"there are not {count} things")
        return [item() for _ in range(count)]

    def expect(self, expected: bytes, what: str) -> None:
        if self.take(len(expected)) != expected:
            raise self.fail(f"{what} was expected just before")

    def constant(self, kind: str) -> int | float:
        """The number of a constant of a number type, after its opcode."""
        if kind in ("f32", "f64"):
            return self.floating(kind)
        return self.signed(32 if kind == "i32" else 64)

    def peek(self) -> int:
        """The next byte, which is not taken."""
        value = self.byte()
        self.position -= 1
        return value

    def part(self) -> Reader:
        """What follows its own size."""
        size = self.unsigned()
        start = self.position
        self.take(size)
        return Reader(self.data, start, start + size, self._subject)
