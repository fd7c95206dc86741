"""From posting a job to its results, with volunteers that wait: one small job after the other.

POST is answered when the document is compiled and stored; then the RQ worker probes the program and
begins the job, volunteers are told, ask, answer at once, and the merge makes the result.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from bench.report import Figure
from bench.stage import Stage
from bench.work import noop

_SUB_JOBS = 10


def run(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """Times of each job, by the one monotonic clock of driver and swarm."""
    count, jobs = (20, 5) if quick else (500, 30)
    stage.grow(count)
    runs = [_once(stage) for _ in range(jobs)]
    for name in runs[0]:
        values = [run[name] for run in runs]
        yield Figure(
            group=f"Reaction to a job of {_SUB_JOBS} sub-jobs, {stage.count} volunteers waiting",
            name=name,
            unit="ms",
            values=tuple(values),
            note=f"p99 {sorted(values)[math.ceil(0.99 * len(values)) - 1]:.0f} of {len(values)}",
        )


def _once(stage: Stage) -> dict[str, float]:
    hub, swarm = stage.hub, stage.swarm
    work = noop(_SUB_JOBS)
    swarm.learn(work)
    swarm.change(wants=1)
    swarm.do("reset")
    begun = 1000 * time.monotonic()
    job_id = hub.post(work)
    posted = 1000 * time.monotonic()
    found = swarm.await_stored(_SUB_JOBS, seconds=60)
    hub.check_result(job_id, work)
    ended = 1000 * time.monotonic()
    offered, stored = found["first_offer_at"][job_id], found["last_stored_at"]
    return {
        "POST to its answer": posted - begun,
        "answer of POST to the first lease": offered - posted,
        f"first lease to {_SUB_JOBS} results stored": stored - offered,
        "results stored to result.csv read": ended - stored,
    }
