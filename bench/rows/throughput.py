"""No-op sub-jobs a second through the whole loop, one web process on one core.

Lease, push, answer, judge, group commit, finish: with SQLite, tokens and the hub's checks on. The
swarm earns its trust first, as any volunteer does. The rate is that of `stored` receipts from a
tenth to nine tenths of a job; the job's result is compared with the right one before its time is
believed. Afterwards, at the same speed, RQ's own command is asked what it sees.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

from bench.report import Figure, Goal
from bench.rows import truth
from bench.stage import Stage
from bench.work import Work, noop

GROUP = "No-op sub-jobs through the whole loop, one web core"
_MANY = 1_000
_OWN = 1_000
"""More than a hub grants: it chooses."""
_LEASES = ((1, "leases of 1"), (10, "leases of 10"), (_OWN, "leases of the hub's choice"))
_MOST_A_LEASE = 32
_ROUNDS = 3  # leases of each volunteer at least
_ROW_SECONDS = 20.0  # after which a row is not repeated once more
_GOALS = {1: Goal("at least", 10_000), 10: Goal("at least", 70_000)}


def run(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """All sizes of lease with a hundred and with a thousand volunteers."""
    counts, repetitions, seconds = ((20,), 1, 0.7) if quick else ((100, 1_000), 3, 2.5)
    rate = 0.0
    for count in counts:
        stage.grow(count)
        for wants, name in _LEASES if count < _MANY else _LEASES[:2]:
            runs = measure(stage, wants=wants, repetitions=repetitions, seconds=seconds)
            yield _figure(f"{count} volunteers, {name}", wants, runs)
            if wants == truth.WANTS:
                rate = runs[0]["whole_rate"]
        yield from truth.under_load(stage, GROUP, rate=rate)
        stage.swarm.check_calm()


def measure(
    stage: Stage, *, wants: int, repetitions: int, seconds: float
) -> list[dict[str, float]]:
    """A short run to find out how many sub-jobs last for `seconds`, then the repetitions."""
    stage.swarm.change(wants=wants)
    least = _ROUNDS * stage.count * min(wants, _MOST_A_LEASE)
    sub_jobs = max(least, int(once(stage, least)["whole_rate"] * seconds))
    begun, runs = time.monotonic(), [once(stage, sub_jobs)]
    while len(runs) < repetitions and time.monotonic() - begun < _ROW_SECONDS:
        runs.append(once(stage, sub_jobs))
    return runs


def once(stage: Stage, sub_jobs: int) -> dict[str, float]:
    """One job of so many sub-jobs; how fast it went, and what each cost."""
    hub, swarm = stage.hub, stage.swarm
    work: Work = noop(sub_jobs)
    swarm.learn(work)
    swarm.do("reset")
    meter = hub.meter(swarm=swarm.pid)
    job_id = hub.post(work)
    begun = swarm.await_stored(1, seconds=120)
    meter.start()
    ended = swarm.await_stored(math.ceil(0.95 * sub_jobs), seconds=300)
    spent = meter.stop()
    hub.check_result(job_id, work, seconds=600)
    stored = ended["stored"] - begun["stored"]
    elapsed = (ended["now"] - begun["now"]) / 1000
    counts = swarm.measures()["counts"]
    first_at, last_at = begun["first_offer_at"][job_id], swarm.progress()["last_stored_at"]
    return {
        "rate": swarm.do("stored_rate", **{"from": 0.1, "to": 0.9})["rate"],
        "whole_rate": 1000 * sub_jobs / (last_at - first_at),
        "sub_jobs": sub_jobs,
        "per_offer": counts["offered_sub_jobs"] / counts["offers"],
        **{f"{role}_us": 1e6 * used / stored for role, used in spent.items()},
        **{f"{role}_busy": used / elapsed for role, used in spent.items()},
    }


def _figure(name: str, wants: int, runs: list[dict[str, float]]) -> Figure:
    middle = sorted(runs, key=lambda each: each["rate"])[len(runs) // 2]
    per_offer = middle["per_offer"]
    return Figure(
        group=GROUP,
        name=name,
        unit="sub-jobs/s",
        values=tuple(each["rate"] for each in runs),
        note=_note(middle, per_offer),
        goal=_GOALS.get(wants),
        details={"runs": runs},
    )


def _note(run: dict[str, Any], per_offer: float) -> str:
    costs = ", ".join(
        f"{role} {run[f'{role}_us']:.0f}"
        for role in ("web", "worker", "redis", "swarm")
        if f"{role}_us" in run
    )
    return f"CPU us each: {costs}; web core {run['web_busy']:.0%}; {per_offer:.1f} a lease"
