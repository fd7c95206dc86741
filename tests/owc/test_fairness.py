"""Who gets what: urgent work first, and nobody keeps work from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from owc.clock import ManualClock
from owc.domain.matching import Capabilities
from owc.services import (
    leases,
    upkeep,
)
from owc.services.feeding import make_room
from owc.services.hub import Hub
from owc.store import JobRow, VolunteerRow
from tests.owc.jobs import SQUARES, Volunteer, at_once, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

FINE = {**SQUARES, "split": {"rows": 5}}
ENDLESS = {
    **SQUARES,
    "source": {"range": {"n": [0, 10_000_000]}},
    "steps": [{"aggregate": {"rows": "count(*)"}}],
    "split": {"rows": 1},
}
"""Cut into ten million sub-jobs."""
WISHES: Mapping[str, Mapping[str, Any]] = {
    "base": {},
    "medicine": {"category": "medicine"},
    "desktop": {"requires": {"mobile": False}},
}
"""Jobs of equal priority in different queues."""

PHONE = Capabilities(score=1.0, cores=8, mobile=True, categories=frozenset({"other"}))
"""One that can run nothing but what is in the base queue."""


def begin(hub: Hub, run_tasks: RunTasks, **wishes: Any) -> str:
    """A job whose sub-jobs all cost the same."""
    job_id = submit(hub, {**ENDLESS, **wishes})
    run_tasks()
    return job_id


@pytest.fixture
def three(hub: Hub, run_tasks: RunTasks) -> dict[str, str]:
    """Endless jobs of one priority: their names by their ids."""
    return {begin(hub, run_tasks, **wishes): name for name, wishes in WISHES.items()}


def serve(volunteer: Volunteer, served: Counter[str], sub_jobs: int = 8) -> None:
    offer = volunteer.leased(sub_jobs)
    served[offer.job_id] += len(offer.sub_jobs)


def test_jobs_in_different_queues_share_who_can_run_them_all(
    hub: Hub, three: dict[str, str]
) -> None:
    volunteer = Volunteer(hub)
    served: Counter[str] = Counter()
    for _ in range(60):
        serve(volunteer, served)
    assert served.total() > 450
    assert max(served.values()) - min(served[job_id] for job_id in three) <= 16


@pytest.mark.parametrize("phones", [1, 3, 12])
def test_who_can_run_one_job_only_leaves_the_others_to_the_others(
    hub: Hub, three: dict[str, str], phones: int
) -> None:
    """All have the same as far as that is possible: the phones' work is for one job."""
    desktops = [Volunteer(hub) for _ in range(6)]
    fleet = [Volunteer(hub, capabilities=PHONE) for _ in range(phones)] + desktops
    served: Counter[str] = Counter()
    for _ in range(20):
        for volunteer in fleet:
            serve(volunteer, served, 4)
    total = served.total()
    by_phones = total * phones / len(fleet)
    base = max(total / 3, by_phones)
    right = {"base": base, "medicine": (total - base) / 2, "desktop": (total - base) / 2}
    for job_id, name in three.items():
        assert served[job_id] == pytest.approx(right[name], abs=16), name


def test_two_processes_that_ask_at_once_share_as_fairly(hub: Hub, three: dict[str, str]) -> None:
    served: Counter[str] = Counter()

    def ask() -> None:
        volunteer = Volunteer(hub)
        for _ in range(30):
            serve(volunteer, served)

    at_once(ask)
    assert served.total() > 450
    assert max(served.values()) - min(served[job_id] for job_id in three) <= 32


def test_a_newcomer_in_another_queue_begins_beside_what_is_served(
    hub: Hub, run_tasks: RunTasks
) -> None:
    """Not beside what nobody can run: it would have everybody until it has what the others had."""
    old = begin(hub, run_tasks)
    begin(hub, run_tasks, requires={"score": 1_000_000})
    with hub.database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == old).values(level_seconds=5000.0))
    make_room(hub, "owc.base.p5")
    volunteer = Volunteer(hub)
    served: Counter[str] = Counter()
    serve(volunteer, served)
    new = begin(hub, run_tasks, requires={"mobile": False})
    for _ in range(20):
        serve(volunteer, served)
    assert served[new] == pytest.approx(served.total() / 2, abs=16)


def test_a_job_in_danger_of_its_deadline_goes_before_those_in_other_queues(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    begin(hub, run_tasks)
    deadline = (clock.now() + timedelta(minutes=1)).isoformat()
    pressed = begin(hub, run_tasks, deadline=deadline, **WISHES["medicine"])
    with hub.database.write() as session:
        session.execute(update(JobRow).values(row_seconds=1.0, level_seconds=50.0))
        session.execute(update(JobRow).where(JobRow.id != pressed).values(level_seconds=0.0))
    for name in ("owc.base.p5", "owc.c_medicine.p5"):
        make_room(hub, name)
    served: Counter[str] = Counter()
    volunteer = Volunteer(hub)
    for _ in range(5):
        serve(volunteer, served, 1)
    assert served == {pressed: 5}


def test_what_waits_for_others_does_not_keep_a_volunteer_from_another_queue(
    hub: Hub, run_tasks: RunTasks
) -> None:
    twice = {**SQUARES, "trust": {"replicas": 2}, "category": "medicine"}
    submit(hub, twice)
    run_tasks()
    one = Volunteer(hub)
    with hub.database.write() as session:
        session.execute(update(VolunteerRow).values(agreed=50))
    assert one.work_off() == 10
    base = begin(hub, run_tasks)
    with hub.database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == base).values(level_seconds=900.0))
    make_room(hub, "owc.base.p5")
    assert hub.queue.lengths(["owc.c_medicine.p5"]) == {"owc.c_medicine.p5": 10}
    assert one.leased(1).job_id == base
    assert Volunteer(hub).leased(1).job_id != base


def test_urgent_work_that_does_not_fit_its_queues_window_still_goes_first(
    hub: Hub, run_tasks: RunTasks
) -> None:
    submit(hub, FINE)
    urgent = submit(hub, {**FINE, "priority": 9})
    run_tasks()
    volunteers = [Volunteer(hub) for _ in range(10)]
    first = [volunteer.leased(12).job_id for volunteer in volunteers]
    assert set(first) == {urgent}


def test_a_lease_cannot_be_renewed_for_ever(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    submit(hub, SQUARES)
    run_tasks()
    hoarder, other = Volunteer(hub), Volunteer(hub)
    offer = hoarder.leased(1)
    for _ in range(60):
        clock.advance(offer.lease_seconds / 2)
        leases.renew(hub, hoarder.id, [offer.lease_id])
        upkeep.expire(hub)
    assert leases.renew(hub, hoarder.id, [offer.lease_id]).gone == (offer.lease_id,)
    leased = {
        each.sub_job_id for _ in range(10) if (more := other.lease(9)) for each in more.sub_jobs
    }
    assert offer.sub_jobs[0].sub_job_id in leased
