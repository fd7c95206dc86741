"""The states of jobs, sub-jobs and leases, and every legal move between them. Pure tables.

One state column an entity; a move that is not in its table raises IllegalMove with the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeVar

from owc.errors import IllegalMove


class JobState(StrEnum):
    HELD = "held"
    COMPILED = "compiled"
    RUNNING = "running"
    PAUSED = "paused"
    MERGING = "merging"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REMOVED = "removed"


class SubJobState(StrEnum):
    WAITING = "waiting"
    LEASED = "leased"
    JUDGING = "judging"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REPLACED = "replaced"


class LeaseState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a lease, or one sub-job of it, ended."""

    RETURNED = "returned"
    ERRORED = "errored"
    EXPIRED = "expired"
    RELEASED = "released"
    NOT_NEEDED = "not_needed"


class Verdict(StrEnum):
    """What the check said of a result. None in its place: not checked."""

    AGREED = "agreed"
    DISAGREED = "disagreed"
    INCONCLUSIVE = "inconclusive"
    TOO_LATE = "too_late"


_J, _S, _L = JobState, SubJobState, LeaseState

COMPUTING: Final = frozenset({_J.RUNNING, _J.PAUSED})
"""The states in which results of a job are taken."""

JOB_MOVES: Final[Mapping[JobState, frozenset[JobState]]] = {
    _J.HELD: frozenset({_J.COMPILED, _J.CANCELLED, _J.REMOVED}),
    _J.COMPILED: frozenset({_J.RUNNING, _J.FAILED, _J.CANCELLED, _J.REMOVED}),
    _J.RUNNING: frozenset({_J.PAUSED, _J.MERGING, _J.FAILED, _J.CANCELLED, _J.REMOVED}),
    # what volunteers hold when a job is paused may still come back, and may be the last of it
    _J.PAUSED: frozenset({_J.RUNNING, _J.MERGING, _J.FAILED, _J.CANCELLED, _J.REMOVED}),
    # back to running: a sub-job that rested on a liar's word was reopened during the merge
    _J.MERGING: frozenset({_J.SUCCEEDED, _J.RUNNING, _J.FAILED, _J.CANCELLED, _J.REMOVED}),
    _J.SUCCEEDED: frozenset({_J.REMOVED}),
    _J.FAILED: frozenset({_J.REMOVED}),
    _J.CANCELLED: frozenset({_J.REMOVED}),
    _J.REMOVED: frozenset(),
}

SUB_JOB_MOVES: Final[Mapping[SubJobState, frozenset[SubJobState]]] = {
    # straight to judging or settled: a late result of a lease that had ended,
    # or the hub runs the sub-job itself
    _S.WAITING: frozenset(
        {_S.LEASED, _S.JUDGING, _S.SETTLED, _S.FAILED, _S.CANCELLED, _S.REPLACED}
    ),
    _S.LEASED: frozenset(
        {_S.WAITING, _S.JUDGING, _S.SETTLED, _S.FAILED, _S.CANCELLED, _S.REPLACED}
    ),
    # replaced: the hub's run shows a row that traps, and the rows around it go on without it
    _S.JUDGING: frozenset({_S.WAITING, _S.SETTLED, _S.FAILED, _S.CANCELLED, _S.REPLACED}),
    # settled is provisional until the job succeeds
    _S.SETTLED: frozenset({_S.WAITING, _S.JUDGING}),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.REPLACED: frozenset(),
}

LEASE_MOVES: Final[Mapping[LeaseState, frozenset[LeaseState]]] = {
    _L.ACTIVE: frozenset({_L.ENDED}),
    _L.ENDED: frozenset(),
}

State = TypeVar("State", JobState, SubJobState, LeaseState)


def move(
    moves: Mapping[State, frozenset[State]],
    before: State,
    after: State,
    *,
    kind: str,
    entity_id: str,
    history: Sequence[str] = (),
) -> State:
    """Return `after` if the table allows it, else raise IllegalMove."""
    if after not in moves[before]:
        raise IllegalMove(kind, entity_id, before, after, history)
    return after


def states_before(moves: Mapping[State, frozenset[State]], after: State) -> frozenset[State]:
    """The states from which `after` can be reached in one move: for updates of many rows."""
    return frozenset(before for before, afters in moves.items() if after in afters)
