"""The ways between volunteers and hub: messages come late, twice, out of order, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """Of one way: seconds that a message takes on average, and the share of those that are lost,
    or come twice. Messages overtake each other, since each takes its own time."""

    delay: float = 0.03
    lost: float = 0.0
    twice: float = 0.0


class Network:
    """Takes messages both ways; without faults once `is_kind`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.is_kind = False

    def carry(self, quality: Quality, deliver: Callable[..., object], *message: Any) -> None:
        """Deliver a message through a way of that quality."""
        rng = self._world.rng
        lost = rng.random() < quality.lost
        copies = 1 + (rng.random() < quality.twice)
        if self.is_kind:
            lost, copies = False, 1
        if lost:
            return
        for _ in range(copies):
            self._world.at(rng.expovariate(1 / quality.delay), deliver, *message)
