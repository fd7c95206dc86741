"""The rules of trust: rates of checks, what opinions make of a sub-job, bars, audits, the bound."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from owc.domain import quorum, trust
from owc.domain.quorum import POOL, Decision, Next, Opinion, decide
from owc.domain.trust import Standing, Status, check_rate, wrong_row_bound

NOW = datetime(2026, 11, 30, tzinfo=UTC)
RULES = {"trust_after": 10, "spot_check": 0.05}


def opinion(
    who: str, answer: str = "x", *, trusted: bool = True, drawn: bool = False, network: str = ""
) -> Opinion:
    return Opinion(
        volunteer_id=who,
        network=network or f"network of {who}",
        answer=answer,
        is_trusted=trusted,
        is_drawn=drawn,
    )


TRUSTED, DRAWN = opinion("t"), opinion("d", drawn=True)
NEW, NEWER = opinion("n", trusted=False, drawn=True), opinion("m", trusted=False, drawn=True)
LIAR = opinion("l", "y", trusted=False, drawn=True)
BELIEVED, ANY = Decision(next=Next.BELIEVE, answer="x"), Decision(next=Next.ANY)
ASK_TRUSTED, HUB = Decision(next=Next.TRUSTED), Decision(next=Next.HUB)


def test_newcomers_are_always_checked_and_the_rate_falls_but_never_to_zero() -> None:
    assert [check_rate(agreed, **RULES) for agreed in range(10)] == [1.0] * 10
    rates = [check_rate(agreed, **RULES) for agreed in range(10, 1000)]
    assert all(before >= after for before, after in itertools.pairwise(rates))
    assert rates[0] == pytest.approx(10 / 11)
    assert min(rates) == 0.05


def test_one_disagreement_starts_over_and_is_forgiven_after_a_hundred_agreements() -> None:
    standing = Standing(agreed=50, disagreed=1).after(agreed=False)
    assert standing == Standing(agreed=0, disagreed=2)
    for _ in range(99):
        standing = standing.after(agreed=True)
    assert standing == Standing(agreed=99, disagreed=2)
    assert standing.after(agreed=True) == Standing(agreed=100, disagreed=0)


@pytest.mark.parametrize(
    ("opinions", "wanted", "with_room", "without"),
    [
        pytest.param([TRUSTED], 1, BELIEVED, BELIEVED, id="the word of a trusted one"),
        pytest.param([DRAWN], 1, HUB, ASK_TRUSTED, id="one that is drawn"),
        pytest.param([NEW], 1, HUB, ASK_TRUSTED, id="a newcomer"),
        pytest.param([NEW, TRUSTED], 1, BELIEVED, BELIEVED, id="a newcomer confirmed"),
        pytest.param([NEW, DRAWN], 1, HUB, ASK_TRUSTED, id="confirmed by one that is drawn"),
        pytest.param([DRAWN, TRUSTED], 1, BELIEVED, BELIEVED, id="a drawn one confirmed"),
        pytest.param([NEW, NEWER], 1, HUB, ASK_TRUSTED, id="newcomers do not vouch"),
        pytest.param([LIAR, TRUSTED], 1, HUB, HUB, id="a quarrel"),
        pytest.param([TRUSTED], 2, ANY, ANY, id="half of a quorum"),
        pytest.param([NEW], 2, HUB, ASK_TRUSTED, id="half of one, by a newcomer"),
        pytest.param([TRUSTED, NEW], 2, BELIEVED, BELIEVED, id="a quorum"),
        pytest.param([TRUSTED, LIAR], 2, ANY, ANY, id="a quarrel within the limit"),
        pytest.param([LIAR, TRUSTED, NEW], 2, BELIEVED, BELIEVED, id="two against one"),
        pytest.param(
            [LIAR, opinion("k", "y", trusted=False, drawn=True), TRUSTED],
            2,
            HUB,
            HUB,
            id="liars that agree with each other are not rooted",
        ),
        pytest.param(
            [LIAR, TRUSTED, opinion("z", "z")], 2, HUB, HUB, id="three that say three things"
        ),
        pytest.param([NEW, NEWER], 3, HUB, ASK_TRUSTED, id="the third must be trusted"),
    ],
)
def test_what_opinions_make_of_a_sub_job(
    opinions: list[Opinion], wanted: int, with_room: Decision, without: Decision
) -> None:
    most = quorum.most_opinions(quorum=wanted, replicas=wanted, max_disagreements=1)
    found = [
        decide(opinions, quorum=wanted, most=most, hub_has_room=room) for room in (True, False)
    ]
    assert found == [with_room, without]


def test_a_network_has_one_voice_and_a_pool_as_many_as_volunteers() -> None:
    same = [opinion("a", network="n"), opinion("b", network="n")]
    assert decide(same, quorum=2, most=3, hub_has_room=True) == ANY
    pool = [opinion("a", network=POOL), opinion("b", network=POOL)]
    assert decide(pool, quorum=2, most=3, hub_has_room=True) == BELIEVED
    assert not quorum.may_add("n", "c", [("a", "n")])
    assert not quorum.may_add("m", "a", [("a", "n")])
    assert quorum.may_add("m", "c", [("a", "n")])
    assert quorum.may_add(POOL, "c", [("a", POOL)])
    assert not quorum.may_add(POOL, "a", [("a", POOL)])


def test_nothing_is_ever_believed_that_no_trusted_volunteer_says() -> None:
    noise = random.Random(7)
    for _ in range(2000):
        opinions = [
            opinion(
                f"v{place}",
                noise.choice("xyz"),
                trusted=(is_trusted := noise.random() < 0.4),
                drawn=not is_trusted or noise.random() < 0.3,
                network=noise.choice("abcd"),
            )
            for place in range(noise.randint(1, 6))
        ]
        wanted = noise.randint(1, 4)
        found = decide(opinions, quorum=wanted, most=wanted + 1, hub_has_room=noise.random() < 0.5)
        if found.next is not Next.BELIEVE:
            continue
        party = [each for each in opinions if each.answer == found.answer]
        assert len({each.network for each in party}) >= wanted
        trusted = [each for each in party if each.is_trusted]
        assert len(trusted) > 1 or not trusted[0].is_drawn


def test_a_volunteer_that_is_wrong_again_and_again_is_barred_for_longer_and_longer() -> None:
    bars = [trust.bar_after(Standing(disagreed=count)) for count in range(1, 40)]
    assert bars[:5] == [None, None, *(timedelta(hours=hours) for hours in (1, 2, 4))]
    assert bars[-1] == timedelta(days=30)


@pytest.mark.parametrize(
    ("standing", "until", "banned", "status"),
    [
        (Standing(), None, False, Status.NEW),
        (Standing(agreed=10), None, False, Status.TRUSTED),
        (Standing(agreed=9, disagreed=1), None, False, Status.LIMITED),
        (Standing(disagreed=3), NOW + timedelta(seconds=1), False, Status.BARRED),
        (Standing(disagreed=3), NOW, False, Status.LIMITED),
        (Standing(agreed=50), None, True, Status.BANNED),
    ],
)
def test_how_a_volunteer_stands(
    standing: Standing, until: datetime | None, banned: bool, status: Status
) -> None:
    found = trust.status_of(standing, trust_after=10, barred_until=until, is_banned=banned, now=NOW)
    assert found is status


def test_what_is_cheaper_to_recompute_than_to_receive() -> None:
    def cheap(seconds: float, size: int = 100, receive_seconds: float = 0.0003) -> bool:
        return trust.is_cheaper_to_recompute(
            run_seconds=seconds, output_bytes=size, receive_seconds=receive_seconds
        )

    assert cheap(0.0002)
    assert not cheap(0.0004)
    assert cheap(0.0099, size=1_000_000)
    assert not cheap(0.0, receive_seconds=0)


def test_an_audit_has_one_sub_job_at_least_and_doubles_after_each_find() -> None:
    def size(sub_jobs: int, failed: int = 0, seconds: float = 1.5) -> int:
        return trust.audit_size(
            sub_jobs=sub_jobs, fraction=0.02, failed=failed, sub_job_seconds=seconds, seconds=60
        )

    assert [size(count) for count in (0, 1, 16, 100, 1000, 100_000)] == [0, 1, 1, 2, 20, 40]
    assert [size(1000, failed) for failed in range(8)] == [20, 40, 80, 160, 320, 640, 1000, 1000]
    assert size(1000, seconds=120) == 1
    assert trust.audit_size(sub_jobs=10, fraction=0, failed=3, sub_job_seconds=1, seconds=60) == 0


def test_the_bound_on_wrong_rows_holds_for_a_patient_liar() -> None:
    """A liar that is honest until it has n agreements, and lies until it is caught, many times:
    the share of what is believed of it, for the worst n, is at most what the rules promise."""
    bound = trust.most_wrong_share(10, 0.05)
    noise = random.Random(1)
    shares = {}
    for patience in (10, 12, 15, 20, 25, 30, 50, 100, 200):
        believed = wrong = 0
        for _ in range(2000):
            standing = Standing()
            while standing.agreed < patience:
                believed += 1
                if noise.random() < check_rate(standing.agreed, **RULES):
                    standing = standing.after(agreed=True)
            while noise.random() >= check_rate(standing.agreed, **RULES):
                believed, wrong = believed + 1, wrong + 1
        shares[patience] = wrong / believed
    assert max(shares.values()) == pytest.approx(bound, rel=0.15)
    assert max(shares.values()) < 1.1 * bound
    assert max(shares, key=shares.__getitem__) in (15, 20, 25, 30)


def test_the_bound_gets_better_with_larger_jobs_and_never_exceeds_the_liars() -> None:
    def bound(sub_jobs: int, audited: int, liars: float = 0.3) -> float:
        return wrong_row_bound(liars=liars, sub_jobs=sub_jobs, audited=audited, **RULES)

    assert bound(16, 1) == pytest.approx(0.3 * trust.most_wrong_share(10, 0.05))
    assert bound(10_000, 40) < 0.0015
    assert bound(100_000, 40) < bound(10_000, 40)
    assert bound(16, 1, liars=0.001) <= 0.001
    assert wrong_row_bound(liars=1, sub_jobs=1, audited=0, trust_after=0, spot_check=0) == 1


def test_the_bound_on_what_passes_audits_holds_for_any_share_of_lies() -> None:
    """Jobs of 400 sub-jobs, of which some are wrong; lies found are put right and the audit
    is begun anew with twice the sample. What is left when one passes, for the worst share."""
    noise = random.Random(3)
    worst = 0.0
    for wrong_before in (1, 2, 4, 8, 16, 40, 120):
        left = 0
        for _ in range(600):
            wrong, size = wrong_before, 8
            while True:
                found = sum(place < wrong for place in noise.sample(range(400), min(size, 400)))
                if not found:
                    break
                wrong, size = wrong - found, 2 * size
            left += wrong
        worst = max(worst, left / 600 / 400)
    assert worst < trust._passes_audits(400, 8, 0.0)
