"""What a seed makes of a run: how many of whom, which jobs, what goes wrong.

Most runs are small, so that many can be made; one in a hundred has hundreds of volunteers, or
thousands, one in five a long job.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation import jobs
from tests.simulation.characters import LIARS, Character
from tests.simulation.jobs import SimulatedJob
from tests.simulation.network import Quality
from tests.simulation.volunteers import Traits

LARGE_EVERY: Final = 100
LONG_EVERY: Final = 5
"""A run with few volunteers and one job that is long enough for them to earn trust."""

SIZES: Final = (12, 30, 30, 60)
LARGE_SIZES: Final = (250,)
LONG_SIZES: Final = (300, 500)
"""Sub-jobs of a job."""

PATIENT: Final = ("turning bad", "turning bad together", "colluding", "many identities")
"""Liars of long runs: the others are caught in short ones already."""

WAYS: Final = (
    Quality(delay=0.02),
    Quality(delay=0.05, lost=0.02, twice=0.02),
    Quality(delay=0.3, lost=0.05, twice=0.1),
    Quality(delay=2.0, lost=0.02, twice=0.05),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One volunteer; `kind`: of its lies, or "honest"; `comes_at`: when it first appears."""

    traits: Traits
    kind: str
    comes_at: float
    is_steady: bool


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`window_seconds`: how long a web process gathers what it serves in one turn, longer than the
    real one, as under load; `fault_pause`: seconds between faults on average, None: there are none;
    `faults_end`: when they stop; from then on everything must end within `patience` seconds;
    `one_by_one`: a job is submitted when those before it have ended."""

    seed: int
    parts: tuple[Part, ...]
    jobs: tuple[tuple[float, SimulatedJob], ...]
    settings: dict[str, Any]
    window_seconds: float
    webs: int
    workers: int
    losing_news: float
    fault_pause: float | None
    faults_end: float
    patience: float = 900.0
    every: int = 5
    one_by_one: bool = False


def draw(seed: int, *, liars: float | None = None) -> Scenario:
    """The scenario of a seed; `liars`: their share, else it is drawn too."""
    rng = random.Random(f"scenario {seed}")
    is_large = seed % LARGE_EVERY == LARGE_EVERY - 1
    is_long = seed % LONG_EVERY == LONG_EVERY - 1 and not is_large
    counts = (200, 500, 1000, 2500) if is_large else (4, 6) if is_long else (3, 5, 8, 8, 12)
    share = rng.choice((0.0, 0.1, 0.3, 0.3, 0.5)) if liars is None else liars
    parts = _parts(rng, rng.choice(counts), share, is_long=is_long)
    sizes = LARGE_SIZES if is_large else LONG_SIZES if is_long else SIZES
    has_faults = rng.random() < 0.75
    return Scenario(
        seed=seed,
        parts=tuple(parts),
        jobs=tuple(_jobs(rng, sizes, one=is_long)),
        settings=_settings(rng),
        window_seconds=rng.choice((0.003, 0.5, 1.0, 1.0, 2.0)),
        webs=rng.choice((1, 2, 2, 2, 3)),
        workers=rng.choice((1, 1, 2)),
        losing_news=rng.choice((0.0, 0.0, 0.2, 1.0)),
        fault_pause=rng.choice((3.0, 8.0, 20.0)) if has_faults else None,
        faults_end=rng.choice((15.0, 30.0, 60.0)),
        every=50 if is_large else 5,
    )


def _parts(rng: random.Random, count: int, share: float, *, is_long: bool) -> list[Part]:
    lying = round(share * count) if share else 0
    if share and not lying:
        lying = 1
    lying = min(lying, count - 1)
    known = PATIENT if is_long else sorted(LIARS)
    kinds = [rng.choice(known) for _ in range(lying)] + ["honest"] * (count - lying)
    if rng.random() < 0.3:  # one kind alone: several of them meet
        one = rng.choice(known)
        kinds = [one if kind != "honest" else kind for kind in kinds]
    rng.shuffle(kinds)
    networks = max(1, round(count * rng.choice((0.4, 0.7, 1.0))))
    steady = next(place for place, kind in enumerate(kinds) if kind == "honest")
    is_rough = rng.random() < 0.6
    return [
        Part(
            traits=Traits(
                name=f"{kind} {place}",
                network=f"net-{rng.randrange(networks)}" if place != steady else "net-own",
                speed=0.5 if place == steady else 10 ** rng.uniform(-1.7, 0.3),
                cores=rng.choice((1, 1, 2, 4)),
                skew=rng.choice((1.0, 1.0, 0.9, 3.0, 0.01)),
                batch=rng.choice((1, 8, 16)),
                wants=rng.choice((2, 8, 16)),
                quality=rng.choice(WAYS) if is_rough and place != steady else WAYS[0],
            ),
            kind=kind,
            comes_at=rng.uniform(0.0, 5.0) if rng.random() < 0.7 else rng.uniform(5.0, 60.0),
            is_steady=place == steady,
        )
        for place, kind in enumerate(kinds)
    ]


def _jobs(
    rng: random.Random, sizes: tuple[int, ...], *, one: bool
) -> list[tuple[float, SimulatedJob]]:
    kinds = rng.sample(sorted(jobs.KINDS), k=1 if one else rng.choice((1, 2, 2, 3)))
    if not set(kinds) - {"failing"}:
        kinds = ["squares"]
    found = [(rng.uniform(0.0, 20.0), jobs.job(kind, rng.choice(sizes))) for kind in kinds]
    return [(at, each) for at, each in found if each is not None]


def _settings(rng: random.Random) -> dict[str, Any]:
    upkeep = rng.choice((2.0, 5.0, 10.0))
    return {
        "upkeep_seconds": upkeep,
        "prune_seconds": rng.choice((10.0, 20.0)),
        "reconcile_seconds": rng.choice((10.0, 25.0)),
        "inline_result_bytes": rng.choice((0, 65_536)),
        "inline_chunk_bytes": rng.choice((0, 32_768)),
        "lease_sub_jobs": rng.choice((4, 32)),
        "hub_backlog_seconds": rng.choice((0.5, 3.0, 30.0)),
        "queue_window": rng.choice((20, 10_000)),
    }


def character(kind: str, rng: random.Random) -> Character:
    return Character() if kind == "honest" else LIARS[kind](rng)
