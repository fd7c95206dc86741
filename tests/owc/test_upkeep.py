"""Each pass of upkeep has something to do, runs in two processes at once, and again: all of it is
done, once, and what the passes say they did adds up to it."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import Any, TypeVar

import pytest
from redis import Redis
from sqlalchemy import func, select, update

from owc.clock import ManualClock
from owc.domain.states import JobState, LeaseState, Outcome, SubJobState
from owc.queue import QueuedSubJob, StartedSubJob
from owc.services import (
    catalogue,
    checking,
    completion,
    presence,
    retention,
    submission,
    upkeep,
)
from owc.services.conflicts import until_no_conflict
from owc.services.hub import Hub
from owc.services.values import Expired, Pruned, Reconciled, Retained
from owc.store import (
    Database,
    LeaseRow,
    ResultRow,
    SegmentRow,
    SubJobRow,
    VolunteerRow,
    WebProcessRow,
)
from tests.owc.jobs import (
    SQUARES,
    SQUARES_ANSWER,
    Volunteer,
    answer,
    at_once,
    rows_credited,
    submit,
    upload_job,
)
from tests.owc.test_checkpoints import checkpoint_of

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]
T = TypeVar("T")

QUEUE = "owc.base.p5"
FINE = {**SQUARES, "split": {"rows": 10}}
SUB_JOBS = 100  # of a job `FINE`


@pytest.fixture
def twice(hub: Hub) -> Iterator[Callable[[Callable[[Hub], T]], list[T]]]:
    """Makes one pass in two processes at once: each has connections of its own to the database."""
    other = replace(hub, database=Database(hub.settings.effective_database_url))

    def both(one_pass: Callable[[Hub], T]) -> list[T]:
        hubs = [hub, other]
        return at_once(lambda: until_no_conflict(one_pass, hubs.pop()))

    yield both
    other.database.close()


Twice = Callable[[Callable[[Hub], Any]], list[Any]]


@pytest.fixture
def begun(hub: Hub, run_tasks: RunTasks) -> str:
    """A job of a hundred sub-jobs, all of them queued."""
    job_id = submit(hub, FINE)
    run_tasks()
    assert Counter(states(hub, job_id)) == {SubJobState.WAITING: SUB_JOBS}
    assert hub.queue.lengths([QUEUE]) == {QUEUE: SUB_JOBS}
    return job_id


def states(hub: Hub, job_id: str) -> list[SubJobState]:
    return [each.state for each in catalogue.sub_jobs(hub, job_id, limit=1000)]


def queued(hub: Hub) -> list[str]:
    """The sub-jobs that SQL believes in a queue."""
    with hub.database.read() as session:
        return sorted(
            session.scalars(
                select(SubJobRow.id).where(
                    SubJobRow.state == SubJobState.WAITING, SubJobRow.queued_at.is_not(None)
                )
            )
        )


def in_redis(redis: Redis) -> list[str]:
    """The sub-jobs in RQ's queue, as often as they are in it."""
    return sorted(each.decode() for each in redis.lrange(f"rq:queue:{QUEUE}", 0, -1))


def count(hub: Hub, table: type) -> int:
    with hub.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def finish(hub: Hub, run_tasks: RunTasks, *job_ids: str) -> None:
    """Whatever the passes did: every row counts once."""
    worker = Volunteer(hub)
    while worker.work_off(8):
        run_tasks()
    run_tasks()
    for job_id in job_ids:
        assert answer(hub, job_id) == SQUARES_ANSWER
        assert catalogue.job_summary(hub, job_id).rows_settled == 1000
    assert sum(rows_credited(hub).values()) == 1000 * len(job_ids)


def total(name: str, done: list[Any]) -> int:
    return sum(map(attrgetter(name), done))


