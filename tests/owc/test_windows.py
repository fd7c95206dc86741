"""A job is a cursor and a window: however long it is, it costs no more than what is under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import event, func, select, update

from owc.clock import ManualClock
from owc.domain.states import JobState
from owc.errors import Refused
from owc.queue import QueuedSubJob, StartedSubJob
from owc.queue.adapter import FINISHED_MOST
from owc.services import catalogue, completion, submission, upkeep
from owc.services.feeding import feed_queues, make_room
from owc.services.hub import Hub
from owc.store import JobRow, SubJobRow
from tests.owc.jobs import ROWS, SQUARES, SQUARES_ANSWER, Volunteer, answer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

TEN_MILLION = {
    **SQUARES,
    "source": {"range": {"n": [0, 10_000_000]}},
    "steps": [{"aggregate": {"rows": "count(*)"}}],
    "split": {"rows": 1},
}
WINDOW = 1000
"""More sub-jobs than any window here."""


def in_sql(hub: Hub) -> int:
    with hub.database.read() as session:
        return session.scalar(select(func.count()).select_from(SubJobRow)) or 0


def test_ten_million_sub_jobs_make_no_more_rows_than_their_window(
    hub: Hub, run_tasks: RunTasks, redis: Redis
) -> None:
    job_id = submit(hub, TEN_MILLION)
    run_tasks()
    assert catalogue.job_summary(hub, job_id).sub_jobs_total == 10_000_000
    assert 0 < in_sql(hub) < WINDOW
    assert hub.queue.lengths(["owc.base.p5"])["owc.base.p5"] == in_sql(hub)
    volunteer = Volunteer(hub)
    for _ in range(40):
        volunteer.work_once(32)
        run_tasks()
    assert catalogue.job_summary(hub, job_id).sub_jobs_settled > 1000
    assert upkeep.prune(hub).sub_jobs >= 512
    run_tasks()
    assert in_sql(hub) < WINDOW
    assert len(redis.keys("rq:job:sub_*")) < 2 * WINDOW + 32 * 40
    shown = catalogue.sub_jobs(hub, job_id, limit=1000)
    assert [each.first_row for each in shown] == list(range(1000)), "put away, and still shown"


def asked_until_first_lease(hub: Hub, redis: Redis, document: dict[str, Any]) -> Counter[str]:
    """How often SQL and Redis are asked from a job's submission to its first lease, which is given
    back; and how many rows and RQ jobs there are then."""
    asked: Counter[str] = Counter()

    def count(*_: object) -> None:
        asked["statements"] += 1

    def commands() -> int:
        return int(redis.info("stats")["total_commands_processed"])

    volunteer = Volunteer(hub)
    before = commands()
    event.listen(hub.database.engine, "before_cursor_execute", count)
    job_id = submit(hub, document)
    completion.split(hub, job_id)
    assert volunteer.leased(1).job_id == job_id
    event.remove(hub.database.engine, "before_cursor_execute", count)
    asked["commands"] = commands() - before
    asked["rows"], asked["queued"] = in_sql(hub), len(redis.keys("rq:job:sub_*"))
    submission.cancel(hub, job_id, "measured")
    upkeep.prune(hub)
    return asked


def test_ten_million_sub_jobs_begin_with_as_few_questions_as_ten(hub: Hub, redis: Redis) -> None:
    ten = {**TEN_MILLION, "source": {"range": {"n": [0, 10]}}}
    few = asked_until_first_lease(hub, redis, ten)
    many = asked_until_first_lease(hub, redis, TEN_MILLION)
    assert (few["rows"], few["queued"]) == (10, 10)
    assert many["statements"] <= few["statements"] + 5
    # Redis counts what scripts call: some a sub-job of the window
    assert many["commands"] - few["commands"] < 8 * many["queued"]
    assert many["rows"] - few["rows"] < WINDOW


def test_ten_such_jobs_keep_redis_small_however_fast_they_are_done(
    hub: Hub, run_tasks: RunTasks, redis: Redis
) -> None:
    """Three queues with whole windows, and a fleet that ends more of each than RQ shows."""
    for _ in range(10):
        submit(hub, TEN_MILLION)
    run_tasks()
    names = ["owc.base.p5", "owc.desktop.p5", "owc.base.p9"]
    window = hub.settings.queue_window
    hub.queue.empty(names[0])
    feed_queues(hub, least=window)
    assert hub.queue.lengths(names[:1]) == {names[0]: window}
    assert in_sql(hub) < window + WINDOW
    for name in names:
        ids = [f"{name}_{number}" for number in range(window)]
        if name != names[0]:
            hub.queue.enqueue(QueuedSubJob(id=each, queue=name) for each in ids)
        for start in range(0, FINISHED_MOST + 1000, 500):
            part = [f"done_{each}" for each in ids[start : start + 500]]
            hub.queue.enqueue(QueuedSubJob(id=each, queue=name, at_front=True) for each in part)
            assert hub.queue.pop([name], 500).ids == tuple(part)
            hub.queue.start(
                StartedSubJob(id=each, lease_id="lease_1", volunteer_id="vol_1", seconds=60)
                for each in part
            )
            hub.queue.finish(part)
    assert hub.queue.lengths(names) == dict.fromkeys(names, window)
    shown = [redis.zcard(f"rq:finished:{name}") for name in names]
    assert shown == [FINISHED_MOST] * len(names)
    assert redis.info("memory")["used_memory"] < 50e6


def test_jobs_that_have_ended_leave_no_rows_of_their_windows(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    done, cancelled = submit(hub, SQUARES), submit(hub, TEN_MILLION)
    run_tasks()
    volunteer = Volunteer(hub)
    for _ in range(20):
        volunteer.work_once(8)
        run_tasks()
    assert catalogue.job_summary(hub, done).state is JobState.SUCCEEDED
    submission.cancel(hub, cancelled, "why")
    upkeep.prune(hub)
    clock.advance(120)
    upkeep.prune(hub)
    assert in_sql(hub) == 0
    assert answer(hub, done) == SQUARES_ANSWER
    shown = catalogue.sub_jobs(hub, done)
    assert [each.first_row for each in shown] == list(range(0, 1000, 100))
    assert len(catalogue.manifest(hub, done)["sub_jobs"]) == 10
    assert catalogue.job_view(hub, cancelled).failure == "why"


def test_ten_such_jobs_share_the_queue_and_cost_ten_windows_at_most(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_ids = [submit(hub, TEN_MILLION) for _ in range(10)]
    run_tasks()
    assert in_sql(hub) < 10 * WINDOW
    with hub.database.write() as session:
        session.execute(update(JobRow).values(row_seconds=0.001, level_seconds=0.0))
    make_room(hub, "owc.base.p5")
    volunteer = Volunteer(hub)
    served = [volunteer.leased(1).job_id for _ in range(40)]
    assert {served.count(job_id) for job_id in job_ids} <= {3, 4, 5}


def test_a_table_is_cut_from_its_chunks_as_it_is_needed(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, ROWS)
    completion.split(hub, job_id)
    ranges = [(each.first_row, each.rows) for each in catalogue.sub_jobs(hub, job_id)]
    assert ranges == [(row, min(7, 50 - row)) for row in range(0, 50, 7)]


def test_a_newcomer_neither_waits_for_those_that_are_there_nor_starves_them(
    hub: Hub, run_tasks: RunTasks
) -> None:
    old = submit(hub, TEN_MILLION)
    run_tasks()
    with hub.database.write() as session:
        session.execute(update(JobRow).values(row_seconds=0.001, level_seconds=5000.0))
    new = submit(hub, TEN_MILLION)
    run_tasks()
    with hub.database.write() as session:
        session.execute(update(JobRow).values(row_seconds=0.001))
    make_room(hub, "owc.base.p5")
    volunteer = Volunteer(hub)
    served = [volunteer.leased(1).job_id for _ in range(20)]
    assert served.count(old) in range(8, 13)
    assert served.count(new) in range(8, 13)


def test_a_job_in_danger_of_its_deadline_goes_first(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    submit(hub, TEN_MILLION)
    deadline = (clock.now() + timedelta(minutes=1)).isoformat()
    pressed = submit(hub, {**SQUARES, "split": {"rows": 10}, "deadline": deadline})
    run_tasks()
    with hub.database.write() as session:
        session.execute(update(JobRow).values(row_seconds=1.0))
    make_room(hub, "owc.base.p5")
    volunteer = Volunteer(hub)
    assert {volunteer.leased(1).job_id for _ in range(10)} == {pressed}


def test_a_job_whose_deadline_has_passed_fails_and_its_leases_are_revoked(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    deadline = (clock.now() + timedelta(hours=1)).isoformat()
    job_id = submit(hub, {**SQUARES, "deadline": deadline})
    run_tasks()
    volunteer = Volunteer(hub)
    volunteer.work_once(3)
    run_tasks()
    clock.advance(3599)
    offer = volunteer.leased(1)
    assert upkeep.expire(hub).jobs == 0
    clock.advance(2)
    subscription = hub.push.subscribe()
    subscription.next(0.1)
    assert upkeep.expire(hub).jobs == 1
    news = [subscription.next(1) for _ in range(2)]
    subscription.close()
    revoked = [each["lease_id"] for each in news if each and each["topic"] == "revoke"]
    assert revoked == [offer.lease_id]
    view = catalogue.job_view(hub, job_id)
    assert (view.state, view.failure) == (
        JobState.FAILED,
        "The deadline passed with 300 of 1,000 rows done.",
    )


def test_a_deadline_that_has_passed_is_refused(hub: Hub, clock: ManualClock) -> None:
    with pytest.raises(Refused, match=r"The deadline 2026-11-21T11:00:00\+00:00 has passed\."):
        submit(hub, {**SQUARES, "deadline": "2026-11-21T11:00:00+00:00"})
