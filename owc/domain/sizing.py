"""How long sub-jobs and leases are. Pure arithmetic.

`speed` is a volunteer's speed as a multiple of the hub's machine, on which programs are probed.
A sub-job's range never changes; speed decides how many sub-jobs a lease holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

LEASE_MIN_SECONDS = 60
LEASE_MAX_SECONDS = 3600
LEASE_LIVES = 10
"""Times its own length that a lease can be renewed to; its sub-jobs then go to others."""

LEAST_SUB_JOBS = 16
SHORTEST_SECONDS = 0.1
QUEUE_MIN = 32
QUEUE_LEASES = 4
SPEED_WEIGHT = 0.2
"""Weight of the newest observation in the moving average."""


def sub_jobs_per_lease(
    *,
    sub_job_seconds: float,
    speed: float,
    cores: int,
    target_seconds: float,
    waiting: int,
    most: int,
) -> int:
    """How many sub-jobs last about `target_seconds` on that volunteer's cores; at least one.

    Never more than half of what waits, rounded up: towards a job's end leases shrink to one, so
    that no volunteer sits on the tail while others are idle.
    """
    seconds = sub_job_seconds / max(speed, 1e-6) / max(cores, 1)
    fitting = int(target_seconds / seconds) if seconds * most > target_seconds else most
    return max(1, min(most, fitting, -(-waiting // 2)))


def lease_seconds(predicted_seconds: float) -> int:
    """clamp(4 x predicted + 30, 60, 3600)."""
    return round(min(max(4 * predicted_seconds + 30, LEASE_MIN_SECONDS), LEASE_MAX_SECONDS))


def lease_ends(granted_at: datetime, now: datetime, seconds: int) -> datetime:
    """Until when a lease that is renewed now lives: not for ever, whatever its volunteer says."""
    return min(
        now + timedelta(seconds=seconds), granted_at + LEASE_LIVES * timedelta(seconds=seconds)
    )


def next_speed(speed: float, *, reference_seconds: float, elapsed_seconds: float) -> float:
    """The moving average after a sub-job that takes the hub `reference_seconds`.

    Observations are clamped to a factor of 100 either way: elapsed time is the volunteer's word.
    """
    if reference_seconds <= 0 or not math.isfinite(elapsed_seconds):
        return speed
    observed = min(max(reference_seconds / max(elapsed_seconds, 1e-3), 0.01), 100.0)
    return (1 - SPEED_WEIGHT) * speed + SPEED_WEIGHT * observed


def rows_per_sub_job(
    *, rows_per_second: float, seconds: float, rows: int | None, most_sub_jobs: int
) -> int:
    """Rows that take `seconds`, but enough of them to stay below `most_sub_jobs`.

    A short job is cut finer, so that there is something to share: into `LEAST_SUB_JOBS`, as long
    as each lasts `SHORTEST_SECONDS`.
    """
    fitting = max(1, int(rows_per_second * seconds))
    if rows is None:
        return fitting
    shortest = int(rows_per_second * min(seconds, SHORTEST_SECONDS))
    fitting = max(1, min(fitting, max(-(-rows // LEAST_SUB_JOBS), shortest)))
    return max(1, min(max(fitting, -(-rows // most_sub_jobs)), max(rows, 1)))


def queue_window(*, leased: int, most: int) -> int:
    """How many sub-jobs a queue holds: what the fleet does in a few lease times.

    What is leased now is about one lease time of the fleet's work. A short queue keeps newcomers
    close to the front and is quickly refilled; a lease that finds it empty feeds it at once.
    """
    return min(most, max(QUEUE_MIN, QUEUE_LEASES * leased))


def fair_shares(room: int, queued: Mapping[str, int], waiting: Mapping[str, int]) -> dict[str, int]:
    """Divide `room` places of a queue among jobs so that their queued counts level out.

    `queued`: sub-jobs already there, a job; `waiting`: those that could enter, a job.
    """
    shares = dict.fromkeys(waiting, 0)
    level = {job: queued.get(job, 0) for job in waiting}
    open_jobs = [job for job in waiting if waiting[job] > 0]
    while room > 0 and open_jobs:
        lowest = min(level[job] for job in open_jobs)
        at_lowest = [job for job in open_jobs if level[job] == lowest]
        above = [level[job] for job in open_jobs if level[job] > lowest]
        rise = min(above) - lowest if above else room
        step = max(1, min(rise, room // len(at_lowest)))
        for job in at_lowest:
            take = min(step, waiting[job] - shares[job], room)
            shares[job] += take
            level[job] += take
            room -= take
        open_jobs = [job for job in open_jobs if shares[job] < waiting[job]]
    return shares