def test_feed_fills_a_redis_that_lost_everything(
    *, hub: Hub, run_tasks: RunTasks, clock: ManualClock, redis: Redis, begun: str, twice: Twice
) -> None:
    clock.advance(10)
    redis.flushall()
    done = twice(upkeep.feed)
    assert total("sub_jobs", done) == SUB_JOBS
    assert in_redis(redis) == queued(hub)
    assert len(queued(hub)) == SUB_JOBS
    assert upkeep.feed(hub).sub_jobs == 0
    finish(hub, run_tasks, begun)


def test_feed_cuts_the_next_sub_jobs_of_a_job_without_end(
    hub: Hub, run_tasks: RunTasks, redis: Redis, twice: Twice
) -> None:
    submit(hub, {**FINE, "source": {"range": {"n": [0, 10_000_000]}}})
    run_tasks()
    hub.queue.empty(QUEUE)
    with hub.database.write() as session:
        session.execute(update(SubJobRow).values(state=SubJobState.SETTLED, queued_at=None))
    settled = count(hub, SubJobRow)
    done = twice(upkeep.feed)
    assert in_redis(redis) == queued(hub)
    assert 0 < total("sub_jobs", done) == len(queued(hub)) == count(hub, SubJobRow) - settled
    with hub.database.read() as session:
        first_rows = session.scalars(select(SubJobRow.first_row)).all()
    assert sorted(first_rows) == list(range(0, 10 * len(first_rows), 10))


def test_expire_ends_leases_and_jobs(
    *, hub: Hub, run_tasks: RunTasks, clock: ManualClock, redis: Redis, begun: str, twice: Twice
) -> None:
    deadline = (clock.now() + timedelta(minutes=1)).isoformat()
    late = submit(hub, {**FINE, "priority": 4, "deadline": deadline})
    run_tasks()
    offers = [Volunteer(hub).leased(8) for _ in range(3)]
    held = sum(len(offer.sub_jobs) for offer in offers)
    assert {offer.job_id for offer in offers} == {begun}
    clock.advance(offers[0].lease_seconds + 1)
    subscription = hub.push.subscribe()
    subscription.next(0.1)
    done = twice(upkeep.expire)
    assert total("leases", done) == len(offers)
    assert total("sub_jobs", done) == held
    assert total("jobs", done) == 1
    assert upkeep.expire(hub) == Expired()
    news = []
    while (each := subscription.next(0.1)) is not None:
        news.append(each)
    subscription.close()
    revoked = sorted(each["lease_id"] for each in news if each["topic"] == "revoke")
    assert revoked == sorted(offer.lease_id for offer in offers), "told once"
    assert catalogue.job_view(hub, late).state is JobState.FAILED
    assert in_redis(redis) == queued(hub)
    assert len(queued(hub)) == SUB_JOBS
    finish(hub, run_tasks, begun)


def test_relieve_takes_over_what_turned_out_too_long(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock, begun: str, twice: Twice
) -> None:
    volunteer = Volunteer(hub)
    offer = volunteer.leased(4)
    clock.advance(40)
    hub.queue.keep_checkpoints(
        [checkpoint_of(hub, offer, each, 3, seconds=39) for each in offer.sub_jobs]
    )
    long = len(offer.sub_jobs)
    assert sum(twice(upkeep.relieve)) == long
    assert upkeep.relieve(hub) == 0
    expected = {SubJobState.JUDGING: long, SubJobState.WAITING: SUB_JOBS}
    assert Counter(states(hub, begun)) == expected
    run_tasks()
    assert rows_credited(hub) == {volunteer.id: 3 * long}
    finish(hub, run_tasks, begun)


