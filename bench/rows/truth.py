"""`rq info` tells the truth: what it says of sub-jobs is what the hub and the volunteers say.

Once while volunteers hold what they were given, so that nothing moves while everybody is asked and
each number must be right; and at full speed, where what the swarm has seen before and after the
question bounds each of them. A number that is wrong fails the bench.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench.hub import BenchError, Hub, running_hub
from bench.report import Figure
from bench.stage import Stage
from bench.swarm import Swarm, swarm_of
from bench.work import noop

WANTS = 10
"""Sub-jobs a lease while they are dispatched at full speed."""

_GROUP = "rq info beside the hub's own counts"
_HELD_EACH = 4
_SHOWN_SECONDS = 3600
"""So long finished sub-jobs are shown where all of them are counted."""

_SHOWN_LEAST_SECONDS = 50
"""So long they are shown by any hub."""

_SHOWN_MOST = 5_000
"""So many of a queue are shown at most, the latest: RQ would keep the memory of a Redis full."""

_LOAD_SECONDS = 6.0
_ASKED_LEAST = 2
_ATTEMPTS = 3
_LINE = re.compile(r"(owc\.\S+)\s*\|.*?(\d+), (\d+) executing, (\d+) finished, (\d+) failed")
_TASK_QUEUES = frozenset({"owc.tasks", "owc.checks"})


def run(*, quick: bool) -> Iterator[Figure]:
    """While sub-jobs are held, and after the job. Raises BenchError if a number is wrong."""
    count = 20 if quick else 100
    held = _HELD_EACH * count
    with (
        running_hub(spot_check=0, finished_seconds=_SHOWN_SECONDS) as hub,
        swarm_of(hub, holders=count, hold=_HELD_EACH, wants=1) as swarm,
    ):
        work = noop(3 * held)
        swarm.learn(work)
        swarm.connect(count)
        job_id = hub.post(work)
        _await_held(swarm, held)
        said = rq_info(hub)
        at_work = hub.job(job_id)["volunteers_at_work"]
        figures = [
            _compared("executing while volunteers hold them", said["executing"], held),
            _compared("workers", said["workers"], said["task_queues"], unit="workers"),
            _compared("volunteers at work, by the hub", at_work, count, unit="volunteers"),
        ]
        swarm.change(holders=0)
        swarm.do("resume")
        hub.check_result(job_id, work)
        after = _settled(hub)
        figures += [
            _compared("executing after the job", after["executing"], 0),
            _compared("queued after the job", after["queued"], 0),
            _compared("failed", after["failed"], 0),
            _compared("finished after the job", after["finished"], 3 * held),
        ]
        swarm.check_calm()
    yield from figures
    wrong = [f"{each.name} {each.median:.0f}, {each.note}" for each in figures if _is_wrong(each)]
    if wrong:
        raise BenchError(f"rq info does not tell the truth: {'; '.join(wrong)}")


def under_load(stage: Stage, group: str, *, rate: float) -> Iterator[Figure]:
    """RQ's command is asked again and again while about `rate` sub-jobs a second are dispatched.
    Raises BenchError if a number is not within what the swarm has seen."""
    sub_jobs = int(rate * _LOAD_SECONDS)
    for _ in range(_ATTEMPTS):
        asked = _asked_meanwhile(stage, sub_jobs)
        if len(asked) >= _ASKED_LEAST:
            break
        sub_jobs *= 2
    else:
        raise BenchError("the work was done before rq info had answered")
    most = {name: max(each["said"][name] for each in asked) for name in asked[0]["said"]}
    yield Figure(
        group=group,
        name=f"{stage.count} volunteers, rq info asked meanwhile",
        unit="times",
        values=(float(len(asked)),),
        note=(
            f"within bounds each time: at most {most['executing']:,} executing,"
            f" {most['queued']:,} queued, {most['finished']:,} finished"
        ),
        details={"asked": asked},
    )


def rq_info(hub: Hub) -> dict[str, int]:
    """What RQ's own command says of all queues of sub-jobs (of `failed`: of all queues), how many
    workers it sees, and how many queues of tasks there are: one worker serves each, and RQ shows it
    once there is its queue."""
    command = [sys.executable, "-m", "rq.cli", "info", "--url", hub.redis_url()]
    command += ["--serializer", "rq.serializers.JSONSerializer"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    totals = dict.fromkeys(("queued", "executing", "finished", "failed"), 0)
    lines = _LINE.findall(text)
    for queue, *numbers in lines:
        for name, number in zip(totals, numbers, strict=True):
            if name == "failed" or queue not in _TASK_QUEUES:
                totals[name] += int(number)
    workers = re.search(r"(\d+) workers?", text)
    return {
        **totals,
        "workers": int(workers.group(1)) if workers else 0,
        "task_queues": sum(line[0] in _TASK_QUEUES for line in lines),
    }


# At full speed -----------------------------------------------------------------------------------


def _asked_meanwhile(stage: Stage, sub_jobs: int) -> list[dict[str, Any]]:
    """What was said each time before the work was done, with the bounds that it is within."""
    hub, swarm = stage.hub, stage.swarm
    work = noop(sub_jobs)
    swarm.learn(work)
    swarm.change(wants=WANTS)
    swarm.do("reset")
    older = rq_info(hub)["finished"]
    begun = time.monotonic()
    job_id = hub.post(work)
    swarm.await_stored(1, seconds=120)
    asked: list[dict[str, Any]] = []
    while (before := _seen(swarm))["stored"] < sub_jobs:
        said = rq_info(hub)
        after = _seen(swarm)
        if after["stored"] >= sub_jobs:
            break
        are_all_shown = time.monotonic() - begun < _SHOWN_LEAST_SECONDS
        bounds = {
            # A sub-job is marked as started before it is offered, and as finished before its
            # volunteer is told. Each volunteer has reported one lease and asked for the next.
            "executing": (0, 2 * WANTS * stage.count),
            "queued": (0, sub_jobs - before["stored"]),
            "finished": (
                min(before["stored"], _SHOWN_MOST) if are_all_shown else 0,
                older + after["offered"],
            ),
            "failed": (0, 0),
            "workers": 2 * (said["task_queues"],),
        }
        _check_within(said, bounds)
        asked.append({"said": said, "bounds": bounds})
    hub.check_result(job_id, work, seconds=600)
    return asked


def _seen(swarm: Swarm) -> dict[str, int]:
    """Sub-jobs that were offered and results that were stored, both at one moment."""
    counts = swarm.measures()["counts"]
    return {"offered": counts.get("offered_sub_jobs", 0), "stored": counts.get("stored", 0)}


def _check_within(said: dict[str, int], bounds: dict[str, tuple[int, int]]) -> None:
    wrong = [
        f"{said[name]} {name}, which must be {least} to {most}"
        for name, (least, most) in bounds.items()
        if not least <= said[name] <= most
    ]
    if wrong:
        raise BenchError(f"rq info under load does not tell the truth: {'; '.join(wrong)}")


# While nothing moves -----------------------------------------------------------------------------


def _settled(hub: Hub) -> dict[str, int]:
    """What it says when the news of the job's end has reached Redis: a second later at most."""
    deadline = time.monotonic() + 5
    while True:
        said = rq_info(hub)
        if not said["executing"] + said["queued"] or time.monotonic() > deadline:
            return said


def _await_held(swarm: Swarm, held: int) -> None:
    deadline = time.monotonic() + 60
    while swarm.progress()["held"] < held:
        if time.monotonic() > deadline:
            raise BenchError(f"the volunteers hold {swarm.progress()['held']} of {held} sub-jobs")
        time.sleep(0.05)


def _compared(name: str, found: int, right: int, *, unit: str = "sub-jobs") -> Figure:
    return Figure(
        group=_GROUP,
        name=name,
        unit=unit,
        values=(float(found),),
        note="as it is" if found == right else f"WRONG: it is {right}",
        details={"right": right},
    )


def _is_wrong(figure: Figure) -> bool:
    return figure.values != (float(figure.details["right"]),)
