"""Lower and upper case: one code point for one, and which ones differ by case only."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from jobspec.unicode.case_runs import LOWER, UPPER
from jobspec.unicode.ranges import Ranges, union

Run = tuple[int, int, int, int]
"""First, last, step and difference of code points that move alike."""

_FEW = 1000
"""Sets of fewer code points are gone through by themselves, others by what has a case."""
_WITHOUT_FOLD = (0x130, 0x131)
"""The dotted capital and the dotless small I have a case, but match only themselves."""


@cache
def lower_runs() -> tuple[Run, ...]:
    """What `lower` changes, in ascending order."""
    return _read(LOWER)


@cache
def upper_runs() -> tuple[Run, ...]:
    """What `upper` changes, in ascending order."""
    return _read(UPPER)


def lowered(text: str) -> str:
    """The text in lower case."""
    return text.translate(_lower())


@cache
def _lower() -> dict[int, int]:
    return dict(_pairs(lower_runs()))


@lru_cache(maxsize=256)
def folded(ranges: Ranges) -> Ranges:
    """The set with every code point that differs from one of its own by case only."""
    alike = _alike()
    if sum(high - low for low, high in ranges) < _FEW:
        found = [point for low, high in ranges for point in range(low, high + 1) if point in alike]
    else:
        found = [point for point in alike if _holds(ranges, point)]
    return union([*ranges, *((other, other) for point in found for other in alike[point])])


def _holds(ranges: Ranges, point: int) -> bool:
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        if ranges[middle][1] < point:
            low = middle + 1
        else:
            high = middle
    return low < len(ranges) and ranges[low][0] <= point


@cache
def _alike() -> dict[int, tuple[int, ...]]:
    """Each code point that has a case, and those which it matches where case does not matter."""
    groups: dict[int, set[int]] = {}
    for point, image in (*_pairs(lower_runs()), *_pairs(upper_runs())):
        if point in _WITHOUT_FOLD or image in _WITHOUT_FOLD:
            continue
        joined = groups.get(point, {point}) | groups.get(image, {image})
        for member in joined:
            groups[member] = joined
    return {point: tuple(sorted(group)) for point, group in groups.items()}


def _pairs(runs: tuple[Run, ...]) -> Iterator[tuple[int, int]]:
    for first, last, step, difference in runs:
        for point in range(first, last + 1, step):
            yield point, point + difference


def _read(text: str) -> tuple[Run, ...]:
    found: list[Run] = []
    for part in text.split():
        first, length, step, difference = (int(number, 16) for number in part.split("."))
        found.append((first, first + length, step, difference))
    return tuple(found)
