"""How large the buffers of an Arrow IPC message become when they are decompressed.

pyarrow decompresses whatever a message says, and does not say how much that is before. So the
few fields that tell are read here from the message's flatbuffer.
"""

from __future__ import annotations

import struct

import pyarrow as pa

_BATCH, _DICTIONARY = "record batch", "dictionary"


class BadMessageError(ValueError):
    """The message is damaged."""


def inflated_bytes(message: pa.ipc.Message) -> int:
    """The bytes of a message's buffers in memory, beside those that lie in the file as they are.

    Raises BadMessageError.
    """
    if message.type not in (_BATCH, _DICTIONARY):
        return 0
    body = memoryview(message.body)
    try:
        root = _Table.root(memoryview(message.metadata))
        header = root.table(2)
        batch = header.table(1) if message.type == _DICTIONARY else header
        if not batch.has(3):  # compression
            return body.nbytes if message.type == _DICTIONARY else 0
        total = 0
        for offset, length in batch.pairs(2):  # buffers
            if length:
                (size,) = struct.unpack_from("<q", body, offset)
                total += max(size, length)  # -1: not compressed after all
    except (struct.error, IndexError) as error:
        raise BadMessageError(f"a message is damaged: {error}") from None
    return total


class _Table:
    """A table of a flatbuffer: fields by their number, by way of the offsets in its vtable."""

    def __init__(self, data: memoryview, position: int) -> None:
        self._data = data
        self._position = position
        self._vtable = position - self._read("<i", position)

    @staticmethod
    def root(data: memoryview) -> _Table:
        return _Table(data, struct.unpack_from("<I", data)[0])

    def has(self, field: int) -> bool:
        return self._place(field) != 0

    def table(self, field: int) -> _Table:
        return _Table(self._data, self._target(field))

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """A vector of pairs of 64-bit integers."""
        start = self._target(field)
        count = self._read("<I", start)
        end = start + 4 + 16 * count
        if end > len(self._data):
            raise IndexError("a vector is longer than its message")
        return list(struct.iter_unpack("<qq", self._data[start + 4 : end]))

    def _target(self, field: int) -> int:
        place = self._place(field)
        if not place:
            raise IndexError(f"field {field} is missing")
        return place + self._read("<I", place)

    def _place(self, field: int) -> int:
        at = 4 + 2 * field
        if at >= self._read("<H", self._vtable):
            return 0
        offset = self._read("<H", self._vtable + at)
        return self._position + offset if offset else 0

    def _read(self, form: str, position: int) -> int:
        if position < 0:
            raise IndexError("an offset leads before the message")
        value: int = struct.unpack_from(form, self._data, position)[0]
        return value
