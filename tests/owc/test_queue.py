"""The RQ adapter: what RQ's own tools say of it is true."""

from __future__ import annotations

import subprocess
import sys

import pytest
from redis import Redis
from rq import Queue as RqQueue
from rq import Retry
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from owc.errors import QueueUnavailable
from owc.queue import CHECKS, Checkpoint, Queue, QueuedSubJob, StartedSubJob, Task, connect
from owc.queue.adapter import RETRIES

pytestmark = pytest.mark.redis

NAME = "owc.base.p5"


def _enqueue(queue: Queue, *ids: str, at_front: bool = False) -> None:
    queue.enqueue([QueuedSubJob(id=each, queue=NAME, at_front=at_front) for each in ids])


def _pop(queue: Queue, names: list[str], count: int) -> list[str]:
    return list(queue.pop(names, count, dry=names).ids)


def _lease(queue: Queue, count: int, seconds: int = 60) -> list[str]:
    ids = _pop(queue, [NAME], count)
    queue.start(_started_by(each, seconds) for each in ids)
    return ids


def _started_by(sub_job_id: str, seconds: int = 60, worker: str = "vol_1") -> StartedSubJob:
    return StartedSubJob(id=sub_job_id, lease_id="lease_1", volunteer_id=worker, seconds=seconds)


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
    assert _pop(queue, ["owc.base.p9", NAME], 2) == ["sub_1", "sub_2"]
    queue.put_back(NAME, ["sub_1", "sub_2"])
    assert _pop(queue, [NAME], 10) == ["sub_1", "sub_2", "sub_3"]
    assert _pop(queue, [NAME], 10) == []


def test_sub_jobs_that_were_leased_before_go_to_the_front_in_order(queue: Queue) -> None:
    _enqueue(queue, "sub_3")
    _enqueue(queue, "sub_1", "sub_2", at_front=True)
    assert _pop(queue, [NAME], 10) == ["sub_1", "sub_2", "sub_3"]


def test_many_sub_jobs_are_enqueued(queue: Queue) -> None:
    ids = [f"sub_{number}" for number in range(1203)]
    _enqueue(queue, *ids)
    assert queue.queued_ids(NAME) == set(ids)
    assert _pop(queue, [NAME], 2000) == ids


