"""Who gets what: urgent work first, and nobody keeps work from others."""
from __future__ import annotations

from collections.abc import Callable

import pytest

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
