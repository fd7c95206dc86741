"""How long a volunteer idles between two sub-jobs, at about 60 % of what the hub can do.

Measured in the volunteer: from its answer leaving to the next work arriving. Without prefetching
this is the whole loop; with it, what is left of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.report import Figure, Goal
from bench.rows.throughput import measure
from bench.stage import Stage
from bench.work import noop

_GROUP = "Idle gap of a volunteer, sub-jobs leased singly"
_LOAD = 0.6
_JITTER = 0.3
_GOALS = {"p99": Goal("at most", 20)}


def run(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """First how much the hub can do, then the same volunteers thinking for as long as fits."""
    count, seconds, repetitions = (20, 2.0, 1) if quick else (500, 8.0, 2)
    stage.grow(count)
    most = measure(stage, wants=1, repetitions=1, seconds=1)[0]["rate"]
    for ahead in (False, True):
        runs = [_once(stage, _LOAD * most, seconds, ahead=ahead) for _ in range(repetitions)]
        yield from _figures(runs, "one lease ahead" if ahead else "nothing ahead", stage.count)


def _once(stage: Stage, rate: float, seconds: float, *, ahead: bool) -> dict[str, float]:
    hub, swarm = stage.hub, stage.swarm
    think_ms = 1000 * stage.count / rate
    sub_jobs = max(5 * stage.count, int(rate * seconds))
    work = noop(sub_jobs)
    swarm.learn(work)
    swarm.change(wants=1, ahead=ahead, think_ms=think_ms, jitter=_JITTER)
    swarm.do("reset")
    meter = hub.meter(swarm=swarm.pid)
    try:
        job_id = hub.post(work)
        begun = swarm.await_stored(1, seconds=60)
        meter.start()
        ended = swarm.await_stored(sub_jobs * 9 // 10, seconds=120)
        spent = meter.stop()
        gaps = swarm.measures()["lists"]["gap_ms"]
        hub.check_result(job_id, work, seconds=300)
    finally:
        swarm.change(ahead=False, think_ms=0, jitter=0)
    elapsed = (ended["now"] - begun["now"]) / 1000
    return {
        **gaps,
        "rate": (ended["stored"] - begun["stored"]) / elapsed,
        "think_ms": think_ms,
        "web_busy": spent["web"] / elapsed,
    }


def _figures(runs: list[dict[str, float]], name: str, count: int) -> Iterator[Figure]:
    for share in ("p50", "p99"):
        yield Figure(
            group=_GROUP,
            name=f"{name}, {share}",
            unit="ms",
            values=tuple(each[share] for each in runs),
            goal=_GOALS.get(share),
            note=(
                f"{count} volunteers of {runs[0]['think_ms']:.0f} ms, {runs[0]['rate']:,.0f}/s,"
                f" web core {runs[0]['web_busy']:.0%}"
            ),
            details={"runs": runs},
        )
