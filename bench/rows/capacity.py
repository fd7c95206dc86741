"""Ten jobs of ten million sub-jobs each: what they cost Redis and SQL, and how soon they begin."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from redis import Redis

from bench.hub import BenchError, Hub
from bench.report import Figure, Goal
from bench.stage import Stage, stage
from bench.work import noop

_GROUP = "Ten jobs of ten million sub-jobs each"
_JOBS = 10
_SUB_JOBS = 10_000_000
_VOLUNTEERS = 40
_MEGABYTES = 200
"""What Redis may use at most."""


def run(*, quick: bool) -> Iterator[Figure]:
    """Small jobs first, for comparison; then the large ones, worked on for some seconds.

    Raises BenchError where Redis uses more than it may.
    """
    with stage() as there:
        there.grow(_VOLUNTEERS)
        yield from _large(there, seconds=2.0 if quick else 8.0, small_jobs=3 if quick else 10)


def _large(stage: Stage, *, seconds: float, small_jobs: int) -> Iterator[Figure]:
    hub, swarm = stage.hub, stage.swarm
    small = [_begin(stage, 10)[1] for _ in range(small_jobs)]
    swarm.do("reset")
    swarm.change(think_ms=50, wants=10)
    begun = [_begin(stage, _SUB_JOBS) for _ in range(_JOBS)]
    with Redis.from_url(hub.redis_url()) as redis:
        memory, database, rows = _watch(hub, redis, seconds)
    stored = swarm.measures()["counts"]["stored"]
    cancel = time.monotonic()
    for job_id, _ in begun:
        hub.cancel(job_id)
    cancelled = time.monotonic() - cancel
    swarm.change(think_ms=0, wants=1)
    swarm.check_calm()
    if max(memory) >= _MEGABYTES:
        raise BenchError(f"Redis uses {max(memory):.0f} MB, {_MEGABYTES} MB at most are allowed")
    said = "POST's answer to first lease"
    first, others = begun[0][1], [ms for _, ms in begun[1:]]
    yield _figure(f"{said}, jobs of 10", "ms", small, "everybody waiting")
    yield _figure(f"{said}, the first of these", "ms", [first], "everybody waiting")
    yield _figure(f"{said}, the other nine", "ms", others, "everybody at work on those before")
    goal = Goal("at most", _MEGABYTES)
    yield _figure("used_memory of Redis", "MB", memory, "most while they run", goal)
    yield _figure("database", "MB", database, f"{stored:,} sub-jobs done meanwhile")
    for name, count in sorted(rows.items(), key=lambda each: -each[1])[:4]:
        yield _figure(f"rows of {name}", "", [count])
    yield _figure("cancelling all ten", "s", [cancelled])


def _begin(stage: Stage, sub_jobs: int) -> tuple[str, float]:
    """Post a job; its id, and the milliseconds from the answer to the first lease."""
    work = noop(sub_jobs)
    stage.swarm.learn(work)
    job_id = stage.hub.post(work)
    posted = 1000 * time.monotonic()
    first: dict[str, Any] = stage.swarm.do("await_offer", job=job_id, timeout_ms=60_000)
    if sub_jobs <= 10:
        stage.hub.check_result(job_id, work)
    return job_id, first["at"] - posted


def _watch(
    hub: Hub, redis: Redis, seconds: float
) -> tuple[list[float], list[float], dict[str, int]]:
    """Largest of what was seen in some samples."""
    memory, database = 0.0, 0.0
    rows: dict[str, int] = {}
    for _ in range(4):
        time.sleep(seconds / 4)
        memory = max(memory, redis.info("memory")["used_memory"] / 1e6)
        database = max(database, hub.database_bytes() / 1e6)
        for name, count in hub.row_counts().items():
            rows[name] = max(rows.get(name, 0), count)
    return [memory], [database], rows


def _figure(
    name: str, unit: str, values: list[float], note: str = "", goal: Goal | None = None
) -> Figure:
    return Figure(group=_GROUP, name=name, unit=unit, values=tuple(values), note=note, goal=goal)