def test_a_queued_sub_job_is_an_ordinary_rq_job(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    job = _job(redis, "sub_1")
    assert job.get_status() is JobStatus.QUEUED
    assert (job.func_name, tuple(job.args)) == ("owc.tasks.run_sub_job", ())
    assert job.origin == NAME
    assert job.retries_left


def test_a_queued_sub_job_has_the_fields_that_rq_itself_writes(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    RqQueue(NAME, connection=redis, serializer=JSONSerializer).enqueue_call(
        "owc.tasks.run_sub_job",
        job_id="sub_2",
        description="sub-job",
        timeout=600,
        result_ttl=60,
        retry=Retry(max=RETRIES),
    )
    ours, theirs = (redis.hgetall(f"rq:job:{each}") for each in ("sub_1", "sub_2"))
    times = {b"created_at", b"enqueued_at"}
    assert ours.pop(b"level") == b"0.000", "the only field that is not RQ's"
    assert {name: ours[name] for name in ours if name not in times} == {
        name: theirs[name] for name in theirs if name not in times
    }
    assert times <= ours.keys()
    assert queue.queued_ids(NAME) == {"sub_1", "sub_2"}


def test_a_lease_leaves_the_keys_that_rq_itself_leaves(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1", "sub_2")
    assert _lease(queue, 1) == ["sub_1"]
    _pop(queue, [NAME], 1)
    job = _job(redis, "sub_2")
    with redis.pipeline() as pipeline:
        job.prepare_for_execution("vol_1", pipeline)
        execution = Execution.create(job, 120, pipeline, "vol_1")
        pipeline.execute()
    assert redis.hgetall("rq:job:sub_1").keys() == redis.hgetall("rq:job:sub_2").keys()
    assert "level" not in job.to_dict(), "one of ours, which RQ leaves alone"
    ours, theirs = (
        redis.hgetall(key)
        for key in ("rq:execution:sub_1:lease_1", f"rq:execution:sub_2:{execution.id}")
    )
    assert ours.keys() == theirs.keys()
    assert float(ours[b"created_at"]) == pytest.approx(float(theirs[b"created_at"]), abs=5)
    assert set(_started(redis).get_job_ids()) == {"sub_1", "sub_2"}
    scores = dict(redis.zrange(_started(redis).key, 0, -1, withscores=True))
    assert scores[b"sub_1:lease_1"] == pytest.approx(
        scores[f"sub_2:{execution.id}".encode()], abs=5
    )
    assert Execution.fetch("lease_1", "sub_1", redis).worker_name == "vol_1"
    assert 0 < redis.ttl("rq:executions:sub_1") <= redis.ttl("rq:executions:sub_2") + 5


LEAST, MIDDLE, MOST = "owc.s8.p5", "owc.base.p5", "owc.m256.p5"
URGENT, IDLE = "owc.base.p6", "owc.base.p4"


def _at_level(queue: Queue, name: str, *levels: float, at_front: bool = False) -> None:
    queue.enqueue(
        QueuedSubJob(id=f"sub_{name}_{level:g}", queue=name, level=level, at_front=at_front)
        for level in levels
    )


def _order(queue: Queue, *names: str) -> list[str]:
    """From which queue each pop takes one, until they are empty."""
    found = iter(lambda: queue.pop(names, 1, dry=names).queue, "")
    return list(found)


def test_of_equally_urgent_queues_that_which_is_least_served_gives_first(queue: Queue) -> None:
    _at_level(queue, MOST, 2.5, 4.0)
    _at_level(queue, MIDDLE, 1.0, 2.0, 3.0)
    _at_level(queue, LEAST, 0.5)
    _at_level(queue, URGENT, 100.0)
    _at_level(queue, IDLE, 0.0)
    names = (URGENT, MIDDLE, MOST, LEAST, IDLE)
    assert _order(queue, *names) == [URGENT, LEAST, MIDDLE, MIDDLE, MOST, MIDDLE, MOST, IDLE]


def test_nothing_is_taken_before_queues_that_might_have_gone_first_were_fed(queue: Queue) -> None:
    _at_level(queue, MIDDLE, 1.0)
    assert queue.has_forgotten()
    names = (URGENT, LEAST, MIDDLE, IDLE)
    assert queue.pop(names, 1).empty == (URGENT, LEAST)
    assert queue.pop(names, 1, dry=[URGENT]).empty == (LEAST,)
    assert queue.pop(names, 1, dry=[URGENT, LEAST]).queue == MIDDLE
    assert queue.pop(names, 1, dry=[URGENT, LEAST, MIDDLE]).empty == (IDLE,)
    nothing = queue.pop(names, 1, dry=names)
    assert (nothing.queue, nothing.empty, nothing.forgotten) == ("", (), False)


def test_what_comes_back_does_not_make_its_queue_look_served(queue: Queue, redis: Redis) -> None:
    _at_level(queue, MIDDLE, 1.0, 2.0)
    _at_level(queue, LEAST, 1.5)
    _at_level(queue, MIDDLE, 9.0, at_front=True)
    assert float(redis.hget("rq:job:sub_owc.base.p5_9", "level") or 0) == 1.0
    assert _order(queue, MIDDLE, LEAST) == [MIDDLE, MIDDLE, LEAST, MIDDLE]


def test_what_was_queued_before_there_were_levels_goes_first(queue: Queue, redis: Redis) -> None:
    _at_level(queue, MIDDLE, 1.0)
    _at_level(queue, LEAST, 5.0)
    redis.hdel("rq:job:sub_owc.s8.p5_5", "level")
    assert _order(queue, MIDDLE, LEAST) == [LEAST, MIDDLE]


def test_sub_jobs_are_withdrawn_from_the_middle_of_a_queue(queue: Queue) -> None:
    ids = [f"sub_{number}" for number in range(2500)]
    _enqueue(queue, *ids)
    queue.withdraw(NAME, ids[3:2400])
    assert _pop(queue, [NAME], 3000) == ids[:3] + ids[2400:]


def test_a_redis_that_lost_everything_says_so_once(queue: Queue, redis: Redis) -> None:
    assert queue.has_forgotten()
    assert not queue.has_forgotten()
    assert not queue.pop([NAME], 1).forgotten
    redis.flushall()
    assert queue.pop([NAME], 1).forgotten
    assert queue.has_forgotten()
    assert not queue.has_forgotten()


def test_the_latest_checkpoint_is_kept_until_the_sub_job_ends(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    _lease(queue, 1)
    first, second = (
        Checkpoint(
            sub_job_id="sub_1",
            lease_id="lease_1",
            rows_done=rows,
            elapsed_seconds=1.5,
            output=bytes([0, 255, rows]),
        )
        for rows in (3, 7)
    )
    queue.keep_checkpoints([first])
    queue.keep_checkpoints([second])
    assert queue.checkpoints(["sub_1", "sub_2"]) == {"sub_1": second}
    queue.finish(["sub_1"])
    assert queue.checkpoints(["sub_1"]) == {}


def test_a_redis_that_does_not_answer_is_left_alone_for_a_while(tmp_path) -> None:
    now = 0.0
    queue = Queue(
        connect(f"unix://{tmp_path}/none.sock"),
        finished_seconds=1,
        task_seconds=60,
        rest_seconds=5,
        monotonic=lambda: now,
    )
    with pytest.raises(QueueUnavailable, match="connecting"):
        queue.ping()
    now = 4.0
    with pytest.raises(QueueUnavailable) as refused:
        queue.ping()
    assert "connecting" not in str(refused.value)
    now = 6.0
    with pytest.raises(QueueUnavailable, match="connecting"):
        queue.ping()


def test_a_lease_is_a_started_job_in_the_name_of_the_volunteer(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1", "sub_2")
    _lease(queue, 1)
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
    _lease(queue, 1)
    queue.finish(["sub_1", "sub_unknown"])
    job = _job(redis, "sub_1")
    assert job.get_status() is JobStatus.FINISHED
    assert job.get_executions() == []
    assert _started(redis).get_job_ids() == []
    finished = FinishedJobRegistry(NAME, connection=redis, serializer=JSONSerializer)
    assert finished.get_job_ids() == ["sub_1"]
    assert 0 < redis.ttl(job.key) <= 60


def test_of_many_finished_sub_jobs_the_latest_are_shown(redis: Redis, redis_server) -> None:
    queue = Queue(redis, finished_seconds=60, task_seconds=600, finished_most=3)
    ids = [f"sub_{number}" for number in range(8)]
    _enqueue(queue, *ids)
    _lease(queue, 8)
    for each in ids[:3]:
        queue.finish([each])
    _enqueue(queue, "sub_0")  # reopened: it waits again
    queue.finish(ids[3:])
    assert {each for each in ids if redis.exists(f"rq:job:{each}")} == {"sub_0", *ids[5:]}
    assert _job(redis, "sub_0").get_status() is JobStatus.QUEUED
    assert " | 1, 0 executing, 3 finished, 0 failed" in " ".join(
        _rq_info(redis_server).replace("█", "").split()
    )


def test_what_is_shown_no_longer_is_not_kept_where_nobody_looks(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1", "sub_2")
    _lease(queue, 2)
    queue.finish(["sub_1"])
    redis.zadd(f"rq:finished:{NAME}", {"sub_1": 1.0})
    queue.finish(["sub_2"])
    assert redis.zrange(f"rq:finished:{NAME}", 0, -1) == [b"sub_2"]


def test_a_forgotten_sub_job_leaves_no_trace(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1", "sub_2")
    _lease(queue, 1)
    queue.forget(["sub_1"])
    queue.withdraw(NAME, ["sub_2"])
    assert [key for key in redis.scan_iter() if b"sub_" in key] == []
    assert queue.queued_ids(NAME) == set()
    assert queue.started_ids(NAME) == set()


def test_a_renewed_lease_lives_longer_in_rq(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    _lease(queue, 1)
    (entry,) = redis.zrange(_started(redis).key, 0, -1, withscores=True)
    queue.renew([_started_by("sub_1", 600), _started_by("sub_unknown", 600)])
    (renewed,) = redis.zrange(_started(redis).key, 0, -1, withscores=True)
    assert renewed[0] == entry[0]
    assert renewed[1] > entry[1] + 500


def test_rq_does_not_touch_a_lease_that_has_just_ended(queue: Queue, redis: Redis) -> None:
    _enqueue(queue, "sub_1")
    _lease(queue, 1, seconds=0)
    _started(redis).cleanup()
    assert queue.started_ids(NAME) == {"sub_1"}


def test_rq_info_tells_the_truth(queue: Queue, redis_server) -> None:
    _enqueue(queue, *(f"sub_{number}" for number in range(10)))
    _lease(queue, 4)
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
    assert _pop(queue, [task.queue], 1) == [task.id]
    queue.start([_started_by(task.id, worker="owc-here-1")])
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
