"""Volunteers that go, alone and together, and those that are somewhere else by then."""

from __future__ import annotations

import pytest

from owc.services import catalogue, completion, presence, upkeep
from owc.services.hub import Hub
from owc.services.values import Leaving, Lost
from tests.owc.jobs import SQUARES, Volunteer, submit

pytestmark = pytest.mark.redis


def leased(hub: Hub, job_id: str) -> int:
    return sum(each.state == "leased" for each in catalogue.sub_jobs(hub, job_id))


@pytest.fixture
def job_id(hub: Hub) -> str:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 10}})
    completion.split(hub, job_id)
    upkeep.feed(hub)
    return job_id


def test_what_many_held_waits_again_when_they_leave_together(
    hub: Hub, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "MOST_LEAVING", 2)
    crowd = [Volunteer(hub) for _ in range(5)]
    held = sum(len(each.leased(3).sub_jobs) for each in crowd)
    stays = Volunteer(hub)
    kept = len(stays.leased(3).sub_jobs)
    assert presence.connected(hub) == 6
    gone = [Leaving(volunteer_id=each.id, socket=f"socket of {each.id}") for each in crowd]
    assert leased(hub, job_id) == held + kept
    assert presence.leave_many(hub, gone) == 0, "that is not where they are"
    gone = [Leaving(volunteer_id=each.id, socket="socket of ") for each in crowd]
    assert presence.leave_many(hub, [*gone, *gone[:1]]) == held
    assert leased(hub, job_id) == kept
    assert presence.connected(hub) == 1


def test_who_is_at_another_socket_by_now_is_neither_lost_nor_gone(hub: Hub, job_id: str) -> None:
    volunteer = Volunteer(hub)
    held = len(volunteer.leased(3).sub_jobs)
    presence.enrol(
        hub,
        volunteer.id,
        "native",
        volunteer.capabilities,
        "net",
        process_id="web_other",
        socket="another",
    )
    presence.lost_many(hub, [Lost(volunteer_id=volunteer.id, socket="socket of ")])
    assert presence.connected(hub) == 1
    leaving = Leaving(volunteer_id=volunteer.id, socket="socket of ")
    assert presence.leave_many(hub, [leaving]) == 0
    assert leased(hub, job_id) == held
