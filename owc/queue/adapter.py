"""The adapter of RQ: sub-jobs and server-side tasks become RQ jobs, and RQ's tools see the truth.

An RQ job of a sub-job carries only the sub-job's id. A volunteer's lease puts it into RQ's
StartedJobRegistry with an Execution in the volunteer's name, so that `rq info` and dashboards show
what really runs. Built on RQ's public classes with pipelines: a call costs two or three round
trips, however many sub-jobs it is about.

Three traps of RQ are stepped around. Its registries' own clean-up (which any `rq info` runs)
requeues or fails what has expired, so entries expire `MARGIN_SECONDS` after the lease, which is
long after we have ended it. Its single-queue dequeue fails stuck jobs, so tasks have two queues.
And its default serializer is pickle, so JSONSerializer is said everywhere.

Every method raises QueueUnavailable when Redis does not answer. Nothing here is durable: what is
in doubt, `upkeep.reconcile` decides from SQL.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq import Retry
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job, JobStatus
from rq.registry import FinishedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import now, utcformat

from owc.domain.matching import parse_queue_name
from owc.errors import QueueUnavailable

MARGIN_SECONDS: Final = 60
BATCH: Final = 500
TASKS: Final = "owc.tasks"
CHECKS: Final = "owc.checks"
TASK_QUEUES: Final = (TASKS, CHECKS)
"""In the order in which a worker serves them: splits and merges before checks."""

RUN_SUB_JOB: Final = "owc.tasks.run_sub_job"
RETRIES: Final = 1000
"""RQ fails an abandoned job without retries left; how often is for SQL to say, not for RQ."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedSubJob:
    """A sub-job to enqueue: at the front if it was leased before."""

    id: str
    queue: str
    at_front: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A call of a function in `owc.tasks` by an RQ worker process; enqueued once per `id`."""

    id: str
    function: str
    args: tuple[Any, ...]
    queue: str = TASKS


def _guarded(
    method: Callable[Concatenate[Queue, P], R],
) -> Callable[Concatenate[Queue, P], R]:
    @functools.wraps(method)
    def guarded(self: Queue, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            raise QueueUnavailable(f"The Redis-protocol server does not answer: {error}") from error

    return guarded


class Queue:
    """All queues of a hub."""

    def __init__(self, connection: Redis, *, finished_seconds: int, task_seconds: int) -> None:
        self._connection = connection
        self._finished_seconds = finished_seconds
        self._task_seconds = task_seconds
        self._rq_queues: dict[str, RqQueue] = {}

    def close(self) -> None:
        self._connection.close()

    @_guarded
    def ping(self) -> None:
        self._connection.ping()

    # Sub-jobs

    @_guarded
    def enqueue(self, sub_jobs: Iterable[QueuedSubJob]) -> None:
        """Put sub-jobs into their queues, replacing what RQ knew of them."""
        by_queue: dict[tuple[str, bool], list[str]] = {}
        for sub_job in sub_jobs:
            by_queue.setdefault((sub_job.queue, sub_job.at_front), []).append(sub_job.id)
        for (name, at_front), ids in by_queue.items():
            # the front is filled backwards, so that the oldest ends up first
            ordered = ids[::-1] if at_front else ids
            for start in range(0, len(ordered), BATCH):
                self._rq_queue(name).enqueue_many(
                    RqQueue.prepare_data(
                        RUN_SUB_JOB,
                        args=(sub_job_id,),
                        job_id=sub_job_id,
                        description=sub_job_id,
                        timeout=self._task_seconds,
                        result_ttl=self._finished_seconds,
                        at_front=at_front,
                        retry=Retry(max=RETRIES),
                    )
                    for sub_job_id in ordered[start : start + BATCH]
                )

    @_guarded
    def lengths(self, names: Sequence[str]) -> dict[str, int]:
        with self._connection.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.llen(self._rq_queue(name).key)
            return dict(zip(names, pipeline.execute(), strict=True))

    @_guarded
    def pop(self, names: Sequence[str], count: int) -> list[str]:
        """Take up to `count` ids from the front of the first of these queues that has any."""
        for name in names:
            ids = self._connection.lpop(self._rq_queue(name).key, count)
            if ids:
                return [_text(each) for each in ids]
        return []

    @_guarded
    def put_back(self, name: str, ids: Sequence[str]) -> None:
        """Return popped ids to the front of the queue, in their order."""
        if ids:
            self._connection.lpush(self._rq_queue(name).key, *reversed(ids))

    @_guarded
    def start(self, ids: Sequence[str], *, worker_name: str, seconds: int) -> None:
        """Mark popped sub-jobs as started by that volunteer for `seconds`."""
        jobs = Job.fetch_many(list(ids), self._connection, serializer=JSONSerializer)
        with self._connection.pipeline() as pipeline:
            for job in jobs:
                if job is not None:
                    job.prepare_for_execution(worker_name, pipeline)
                    Execution.create(job, seconds + MARGIN_SECONDS, pipeline, worker_name)
            pipeline.execute()

    @_guarded
    def renew(self, ids: Sequence[str], seconds: int) -> None:
        """Let the marks of started sub-jobs live `seconds` longer."""
        with self._connection.pipeline() as pipeline:
            for mark in self._marks(ids):
                for execution in mark.executions(self._connection):
                    execution.heartbeat(
                        self._started(mark.queue), seconds + MARGIN_SECONDS, pipeline
                    )
            pipeline.execute()

    @_guarded
    def finish(self, ids: Sequence[str]) -> None:
        """Mark sub-jobs as finished; RQ forgets them after `finished_seconds`."""
        with self._connection.pipeline() as pipeline:
            for mark in self._marks(ids):
                self._remove_mark(mark, pipeline)
                job = Job(mark.id, connection=self._connection, serializer=JSONSerializer)
                if self._finished_seconds == 0:
                    pipeline.delete(job.key)
                    continue
                job.set_status(JobStatus.FINISHED, pipeline=pipeline)
                pipeline.hset(job.key, "ended_at", utcformat(now()))
                job.cleanup(self._finished_seconds, pipeline=pipeline, remove_from_queue=False)
                FinishedJobRegistry(queue=self._rq_queue(mark.queue)).add(
                    job, self._finished_seconds, pipeline
                )
            pipeline.execute()

    @_guarded
    def forget(self, ids: Sequence[str], *, queued: bool = False) -> None:
        """Remove every trace of these sub-jobs; `queued`: they may still stand in a queue."""
        with self._connection.pipeline() as pipeline:
            for mark in self._marks(ids):
                self._remove_mark(mark, pipeline)
                pipeline.delete(Job.key_for(mark.id))
                if queued:
                    self._rq_queue(mark.queue).remove(mark.id, pipeline=pipeline)
            pipeline.execute()

    @_guarded
    def queue_names(self) -> tuple[str, ...]:
        """The queues of sub-jobs that Redis knows, now or from before. Another RQ application may
        live in the same Redis: its queues are none of ours."""
        names = (queue.name for queue in RqQueue.all(self._connection, serializer=JSONSerializer))
        return tuple(sorted(name for name in names if parse_queue_name(name) is not None))

    @_guarded
    def queued_ids(self, name: str) -> set[str]:
        return set(self._rq_queue(name).get_job_ids())

    @_guarded
    def started_ids(self, name: str) -> set[str]:
        return set(self._started(name).get_job_ids(cleanup=False))

    # Tasks

    @_guarded
    def enqueue_task(self, task: Task) -> None:
        self._rq_queue(task.queue).enqueue_call(
            f"owc.tasks.{task.function}",
            args=task.args,
            job_id=task.id,
            description=f"{task.function}({', '.join(map(str, task.args))[:80]})",
            timeout=self._task_seconds,
            result_ttl=0,
            failure_ttl=24 * 3600,
        )

    @_guarded
    def live_tasks(self, is_alive: Callable[[str], bool]) -> list[Task]:
        """The tasks that wait or run. Those begun by a worker that has died are removed first:
        RQ would notice only after the task's whole time limit.

        `is_alive` is asked about a worker's name; see `owc.tasks`.
        """
        tasks = []
        for name in TASK_QUEUES:
            ids = list(self.queued_ids(name))
            for mark in self._marks(self._started(name).get_job_ids(cleanup=False)):
                if any(is_alive(each) for each in self._workers_of(mark)):
                    ids.append(mark.id)
                else:
                    with self._connection.pipeline() as pipeline:
                        self._remove_mark(mark, pipeline)
                        pipeline.execute()
            for job in Job.fetch_many(ids, self._connection, serializer=JSONSerializer):
                if job is not None and job.func_name is not None:
                    function = job.func_name.rpartition(".")[2]
                    tasks.append(
                        Task(id=job.id, function=function, args=tuple(job.args), queue=name)
                    )
        return tasks

    # Inside

    def _rq_queue(self, name: str) -> RqQueue:
        if name not in self._rq_queues:
            self._rq_queues[name] = RqQueue(
                name, connection=self._connection, serializer=JSONSerializer
            )
        return self._rq_queues[name]

    def _started(self, name: str) -> StartedJobRegistry:
        return StartedJobRegistry(queue=self._rq_queue(name))

    def _marks(self, ids: Sequence[str]) -> list[_Mark]:
        """What RQ knows of these jobs; those that it does not know are left out."""
        with self._connection.pipeline(transaction=False) as pipeline:
            for job_id in ids:
                pipeline.hget(Job.key_for(job_id), "origin")
                pipeline.zrange(ExecutionRegistry(job_id, self._connection).key, 0, -1)
            replies = pipeline.execute()
        return [
            _Mark(id=job_id, queue=_text(origin), execution_ids=tuple(map(_text, executions)))
            for job_id, origin, executions in zip(ids, replies[::2], replies[1::2], strict=True)
            if origin is not None
        ]

    def _remove_mark(self, mark: _Mark, pipeline: Any) -> None:
        registry = self._started(mark.queue)
        for execution in mark.executions(self._connection):
            registry.remove_execution(execution, pipeline=pipeline)
            pipeline.delete(execution.key)
        pipeline.delete(ExecutionRegistry(mark.id, self._connection).key)

    def _workers_of(self, mark: _Mark) -> list[str]:
        with self._connection.pipeline(transaction=False) as pipeline:
            for execution in mark.executions(self._connection):
                pipeline.hget(execution.key, "worker_name")
            return [_text(name) for name in pipeline.execute() if name]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    id: str
    queue: str
    execution_ids: tuple[str, ...]

    def executions(self, connection: Redis) -> list[Execution]:
        return [Execution(each, self.id, connection) for each in self.execution_ids]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
