"""Jobs are paused and resumed, and hand out nothing meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from owc.domain.states import JobState
from owc.errors import NotFound, Refused
from owc.services import catalogue, collection, submission, upkeep
from owc.services.hub import Hub
from tests.owc.jobs import ROWS, SQUARES, SQUARES_ANSWER, STRANGER, Volunteer, answer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


def test_a_paused_job_hands_out_nothing_and_goes_on_where_it_was(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    volunteer = Volunteer(hub)
    volunteer.work_once(3)
    submission.pause(hub, job_id)
    assert catalogue.job_summary(hub, job_id).state is JobState.PAUSED
    assert upkeep.feed(hub).sub_jobs == 0
    assert upkeep.reconcile(hub).sub_jobs_requeued == 0
    assert volunteer.lease() is None
    submission.resume(hub, job_id)
    volunteer.work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_what_volunteers_hold_of_a_paused_job_still_counts(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 500}})
    run_tasks()
    volunteer = Volunteer(hub)
    offers = [volunteer.leased(1), volunteer.leased(1)]
    submission.pause(hub, job_id)
    for offer in offers:
        assert collection.take_results(hub, volunteer.reports(offer))[0].status == "stored"
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER, "the last of it may come while it is paused"


def test_a_lease_that_ends_while_its_job_is_paused_waits_with_it(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    volunteer = Volunteer(hub)
    offer = volunteer.leased(2)
    submission.pause(hub, job_id)
    volunteer.give_back(offer)
    assert Volunteer(hub).lease() is None
    submission.resume(hub, job_id)
    assert Volunteer(hub).leased(1).sub_jobs[0].first_row == 0


def test_another_job_goes_on_while_one_is_paused(hub: Hub, run_tasks: RunTasks) -> None:
    first, second = submit(hub, SQUARES), submit(hub, SQUARES)
    run_tasks()
    submission.pause(hub, first)
    volunteer = Volunteer(hub)
    volunteer.work_off()
    run_tasks()
    assert answer(hub, second) == SQUARES_ANSWER
    assert catalogue.job_summary(hub, first).rows_settled == 0


def test_a_job_whose_source_is_still_read_can_be_paused(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, ROWS)
    run_tasks()
    submission.pause(hub, job_id)
    assert submission.cancel(hub, job_id, "why") is JobState.CANCELLED


def test_only_what_runs_is_paused_and_only_what_is_paused_resumed(
    hub: Hub, run_tasks: RunTasks
) -> None:
    held = submit(hub, SQUARES, STRANGER)
    with pytest.raises(Refused, match="can be paused; this one is held"):
        submission.pause(hub, held)
    with pytest.raises(Refused, match="can be resumed; this one is held"):
        submission.resume(hub, held)
    with pytest.raises(NotFound):
        submission.pause(hub, "job_none")
    running = submit(hub, SQUARES)
    run_tasks()
    submission.pause(hub, running)
    with pytest.raises(Refused, match="this one is paused"):
        submission.pause(hub, running)
