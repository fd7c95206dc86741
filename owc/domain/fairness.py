"""Whose sub-jobs enter a queue next. Pure arithmetic.

Jobs of one priority are served by time: each has a level, the work it was given so far in seconds
on the hub's machine, and the job with the lowest level is next. A newcomer begins at the lowest
level of those that are there, so that it neither waits for them nor makes them wait (start-time
fair queueing). A job that will miss its deadline at the present pace goes before those that will
not.

Levels are compared in two places: when sub-jobs enter a queue, among its jobs, and when they leave
one, among the queues that a volunteer satisfies. For the latter a sub-job carries the level that
its job had before it; the first one's tells how far its queue is behind. So a job that only some of
the volunteers can run has as much of their time as makes it equal to the others, and those others
have the volunteers that can run nothing else.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST_COST_SECONDS = 0.1
"""A sub-job counts at least this: nothing is free to dispatch."""

_AFTER_ALL_DEADLINES = 1e12
"""A time in seconds; less of it is a level that no job has."""

SLACK = 2.0
"""A job is pressed when the time left is less than this many times the time that it needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a job asks of a queue. `available`: sub-jobs that could enter now; `pressed_until`: its
    deadline, if it is in danger of missing it."""

    job_id: str
    level_seconds: float
    sub_job_seconds: float
    available: int
    pressed_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """A job that runs beside a newcomer of its priority and has work. `is_mate`: in the same queue;
    `is_served`: volunteers are at it."""

    level_seconds: float
    is_mate: bool
    is_served: bool


def first_level(rivals: Iterable[Rival]) -> float:
    """Where a newcomer begins: at the lowest level of its own queue; where that is empty, at the
    lowest of those that are being served. One that nobody can run stays at its level: whoever began
    there would have everything until it has what the others had."""
    found = list(rivals)
    mates = [each for each in found if each.is_mate]
    served = [each for each in found if each.is_served]
    return min((each.level_seconds for each in mates or served or found), default=0.0)


def turns(claims: Sequence[Claim], *, room: int, room_seconds: float) -> list[str]:
    """The jobs whose sub-jobs enter, in that order: at most `room` of them, and, beyond one, at
    most
    `room_seconds` of work."""
    heap = [
        (_urgency(claim), claim.level_seconds, place)
        for place, claim in enumerate(claims)
        if claim.available > 0
    ]
    heapq.heapify(heap)
    left = [claim.available for claim in claims]
    order: list[str] = []
    while heap and len(order) < room and (room_seconds > 0 or not order):
        urgency, level, place = heap[0]
        claim = claims[place]
        cost = cost_seconds(claim.sub_job_seconds)
        order.append(claim.job_id)
        room_seconds -= cost
        left[place] -= 1
        if left[place]:
            heapq.heapreplace(heap, (urgency, level + cost, place))
        else:
            heapq.heappop(heap)
    return order


def level_of_turn(claim: Claim, turn: int) -> float:
    """How much a job has been served before that one (from 0) of its next turns. Those of jobs in
    danger of their deadlines are below all others, in the order of the deadlines."""
    if claim.pressed_until is not None:
        return claim.pressed_until.timestamp() - _AFTER_ALL_DEADLINES
    return claim.level_seconds + turn * cost_seconds(claim.sub_job_seconds)


def cost_seconds(sub_job_seconds: float) -> float:
    return max(sub_job_seconds, LEAST_COST_SECONDS)


def is_pressed(*, work_seconds: float, pace: float, time_left: timedelta) -> bool:
    """Whether work that takes the hub's machine `work_seconds` is in danger of not being done in
    time by a fleet that does `pace` seconds of such work a second."""
    return time_left.total_seconds() < SLACK * work_seconds / max(pace, 1.0)


def _urgency(claim: Claim) -> float:
    return float("inf") if claim.pressed_until is None else claim.pressed_until.timestamp()
