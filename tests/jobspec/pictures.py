"""Reads the PNG files of results, by a decoder that shares nothing with the encoder."""

from __future__ import annotations

import struct
import zlib
from typing import Any

Pixel = tuple[int, ...]


def read_png(data: bytes) -> list[list[Pixel]]:
    """Lines of pixels: red, green, blue and opacity."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + size)
        assert checksum == zlib.crc32(name + body)
        chunks[name] = chunks.get(name, b"") + body
        at += 12 + size
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    channels = {2: 3, 3: 1, 6: 4}[kind]
    lines = _unfiltered(zlib.decompress(chunks[b"IDAT"]), width, height, channels)
    return [[_pixel(chunks, kind, pixel) for pixel in line] for line in lines]


def _unfiltered(raw: bytes, width: int, height: int, channels: int) -> list[list[Pixel]]:
    size = 1 + width * channels
    assert len(raw) == size * height
    lines = []
    for start in range(0, len(raw), size):
        values = list(raw[start + 1 : start + size])
        assert raw[start] in {0, 1}
        if raw[start] == 1:
            for index in range(channels, len(values)):
                values[index] = (values[index] + values[index - channels]) & 255
        lines.append([tuple(values[at : at + channels]) for at in range(0, len(values), channels)])
    return lines


def _pixel(chunks: dict[bytes, Any], kind: int, pixel: Pixel) -> Pixel:
    if kind == 3:
        (index,) = pixel
        alpha = chunks.get(b"tRNS", b"")
        opacity = alpha[index] if index < len(alpha) else 255
        return (*chunks[b"PLTE"][3 * index : 3 * index + 3], opacity)
    return pixel if kind == 6 else (*pixel, 255)
