"""What goes into the queues and what comes out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

TASKS: Final = "owc.tasks"
CHECKS: Final = "owc.checks"
TASK_QUEUES: Final = (TASKS, CHECKS)
"""In the order in which a worker serves them: splits and merges before checks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedSubJob:
    """A sub-job to enqueue: at the front if it was leased before. `level`: how much its job had
    been served before it; among queues of one priority the lowest goes first."""

    id: str
    queue: str
    at_front: bool = False
    level: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Popped:
    """Ids from the front of a queue, and how many are `left` in it; or the queues that are `empty`
    and might have gone first. `forgotten`: Redis has lost everything since `has_forgotten` was
    asked."""

    queue: str
    ids: tuple[str, ...]
    left: int
    empty: tuple[str, ...] = ()
    forgotten: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StartedSubJob:
    """A sub-job that a volunteer has leased for `seconds`."""

    id: str
    lease_id: str
    volunteer_id: str
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """What a volunteer has of a sub-job that it still works on: the output of its first rows."""

    sub_job_id: str
    lease_id: str
    rows_done: int
    elapsed_seconds: float
    output: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A call of a function in `owc.tasks` by an RQ worker process; enqueued once per `id`."""

    id: str
    function: str
    args: tuple[Any, ...]
    queue: str = TASKS
