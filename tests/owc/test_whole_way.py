"""From the document to the answer, in one process: real database, real queues, real programs."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from redis import Redis
from sqlalchemy import update

from owc.clock import ManualClock
from owc.domain.states import JobState, SubJobState, Verdict
from owc.services import (
    catalogue,
    checking,
    collection,
    completion,
    leases,
    presence,
    submission,
    upkeep,
)
from owc.services.feeding import make_room
from owc.services.hub import Hub
from owc.services.values import Report
from owc.store import JobRow
from tests.owc.jobs import (
    ROWS,
    ROWS_ANSWER,
    SQUARES,
    SQUARES_ANSWER,
    Volunteer,
    answer,
    rows_credited,
    submit,
    upload_job,
)

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


def test_a_range_job_is_computed(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    summary = catalogue.job_summary(hub, job_id)
    assert (summary.state, summary.rows_total, summary.sub_jobs_total) == ("running", 1000, 10)
    assert Volunteer(hub).work_off() == 10
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.SUCCEEDED
    assert (view.rows_settled, view.sub_jobs_settled, view.result_rows) == (1000, 10, 1)
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_rows_job_is_computed_in_row_order(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, ROWS)
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == ROWS_ANSWER
    view = catalogue.job_view(hub, job_id)
    assert view.input_preview is not None
    assert view.input_preview.columns == ("n", "name")
    assert view.input_preview.rows[1] == ("1", "name 1")
    assert view.result_preview is not None
    assert view.result_preview.rows[1] == ("2", "name 2", "4")
    assert [(each.name, each.type) for each in view.result_columns][1] == ("name", "string")


def test_an_upload_job_is_computed(hub: Hub, run_tasks: RunTasks) -> None:
    cities = ["Oslo", "Rome", "Lima"]
    lines = [f"{cities[n % 3]},{n % 90}" for n in range(1000)]
    upload = submission.store_upload(hub, io.BytesIO("\n".join(["city,age", *lines]).encode()))
    job_id = submit(hub, upload_job(upload.sha256))
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == [
        {
            "city": city,
            "people": sum(n % 3 == place for n in range(1000)),
            "ages": sum(n % 90 for n in range(1000) if n % 3 == place),
        }
        for place, city in enumerate(cities)
    ]
    assert catalogue.public_blob(hub, upload.sha256).is_file()


def test_results_may_come_in_any_order(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, ROWS)
    run_tasks()
    volunteers = [Volunteer(hub) for _ in range(3)]
    reports: list[Report] = []
    while offers := [(each, offer) for each in volunteers if (offer := each.lease(2))]:
        for volunteer, offer in offers:
            reports += volunteer.reports(offer)
    random.Random(4).shuffle(reports)
    for report in reports:
        assert collection.take_results(hub, [report])[0].status == "stored"
    run_tasks()
    assert answer(hub, job_id) == ROWS_ANSWER


def test_a_flush_of_redis_in_the_middle_loses_nothing(
    hub: Hub, run_tasks: RunTasks, redis: Redis
) -> None:
    job_id = submit(hub, SQUARES)
    redis.flushall()
    assert upkeep.reconcile(hub).tasks_requeued == 1
    run_tasks()
    volunteer = Volunteer(hub)
    offer = volunteer.leased(3)
    redis.flushall()
    collection.take_results(hub, volunteer.reports(offer))
    redis.flushall()
    assert volunteer.work_once(3) != []
    redis.flushall()
    assert upkeep.reconcile(hub).is_clean is False
    volunteer.work_off()
    redis.flushall()
    upkeep.reconcile(hub)
    run_tasks()
    redis.flushall()
    upkeep.reconcile(hub)
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_an_expired_lease_returns_its_sub_jobs_to_waiting(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    sleeper, other = Volunteer(hub), Volunteer(hub)
    offer = sleeper.leased(4)
    clock.advance(offer.lease_seconds - 1)
    assert upkeep.expire(hub).leases == 0
    clock.advance(1)
    expired = upkeep.expire(hub)
    assert (expired.leases, expired.sub_jobs) == (1, len(offer.sub_jobs))
    assert leases.renew(hub, sleeper.id, [offer.lease_id]).gone == (offer.lease_id,)
    assert other.work_off() == 10
    receipts = collection.take_results(hub, sleeper.reports(offer))
    assert {receipt.status for receipt in receipts} == {"too_late"}
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_late_result_still_counts_while_the_sub_job_is_unsettled(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    slow, quick = Volunteer(hub), Volunteer(hub)
    offer = slow.leased(1)
    clock.advance(offer.lease_seconds)
    upkeep.expire(hub)
    again = quick.leased(1)
    assert again.sub_jobs[0].sub_job_id == offer.sub_jobs[0].sub_job_id
    assert collection.take_results(hub, slow.reports(offer))[0].status == "stored"
    assert collection.take_results(hub, quick.reports(again))[0].status == "too_late"
    quick.work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER
    assert catalogue.job_summary(hub, job_id).rows_settled == 1000


def test_a_volunteer_that_leaves_gives_everything_back_at_once(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    gone = Volunteer(hub)
    held = len(gone.leased(4).sub_jobs) + len(gone.leased(2).sub_jobs)
    assert catalogue.job_summary(hub, job_id).volunteers_at_work == 1
    assert presence.leave(hub, gone.id) == held
    assert catalogue.job_summary(hub, job_id).volunteers_at_work == 0
    assert Volunteer(hub).work_off() == 10
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_liar_is_found_out_and_the_hubs_own_result_counts(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    liar = Volunteer(hub, lies=True)
    assert liar.work_off() == 10
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER
    (record,) = catalogue.volunteers(hub)
    assert (record.agreed, record.disagreed) == (0, 10)
    assert not rows_credited(hub)
    assert {each.volunteer for each in catalogue.sub_jobs(hub, job_id)} == {"hub"}


def test_trust_saves_checks_and_what_rested_on_a_liar_is_reopened(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 20}})
    run_tasks()
    volunteer = Volunteer(hub)
    for _ in range(10):
        volunteer.work_once(1)
    run_tasks()
    assert catalogue.volunteers(hub)[0].agreed == 10
    volunteer.lies = True
    for _ in range(5):
        volunteer.work_once(1)
    lies = catalogue.sub_jobs(hub, job_id)[10:15]
    assert {(each.state, each.verdict) for each in lies} == {(SubJobState.SETTLED, None)}
    watchful = replace(hub, draw=lambda: 0.0)
    collection.take_results(watchful, volunteer.reports(volunteer.leased(1)))
    run_tasks()
    assert catalogue.volunteers(hub)[0].agreed == 0
    assert volunteer.lease() is None  # six were wrong
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER
    views = catalogue.sub_jobs(hub, job_id)
    assert [each.volunteer for each in views[10:16]] == ["hub"] * 6
    assert {each.verdict for each in views} == {Verdict.AGREED}
    assert catalogue.job_summary(hub, job_id).sub_jobs_settled == 50


def test_a_lie_found_during_the_merge_stops_it(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 50}})
    run_tasks()
    volunteer = Volunteer(hub)
    for _ in range(10):
        volunteer.work_once(1)
    run_tasks()
    volunteer.lies = True
    volunteer.work_off()
    assert catalogue.job_summary(hub, job_id).state is JobState.MERGING
    other_id = submit(hub, SQUARES)
    completion.split(hub, other_id)
    watchful = replace(hub, draw=lambda: 0.0)
    offer = volunteer.leased(1)
    collection.take_results(watchful, volunteer.reports(offer))
    checking.check_sub_jobs(hub, [offer.sub_jobs[0].sub_job_id])
    assert catalogue.job_summary(hub, job_id).state is JobState.RUNNING
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_trap_fails_the_job_with_its_row_and_place(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(
        hub,
        {
            "name": "Traps late",
            "source": {"range": {"n": [0, 1000]}},
            "functions": {"f": "def f(n: i64) -> i64:\n    return 10 // (n - 777)"},
            "steps": [{"derive": {"x": "f(n)"}}, {"aggregate": {"total": "sum(x)"}}],
            "split": {"rows": 10},
        },
    )
    run_tasks()
    volunteer = Volunteer(hub)
    other = volunteer.leased(1)
    volunteer.work_off()
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert "Row 777 " in view.failure
    assert "division_by_zero" in view.failure
    assert "/functions/f, line 2" in view.failure
    receipts = collection.take_results(hub, volunteer.reports(other))
    assert [receipt.status for receipt in receipts] == ["too_late"]
    assert volunteer.lease() is None


def test_a_job_that_volunteers_cannot_run_is_run_by_the_hub(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 1000}})
    run_tasks()
    volunteer = Volunteer(hub)
    for _ in range(hub.settings.max_failures):
        offer = volunteer.leased(1)
        report = Report(
            volunteer_id=volunteer.id,
            lease_id=offer.lease_id,
            sub_job_id=offer.sub_jobs[0].sub_job_id,
            error="out of memory",
        )
        assert collection.take_results(hub, [report])[0].status == "stored"
    assert volunteer.lease(1) is None
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_two_jobs_share_the_volunteers_fairly(hub: Hub, run_tasks: RunTasks) -> None:
    first, second = submit(hub, SQUARES), submit(hub, SQUARES)
    run_tasks()
    with hub.database.write() as session:
        session.execute(update(JobRow).values(row_seconds=0.001, level_seconds=0.0))
    make_room(hub, "owc.base.p5")
    volunteer = Volunteer(hub)
    jobs = [volunteer.leased(1).job_id for _ in range(16)]
    assert jobs.count(first) == jobs.count(second)


def test_urgent_jobs_go_first(hub: Hub, run_tasks: RunTasks) -> None:
    submit(hub, SQUARES)
    urgent = submit(hub, {**SQUARES, "priority": 9})
    run_tasks()
    assert Volunteer(hub).leased(1).job_id == urgent
