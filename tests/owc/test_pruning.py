"""What has served is forgotten, and nothing that is still needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from owc.clock import ManualClock
from owc.services import completion, upkeep
from owc.services.hub import Hub
from tests.owc.jobs import SQUARES, SQUARES_ANSWER, Volunteer, answer, submit

pytestmark = pytest.mark.redis


def test_leases_are_forgotten_though_their_results_are_not_judged_yet(
    hub: Hub, clock: ManualClock, run_tasks: Callable[[], None]
) -> None:
    job_id = submit(hub, SQUARES)
    completion.split(hub, job_id)
    upkeep.feed(hub)
    stored = Volunteer(hub).work_off()
    assert stored > 0
    clock.advance(upkeep.PRUNE_AFTER.total_seconds() + 1)
    assert upkeep.prune(hub).leases > 0, "all results wait for the hub's own runs"
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER
