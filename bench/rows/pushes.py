"""How soon what the hub has to say reaches a volunteer: from the news in Redis to the swarm.

The news are those that the hub's own processes publish, and the web process serves them as such;
only their moment is the bench's, by the one monotonic clock of driver and swarm. `nudges` wakes
volunteers that wait (`work_available`), as whenever work enters a queue. `revocations` reaches
those at work: each says that a lease is gone that nobody has, and its name is when it was said.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis import Redis

from bench.hub import BenchError, Hub
from bench.swarm import Swarm

RATE = 50
_CHANNEL = "owc:events"
_QUEUE = "owc.base.p5"
_TIMED = "pushed_"
_ARRIVE_MS = 10_000


def nudges(hub: Hub, swarm: Swarm, seconds: float) -> dict[str, float]:
    """Percentiles in milliseconds; everybody must wait. Raises BenchError if somebody was told of
    work by anybody else."""
    before = swarm.measures()["counts"].get("nudges", 0)
    if before:
        raise BenchError("somebody was told of work where there is none")
    count = int(seconds * RATE)
    sent = _publish(hub, count, lambda _: {"topic": "work", "queue": _QUEUE, "sub_jobs": 1})
    heard: list[float] = swarm.do("nudged_at", count=count, timeout_ms=_ARRIVE_MS)
    if len(heard) != count:
        raise BenchError(f"{len(heard)} pieces of news came of {count}")
    late = sorted(came - said for said, came in zip(sent, heard, strict=True))
    at = {"p50": 0.5, "p99": 0.99}
    shares = {name: late[math.ceil(share * count) - 1] for name, share in at.items()}
    return {"count": count, **shares, "max": late[-1]}


def revocations(hub: Hub, volunteer_ids: Sequence[str], seconds: float) -> int:
    """One volunteer after the other is told, and the swarm measures when it hears. How many."""
    count = int(seconds * RATE)

    def revocation(number: int) -> dict[str, Any]:
        lease_id = f"{_TIMED}{time.monotonic_ns()}"
        return {
            "topic": "revoke",
            "volunteer_id": volunteer_ids[7 * number % len(volunteer_ids)],
            "lease_id": lease_id,
            "sub_job_ids": None,
            "reason": "A benchmark.",
        }

    _publish(hub, count, revocation)
    return count


def await_measured(swarm: Swarm, count: int) -> None:
    """Wait until so many `revocations` have been heard."""
    swarm.do("await_pushed", count=count, timeout_ms=_ARRIVE_MS)


def _publish(hub: Hub, count: int, news: Callable[[int], dict[str, Any]]) -> list[float]:
    """So many pieces of news, `RATE` a second; when each was published."""
    sent: list[float] = []
    with Redis.from_url(hub.redis_url()) as redis:
        redis.ping()
        begun = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begun + number / RATE - time.monotonic()))
            sent.append(1000 * time.monotonic())
            redis.publish(_CHANNEL, json.dumps(news(number)))
    return sent
