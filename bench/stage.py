"""A hub with volunteers that are warm, shared by the rows that change none of its settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from bench.hub import Hub, running_hub
from bench.swarm import Swarm, swarm_of
from bench.work import noop

WARMING_SUB_JOBS = 3


@dataclass(kw_only=True)
class Stage:
    """`count` volunteers of `swarm` are connected to `hub`, and have worked for it before."""

    hub: Hub
    swarm: Swarm
    count: int = 0

    def grow(self, count: int) -> None:
        """Have at least so many volunteers, who have worked before and wait for work."""
        if count > self.count:
            self.swarm.connect(count, seconds=300)
            warm_up(self.hub, self.swarm, count)
            self.count = count


def warm_up(hub: Hub, swarm: Swarm, count: int) -> None:
    """A job of which each volunteer does a little."""
    each = WARMING_SUB_JOBS
    swarm.change(wants=1)
    swarm.do("reset")
    swarm.do("quota", each=each + 1)
    work = noop(each * count, name="Warming up")
    swarm.learn(work)
    job_id = hub.post(work)
    hub.check_result(job_id, work, seconds=300)
    swarm.do("quota", each=None)
    swarm.do("resume")  # who had done its share had stopped asking


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """A new hub with nobody there yet; at the end nobody may have been refused or lost."""
    with running_hub() as hub, swarm_of(hub) as swarm:
        yield Stage(hub=hub, swarm=swarm)
        swarm.check_calm()
