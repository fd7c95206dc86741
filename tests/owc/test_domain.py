"""The pure rules."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from owc.domain import sizing
from owc.domain.ids import PREFIXES, new_id
from owc.domain.matching import (
    MEGABYTE,
    Capabilities,
    Requirement,
    parse_queue_name,
    queue_name,
    requirement_key,
    requirement_of,
    satisfies,
)
from owc.domain.states import (
    JOB_MOVES,
    LEASE_MOVES,
    SUB_JOB_MOVES,
    JobState,
    LeaseState,
    SubJobState,
    move,
    states_before,
)
from owc.errors import IllegalMove

requirements = st.builds(
    Requirement,
    memory_bytes=st.integers(0, 4096 * MEGABYTE),
    features=st.frozensets(st.sampled_from(["simd128", "bulk_memory", "tail_call"])),
    mobile=st.booleans(),
    score=st.floats(0, 1000),
    category=st.sampled_from(["other", "medicine"]),
)
capabilities = st.builds(
    Capabilities,
    memory_bytes=st.integers(0, 8192 * MEGABYTE),
    features=st.frozensets(st.sampled_from(["simd128", "bulk_memory", "tail_call"])),
    mobile=st.booleans(),
    score=st.floats(0, 2000),
    categories=st.none() | st.frozensets(st.sampled_from(["other", "medicine"])),
)


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_ids_are_a_prefix_and_twenty_letters_and_digits(prefix: str) -> None:
    assert re.fullmatch(rf"{prefix}_[a-z0-9]{{20}}", new_id(prefix))
    assert new_id(prefix) != new_id(prefix)


def test_an_unknown_prefix_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="prefix"):
        new_id("host")


@pytest.mark.parametrize(
    ("moves", "states"),
    [(JOB_MOVES, JobState), (SUB_JOB_MOVES, SubJobState), (LEASE_MOVES, LeaseState)],
)
def test_every_state_has_a_row_in_its_table(moves, states) -> None:
    assert set(moves) == set(states)


def test_every_state_of_a_job_can_be_reached_and_every_unfinished_job_can_be_cancelled() -> None:
    assert set().union(*JOB_MOVES.values()) == set(JobState) - {JobState.HELD}
    assert states_before(JOB_MOVES, JobState.CANCELLED) == {
        JobState.HELD,
        JobState.COMPILED,
        JobState.RUNNING,
        JobState.PAUSED,
        JobState.MERGING,
    }


def test_an_illegal_move_tells_its_story() -> None:
    with pytest.raises(IllegalMove) as caught:
        move(
            JOB_MOVES,
            JobState.FAILED,
            JobState.RUNNING,
            kind="job",
            entity_id="job_x",
            history=("running at 9", "failed at 10"),
        )
    assert caught.value.message == (
        "job job_x cannot move from failed to running. Its history: running at 9; failed at 10."
    )


@given(requirements)
def test_a_key_is_stable_and_at_least_as_strict_as_its_requirement(needed: Requirement) -> None:
    key = requirement_key(needed)
    assert requirement_key(requirement_of(key)) == key
    assert parse_queue_name(queue_name(key, 5)) == (key, 5)


@given(requirements, capabilities)
def test_who_satisfies_a_queue_satisfies_every_job_in_it(
    needed: Requirement, offered: Capabilities
) -> None:
    if satisfies(offered, requirement_of(requirement_key(needed))):
        assert satisfies(offered, needed)


def test_most_programs_share_the_base_queue() -> None:
    assert requirement_key(Requirement()) == "base"
    assert requirement_key(Requirement(memory_bytes=65 * MEGABYTE, mobile=False)) == "m128-desktop"


def test_scores_and_sizes_make_few_queues() -> None:
    scores = {requirement_key(Requirement(score=score)) for score in range(100_000)}
    scores |= {requirement_key(Requirement(score=score)) for score in (0.1, 0.5, 1_000_000)}
    assert len(scores) == 1 + 18 + 1
    sizes = {requirement_key(Requirement(memory_bytes=n * MEGABYTE)) for n in range(4097)}
    assert sizes == {"base", "m128", "m256", "m512", "m1024", "m2048", "m4096"}


@pytest.mark.parametrize("key", ["", "m", "base-base", "f_", "s1x", "desktop-", "../x"])
def test_a_bad_requirement_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="requirement key"):
        requirement_of(key)


@given(
    seconds=st.floats(0, 100),
    speed=st.floats(0.01, 100),
    cores=st.integers(1, 64),
    remaining=st.integers(0, 1000),
    volunteers=st.integers(0, 100),
    most=st.integers(1, 64),
)
def test_a_lease_holds_one_sub_job_at_least_and_never_too_many(
    seconds: float, speed: float, cores: int, *, remaining: int, volunteers: int, most: int
) -> None:
    count = sizing.sub_jobs_per_lease(
        sub_job_seconds=seconds,
        speed=speed,
        cores=cores,
        target_seconds=10,
        remaining=remaining,
        volunteers=volunteers,
        most=most,
    )
    assert 1 <= count <= most
    assert count == 1 or count * 2 * max(volunteers, 1) < remaining + 2 * max(volunteers, 1)
    assert count == 1 or count * seconds / speed / cores <= 10 * 1.001


@pytest.mark.parametrize(
    ("predicted", "expected"), [(0, 60), (7.5, 60), (10, 70), (100, 430), (10_000, 3600)]
)
def test_a_lease_lasts_four_times_its_work_and_a_bit(predicted: float, expected: int) -> None:
    assert sizing.lease_seconds(predicted) == expected


@given(st.floats(0.01, 100), st.floats(0, 100), st.floats())
def test_speed_stays_within_bounds_whatever_a_volunteer_says(
    speed: float, reference: float, elapsed: float
) -> None:
    after = sizing.next_speed(speed, reference_seconds=reference, elapsed_seconds=elapsed)
    assert min(speed, 0.01) <= after <= max(speed, 100)


@given(
    rate=st.floats(1e-6, 1e12),
    rows=st.none() | st.integers(0, 10**12),
    most=st.integers(1, 200_000),
)
def test_sub_jobs_never_are_more_than_allowed(rate: float, rows: int | None, most: int) -> None:
    size = sizing.rows_per_sub_job(rows_per_second=rate, seconds=1.5, rows=rows, most_sub_jobs=most)
    assert size >= 1
    if rows:
        assert -(-rows // size) <= most


def test_a_short_job_is_cut_finer_so_that_it_can_be_shared() -> None:
    def size(rows: int | None) -> int:
        return sizing.rows_per_sub_job(
            rows_per_second=1000, seconds=1.5, rows=rows, most_sub_jobs=1000
        )

    assert size(None) == 1500
    assert size(100_000) == 1500
    assert size(16_000) == 1000
    assert size(800) == 100
    assert size(80) == 80
