"""A lease is as long as its volunteer has shown itself to be quick, on that very program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import update

from owc.domain.matching import Capabilities
from owc.services import collection, upkeep
from owc.services.feeding import make_room
from owc.services.hub import Hub
from owc.services.values import LeaseOffer
from owc.store import JobRow
from tests.owc.jobs import SQUARES, Volunteer, submit

pytestmark = pytest.mark.redis

LONG = {
    **SQUARES,
    "source": {"range": {"n": [0, 10_000_000]}},
    "steps": [{"aggregate": {"rows": "count(*)"}}],
    "split": {"rows": 100},
}
OTHER = {**LONG, "steps": [{"aggregate": {"total": "sum(n)"}}]}
SUB_JOB_SECONDS = 0.5
"""On the hub's machine; a lease is for ten seconds."""


@pytest.fixture
def work(hub: Hub, run_tasks: Callable[[], None]) -> Callable[..., str]:
    """Jobs that are queued, each sub-job of half a second."""

    def work(document: dict[str, object] = LONG) -> str:
        job_id = submit(hub, document)
        run_tasks()
        with hub.database.write() as session:
            row_seconds = SUB_JOB_SECONDS / 100
            session.execute(update(JobRow).values(row_seconds=row_seconds, level_seconds=0.0))
        make_room(hub, "owc.base.p5")
        return job_id

    return work


def volunteer(hub: Hub, *, mobile: bool = False) -> Volunteer:
    return Volunteer(hub, capabilities=Capabilities(score=1.0, cores=1, mobile=mobile))


def leased(each: Volunteer) -> LeaseOffer:
    """The most that it is given now, from a full queue."""
    upkeep.feed(each.hub)
    return each.leased(32)


def report(each: Volunteer, offer: LeaseOffer, *, speed: float) -> None:
    """Results that took as long as they do at that speed."""
    elapsed = SUB_JOB_SECONDS / speed
    reports = [replace(found, elapsed_seconds=elapsed) for found in each.reports(offer)]
    receipts = collection.take_results(each.hub, reports)
    assert {receipt.status for receipt in receipts} == {"stored"}


def shown(each: Volunteer, *, speed: float) -> int:
    """How much it is leased after a first lease, which measures only."""
    first = leased(each)
    assert len(first.sub_jobs) == 1
    report(each, first, speed=speed)
    offer = leased(each)
    each.give_back(offer)
    return len(offer.sub_jobs)


def test_who_is_quicker_is_leased_more_and_a_phone_half(hub: Hub, work: Callable[..., str]) -> None:
    work()
    assert shown(volunteer(hub), speed=0.8) == 16
    assert shown(volunteer(hub), speed=0.2) == 4
    assert shown(volunteer(hub, mobile=True), speed=0.8) == 8


def test_leases_follow_a_volunteer_that_slows_down(hub: Hub, work: Callable[..., str]) -> None:
    work()
    each = volunteer(hub)
    assert shown(each, speed=0.8) == 16
    sizes = []
    for _ in range(3):
        offer = leased(each)
        sizes.append(len(offer.sub_jobs))
        report(each, offer, speed=0.2)
    assert sizes[0] == 16
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] in (4, 5)


def test_what_was_shown_on_one_program_says_little_of_another(
    hub: Hub, work: Callable[..., str]
) -> None:
    one = work()
    each = volunteer(hub)
    assert shown(each, speed=0.8) == 16
    with hub.database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == one).values(state="cancelled"))
    work(OTHER)
    assert shown(each, speed=0.2) == 4
