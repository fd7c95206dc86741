"""The tail of a job, and how much of the volunteers' time is useful, against an ideal scheduler.

The fleet is small and thinks for as long as the program would take; some of it is twenty times
slower, some vanishes near the end. The ideal knows all speeds and who will vanish, and always
starts a sub-job where it ends first. Spot checks are off here: what is measured is dispatch, and
the hub's own runs would take the swarm's core.
"""

from __future__ import annotations

import heapq
import math
import random
import statistics
from collections.abc import Iterator, Sequence

from bench.hub import BenchError, Hub, running_hub
from bench.report import Figure, Goal
from bench.stage import warm_up
from bench.swarm import Swarm, swarm_of
from bench.work import busy

_VOLUNTEERS = 20
_SLOW, _SLOWER = 2, 20.0
_VANISHING = 2
_VANISH_AT = 0.9  # of the job
_WANTS = 16  # as the frame asks for one worker
_ROWS = 100
_CHURN_VOLUNTEERS = 60
_LAST = 0.95
_DRAWN = 100


def run(*, quick: bool) -> Iterator[Figure]:
    """Both questions, on hubs of their own."""
    yield from _tail(quick=quick)
    yield from _useful(quick=quick)


# The tail ----------------------------------------------------------------------------------------


def _tail(*, quick: bool) -> Iterator[Figure]:
    sub_jobs, seconds, repetitions = (200, 0.3, 1) if quick else (400, 1.0, 2)
    speeds = [1.0] * (_VOLUNTEERS - _SLOW) + [1 / _SLOWER] * _SLOW
    with running_hub(spot_check=0) as hub:
        runs = [_tail_once(hub, sub_jobs, seconds, speeds) for _ in range(repetitions)]
    group = (
        f"Tail: {_VOLUNTEERS} volunteers, {_SLOW} of them 20x slower, {_VANISHING} vanish at 90 %"
    )
    note = f"{sub_jobs} sub-jobs of {seconds} s; ideal {runs[0]['ideal_tail']:.2f} s"
    for name, unit, key, said, goal in (
        ("last 5 % of the job", "s", "tail", note, None),
        ("over an ideal scheduler's", "x", "tail_ratio", "", Goal("at most", 1.5)),
        ("whole job over an ideal scheduler's", "x", "whole_ratio", "", None),
        ("think time for nothing", "%", "wasted", "of copies that came second", None),
    ):
        yield Figure(
            group=group,
            name=name,
            unit=unit,
            values=tuple(each[key] for each in runs),
            note=said,
            goal=goal,
            details={"runs": runs},
        )


def _tail_once(
    hub: Hub, sub_jobs: int, seconds: float, speeds: Sequence[float]
) -> dict[str, float]:
    row_seconds = seconds / _ROWS
    work = busy(sub_jobs, rows_each=_ROWS, row_seconds=row_seconds)
    with swarm_of(hub, speeds=list(speeds)) as swarm:
        swarm.connect(len(speeds))
        warm_up(hub, swarm, len(speeds))
        swarm.learn(work)
        swarm.do("reset")
        swarm.change(wants=_WANTS, ahead=True, row_ms=1000 * row_seconds)
        job_id = hub.post(work)
        found = swarm.await_stored(math.ceil(_VANISH_AT * sub_jobs), seconds=300)
        swarm.do("vanish", numbers=list(range(_VANISHING)))
        vanished_at = found["now"]
        hub.check_result(job_id, work, seconds=300)
        counts = swarm.measures()["counts"]
        stored_at: list[float] = swarm.do("stored_at", every=1)
    begun = found["first_offer_at"][job_id]
    stored = [(at - begun) / 1000 for at in stored_at]
    lives = [(vanished_at - begun) / 1000] * _VANISHING + [math.inf] * len(speeds)
    each = [seconds / speed for speed in speeds]
    ideals = [
        ideal_ends(sub_jobs, each, lives, starts=_starts(seed, seconds, len(speeds)))
        for seed in range(_DRAWN)
    ]
    ideal_tail = statistics.mean(_last(ideal) for ideal in ideals)
    ideal_whole = statistics.mean(ideal[-1] for ideal in ideals)
    wasted = counts.get("wasted_ms", 0)
    return {
        "tail": _last(stored),
        "ideal_tail": ideal_tail,
        "tail_ratio": _last(stored) / ideal_tail,
        "whole_ratio": stored[-1] / ideal_whole,
        "wasted": 100 * wasted / (wasted + counts["useful_ms"]),
        **{name: counts.get(name, 0) for name in ("stored", "duplicate", "too_late")},
    }


