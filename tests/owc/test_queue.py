"""The RQ adapter: what RQ's own tools say of it is true."""

from __future__ import annotations

import subprocess
import sys

import pytest
from redis import Redis
from rq import Queue as RqQueue
from rq.job import Job, JobStatus
from rq.registry import FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from owc.errors import QueueUnavailable
from owc.queue import CHECKS, Queue, QueuedSubJob, Task, connect

pytestmark = pytest.mark.redis

NAME = "owc.base.p5"


def _enqueue(queue: Queue, *ids: str, at_front: bool = False) -> None:
    queue.enqueue([QueuedSubJob(id=each, queue=NAME, at_front=at_front) for each in ids])


def _job(redis: Redis, job_id: str) -> Job:
    return Job.fetch(job_id, connection=redis, serializer=JSONSerializer)


def _started(redis: Redis) -> StartedJobRegistry:
    return StartedJobRegistry(NAME, connection=redis, serializer=JSONSerializer)


def _rq_info(redis_server) -> str:
    return subprocess.run(
        [sys.executable, "-m", "rq.cli", "info", "--url", redis_server.url, "--serializer", "json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_sub_jobs_come_out_in_the_order_they_went_in(queue: Queue) -> None:
    _enqueue(queue, "sub_1", "sub_2", "sub_3")
    assert queue.lengths([NAME, "owc.base.p9"]) == {NAME: 3, "owc.base.p9": 0}
    assert queue.pop(["owc.base.p9", NAME], 2) == ["sub_1", "sub_2"]
    queue.put_back(NAME, ["sub_1", "sub_2"])
    assert queue.pop([NAME], 10) == ["sub_1", "sub_2", "sub_3"]
    assert queue.pop([NAME], 10) == []


def test_sub_jobs_that_were_leased_before_go_to_the_front_in_order(queue: Queue) -> None:
    _enqueue(queue, "sub_3")
    _enqueue(queue, "sub_1", "sub_2", at_front=True)
    assert queue.pop([NAME], 10) == ["sub_1", "sub_2", "sub_3"]


def test_many_sub_jobs_are_enqueued(queue: Queue) -> None:
    ids = [f"sub_{number}" for number in range(1203)]
    _enqueue(queue, *ids)
    assert queue.queued_ids(NAME) == set(ids)
    assert queue.pop([NAME], 2000) == ids


def test_a_queued_sub_job_is_an_ordinary_rq_job(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    job = _job(redis, "sub_1")
    assert job.get_status() is JobStatus.QUEUED
    assert (job.func_name, tuple(job.args)) == ("owc.tasks.run_sub_job", ("sub_1",))
    assert job.origin == NAME
    assert job.retries_left


def test_a_lease_is_a_started_job_in_the_name_of_the_volunteer(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1", "sub_2")
    queue.start(queue.pop([NAME], 1), worker_name="vol_1", seconds=60)
    job = _job(redis, "sub_1")
    assert job.get_status() is JobStatus.STARTED
    assert job.worker_name == "vol_1"
    assert [each.worker_name for each in job.get_executions()] == ["vol_1"]
    assert _started(redis).get_job_ids() == ["sub_1"]
    assert queue.started_ids(NAME) == {"sub_1"}


def test_a_finished_sub_job_is_shown_as_finished_and_then_forgotten(
    queue: Queue, redis: Redis
) -> None:
    _enqueue(queue, "sub_1")
    queue.start(queue.pop([NAME], 1), worker_name="vol_1", seconds=60)
    queue.finish(["sub_1", "sub_unknown"])
    job = _job(redis, "sub_1")
    assert job.get_status() is JobStatus.FINISHED
    assert job.get_executions() == []
    assert _started(redis).get_job_ids() == []
    finished = FinishedJobRegistry(NAME, connection=redis, serializer=JSONSerializer)
    assert finished.get_job_ids() == ["sub_1"]
    assert 0 < redis.ttl(job.key) <= 60


def test_a_forgotten_sub_job_leaves_no_trace(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1", "sub_2")
    queue.start(queue.pop([NAME], 1), worker_name="vol_1", seconds=60)
    queue.forget(["sub_1"])
    queue.forget(["sub_2"], queued=True)
    assert [key for key in redis.scan_iter() if b"sub_" in key] == []
    assert queue.queued_ids(NAME) == set()
    assert queue.started_ids(NAME) == set()


def test_a_renewed_lease_lives_longer_in_rq(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    queue.start(queue.pop([NAME], 1), worker_name="vol_1", seconds=60)
    (entry,) = redis.zrange(_started(redis).key, 0, -1, withscores=True)
    queue.renew(["sub_1", "sub_unknown"], 600)
    (renewed,) = redis.zrange(_started(redis).key, 0, -1, withscores=True)
    assert renewed[0] == entry[0]
    assert renewed[1] > entry[1] + 500


def test_rq_does_not_touch_a_lease_that_has_just_ended(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    queue.start(queue.pop([NAME], 1), worker_name="vol_1", seconds=0)
    _started(redis).cleanup()
    assert queue.started_ids(NAME) == {"sub_1"}


def test_rq_info_tells_the_truth(queue: Queue, redis_server) -> None:
    _enqueue(queue, *(f"sub_{number}" for number in range(10)))
    queue.start(queue.pop([NAME], 4), worker_name="vol_1", seconds=60)
    queue.finish(["sub_0"])
    assert f"{NAME} | 6, 3 executing, 1 finished, 0 failed" in " ".join(
        _rq_info(redis_server).replace("█", "").split()
    )


def test_queues_of_sub_jobs_are_listed_without_those_of_tasks_and_of_other_applications(
    queue: Queue, redis: Redis
) -> None:
    _enqueue(queue, "sub_1")
    queue.enqueue_task(Task(id="split-job_1", function="split_job", args=("job_1",)))
    for name in ("default", "emails.p1", "owc.base.p10"):
        RqQueue(name, connection=redis, serializer=JSONSerializer).enqueue("builtins.print")
    assert queue.queue_names() == (NAME,)


def test_a_task_is_live_while_it_waits(queue: Queue) -> None:
    task = Task(id="check-sub_1", function="check_sub_jobs", args=(["sub_1"],), queue=CHECKS)
    queue.enqueue_task(task)
    assert queue.live_tasks(lambda name: True) == [task]


def test_a_task_of_a_dead_worker_is_not_live(queue: Queue, redis: Redis) -> None:
    task = Task(id="split-job_1", function="split_job", args=("job_1",))
    queue.enqueue_task(task)
    assert queue.pop([task.queue], 1) == [task.id]
    queue.start([task.id], worker_name="owc-here-1", seconds=60)
    assert queue.live_tasks(lambda name: name == "owc-here-1") == [task]
    assert queue.live_tasks(lambda name: False) == []
    assert queue.started_ids(task.queue) == set()


def test_everything_is_json_and_nothing_is_pickled(queue: Queue, redis: Redis) -> None:
    import zlib

    queue.enqueue_task(Task(id="split-job_1", function="split_job", args=("job_1",)))
    data = redis.hget("rq:job:split-job_1", "data")
    assert zlib.decompress(data).startswith(b'["owc.tasks.split_job"')
    assert isinstance(RqQueue("x", connection=redis, serializer=JSONSerializer).serializer, type)


def test_a_redis_that_is_away_is_a_clear_error(tmp_path) -> None:
    queue = Queue(connect(f"unix://{tmp_path}/none.sock"), finished_seconds=1, task_seconds=60)
    with pytest.raises(QueueUnavailable, match="does not answer"):
        queue.ping()
    with pytest.raises(QueueUnavailable):
        queue.lengths([NAME])
