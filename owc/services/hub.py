"""The hub: everything that services need, opened once per process. No rules here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from owc import telemetry
from owc.blobs import Blobs
from owc.clock import Clock, SystemClock
from owc.errors import QueueUnavailable
from owc.push import Push
from owc.queue import Queue, connect, embedded_url
from owc.runs import Children, Runs
from owc.settings import Settings
from owc.store import Database

REST_SECONDS = 1.0
"""After Redis has not answered it is left alone for so long: one writer serves all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hub:
    """`draw` gives uniform numbers in [0, 1) for spot checks and `verify`, `runs` the hub's own
    runs."""

    settings: Settings
    clock: Clock
    database: Database
    queue: Queue
    blobs: Blobs
    push: Push
    runs: Runs
    draw: Callable[[], float] = field(default=secrets.SystemRandom().random)

    @contextmanager
    def delivery(self, what: str) -> Iterator[None]:
        """Around what Redis does after a commit: SQL is the truth, so a Redis that is away is
        logged and left to `upkeep.reconcile`, never an error of the request."""
        try:
            yield
        except QueueUnavailable as error:
            telemetry.event("delivery_failed", what=what, reason=error.message)

    def close(self) -> None:
        self.runs.close()
        self.database.close()
        self.queue.close()
        self.push.close()


def open_hub(settings: Settings, *, clock: Clock | None = None) -> Hub:
    """Open the hub of these settings. Connects lazily, starts nothing, migrates nothing."""
    settings.make_data_folder()
    url = settings.redis_url or embedded_url(settings.redis_folder)
    return Hub(
        settings=settings,
        clock=clock or SystemClock(),
        database=Database(settings.effective_database_url),
        queue=Queue(
            connect(url),
            finished_seconds=settings.finished_seconds,
            task_seconds=settings.task_seconds,
            rest_seconds=REST_SECONDS,
        ),
        blobs=Blobs(settings.blobs_folder),
        push=Push(connect(url)),
        runs=Children(memory_bytes=settings.memory_bytes),
    )
