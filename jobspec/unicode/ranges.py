"""Sets of code points: sorted ranges, both ends included, that neither touch nor overlap."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
ALL: Ranges = ((0, LAST),)


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The set of what lies in any of the ranges, which may come in any order."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    left: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            left.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        left.append((start, LAST))
    return tuple(left)


def written(ranges: Ranges) -> str:
    """The compact text form: the gap to the range before and, behind a point, its length - 1."""
    parts: list[str] = []
    end = 0
    for low, high in ranges:
        parts.append(f"{low - end:x}" + (f".{high - low:x}" if high > low else ""))
        end = high
    return " ".join(parts)


def read(text: str) -> Ranges:
    """The ranges of `written`."""
    found: list[tuple[int, int]] = []
    end = 0
    for part in text.split():
        gap, _, length = part.partition(".")
        low = end + int(gap, 16)
        end = low + int(length or "0", 16)
        found.append((low, end))
    return tuple(found)
