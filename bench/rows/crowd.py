"""Thousands of connected volunteers in one web process: connecting, memory, how soon news arrive.

Everybody waits; a job comes with work for each, and then everybody thinks for so long that 500
answers a second come in, each asking for the next sub-job. In both times volunteers are pushed to
(`bench.rows.pushes`), and connections are pinged. Its checks are off, so that the
RQ worker does not check ten thousand results on the core of the swarm.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.hub import BenchError, Hub, running_hub
from bench.report import Figure, Goal
from bench.rows import pushes
from bench.swarm import Swarm, swarm_of
from bench.work import noop

_RATE = 500
_PUSH_GOAL = Goal("at most", 5)
_MEMORY_GOAL = Goal("at most", 60)


def run(*, quick: bool) -> Iterator[Figure]:
    """One hub and one swarm for each size of the crowd."""
    for count in (200,) if quick else (1_000, 5_000, 10_000):
        yield from _crowd(count, seconds=2 if quick else 6)


def _crowd(count: int, *, seconds: int) -> Iterator[Figure]:
    group = f"{count:,} connected volunteers, one web core"
    with running_hub(spot_check=0) as hub, swarm_of(hub) as swarm:
        yield from _connect(group, hub, swarm, count)
        yield from _idle(group, hub, swarm, seconds)
        yield from _busy(group, hub, swarm, count, seconds)
        swarm.check_calm()
        connected = swarm.progress()["connected"]
        if connected != count:
            raise BenchError(f"{connected} of {count} are still connected")


def _connect(group: str, hub: Hub, swarm: Swarm, count: int) -> Iterator[Figure]:
    swarm.connect(1)
    before = hub.web_pss_bytes()
    meter = hub.meter(swarm=swarm.pid)
    meter.start()
    found = swarm.connect(count, seconds=400)
    spent = meter.stop()
    memory = (hub.web_pss_bytes() - before) / found["new"]
    yield Figure(
        group=group,
        name="connected, welcomed and told to wait",
        unit="connects/s",
        values=(found["new"] / found["seconds"],),
        note=f"web {1e6 * spent['web'] / found['new']:.0f} us CPU each",
        details={**found, "cpu_seconds": spent},
    )
    yield Figure(
        group=group,
        name="memory a connection (PSS of the web process)",
        unit="kB",
        values=(memory / 1000,),
        goal=_MEMORY_GOAL,
    )


def _idle(group: str, hub: Hub, swarm: Swarm, seconds: int) -> Iterator[Figure]:
    swarm.check_calm()
    swarm.do("reset")
    meter = hub.meter(swarm=swarm.pid)
    meter.start()
    swarm.do("ping", rate=_RATE, ms=1000 * seconds)
    spent = meter.stop()
    found = swarm.measures()
    note = f"nothing to do; web core {spent['web'] / seconds:.0%}"
    pings, late = found["lists"]["ping_ms"], found["swarm"]
    yield _latency(group, "ping there and back, all waiting", pings, late, note)
    swarm.check_calm()
    swarm.do("reset")
    pushed = pushes.nudges(hub, swarm, seconds)
    late = swarm.measures()["swarm"]
    name = "push: news of work to who waits"
    yield _latency(group, name, pushed, late, "nothing to do", goal=_PUSH_GOAL)


def _busy(group: str, hub: Hub, swarm: Swarm, count: int, seconds: int) -> Iterator[Figure]:
    work = noop(count + _RATE * (seconds + 1))
    swarm.learn(work)
    swarm.check_calm()
    swarm.do("reset")
    swarm.change(wants=1, think_ms=1000 * count / _RATE, jitter="exponential")
    job_id = hub.post(work)
    swarm.do("await_offers", count=count, timeout_ms=120_000)
    wave = swarm.measures()["lists"]["after_first_offer_ms"]
    yield Figure(
        group=group,
        name="a new job: from the first volunteer's lease to the last's",
        unit="ms",
        values=(wave["max"],),
        details=wave,
    )
    meter = hub.meter(swarm=swarm.pid)
    meter.start()
    before = swarm.progress()
    volunteer_ids = swarm.do("volunteer_ids")
    pinging = swarm.send("ping", rate=_RATE, ms=1000 * seconds)
    pushed = pushes.revocations(hub, volunteer_ids, seconds)
    swarm.answer(pinging)
    pushes.await_measured(swarm, pushed)
    after, spent, found = swarm.progress(), meter.stop(), swarm.measures()
    swarm.do("hurry")
    hub.check_result(job_id, work, seconds=300)
    elapsed = (after["now"] - before["now"]) / 1000
    rate = (after["stored"] - before["stored"]) / elapsed
    note = f"{rate:.0f} sub-jobs/s; web core {spent['web'] / elapsed:.0%}"
    for name, key, goal in (
        ("ping there and back, at work", "ping_ms", None),
        ("push: news of a lease to who is at work", "push_ms", _PUSH_GOAL),
        ("answer sent to next work received", "gap_ms", None),
        ("renewal there and back", "renew_ms", None),
    ):
        yield _latency(group, name, found["lists"][key], found["swarm"], note, goal=goal)


def _latency(
    group: str,
    name: str,
    times: dict[str, float],
    late: dict[str, float],
    note: str,
    *,
    goal: Goal | None = None,
) -> Figure:
    return Figure(
        group=group,
        name=f"{name}, p99",
        unit="ms",
        values=(times["p99"],),
        goal=goal,
        note=(
            f"p50 {times['p50']:.2f} of {times['count']:,}; {note};"
            f" the swarm itself late, p99 {late['late_p99_ms']:.1f}"
        ),
        details={**times, **late},
    )
