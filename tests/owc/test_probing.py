"""What the hub learns of a program's rows before it cuts the source, rows that trap among them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

import jobspec
from owc.clock import Clock, ManualClock
from owc.runs import InProcess
from owc.services.probing import MOST_TRAPS, Probe, RowTraps, probe
from tests.jobspec.jobs import compiled, inputs

DIVIDES = {"derive": {"ratio": "1 // (n % 10)"}}


def measured(
    job: jobspec.CompiledJob,
    *,
    rows: int,
    skips: bool,
    seen: list[int] | None = None,
    clock: Clock | None = None,
) -> Probe:
    """Of a job whose source has so many rows; `seen` takes the rows of each sample."""
    (whole,) = inputs(job)

    def sample(most: int) -> bytes:
        count = min(most, rows)
        if seen is not None:
            seen.append(count)
        if job.plan.axes:
            return jobspec.range_chunk(job.plan, 0, count)
        return jobspec.slice_chunk(job.plan, whole, 0, count)

    return probe(job.plan, sample, run=_run(job, clock), most=rows, skips=skips)


def _run(job: jobspec.CompiledJob, clock: Clock | None) -> Callable[[bytes], jobspec.Run]:
    return partial(
        InProcess(clock and clock.monotonic).run,
        job.wasm,
        fuel=10**9,
        memory_bytes=job.plan.requirement.memory_bytes,
        wall_seconds=60,
    )


SOURCES: dict[str, Callable[[int], object]] = {
    "range": lambda rows: {"range": {"n": [0, rows]}},
    "table": lambda rows: {"rows": [{"n": n} for n in range(rows)]},
}


@pytest.mark.parametrize("kind", list(SOURCES))
def test_a_row_that_traps_is_named_or_passed_over(kind: str) -> None:
    job = compiled(SOURCES[kind](9), DIVIDES)
    with pytest.raises(RowTraps) as raised:
        measured(job, rows=9, skips=False)
    assert raised.value.row == 0
    assert job.plan.traps[raised.value.site].code == "division_by_zero"
    found = measured(job, rows=9, skips=True)
    assert found.row_seconds > 0
    assert found.most_rows is None


@pytest.mark.parametrize("kind", list(SOURCES))
def test_samples_grow_as_long_as_few_of_their_rows_trap(kind: str) -> None:
    seen: list[int] = []
    still = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))  # no run takes long enough
    measured(compiled(SOURCES[kind](100), DIVIDES), rows=100, skips=True, seen=seen, clock=still)
    assert seen == [1, 4, 16, 64]
    seen.clear()
    measured(compiled(SOURCES[kind](5000), DIVIDES), rows=5000, skips=True, seen=seen, clock=still)
    assert seen == [1, 4, 16, 64, 256], "which has more bad rows than are passed over"
    assert MOST_TRAPS < 256 / 10


def test_a_source_of_nothing_but_bad_rows_is_not_measured() -> None:
    job = compiled({"range": {"n": [0, 1000]}}, {"derive": {"x": "1 // (n - n)"}})
    assert measured(job, rows=1000, skips=True) == Probe(row_seconds=0.0, row_bytes=0.0)


def test_bytes_of_a_row_are_those_of_the_rows_that_were_done() -> None:
    clock = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
    for steps in ([], [{"filter": "1 // (n % 10) >= 0"}]):
        job = compiled({"range": {"n": [0, 512]}}, *steps)
        found = probe(
            job.plan,
            lambda rows, job=job: jobspec.range_chunk(job.plan, 0, rows),
            run=_run(job, clock),
            most=64,
            skips=True,
        )
        assert 8 <= found.row_bytes < 40, "one i64, and some padding"
