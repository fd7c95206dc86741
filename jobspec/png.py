"""PNG files (ISO/IEC 15948), written: 8 bits a channel, in colours or by a palette.

Only what pictures of results need, which is less than any library has; nothing is ever read.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_RGB, _INDEXED, _RGBA = 2, 3, 6
_SUB = 1
"""The filter that stores differences to the pixel on the left."""


def png_of_indexes(pixels: Pixels, palette: Pixels, transparent: int | None) -> bytes:
    """A picture of (height, width) indexes into (colours, 3); one index may be transparent."""
    height, width = pixels.shape
    lines = np.zeros((height, 1 + width), np.uint8)
    lines[:, 1:] = pixels
    chunks = [(b"PLTE", palette.tobytes())]
    if transparent is not None:
        alpha = np.full(transparent + 1, 255, np.uint8)
        alpha[transparent] = 0
        chunks.append((b"tRNS", alpha.tobytes()))
    return _file(width, height, _INDEXED, chunks, lines)


def png_of_colours(pixels: Pixels) -> bytes:
    """A picture of (height, width, 3) or, with opacity, (height, width, 4)."""
    height, width, channels = pixels.shape
    lines = np.zeros((height, 1 + width * channels), np.uint8)
    lines[:, 0] = _SUB
    differences = pixels.copy()
    differences[:, 1:] -= pixels[:, :-1]  # modulo 256, as the filter says
    lines[:, 1:] = differences.reshape(height, -1)
    return _file(width, height, _RGB if channels == 3 else _RGBA, [], lines)


def _file(
    width: int, height: int, colour_type: int, chunks: list[tuple[bytes, bytes]], lines: Pixels
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 9)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
