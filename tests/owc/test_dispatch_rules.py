"""The rules of dispatch: fair turns, nudges, what is missing, how long is too long."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from owc.domain import sizing
from owc.domain.fairness import (
    LEAST_COST_SECONDS,
    Claim,
    Rival,
    cost_seconds,
    first_level,
    is_pressed,
    level_of_turn,
    turns,
)
from owc.domain.matching import MEGABYTE, Capabilities, Requirement, missing, satisfies
from owc.domain.nudging import Strategy, Waiting, next_latency, share, told_first

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _claim(job_id: str, **members) -> Claim:
    return Claim(
        **{
            "job_id": job_id,
            "level_seconds": 0.0,
            "sub_job_seconds": 1.0,
            "available": 1000,
            **members,
        }
    )


claims = st.lists(
    st.builds(
        Claim,
        job_id=st.sampled_from("abcdefgh"),
        level_seconds=st.floats(0, 100),
        sub_job_seconds=st.floats(0, 5),
        available=st.integers(0, 50),
        pressed_until=st.none() | st.integers(0, 99).map(lambda hours: NOON + hours * HOUR),
    ),
    max_size=6,
    unique_by=lambda claim: claim.job_id,
)


@given(claims=claims, room=st.integers(-5, 100), seconds=st.floats(-5, 100))
def test_turns_fill_the_room_and_level_the_jobs(
    claims: list[Claim], room: int, seconds: float
) -> None:
    order = turns(claims, room=room, room_seconds=seconds)
    counts = Counter(order)
    assert len(order) <= max(room, 0)
    assert all(counts[claim.job_id] <= claim.available for claim in claims)
    cost = {claim.job_id: cost_seconds(claim.sub_job_seconds) for claim in claims}
    assert len(order) <= 1 or sum(cost[job] for job in order[:-1]) <= seconds
    level = {
        claim.job_id: claim.level_seconds + counts[claim.job_id] * cost[claim.job_id]
        for claim in claims
    }
    calm = [claim for claim in claims if claim.pressed_until is None]
    for rich in calm:
        for poor in calm:
            if counts[rich.job_id] and counts[poor.job_id] < poor.available:
                # served last from where it was not above who could have been served
                before = level[rich.job_id] - cost[rich.job_id]
                assert before <= level[poor.job_id] + 1e-6


@given(claims=claims, room=st.integers(0, 100), seconds=st.floats(0, 100))
def test_the_first_of_a_queue_tells_how_far_it_is_behind(
    claims: list[Claim], room: int, seconds: float
) -> None:
    by_id = {claim.job_id: claim for claim in claims}
    taken: Counter[str] = Counter()
    levels = []
    for job_id in turns(claims, room=room, room_seconds=seconds):
        levels.append(level_of_turn(by_id[job_id], taken[job_id]))
        taken[job_id] += 1
    assert levels == pytest.approx(sorted(levels))
    pressed = sum(taken[each.job_id] for each in claims if each.pressed_until is not None)
    assert all(level < 0 for level in levels[:pressed])
    assert all(level >= 0 for level in levels[pressed:])


rivals = st.lists(
    st.builds(
        Rival, level_seconds=st.floats(0, 1e6), is_mate=st.booleans(), is_served=st.booleans()
    ),
    max_size=6,
)


@given(rivals=rivals)
def test_a_newcomer_begins_beside_those_that_are_served(rivals: list[Rival]) -> None:
    level = first_level(rivals)
    assert level in [0.0, *(each.level_seconds for each in rivals)]
    mates = [each.level_seconds for each in rivals if each.is_mate]
    served = [each.level_seconds for each in rivals if each.is_served]
    assert all(level <= mate for mate in mates), "it does not wait for those in its queue"
    assert not mates or level == min(mates), "nor do they wait for it"
    assert mates or not served or level == min(served), "nor those of other queues"


def test_jobs_of_long_and_short_sub_jobs_get_the_same_time() -> None:
    long, short = _claim("long", sub_job_seconds=2.0), _claim("short", sub_job_seconds=0.5)
    counts = Counter(turns([long, short], room=1000, room_seconds=100))
    assert counts["short"] == pytest.approx(4 * counts["long"], abs=4)


def test_a_job_in_danger_of_its_deadline_goes_first() -> None:
    late, soon = NOON + timedelta(hours=2), NOON + timedelta(hours=1)
    order = turns(
        [
            _claim("calm"),
            _claim("late", level_seconds=50.0, pressed_until=late, available=3),
            _claim("soon", level_seconds=90.0, pressed_until=soon, available=2),
        ],
        room=7,
        room_seconds=1000,
    )
    assert order == ["soon"] * 2 + ["late"] * 3 + ["calm"] * 2
    assert is_pressed(work_seconds=3600, pace=1, time_left=timedelta(hours=1.5))
    assert not is_pressed(work_seconds=3600, pace=10, time_left=timedelta(hours=1.5))


def test_nothing_is_free_to_dispatch() -> None:
    free = [_claim("free", sub_job_seconds=0.0)]
    assert len(turns(free, room=10_000, room_seconds=1.0)) <= 1 / LEAST_COST_SECONDS + 1


WAITING = [
    Waiting(key="slow", speed=0.5, load=0.0, latency_seconds=0.01, told_at=3.0),
    Waiting(key="fast", speed=8.0, load=2.0, latency_seconds=0.2, told_at=2.0),
    Waiting(key="new", speed=1.0, load=1.0),
]


@pytest.mark.parametrize(
    ("strategy", "order"),
    [
        (Strategy.FASTEST, ["fast", "new", "slow"]),
        (Strategy.LEAST_LOADED, ["slow", "new", "fast"]),
        (Strategy.ROUND_ROBIN, ["new", "fast", "slow"]),
        (Strategy.NEAREST, ["slow", "fast", "new"]),
    ],
)
def test_a_strategy_says_who_is_told_first(strategy: Strategy, order: list[str]) -> None:
    assert told_first(WAITING, strategy, 3, lambda: 0.5) == order
    assert told_first(WAITING, strategy, 2, lambda: 0.5) == order[:2]


def test_a_random_order_gives_everybody_the_same_chance() -> None:
    draw = random.Random(7).random
    first = Counter(told_first(WAITING, Strategy.RANDOM, 1, draw)[0] for _ in range(3000))
    assert all(900 < first[each.key] < 1100 for each in WAITING)


@given(counts=st.lists(st.integers(0, 1000), min_size=1, max_size=5), sub_jobs=st.integers(0, 999))
def test_processes_tell_together_as_many_as_there_are_sub_jobs(
    counts: list[int], sub_jobs: int
) -> None:
    everywhere = sum(counts)
    told = sum(share(sub_jobs, here=here, everywhere=everywhere) for here in counts)
    assert (sub_jobs if everywhere else 0) <= told <= sub_jobs + len(counts) - 1


def test_a_process_that_has_more_than_all_are_said_to_be_tells_for_all() -> None:
    assert share(7, here=5, everywhere=0) == 7
    assert share(7, here=0, everywhere=0) == 0


def test_one_late_answer_does_not_make_a_volunteer_far() -> None:
    latency = next_latency(None, 0.02)
    assert latency == 0.02
    assert next_latency(latency, 2.0) < 0.6
    for _ in range(20):
        latency = next_latency(latency, 0.2)
    assert latency == pytest.approx(0.2, rel=0.01)


def test_what_a_fleet_lacks_is_said() -> None:
    phone = Capabilities(memory_bytes=256 * MEGABYTE, mobile=True, score=3)
    desktop = Capabilities(memory_bytes=128 * MEGABYTE, score=9)
    assert missing(Requirement(), []) == ("No volunteer is connected.",)
    assert missing(Requirement(), [phone]) == ()
    assert missing(Requirement(memory_bytes=512 * MEGABYTE), [phone, desktop]) == (
        "It needs 512 MB of memory; the connected volunteers have 256 MB at most.",
    )
    assert missing(Requirement(score=10), [phone, desktop]) == (
        "It asks for a score of 10; the fastest connected volunteer has 9.",
    )
    assert missing(Requirement(features=frozenset({"relaxed"})), [phone]) == (
        "It needs relaxed, which no connected volunteer has.",
    )
    assert missing(Requirement(mobile=False), [phone]) == (
        "It asks for volunteers that are no phones; all connected ones are.",
    )
    picky = Capabilities(categories=frozenset({"physics"}))
    assert missing(Requirement(category="medicine"), [picky]) == (
        "No connected volunteer helps jobs of the category medicine.",
    )
    both = Requirement(memory_bytes=200 * MEGABYTE, score=5)
    assert missing(both, [phone, desktop]) == (
        "No connected volunteer has all that it asks for at once.",
    )


fleets = st.lists(
    st.builds(
        Capabilities,
        memory_bytes=st.integers(1, 10).map(lambda size: size * 64 * MEGABYTE),
        mobile=st.booleans(),
        score=st.floats(0, 10),
        features=st.sets(st.sampled_from(["simd128", "x"])).map(frozenset),
        categories=st.none() | st.sets(st.sampled_from(["other", "physics"])).map(frozenset),
    ),
    max_size=4,
)


@given(
    fleet=fleets,
    needed=st.builds(
        Requirement,
        memory_bytes=st.integers(1, 10).map(lambda size: size * 64 * MEGABYTE),
        mobile=st.booleans(),
        score=st.floats(0, 10),
        features=st.sets(st.sampled_from(["simd128", "x"])).map(frozenset),
        category=st.sampled_from(["other", "physics"]),
    ),
)
def test_something_is_missing_exactly_if_nobody_can_run_it(
    fleet: list[Capabilities], needed: Requirement
) -> None:
    assert bool(missing(needed, fleet)) == (not any(satisfies(each, needed) for each in fleet))


def test_speeds_are_kept_for_the_latest_programs() -> None:
    paces: dict[str, float] = {}
    for number in range(12):
        paces = sizing.next_paces(paces, f"p{number}", float(number))
    assert list(paces) == [f"p{number}" for number in range(4, 12)]
    assert list(sizing.next_paces(paces, "p5", 0.5))[-1] == "p5"


def test_segments_have_many_small_outputs_or_few_large_ones() -> None:
    assert sizing.segment_rows(rows_per_sub_job=100, row_bytes=0) == 51_200
    assert sizing.segment_rows(rows_per_sub_job=100, row_bytes=10_000) == 1600
    assert sizing.segment_rows(rows_per_sub_job=100, row_bytes=1e9) == 100


def test_the_tail_is_shared_one_by_one() -> None:
    assert sizing.may_prefetch(at_work=0, cores=1, remaining=1, volunteers=10)
    assert not sizing.may_prefetch(at_work=1, cores=1, remaining=10, volunteers=10)
    assert sizing.may_prefetch(at_work=1, cores=1, remaining=11, volunteers=10)
