"""The RQ worker process: two RQ workers in threads, each of which runs one task after the other.

One splits and merges and does whatever else there is, the other one checks; neither waits for the
other, however long its tasks are. Programs run in processes of their own, which give way to both
(`owc.runs`), and so checks take no more of a merge than what is left.

RQ's SimpleWorker says once, for the whole time limit, that a task runs. This one says so again and
again for a short time, so that the tasks of a process that was killed are soon known to be dead.
And where Redis was emptied it registers again: RQ's own would work on, unseen by `rq info`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import TypeVar

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.queue import Queue as RqQueue
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty

from owc.queue import CHECKS, TASK_QUEUES, TASKS, connect_blocking, embedded_url
from owc.services.hub import Hub, open_hub
from owc.services.liveness import CHECKING, worker_name
from owc.settings import Settings
from owc.tasks.process import use_hub

HEARTBEAT_SECONDS = 15
BLOCK_SECONDS = 15  # how often an idle worker says that it lives
RETRY_SECONDS = 1.0
CHECKS_BLOCK_SECONDS = 2  # it looks so often whether it is to end, as no signal tells a thread
STOP_SECONDS = 5.0
"""How long a process that ends waits for a check; `upkeep.reconcile` begins it again."""

W = TypeVar("W", bound="TaskWorker")

_logger = logging.getLogger("owc.tasks")


class TaskWorker(SimpleWorker):
    """A SimpleWorker whose heartbeat goes on while a task runs."""

    is_to_end = False

    def execute_job(self, job: Job, queue: RqQueue) -> None:
        self.prepare_execution(job)
        done = threading.Event()
        beating = threading.Thread(target=self._beat, args=(job, done), daemon=True)
        beating.start()
        try:
            self.perform_job(job, queue)
        finally:
            done.set()
            beating.join()
        self.set_state("idle")

    def register_birth(self) -> None:
        # The name tells machine and process: who else was called so is a former life of ours.
        self.connection.delete(self.key)
        super().register_birth()  # type: ignore[no-untyped-call]  # rq has types in part

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        if pipeline is None and not self.connection.sismember(self.redis_workers_keys, self.key):
            self.register_birth()
        super().heartbeat(timeout, pipeline)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.is_to_end = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # as above

    def get_heartbeat_ttl(self, job: Job) -> int:  # noqa: ARG002 - the base class fixes it
        return 4 * HEARTBEAT_SECONDS

    def _beat(self, job: Job, done: threading.Event) -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            # a Redis that is away for a moment must not end the heartbeat
            with contextlib.suppress(RedisError):
                if self.execution is not None:
                    self.maintain_heartbeats(job)


class CheckWorker(TaskWorker):
    """A TaskWorker in a thread that is not the main one: signals are not for it."""

    death_penalty_class = TimerDeathPenalty

    def end(self) -> None:
        """Take no more tasks."""
        self.is_to_end = self._stop_requested = True

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        if self.is_to_end and pipeline is None:  # between two tasks, or idle, where RQ asks nothing
            raise StopRequested
        super().heartbeat(timeout, pipeline)

    def _install_signal_handlers(self) -> None:
        pass  # only the main thread can; it calls `end`


def run_worker(settings: Settings, *, burst: bool = False) -> None:
    """Work on tasks until told to stop (SIGTERM, SIGINT); `burst`: until there are none.

    Call it from the main thread: RQ installs signal handlers.
    """
    hub = open_hub(settings)
    connection = connect_blocking(settings.redis_url or embedded_url(settings.redis_folder))
    try:
        work(hub, connection, burst=burst)
    finally:
        hub.close()
        connection.close()


def work(hub: Hub, connection: Redis, *, burst: bool) -> None:
    """The same with a hub that is open. `connection` must have no time limit: it blocks.

    RQ's loop ends with the first command that a lost Redis does not answer; it is begun again.
    `burst` does all tasks in this thread.
    """
    use_hub(hub)
    checks = None if burst else _Checks(connection)
    try:
        # RQ takes a worker's only queue for a reliable one, and fails what it finds begun there
        _serve(TASK_QUEUES if burst else (TASKS, TASKS), connection, burst=burst)
    finally:
        if checks is not None:
            checks.end()
        use_hub(None)


def _serve(queues: Sequence[str], connection: Redis, *, burst: bool) -> None:
    while True:
        worker = None
        try:
            worker = _new_worker(TaskWorker, queues, worker_name(), connection, BLOCK_SECONDS)
            worker.work(burst=burst, logging_level="WARNING")
        except RedisError:
            if burst:
                raise
        if burst or (worker is not None and worker.is_to_end):
            return
        _logger.warning("the worker lost Redis; it begins again")
        time.sleep(RETRY_SECONDS)


class _Checks:
    """The thread that checks."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._ended = threading.Event()
        self._worker: CheckWorker | None = None
        # what it is at when the process ends is lost, as if that had been killed
        self._thread = threading.Thread(target=self._serve, name="checks", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Let it take no more tasks, and wait a while for the one that it has."""
        self._ended.set()
        if self._worker is not None:
            self._worker.end()
        self._thread.join(STOP_SECONDS)

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                self._worker = _new_worker(
                    CheckWorker,
                    (CHECKS, CHECKS),
                    worker_name(CHECKING),
                    self._connection,
                    CHECKS_BLOCK_SECONDS,
                )
                if self._ended.is_set():
                    return
                self._worker.work(logging_level="WARNING")
            except RedisError:
                pass
            except Exception:
                _logger.exception("the thread that checks met what nobody expected")
            if not self._ended.wait(RETRY_SECONDS):
                _logger.warning("the worker that checks lost Redis; it begins again")


def _new_worker(
    kind: type[W], queues: Sequence[str], name: str, connection: Redis, block_seconds: int
) -> W:
    return kind(
        list(queues),
        name=name,
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=block_seconds + 15,
        log_job_description=False,
    )
