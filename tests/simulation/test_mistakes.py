"""The simulator finds mistakes: each of these breaks the product a little; some seed notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from owc.services import (
    checking,
    feeding,
    giving_back,
    leases,
    moves,
    upkeep,
)
from tests.simulation.parts import Stage
from tests.simulation.run import play
from tests.simulation.scenario import draw

pytestmark = pytest.mark.redis

Break = Callable[[pytest.MonkeyPatch], None]


SEEDS: Final = range(200, 230)


def is_found(stage: Stage, says: str, *, liars: float) -> bool:
    """Whether one of the seeds notices, and says so; of one mistake others may follow."""
    violations = (play(stage, draw(seed, liars=liars)).violation for seed in SEEDS)
    return any(says in violation for violation in violations if violation is not None)


def settles_twice(patch: pytest.MonkeyPatch) -> None:
    """A verdict counts twice."""
    settle = moves.settle

    def broken(change: Any, job: Any, sub_job: Any, *args: Any, **kwargs: Any) -> None:
        settle(change, job, sub_job, *args, **kwargs)
        job.sub_jobs_settled += 1

    patch.setattr(moves, "settle", broken)


def loses_what_is_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(giving_back, "_return", lambda *_, **__: False)


def forgets_to_expire(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(upkeep, "_expire_batch", lambda _: (0, 0, 0))


def never_reconciles(patch: pytest.MonkeyPatch) -> None:
    """Checks that Redis lost are not begun anew."""
    patch.setattr(upkeep, "_requeue_tasks", lambda _: 0)


def cuts_a_row_short(patch: pytest.MonkeyPatch) -> None:
    pieces = feeding._next_pieces

    def broken(session: Any, job: Any, most: int) -> Any:
        return [
            (first, rows - (first > 0), sha256, size)
            for first, rows, sha256, size in pieces(session, job, most)
        ]

    patch.setattr(feeding, "_next_pieces", broken)


def believes_the_hub_of_nothing(patch: pytest.MonkeyPatch) -> None:
    """Whoever was wrong is said to have been right, and is believed."""
    patch.setattr(checking, "_agrees", lambda *_: True)


def keeps_leases_of_those_who_answer(patch: pytest.MonkeyPatch) -> None:
    """A report does not end its entry in the lease, when it comes one by one."""
    end = moves.end_entries

    def broken(change: Any, lease: Any, ids: Any, outcome: Any, **kwargs: Any) -> None:
        if outcome != "returned":
            end(change, lease, ids, outcome, **kwargs)

    patch.setattr(moves, "end_entries", broken)


def raises_now_and_then(patch: pytest.MonkeyPatch) -> None:
    calls = 0
    renew = leases.renew_many

    def broken(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ZeroDivisionError
        return renew(*args)

    patch.setattr(leases, "renew_many", broken)


MISTAKES: list[tuple[Break, str, float]] = [
    (settles_twice, "sub-jobs are settled", 0.3),
    (loses_what_is_given_back, "nobody has it", 0.3),
    (forgets_to_expire, "stuck", 0.9),  # where few are honest, their copies do not help
    (never_reconciles, "stuck", 0.3),
    (cuts_a_row_short, "are lost", 0.3),
    (believes_the_hub_of_nothing, "were believed", 0.3),
    (keeps_leases_of_those_who_answer, "lease", 0.3),
    (raises_now_and_then, "ZeroDivisionError", 0.3),
]


@pytest.mark.parametrize(
    ("mistake", "says", "liars"), [pytest.param(*each, id=each[0].__name__) for each in MISTAKES]
)
def test_a_mistake_is_found(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, mistake: Break, says: str, liars: float
) -> None:
    mistake(monkeypatch)
    assert is_found(stage, says, liars=liars)