def test_arbitrate_runs_what_nobody_came_to_confirm(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock, begun: str, twice: Twice
) -> None:
    """Among them some that are queued for another volunteer."""
    volunteer = Volunteer(hub)
    with hub.database.write() as session:
        session.execute(update(VolunteerRow).values(agreed=50))
    job_id = submit(hub, {**FINE, "trust": {"replicas": 2}, "priority": 9})
    run_tasks()
    asked = len(volunteer.work_once(8))
    assert asked > 1
    clock.advance(11)
    upkeep.feed(hub)
    assert sum(twice(upkeep.arbitrate)) == asked
    assert upkeep.arbitrate(hub) == 0
    assert states(hub, job_id).count(SubJobState.JUDGING) == asked
    run_tasks()
    with hub.database.read() as session:
        runs = session.scalars(select(SubJobRow.hub_runs).where(SubJobRow.hub_runs > 0)).all()
    assert runs == [1] * asked, "the hub ran each once"
    assert rows_credited(hub) == {volunteer.id: 10 * asked}
    submission.cancel(hub, job_id, "seen enough")
    Volunteer(hub).work_off(8)
    run_tasks()
    assert answer(hub, begun) == SQUARES_ANSWER


def test_prune_puts_away_what_is_settled_and_forgets_what_has_served(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock, begun: str, twice: Twice
) -> None:
    Volunteer(hub).work_off(8)
    run_tasks()
    cancelled = submit(hub, FINE)
    run_tasks()
    submission.cancel(hub, cancelled, "why")
    leases = count(hub, LeaseRow)
    clock.advance(61)
    done = twice(upkeep.prune)
    assert total("sub_jobs", done) == SUB_JOBS
    assert total("unneeded", done) == SUB_JOBS
    assert total("leases", done) == leases > 0
    assert upkeep.prune(hub) == Pruned()
    assert count(hub, SubJobRow) == count(hub, ResultRow) == count(hub, LeaseRow) == 0
    with hub.database.read() as session:
        assert session.scalars(select(SegmentRow.sub_jobs)).all() == [SUB_JOBS]
    assert states(hub, begun) == [SubJobState.SETTLED] * SUB_JOBS
    assert answer(hub, begun) == SQUARES_ANSWER


def test_reconcile_mends_a_redis_that_lost_everything(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock, redis: Redis, twice: Twice
) -> None:
    """Lost are a queue, the tasks of a job to split, of one to merge and of results to check; and
    there is a mark of a sub-job that nobody has leased."""
    merging = submit(hub, SQUARES)
    run_tasks()
    worker = Volunteer(hub)
    while worker.work_off(8):
        pass
    checking.check_sub_jobs(hub, judging(hub))
    assert catalogue.job_view(hub, merging).state is JobState.MERGING
    begun = submit(hub, FINE)
    completion.split(hub, begun)
    newcomer = Volunteer(hub)
    judged = len(newcomer.work_once(8))
    assert len(judging(hub)) == judged > 1
    to_split = submit(hub, SQUARES)
    redis.flushall()
    clock.advance(10)
    settled = catalogue.sub_jobs(hub, merging)[0].id
    hub.queue.enqueue([QueuedSubJob(id=settled, queue=QUEUE)])
    assert hub.queue.pop([QUEUE], 1).ids == (settled,)
    hub.queue.start(
        [StartedSubJob(id=settled, lease_id="lease_old", volunteer_id=worker.id, seconds=60)]
    )
    assert hub.queue.started_ids(QUEUE) == {settled}

    done = twice(upkeep.reconcile)
    # at once, each may say of the same that it was missing
    assert total("sub_jobs_requeued", done) >= SUB_JOBS - judged
    assert total("marks_removed", done) >= 1
    assert total("tasks_requeued", done) >= 3
    assert hub.queue.started_ids(QUEUE) == set()
    assert in_redis(redis) == queued(hub)
    assert len(queued(hub)) == SUB_JOBS - judged
    tasks = {each.id for each in hub.queue.live_tasks(lambda _: True)}
    assert {f"split-{to_split}", f"merge-{merging}"} < tasks
    assert upkeep.reconcile(hub) == Reconciled()
    run_tasks()
    assert judging(hub) == []
    # a result is judged once, and so is a job split and merged, although two tasks may say so
    agreed = {each.id: each.agreed for each in catalogue.volunteers(hub)}
    assert agreed == {worker.id: 10, newcomer.id: judged}
    assert catalogue.job_view(hub, merging).state is JobState.SUCCEEDED
    assert catalogue.job_summary(hub, to_split).sub_jobs_total == 10
    finish(hub, run_tasks, merging, begun, to_split)


