"""A slice of `make simulate`: everything holds in some seeds, and a seed is the same each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.simulation.characters import LIARS
from tests.simulation.parts import Stage
from tests.simulation.run import play
from tests.simulation.scenario import draw

pytestmark = pytest.mark.redis

SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_holds(stage: Stage, seed: int) -> None:
    outcome = play(stage, draw(seed))
    assert outcome.violation is None, "\n".join([*outcome.log[-40:], outcome.violation or ""])
    assert outcome.jobs
    assert outcome.events > 500


@pytest.mark.parametrize("seed", range(100, 106))
def test_everything_holds_with_thirty_percent_liars(stage: Stage, seed: int) -> None:
    outcome = play(stage, draw(seed, liars=0.3))
    assert outcome.violation is None, "\n".join([*outcome.log[-40:], outcome.violation or ""])
    assert outcome.liars


def test_a_seed_is_played_the_same_way_again_in_any_process(stage: Stage) -> None:
    here = [play(stage, draw(seed)).digest for seed in (2, 2)]
    program = (
        "from tests.simulation.parts import Stage\n"
        "from tests.simulation.run import play\n"
        "from tests.simulation.scenario import draw\n"
        "stage = Stage()\n"
        "print(play(stage, draw(2)).digest)\n"
        "stage.close()\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {*here, there.stdout.strip()} == {here[0]}
    assert play(stage, draw(3)).digest != here[0]


def test_every_kind_of_liar_and_of_job_is_among_the_seeds() -> None:
    scenarios = [draw(seed, liars=0.3) for seed in range(100)]
    kinds = {part.kind for scenario in scenarios for part in scenario.parts}
    assert kinds == {*LIARS, "honest"}
    drawn = {job.kind for scenario in scenarios for _, job in scenario.jobs}
    assert drawn >= {"squares", "even_names", "groups", "search", "poisoned", "failing", "agreed"}
    assert max(len(scenario.parts) for scenario in scenarios) >= 200
    for scenario in scenarios:
        lying = sum(part.kind != "honest" for part in scenario.parts)
        assert lying == max(1, min(round(0.3 * len(scenario.parts)), len(scenario.parts) - 1))


def test_the_command_writes_what_it_found(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", "13"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    body = done.stdout[done.stdout.index("{\n") : done.stdout.rindex("}") + 1]
    assert json.loads(body)["seed"] == 13
    assert done.stdout.strip().endswith("everything held")