def ideal_ends(
    sub_jobs: int,
    seconds_each: Sequence[float],
    lives: Sequence[float],
    *,
    starts: Sequence[float] | None = None,
) -> list[float]:
    """When each of so many equal sub-jobs ends if each is started where it ends first.

    By volunteer: `seconds_each` of one sub-job; `lives`: when it vanishes; `starts`: when it can
    begin (at once).
    """
    begins = starts or [0.0] * len(seconds_each)
    ends = [(begins[number] + each, number) for number, each in enumerate(seconds_each)]
    heapq.heapify(ends)
    found: list[float] = []
    while len(found) < sub_jobs:
        end, number = heapq.heappop(ends)
        if end > lives[number]:
            continue
        found.append(end)
        heapq.heappush(ends, (end + seconds_each[number], number))
    return found


def _starts(seed: int, seconds: float, count: int) -> list[float]:
    """Some beginnings within one sub-job's time: in lockstep the last sub-jobs would end together,
    and a tail would be long or short by chance."""
    drawn = random.Random(seed)
    return [seconds * drawn.uniform(0, 1) for _ in range(count)]


def _last(ends: Sequence[float]) -> float:
    """Seconds from 95 % done to the end."""
    return ends[-1] - ends[math.ceil(_LAST * len(ends)) - 1]


# Useful time -------------------------------------------------------------------------------------


def _useful(*, quick: bool) -> Iterator[Figure]:
    window, seconds, repetitions = (6.0, 0.5, 1) if quick else (20.0, 1.0, 2)
    speeds = [2 ** (3 * number / (_CHURN_VOLUNTEERS - 1)) for number in range(_CHURN_VOLUNTEERS)]
    with running_hub(spot_check=0) as hub:
        runs = [_useful_once(hub, speeds, seconds, window) for _ in range(repetitions)]
    first = runs[0]
    yield Figure(
        group=f"Churn: {_CHURN_VOLUNTEERS} volunteers of speeds 1x to 8x that come and go",
        name="think time that led to a stored result, of the time connected",
        unit="%",
        values=tuple(100 * each["useful_ms"] / each["connected_ms"] for each in runs),
        goal=Goal("at least", 97),
        note=(
            f"{first['departures']:.0f} departures in {window:.0f} s, a fifth without a"
            f" word, took {_share(first, 'dropped_ms')} with them; {_share(first, 'starting_ms')}"
            f" waited after arriving, {_share(first, 'idle_ms')} between leases,"
            f" {_share(first, 'wasted_ms')} on copies"
        ),
        details={"runs": runs},
    )


def _useful_once(
    hub: Hub, speeds: Sequence[float], seconds: float, window: float
) -> dict[str, float]:
    row_seconds = seconds / _ROWS
    total_speed = sum(speeds)
    sub_jobs = int(total_speed / seconds * window * 1.5)
    work = busy(sub_jobs, rows_each=_ROWS, row_seconds=row_seconds)
    with swarm_of(hub, speeds=list(speeds)) as swarm:
        swarm.connect(len(speeds))
        warm_up(hub, swarm, len(speeds))
        swarm.learn(work)
        swarm.do("reset")
        swarm.change(wants=_WANTS, ahead=True, row_ms=1000 * row_seconds)
        job_id = hub.post(work)
        settled = int(total_speed / seconds * window * 0.15)
        swarm.await_stored(settled, seconds=120)
        swarm.do("churn", churn={"stay_ms": 20_000, "away_ms": 5_000, "vanish_share": 0.2})
        found = _window(swarm, window)
        swarm.do("hurry")
        hub.check_result(job_id, work, seconds=300)
        counts = swarm.measures()["counts"]
    troubles = {name: count for name, count in counts.items() if name.startswith("refused")}
    if troubles:
        raise BenchError(f"volunteers were refused: {troubles}")
    return found


def _share(run: dict[str, float], name: str) -> str:
    return f"{run[name] / run['connected_ms']:.1%}"


def _window(swarm: Swarm, seconds: float) -> dict[str, float]:
    found: dict[str, float] = swarm.do("window", ms=1000 * seconds)
    swarm.do("end_churn")
    return found