def judging(hub: Hub) -> list[str]:
    with hub.database.read() as session:
        of_state = select(SubJobRow.id).where(SubJobRow.state == SubJobState.JUDGING)
        return list(session.scalars(of_state))


def test_retain_removes_what_has_been_kept_long_enough(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock, twice: Twice
) -> None:
    upload = submission.store_upload(hub, io.BytesIO(b"city,age\nOslo,3\nRome,4\n"))
    old = submit(hub, upload_job(upload.sha256))
    run_tasks()
    gone = Volunteer(hub)
    gone.work_off()
    run_tasks()
    result = catalogue.result_file(hub, old)
    presence.leave(hub, gone.id, socket=f"socket of {''}")
    clock.advance(timedelta(days=366).total_seconds())
    young = submit(hub, SQUARES)
    run_tasks()
    nobodys = [hub.blobs.put(f"nobody's {number}".encode()) for number in range(300)]
    moment = (clock.now() - timedelta(days=2)).timestamp()
    for path in hub.settings.blobs_folder.glob("??/??/*"):
        os.utime(path, (moment, moment))
    kept = hub.blobs.put(b"of somebody who will name it")
    os.utime(hub.blobs.path(kept.sha256), 2 * (clock.now().timestamp(),))
    blobs = {path.name for path in hub.settings.blobs_folder.glob("??/??/*")}

    done = twice(retention.retain)
    assert total("results", done) == 1
    assert total("volunteers", done) == 1
    left = {path.name for path in hub.settings.blobs_folder.glob("??/??/*")}
    assert total("blobs", done) == len(blobs) - len(left) > len(nobodys)
    assert total("bytes", done) > total("bytes", nobodys)
    assert retention.retain(hub) == Retained()
    assert not {each.sha256 for each in nobodys} & left
    assert not result.exists()
    assert upload.sha256 not in left
    assert kept.sha256 in left
    assert len(catalogue.program(hub, old)) > 0
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, young) == SQUARES_ANSWER


@pytest.mark.parametrize("names", [("web_b", "web_b"), ("web_b", "web_c")], ids="-".join)
def test_beat_gives_up_the_volunteers_of_a_process_that_died(
    *,
    hub: Hub,
    run_tasks: RunTasks,
    clock: ManualClock,
    redis: Redis,
    begun: str,
    twice: Twice,
    names: tuple[str, str],
) -> None:
    """By two processes at once, or twice by one."""
    for process_id in {"web_a", *names}:
        presence.beat(hub, process_id)
    volunteers = [Volunteer(hub) for _ in range(6)]
    for number, each in enumerate(volunteers):
        presence.enrol(
            hub,
            each.id,
            "native",
            each.capabilities,
            each.id,
            process_id="web_b" if number == 0 else "web_a",
            socket=f"socket {number}",
        )
    leases = [each.leased(4).lease_id for each in volunteers]
    clock.advance(8)
    for process_id in set(names):
        presence.beat(hub, process_id)
    clock.advance(8)
    beating = list(names)
    assert sum(twice(lambda each: presence.beat(each, beating.pop()))) == len(volunteers) - 1
    assert sum(presence.beat(hub, each) for each in names) == 0
    assert presence.connected(hub) == 1
    with hub.database.read() as session:
        outcomes = dict(map(tuple, session.execute(select(LeaseRow.id, LeaseRow.outcome))))
        active = session.scalars(
            select(LeaseRow.id).where(LeaseRow.state == LeaseState.ACTIVE)
        ).all()
        processes = set(session.scalars(select(WebProcessRow.id)))
    assert active == leases[:1]
    assert [outcomes[each] for each in leases[1:]] == [Outcome.RELEASED] * 5
    assert processes == set(names)
    assert in_redis(redis) == queued(hub)
    presence.leave(hub, volunteers[0].id)
    finish(hub, run_tasks, begun)
