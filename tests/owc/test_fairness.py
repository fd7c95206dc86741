"""Who gets what: urgent work first, and nobody keeps work from others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from owc.clock import ManualClock
from owc.services import dispatch, upkeep
from owc.services.hub import Hub
from tests.owc.jobs import SQUARES, Volunteer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

FINE = {**SQUARES, "split": {"rows": 5}}


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
        dispatch.renew(hub, hoarder.id, [offer.lease_id])
        upkeep.expire(hub)
    assert dispatch.renew(hub, hoarder.id, [offer.lease_id]).gone == (offer.lease_id,)
    leased = {
        each.sub_job_id for _ in range(10) if (more := other.lease(9)) for each in more.sub_jobs
    }
    assert offer.sub_jobs[0].sub_job_id in leased
