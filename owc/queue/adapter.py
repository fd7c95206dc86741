"""The adapter of RQ: sub-jobs and server-side tasks become RQ jobs, and RQ's tools see the truth.

An RQ job of a sub-job carries nothing but its id, which is the sub-job's. A volunteer's lease puts
it into RQ's StartedJobRegistry with an Execution in the volunteer's name, so that `rq info` and
dashboards show what really runs. What happens to thousands of sub-jobs a second is Lua on RQ's own
keys (`owc.queue.scripts`); the rest, and all of the server-side tasks, are RQ's public classes.

Three traps of RQ are stepped around. Its registries' own clean-up (which any `rq info` runs)
requeues or fails what has expired, so entries expire `MARGIN_SECONDS` after the lease, which is
long after we have ended it. Its single-queue dequeue fails stuck jobs, so tasks have two queues.
And its default serializer is pickle, so JSONSerializer is said everywhere.

Every method raises QueueUnavailable when Redis does not answer. Nothing here is durable: what is
in doubt, `upkeep.reconcile` decides from SQL.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq import Retry
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import now, utcformat

from owc.domain.matching import parse_queue_name
from owc.errors import QueueUnavailable
from owc.queue import scripts
from owc.queue.values import (
    TASK_QUEUES,
    Checkpoint,
    Popped,
    QueuedSubJob,
    StartedSubJob,
    Task,
)

MARGIN_SECONDS: Final = 60
FINISHED_MOST: Final = 5000
"""Finished sub-jobs of a queue that RQ shows: 4 MB. A fast fleet ends as many in a second."""

RUN_SUB_JOB: Final = "owc.tasks.run_sub_job"
RETRIES: Final = 1000
"""RQ fails an abandoned job without retries left; how often is for SQL to say, not for RQ."""

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_MARKER: Final = "owc:marker"
_TURN: Final = "owc:turn:"
_CHECKPOINT: Final = "owc:checkpoint:"
_CHECKPOINT_SECONDS: Final = 3600


def _guarded(
    method: Callable[Concatenate[Queue, P], R],
) -> Callable[Concatenate[Queue, P], R]:
    @functools.wraps(method)
    def guarded(self: Queue, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._monotonic() < self._rests_until:
            raise QueueUnavailable
        try:
            return method(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            self._rests_until = self._monotonic() + self._rest_seconds
            raise QueueUnavailable(f"The Redis-protocol server does not answer: {error}") from error

    return guarded


class Queue:
    """All queues of a hub."""

    def __init__(
        self,
        connection: Redis,
        *,
        finished_seconds: int,
        task_seconds: int,
        finished_most: int = FINISHED_MOST,
        rest_seconds: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rest_seconds`: after a failure Redis is left alone for so long, and every call fails at
        once: whoever waits for a dead server's time limit keeps all others waiting."""
        self._connection = connection
        self._finished_seconds = finished_seconds
        self._finished_most = finished_most
        self._task_seconds = task_seconds
        self._rest_seconds, self._monotonic = rest_seconds, monotonic
        self._rests_until = -math.inf
        self._rq_queues: dict[str, RqQueue] = {}
        self._templates: dict[str, list[Any]] = {}
        self._enqueue = connection.register_script(scripts.ENQUEUE)
        self._pop = connection.register_script(scripts.POP)
        self._start = connection.register_script(scripts.START)
        self._renew = connection.register_script(scripts.RENEW)
        self._end = connection.register_script(scripts.END)
        self._withdraw = connection.register_script(scripts.WITHDRAW)

    def close(self) -> None:
        self._connection.close()

    @_guarded
    def ping(self) -> None:
        self._connection.ping()

    # Sub-jobs

    @_guarded
    def enqueue(self, sub_jobs: Iterable[QueuedSubJob]) -> None:
        """Put sub-jobs into their queues, replacing what RQ knew of them."""
        by_queue: dict[tuple[str, bool], list[QueuedSubJob]] = {}
        for sub_job in sub_jobs:
            by_queue.setdefault((sub_job.queue, sub_job.at_front), []).append(sub_job)
        for (name, at_front), found in by_queue.items():
            # the front is filled backwards, so that the oldest ends up first
            ordered = found[::-1] if at_front else found
            template = self._template(name)
            head = ["LPUSH" if at_front else "RPUSH", len(template), *template]
            for part in _parts(ordered):
                values = [value for each in part for value in (each.id, f"{each.level:.3f}")]
                self._enqueue(keys=[self._rq_queue(name).key], args=[*head, *values])

    @_guarded
    def lengths(self, names: Sequence[str]) -> dict[str, int]:
        with self._connection.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.llen(self._rq_queue(name).key)
            return dict(zip(names, pipeline.execute(), strict=True))

    @_guarded
    def pop(self, names: Sequence[str], count: int, *, dry: Collection[str] = ()) -> Popped:
        """Take up to `count` ids from the front of one of these queues, which are given in the
        order of their priorities: from the first that has any; among those of one priority, from
        that whose next sub-job has the lowest level.

        Nothing is taken while one that might have gone first is empty, unless it is in `dry`: known
        to have nothing.
        """
        values: list[str | int] = [count]
        for name in names:
            values += [self._rank(name), int(name in dry)]
        keys = [self._rq_queue(name).key for name in names]
        which, ids, left, empty, is_marked = self._pop(keys=keys, args=values)
        return Popped(
            queue=names[which - 1] if which else "",
            ids=tuple(_text(each) for each in ids),
            left=left,
            empty=tuple(names[each - 1] for each in empty),
            forgotten=not is_marked,
        )

    @_guarded
    def put_back(self, name: str, ids: Sequence[str]) -> None:
        """Return popped ids to the front of the queue, in their order."""
        if ids:
            self._connection.lpush(self._rq_queue(name).key, *reversed(ids))

    @_guarded
    def put_behind(self, name: str, ids: Sequence[str]) -> None:
        """Return popped ids to the end of the queue, in their order."""
        if ids:
            self._connection.rpush(self._rq_queue(name).key, *ids)

    @_guarded
    def start(self, started: Iterable[StartedSubJob]) -> None:
        """Mark popped sub-jobs as started by their volunteers."""
        moment = now()
        for part in _parts(list(started)):
            values: list[str | float] = [utcformat(moment), moment.timestamp()]
            for each in part:
                values += [each.id, each.lease_id, each.volunteer_id, each.seconds + MARGIN_SECONDS]
            self._start(args=values)

    @_guarded
    def renew(self, started: Iterable[StartedSubJob]) -> None:
        """Let the marks of started sub-jobs live longer."""
        moment = now()
        for part in _parts(list(started)):
            values: list[str | float] = [moment.timestamp()]
            for each in part:
                values += [each.id, each.lease_id, each.seconds + MARGIN_SECONDS]
            self._renew(args=values)

    @_guarded
    def finish(self, ids: Sequence[str]) -> None:
        """Mark sub-jobs as finished; RQ forgets them after `finished_seconds`, or when many others
        are."""
        self._end_all(ids, self._finished_seconds or -1)

    @_guarded
    def forget(self, ids: Sequence[str]) -> None:
        """Remove every trace of these sub-jobs but a place in a queue."""
        self._end_all(ids, -1)

    @_guarded
    def empty(self, name: str) -> None:
        """Take everything out of a queue."""
        self._connection.delete(self._rq_queue(name).key)

    @_guarded
    def withdraw(self, name: str, ids: Sequence[str]) -> None:
        """Take sub-jobs out of their queue and remove every trace of them."""
        for part in _parts(ids, 5000):
            self._withdraw(keys=[self._rq_queue(name).key], args=list(part))
        self._end_all(ids, -1)

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

    @_guarded
    def has_forgotten(self) -> bool:
        """Whether Redis lost everything since this was last asked, or was never asked before."""
        return bool(self._connection.set(_MARKER, "1", nx=True))

    # Checkpoints

    @_guarded
    def keep_checkpoints(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Keep the latest of each sub-job, for an hour."""
        with self._connection.pipeline(transaction=False) as pipeline:
            for each in checkpoints:
                key = f"{_CHECKPOINT}{each.sub_job_id}"
                values: dict[Any, Any] = {
                    "lease_id": each.lease_id,
                    "rows_done": each.rows_done,
                    "elapsed_seconds": each.elapsed_seconds,
                    "output": each.output,
                }
                pipeline.hset(key, mapping=values)
                pipeline.expire(key, _CHECKPOINT_SECONDS)
            pipeline.execute()

    @_guarded
    def checkpoints(self, ids: Sequence[str]) -> dict[str, Checkpoint]:
        """Those that are there, by sub-job."""
        with self._connection.pipeline(transaction=False) as pipeline:
            for sub_job_id in ids:
                pipeline.hgetall(f"{_CHECKPOINT}{sub_job_id}")
            found = pipeline.execute()
        return {
            sub_job_id: Checkpoint(
                sub_job_id=sub_job_id,
                lease_id=_text(values[b"lease_id"]),
                rows_done=int(values[b"rows_done"]),
                elapsed_seconds=float(values[b"elapsed_seconds"]),
                output=values[b"output"],
            )
            for sub_job_id, values in zip(ids, found, strict=True)
            if values
        }

    # Tasks

    @_guarded
    def enqueue_task(self, task: Task) -> None:
        self._enqueue_task(task)

    def _enqueue_task(self, task: Task) -> None:
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
    def enqueue_task_once(self, task: Task, *, seconds: float) -> bool:
        """Enqueue a repeated duty, unless that was done within `seconds` by anyone, or it still
        waits. Whether it was."""
        if not self._connection.set(f"{_TURN}{task.id}", "1", nx=True, px=int(seconds * 1000)):
            return False
        if task.id in self._rq_queue(task.queue).get_job_ids():
            return False
        self._enqueue_task(task)
        return True

    @_guarded
    def live_tasks(self, is_alive: Callable[[str], bool]) -> list[Task]:
        """The tasks that wait or run. Those begun by a worker that has died are removed first:
        RQ would notice only after the task's whole time limit.

        `is_alive` is asked about a worker's name; see `owc.tasks`.
        """
        tasks = []
        for name in TASK_QUEUES:
            ids = self.queued_ids(name)
            for mark in self._marks(self._started(name).get_job_ids(cleanup=False)):
                if any(is_alive(each) for each in self._workers_of(mark)):
                    ids.add(mark.id)
                else:
                    with self._connection.pipeline() as pipeline:
                        self._remove_mark(mark, pipeline)
                        pipeline.execute()
            # a task that ended meanwhile may have left another one
            ids |= self.queued_ids(name)
            for job in Job.fetch_many(sorted(ids), self._connection, serializer=JSONSerializer):
                if job is not None and job.func_name is not None:
                    function = job.func_name.rpartition(".")[2]
                    tasks.append(
                        Task(id=job.id, function=function, args=tuple(job.args), queue=name)
                    )
        return tasks

    # Inside

    def _end_all(self, ids: Sequence[str], shown_seconds: int) -> None:
        moment = now()
        for part in _parts(ids):
            head: list[str | float] = [utcformat(moment), moment.timestamp()]
            self._end(args=[*head, shown_seconds, self._finished_most, *part])

    def _template(self, name: str) -> list[Any]:
        """The fields of an RQ job of that queue, all but its id, as RQ itself writes them."""
        if name not in self._templates:
            job = self._rq_queue(name).create_job(
                RUN_SUB_JOB,
                args=(),
                description="sub-job",
                timeout=self._task_seconds,
                result_ttl=self._finished_seconds,
                retry=Retry(max=RETRIES),
                status=JobStatus.QUEUED,
            )
            job.enqueued_at = job.created_at
            fields = job.to_dict(include_meta=False)
            self._templates[name] = [part for pair in fields.items() for part in pair]
        moment = utcformat(now())
        template = list(self._templates[name])
        for field in ("created_at", "enqueued_at"):
            template[template.index(field) + 1] = moment
        return template

    def _rank(self, name: str) -> int:
        parsed = parse_queue_name(name)
        return -1 if parsed is None else parsed[1]

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


def _parts(items: Sequence[T], most: int = scripts.MOST) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
