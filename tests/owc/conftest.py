"""What the hub's tests share: a hub of real parts, and a clock that waits.

The database is SQLite, or what OWC_TEST_DATABASE_URL names: its schema `public` is emptied.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import create_engine

from owc.blobs import Blobs
from owc.clock import ManualClock
from owc.push import Push
from owc.queue import Queue, RedisServer, connect, connect_blocking
from owc.runs import InProcess
from owc.services.hub import Hub
from owc.settings import Settings
from owc.store import Database
from owc.tasks.worker import work


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    connection = connect(redis_server.url)
    connection.flushall()
    yield connection
    connection.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path, redis_server: RedisServer) -> Settings:
    url = os.environ.get("OWC_TEST_DATABASE_URL")
    if url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        engine.dispose()
    return Settings(
        data_folder=tmp_path / "data",
        redis_url=redis_server.url,
        database_url=url or None,
        receive_seconds=0,  # the jobs of these tests take no time: all would be run by the hub
        unproven_sub_jobs=1000,
        audit=0,  # a merge that a test calls for is one at once
    )


@pytest.fixture
def queue(redis: Redis) -> Queue:
    return Queue(redis, finished_seconds=60, task_seconds=600)


@pytest.fixture
def hub(
    settings: Settings,
    clock: ManualClock,
    redis: Redis,
    queue: Queue,
    make_database: Callable[[Settings], None],
) -> Iterator[Hub]:
    """A hub with an empty database and empty queues, which never draws a spot check."""
    make_database(settings)
    hub = Hub(
        settings=settings,
        clock=clock,
        database=Database(settings.effective_database_url),
        queue=queue,
        blobs=Blobs(settings.blobs_folder),
        push=Push(redis),
        runs=InProcess(clock.monotonic),
        draw=lambda: 0.999,
    )
    yield hub
    hub.database.close()


@pytest.fixture
def run_tasks(hub: Hub, redis_server: RedisServer) -> Iterator[Callable[[], None]]:
    """Runs all waiting tasks in this process, as an RQ worker does."""
    connection = connect_blocking(redis_server.url)
    yield lambda: work(hub, connection, burst=True)
    connection.close()
