"""What trust costs: the same fleet without faults, first until it is known, then measured.

Overhead is what volunteers and the hub computed in the measured time, over what the results that
were accepted in it needed. Newcomers are all checked, so a fleet that is not known yet costs twice;
that is what warming up is for.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tests.simulation import jobs
from tests.simulation.characters import LIARS
from tests.simulation.network import Quality
from tests.simulation.parts import Stage
from tests.simulation.run import RunOutcome, play
from tests.simulation.scenario import Part, Scenario
from tests.simulation.volunteers import Traits

FLEET: Final = 6
WARMING: Final = ("groups", 3600)
MEASURED: Final = ("squares", 1200)
"""Six hundred sub-jobs each make a volunteer known: about one in eleven is checked then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overhead:
    """`warming`: of the time before; `measured`: after it."""

    liars: float
    warming: float
    measured: float
    violation: str | None


def fleet(seed: int, *, liars: float) -> Scenario:
    """Six steady volunteers of different speeds on networks of their own, and two long jobs: the
    second begins when the first is done."""
    rng = random.Random(f"fleet {seed}")
    lying = round(liars * FLEET)
    kinds = [rng.choice(sorted(LIARS)) for _ in range(lying)] + ["honest"] * (FLEET - lying)
    parts = tuple(
        Part(
            traits=Traits(
                name=f"{kind} {place}",
                network=f"net-{place}",
                speed=10 ** rng.uniform(-0.5, 0.3),
                batch=8,
                wants=8,
                quality=Quality(delay=0.02),
            ),
            kind=kind,
            comes_at=rng.uniform(0.0, 2.0),
            is_steady=kind == "honest",
        )
        for place, kind in enumerate(kinds)
    )
    warming, measured = jobs.job(*WARMING), jobs.job(*MEASURED)
    assert warming is not None
    assert measured is not None
    return Scenario(
        seed=seed,
        parts=parts,
        jobs=((0.0, warming), (0.0, measured)),
        settings={"upkeep_seconds": 4.0, "prune_seconds": 20.0, "reconcile_seconds": 20.0},
        window_seconds=0.2,
        webs=1,
        workers=1,
        losing_news=0.0,
        fault_pause=None,
        faults_end=0.0,
        every=50,
        one_by_one=True,
    )


def overhead(stage: Stage, seed: int, *, liars: float) -> Overhead:
    """Of one fleet."""
    outcome = play(stage, fleet(seed, liars=liars))
    return Overhead(
        liars=liars,
        warming=_of(outcome, 0),
        measured=_of(outcome, 1),
        violation=outcome.violation,
    )


def _of(outcome: RunOutcome, place: int) -> float:
    if outcome.violation is not None:
        return float("nan")
    job = outcome.jobs[place]
    return (job.spent + job.hub_seconds) / job.needed
