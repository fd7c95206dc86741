"""Where one request ends and the next begins: what a proxy could read otherwise is refused.

Two machines that disagree on it let one visitor's request begin inside another's: whatever RFC 9112
leaves to taste is an error here. Pure: header lines in, reason out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_ONCE = frozenset({b"content-length", b"content-type", b"host", b"transfer-encoding"})


def fault_of(lines: Sequence[bytes], version: str) -> str | None:
    """Why a request with these header lines is refused; None if its end is beyond doubt."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        if line == b"\r\n":
            break
        match = _LINE.fullmatch(line)
        if match is None:  # another end of line, a space before the colon, a folded line
            return "a line is no header"
        key = match[1].lower()
        if key in found and key in _ONCE:
            return "a header that may stand once is given twice"
        found[key] = match[2]
    if version not in {"HTTP/1.0", "HTTP/1.1"}:
        return "only HTTP/1.1 is spoken here"
    if version == "HTTP/1.1" and b"host" not in found:
        return "Host is missing"
    length, coding = found.get(b"content-length"), found.get(b"transfer-encoding")
    if length is not None and not _LENGTH.fullmatch(length):
        return "Content-Length is no number"
    if coding is None:
        return None
    if length is not None:
        return "Content-Length and Transfer-Encoding exclude each other"
    if coding.lower() != b"chunked" or version == "HTTP/1.0":
        return "bodies come as they are, or chunked"
    return None
