"""Volunteers come, come back elsewhere, and are given up with the process of their sockets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from owc.clock import ManualClock
from owc.services import catalogue, leases, presence
from owc.services.hub import Hub
from tests.owc.jobs import SQUARES, Volunteer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


@pytest.fixture
def volunteer(hub: Hub, run_tasks: RunTasks) -> Volunteer:
    submit(hub, SQUARES)
    run_tasks()
    return Volunteer(hub)


def enrol(hub: Hub, volunteer: Volunteer, process_id: str, socket: str) -> None:
    presence.enrol(
        hub,
        volunteer.id,
        "native",
        volunteer.capabilities,
        "net",
        process_id=process_id,
        socket=socket,
    )


def test_who_is_back_at_another_process_keeps_its_leases(hub: Hub, volunteer: Volunteer) -> None:
    enrol(hub, volunteer, "web_a", "old")
    offer = volunteer.leased(2)
    presence.lost(hub, volunteer.id, "old")
    assert presence.connected(hub) == 0
    enrol(hub, volunteer, "web_b", "new")
    assert presence.connected(hub) == 1
    assert presence.leave(hub, volunteer.id, socket="old") == 0, "the grace of its old socket"
    assert leases.renew(hub, volunteer.id, [offer.lease_id]).gone == ()
    assert presence.connected(hub) == 1
    assert presence.leave(hub, volunteer.id, socket="new") == len(offer.sub_jobs)


def test_an_old_socket_that_closes_late_does_not_disconnect_the_new_one(
    hub: Hub, volunteer: Volunteer
) -> None:
    enrol(hub, volunteer, "web_a", "old")
    enrol(hub, volunteer, "web_a", "new")
    presence.lost(hub, volunteer.id, "old")
    assert presence.connected(hub) == 1


def test_other_processes_are_told_that_a_volunteer_arrived_elsewhere(
    hub: Hub, volunteer: Volunteer
) -> None:
    enrol(hub, volunteer, "web_a", "old")
    subscription = hub.push.subscribe()
    subscription.next(0.1)
    enrol(hub, volunteer, "web_a", "same process")
    enrol(hub, volunteer, "web_b", "new")
    news = subscription.next(1)
    subscription.close()
    assert news == {
        "topic": "arrived",
        "volunteer_id": volunteer.id,
        "process_id": "web_b",
    }


def test_the_volunteers_of_a_dead_process_are_given_up_and_those_of_a_live_one_stay(
    hub: Hub, volunteer: Volunteer, clock: ManualClock
) -> None:
    other = Volunteer(hub)
    for process_id in ("web_a", "web_b"):
        presence.beat(hub, process_id)
    enrol(hub, volunteer, "web_a", "a")
    enrol(hub, other, "web_b", "b")
    held = len(volunteer.leased(1).sub_jobs)
    kept = other.leased(1)
    for _ in range(4):
        clock.advance(4)
        given_up = presence.beat(hub, "web_b")
    assert (given_up, held) == (1, 1)
    assert presence.connected(hub) == 1
    assert leases.renew(hub, other.id, [kept.lease_id]).gone == ()
    assert catalogue.list_jobs(hub)[0].volunteers_at_work == 1
    assert presence.beat(hub, "web_b") == 0


def test_after_the_database_was_away_for_all_nobody_is_given_up(
    hub: Hub, volunteer: Volunteer, clock: ManualClock
) -> None:
    for process_id in ("web_a", "web_b"):
        presence.beat(hub, process_id)
    enrol(hub, volunteer, "web_a", "a")
    offer = volunteer.leased(1)
    clock.advance(40)
    assert presence.beat(hub, "web_b") == 0
    presence.beat(hub, "web_a")
    clock.advance(4)
    assert presence.beat(hub, "web_b") == 0
    assert leases.renew(hub, volunteer.id, [offer.lease_id]).gone == ()


def test_a_process_that_ends_in_order_leaves_its_leases_to_come_back_elsewhere(
    hub: Hub, volunteer: Volunteer
) -> None:
    presence.beat(hub, "web_a")
    enrol(hub, volunteer, "web_a", "a")
    offer = volunteer.leased(1)
    presence.part(hub, "web_a")
    assert presence.connected(hub) == 0
    enrol(hub, volunteer, "web_b", "b")
    assert leases.renew(hub, volunteer.id, [offer.lease_id]).gone == ()


def test_a_jobs_page_says_what_no_connected_volunteer_has(hub: Hub, run_tasks: RunTasks) -> None:
    needs = {"mobile": False, "score": 10}
    job_id = submit(hub, {**SQUARES, "requires": needs})
    run_tasks()
    assert catalogue.job_view(hub, job_id).unmet == ("No volunteer is connected.",)
    weak = Volunteer(hub)
    assert catalogue.job_view(hub, job_id).unmet == (
        "It asks for a score of 16; the fastest connected volunteer has 1.",
    )
    presence.leave(hub, weak.id, socket=f"socket of {''}")
    assert catalogue.job_view(hub, job_id).unmet == ("No volunteer is connected.",)
