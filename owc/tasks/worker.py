"""The RQ worker process: runs server-side tasks one after the other, without forking.

RQ's SimpleWorker says once, for the whole time limit, that a task runs. This one says so again and
again for a short time, so that the tasks of a process that was killed are soon known to be dead.
"""

from __future__ import annotations

import contextlib
import threading

from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.job import Job
from rq.queue import Queue as RqQueue
from rq.serializers import JSONSerializer

from owc.queue import TASK_QUEUES, connect_blocking, embedded_url
from owc.services.hub import Hub, open_hub
from owc.services.liveness import worker_name
from owc.settings import Settings
from owc.tasks.process import use_hub

HEARTBEAT_SECONDS = 15
BLOCK_SECONDS = 45


class TaskWorker(SimpleWorker):
    """A SimpleWorker whose heartbeat goes on while a task runs."""

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

    def get_heartbeat_ttl(self, job: Job) -> int:  # noqa: ARG002 - the base class fixes it
        return 4 * HEARTBEAT_SECONDS

    def _beat(self, job: Job, done: threading.Event) -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            # a Redis that is away for a moment must not end the heartbeat
            with contextlib.suppress(RedisError):
                if self.execution is not None:
                    self.maintain_heartbeats(job)


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
    """The same with a hub that is open. `connection` must have no time limit: it blocks."""
    use_hub(hub)
    worker = TaskWorker(
        list(TASK_QUEUES),
        name=worker_name(),
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=BLOCK_SECONDS + 15,
        log_job_description=False,
    )
    try:
        worker.work(burst=burst, logging_level="WARNING")
    finally:
        use_hub(None)
