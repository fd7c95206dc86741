"""What public pages may tell of a volunteer's device: classes, too coarse to know anyone by.

No version, no exact memory, no name of a GPU, no connection: those serve to match work.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from owc.domain.matching import MEGABYTE, Capabilities

_CORES = (1, 2, 4, 8, 16)
_MEMORY_MEGABYTES = (0, 1024, 4096)
_MEMORY_WORDS = ("below 1 GB", "1 to 4 GB", "4 GB or more")
_SPEEDS = (0.0, 0.5, 2.0)
_SPEED_WORDS = ("slower than the hub", "about as fast as the hub", "faster than the hub")
_CROWD = (1, 10, 30, 100, 300, 1000, 3000, 10_000)
_ENGINES = frozenset({"blink", "gecko", "webkit"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A class of devices, in words for a page."""

    kind: str
    """`phone`, `computer` or `native`."""
    engine: str
    """A family of browsers, `wasmtime` or `other`."""
    cores: str
    memory: str
    speed: str


def device_of(kind: str, capabilities: Capabilities, *, speed: float) -> Device:
    """`kind`: of the volunteer; `speed`: of its core as a multiple of the hub's."""
    named = capabilities.engine.partition(" ")[0]
    engine = "wasmtime" if kind == "native" else named if named in _ENGINES else "other"
    browser = "phone" if capabilities.mobile else "computer"
    megabytes = capabilities.memory_bytes / MEGABYTE
    return Device(
        kind="native" if kind == "native" else browser,
        engine=engine,
        cores=_span(_CORES, capabilities.cores),
        memory=_MEMORY_WORDS[bisect_right(_MEMORY_MEGABYTES, megabytes) - 1],
        speed=_SPEED_WORDS[bisect_right(_SPEEDS, speed) - 1],
    )


def crowd(volunteers: int) -> str:
    """How many volunteers there are, as a span."""
    return _span(_CROWD, volunteers) if volunteers > 0 else "none"


def _span(limits: Sequence[int], value: int) -> str:
    """The span between two of the limits that a value lies in: `4 to 7`, `16 or more`."""
    place = bisect_right(limits, max(value, limits[0])) - 1
    if place == len(limits) - 1:
        return f"{limits[-1]} or more"
    low, high = limits[place], limits[place + 1] - 1
    return str(low) if low == high else f"{low} to {high}"
