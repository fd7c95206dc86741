"""The statistics of a report, against values that are known."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.simulation.report import clopper_pearson, rate_of, wilson


def job(wrong: int, sub_jobs: int = 100) -> dict[str, Any]:
    return {"wrong": wrong, "sub_jobs": sub_jobs, "bound": 0.01}


def test_intervals_are_those_of_the_books() -> None:
    assert clopper_pearson(0, 100) == pytest.approx((0.0, 0.0362), abs=1e-4)
    assert clopper_pearson(5, 100) == pytest.approx((0.0164, 0.1128), abs=1e-4)
    assert clopper_pearson(100, 100) == pytest.approx((0.9638, 1.0), abs=1e-4)
    assert wilson(0.05, 100) == pytest.approx((0.0215, 0.1118), abs=1e-4)
    assert wilson(0.0, 100) == pytest.approx((0.0, 0.0370), abs=1e-4)


def test_jobs_whose_sub_jobs_are_wrong_together_tell_less() -> None:
    spread = rate_of([job(1) for _ in range(50)] + [job(0) for _ in range(50)])
    together = rate_of([job(50)] + [job(0) for _ in range(99)])
    assert spread.share == together.share == 0.005
    assert together.trials < 200 < spread.trials == 10_000
    assert together.interval[1] > 4 * spread.interval[1]
    assert (spread.jobs_wrong, together.jobs_wrong) == (50, 1)


def test_nothing_wrong_is_told_by_as_many_trials_as_there_are_jobs() -> None:
    rate = rate_of([job(0) for _ in range(200)])
    assert (rate.share, rate.trials) == (0.0, 200.0)
    assert rate.interval[1] == pytest.approx(0.0188, abs=1e-4)
    assert rate.keeps_bound


def test_the_interval_has_the_truth_in_it_as_often_as_it_says() -> None:
    noise = random.Random(5)
    hits = 0
    for _ in range(300):
        jobs = [job(sum(noise.random() < p for _ in range(20)), 20) for p in (0.0, 0.2) * 50]
        low, high = rate_of(jobs).interval
        hits += low <= 0.1 <= high
    assert hits >= 0.92 * 300
