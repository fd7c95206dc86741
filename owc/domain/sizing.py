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
WINDOW_MIN_SECONDS = 10.0
WINDOW_OF_LEASED = 0.5
"""A queue holds half of what is leased: about five seconds of the fleet's work."""

SPEED_WEIGHT = 0.2
"""Weight of the newest observation in the moving average."""

SLOWEST = 0.1
FASTEST = 10.0
"""What a score alone can claim."""

PHONE_SHARE = 0.5
"""Of a lease's time: what a phone holds comes back undone whenever its page is hidden."""

PACES_KEPT = 8
"""Programs of which a volunteer's speed is remembered."""

SEGMENT_SUB_JOBS = 512
SEGMENT_BYTES = 16 * 1024 * 1024
COPY_SECONDS = 0.5
LONG_SECONDS = 30.0


def target_seconds(seconds: float, *, mobile: bool) -> float:
    """How much work a lease is to have for a volunteer, where others get `seconds`."""
    return PHONE_SHARE * seconds if mobile else seconds


def sub_jobs_per_lease(
    *,
    sub_job_seconds: float,
    speed: float,
    cores: int,
    target_seconds: float,
    remaining: int,
    volunteers: int,
    most: int,
) -> int:
    """How many sub-jobs last about `target_seconds` on that volunteer's cores; at least one.

    Never more than half of its share of what remains (guided self-scheduling): towards a job's end
    leases shrink to one, so that no volunteer sits on the tail while others are idle.
    """
    seconds = sub_job_seconds / max(speed, 1e-6) / max(cores, 1)
    fitting = int(target_seconds / seconds) if seconds * most > target_seconds else most
    share = -(-remaining // (2 * max(volunteers, 1)))
    return max(1, min(most, fitting, share))


def may_prefetch(*, at_work: int, cores: int, remaining: int, volunteers: int) -> bool:
    """Whether a volunteer that has `at_work` sub-jobs may be given more. At the tail, where less
    remains than there are volunteers, only those with a core to spare."""
    return at_work < cores or remaining > volunteers


def lease_seconds(predicted_seconds: float) -> int:
    """clamp(4 x predicted + 30, 60, 3600)."""
    return round(min(max(4 * predicted_seconds + 30, LEASE_MIN_SECONDS), LEASE_MAX_SECONDS))


def lease_ends(granted_at: datetime, now: datetime, seconds: int) -> datetime:
    """Until when a lease that is renewed now lives: not for ever, whatever its volunteer says."""
    return min(
        now + timedelta(seconds=seconds), granted_at + LEASE_LIVES * timedelta(seconds=seconds)
    )


def first_speed(score: float, *, hub_score: float) -> float:
    """What is assumed of a newcomer: its score as a multiple of the hub's.

    A score is the volunteer's word, so the multiple is bounded; 0 says nothing.
    """
    if score <= 0 or hub_score <= 0:
        return 1.0
    return min(max(score / hub_score, SLOWEST), FASTEST)


def next_speed(
    speed: float | None, *, reference_seconds: float, elapsed_seconds: float
) -> float | None:
    """The moving average after a sub-job that takes the hub `reference_seconds`; the first
    observation counts whole.

    Observations are clamped to a factor of 100 either way: elapsed time is the volunteer's word.
    """
    if reference_seconds <= 0 or not math.isfinite(elapsed_seconds):
        return speed
    observed = min(max(reference_seconds / max(elapsed_seconds, 1e-3), 0.01), 100.0)
    return observed if speed is None else (1 - SPEED_WEIGHT) * speed + SPEED_WEIGHT * observed


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


def window_seconds(leased_seconds: float) -> float:
    """How much work a queue holds, in seconds on the hub's machine.

    What is leased now is about one lease time of the fleet's work. A short queue keeps newcomers
    close to the front and is quickly refilled; a lease that finds it empty feeds it at once.
    """
    return max(WINDOW_MIN_SECONDS, WINDOW_OF_LEASED * leased_seconds)


def next_paces(paces: Mapping[str, float], program: str, speed: float) -> dict[str, float]:
    """Speeds by program, the latest last; the oldest are forgotten."""
    kept = dict(paces)
    kept.pop(program, None)
    kept[program] = speed
    return dict(list(kept.items())[-PACES_KEPT:]) if len(kept) > PACES_KEPT else kept


def segment_rows(*, rows_per_sub_job: int, row_bytes: float) -> int:
    """Rows of the source whose sub-jobs become one segment: 512 sub-jobs, or 16 MB of output."""
    each = max(row_bytes * rows_per_sub_job, 1.0)
    sub_jobs = max(1, min(SEGMENT_SUB_JOBS, int(SEGMENT_BYTES / each)))
    return rows_per_sub_job * sub_jobs


def may_copy(*, leased_for: timedelta, sub_job_seconds: float) -> bool:
    """Whether a running sub-job has been out long enough for an idle volunteer to try it too."""
    return leased_for.total_seconds() >= max(COPY_SECONDS, sub_job_seconds)


def is_long(*, elapsed_seconds: float, sub_job_seconds: float) -> bool:
    """Whether a sub-job has turned out too long: it runs for half a minute, and for several times
    what the hub's probe said."""
    return elapsed_seconds >= max(LONG_SECONDS, 4 * sub_job_seconds)
