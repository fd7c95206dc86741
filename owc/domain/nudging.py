"""Which of the volunteers that wait for work is told first. Pure rules.

A strategy orders those who wait; as many are told as there is work for. `fastest` is the default:
what is begun by a fast volunteer ends early. Where a hub has several web processes, each orders its
own volunteers and tells its share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LATENCY_WEIGHT = 0.25
"""Weight of the newest round trip: a ping can wait behind a large message, in either direction."""


class Strategy(StrEnum):
    FASTEST = "fastest"
    LEAST_LOADED = "least_loaded"
    ROUND_ROBIN = "round_robin"
    RANDOM = "random"
    NEAREST = "nearest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A volunteer that waits. `speed`: of all its cores, a multiple of the hub's machine;
    `load`: sub-jobs it has at work, a core; `latency_seconds`: its round trips, a moving average,
    None: not measured yet; `told_at`: when it was last told, on any clock that grows."""

    key: str
    speed: float = 1.0
    load: float = 0.0
    latency_seconds: float | None = None
    told_at: float = -math.inf


Order = Callable[[Waiting, Callable[[], float]], tuple[float, ...]]

_ORDERS: Final[Mapping[Strategy, Order]] = {
    Strategy.FASTEST: lambda each, _draw: (-each.speed,),
    Strategy.LEAST_LOADED: lambda each, _draw: (each.load, -each.speed),
    Strategy.ROUND_ROBIN: lambda each, _draw: (each.told_at,),
    Strategy.RANDOM: lambda _each, draw: (draw(),),
    Strategy.NEAREST: lambda each, _draw: (
        math.inf if each.latency_seconds is None else each.latency_seconds,
    ),
}


def told_first(
    waiting: Iterable[Waiting], strategy: Strategy, most: int, draw: Callable[[], float]
) -> list[str]:
    """The keys of at most `most` of those who wait, the first to be told first.

    `draw` is uniform in [0, 1). Equals stay in the order in which they came.
    """
    order = _ORDERS[strategy]
    ordered = sorted(waiting, key=lambda each: order(each, draw))
    return [each.key for each in ordered[:most]]


def share(sub_jobs: int, *, here: int, everywhere: int) -> int:
    """For how many of so many new sub-jobs a web process tells its volunteers: as many as it has of
    those that are connected. Rounded up, so that somebody hears of a single one."""
    return -(-sub_jobs * here // max(here, everywhere, 1))


def next_latency(latency_seconds: float | None, round_trip_seconds: float) -> float:
    """The moving average after a round trip; the first counts whole."""
    if latency_seconds is None:
        return round_trip_seconds
    return (1 - LATENCY_WEIGHT) * latency_seconds + LATENCY_WEIGHT * round_trip_seconds
