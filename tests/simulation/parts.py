"""The real parts that the hub of a run is made of, and what of them is watched.

SQLite, a Redis-protocol server, RQ and blobs are real; every run begins with empty ones. Replaced
are the clock, chance, ids, the news over Redis (which may be lost anyway) and the time that
programs take. Redis reckons times to live by the machine's clock: `age` has them end in virtual
time.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from redis import Redis
from sqlalchemy import event
from sqlalchemy.orm import Session

from owc.blobs import Blobs
from owc.errors import QueueUnavailable
from owc.push import Push
from owc.queue import Queue, RedisServer, Task, connect, start_server
from owc.services.hub import Hub
from owc.settings import Settings
from owc.store import Database, migrate
from tests.simulation.computing import COMPUTER, SimulatedRuns
from tests.simulation.world import Killed, World

MEMORY: Final = Path("/dev/shm")

AUDIT: Final = """
CREATE TABLE sim_move (
  number INTEGER PRIMARY KEY, kind TEXT, id TEXT, job_id TEXT, before TEXT, after TEXT
);
CREATE TRIGGER sim_sub_job_new AFTER INSERT ON sub_job BEGIN
  INSERT INTO sim_move (kind, id, job_id, before, after)
  VALUES ('sub_job', NEW.id, NEW.job_id, NULL, NEW.state); END;
CREATE TRIGGER sim_sub_job_moved AFTER UPDATE OF state ON sub_job WHEN OLD.state != NEW.state BEGIN
  INSERT INTO sim_move (kind, id, job_id, before, after)
  VALUES ('sub_job', NEW.id, NEW.job_id, OLD.state, NEW.state); END;
CREATE TRIGGER sim_sub_job_gone AFTER DELETE ON sub_job BEGIN
  INSERT INTO sim_move (kind, id, job_id, before, after)
  VALUES ('sub_job', OLD.id, OLD.job_id, OLD.state, NULL); END;
CREATE TRIGGER sim_lease_new AFTER INSERT ON lease BEGIN
  INSERT INTO sim_move (kind, id, job_id, before, after)
  VALUES ('lease', NEW.id, NEW.job_id, NULL, NEW.state); END;
CREATE TRIGGER sim_lease_moved AFTER UPDATE OF state ON lease WHEN OLD.state != NEW.state BEGIN
  INSERT INTO sim_move (kind, id, job_id, before, after)
  VALUES ('lease', NEW.id, NEW.job_id, OLD.state, NEW.state); END;
CREATE TRIGGER sim_job_moved AFTER UPDATE OF state ON job WHEN OLD.state != NEW.state BEGIN
  INSERT INTO sim_move (kind, id, job_id, before, after)
  VALUES ('job', NEW.id, NEW.id, OLD.state, NEW.state); END;
"""
"""Triggers tell of every move, whoever writes it and in whatever way."""

AGE: Final = """
local now = tonumber(ARGV[1])
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then
    redis.call('HSET', 'simulated:ends', key, now + math.ceil(left / 5000) * 5)
    redis.call('PERSIST', key)
  end
end
local ends = redis.call('HGETALL', 'simulated:ends')
for at = 1, #ends, 2 do
  if tonumber(ends[at + 1]) <= now then
    redis.call('DEL', ends[at])
    redis.call('HDEL', 'simulated:ends', ends[at])
  end
end
"""
"""Takes the time to live of every key from Redis, which reckons by the machine's clock, and ends
the key in virtual time. It is rounded up, so that how slow the machine is does not matter."""


class Stage:
    """What the runs of one operating system process share: a folder in memory, a Redis-protocol
    server, an empty database."""

    def __init__(self) -> None:
        base = MEMORY if os.access(MEMORY, os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="owc-simulation-", dir=base))
        self.server: RedisServer = start_server(self.folder / "redis")
        self.redis: Redis = connect(self.server.url)
        self.redis.config_set("appendonly", "no")
        self._age = self.redis.register_script(AGE)
        self._template = self.folder / "template.sqlite3"
        migrate(Settings(data_folder=self.folder, database_url=f"sqlite:///{self._template}"))
        with sqlite3.connect(self._template) as connection:
            connection.executescript(AUDIT)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self._database = WatchedDatabase(self.folder / "owc.sqlite3")
        self._runs = 0

    def close(self) -> None:
        self._database.close()
        self.redis.close()
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def age(self, now: float) -> None:
        """Let it be now in Redis too. To be called every few virtual seconds."""
        self._age(args=[now])

    @contextmanager
    def hub(self, world: World, **changes: Any) -> Iterator[Hub]:
        """A hub with nothing in it, in that world."""
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        folder.mkdir()
        self._database.renew(self._template, world)
        settings = Settings(data_folder=folder, redis_url=self.server.url, **changes)
        self.redis.flushall()
        hub = Hub(
            settings=settings,
            clock=world.clock,
            database=self._database,
            queue=WatchedQueue(self.redis, settings, world),
            blobs=Blobs(settings.blobs_folder),
            push=News(self.redis, world),
            runs=SimulatedRuns(world, COMPUTER),
            draw=world.rng.random,
        )
        try:
            yield hub
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class WatchedDatabase(Database):
    """Gives way before and after every transaction, and dies there when told to. `committed` is
    called after each commit."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self.path = path
        # nothing of a run needs to outlive the machine
        event.listen(self.engine, "connect", _no_durability)

    def renew(self, template: Path, world: World) -> None:
        """Begin again with a copy of another database. The engine stays, and with it the SQL that
        it has compiled."""
        self.close()
        for name in (self.path, *self.path.parent.glob(f"{self.path.name}-*")):
            name.unlink(missing_ok=True)
        shutil.copyfile(template, self.path)
        self._world = world
        self.committed: Callable[[], None] = lambda: None

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._pause()
        process = self._world.process
        with super().write() as session:
            if process is not None:
                process.writes += 1
            try:
                yield session
                if process is not None and process.doom == "in":
                    self._world.note(f"{process.name} dies before a commit")
                    raise Killed
            finally:
                if process is not None:
                    process.writes -= 1
        self.committed()
        if process is not None and process.doom == "after":
            self._world.note(f"{process.name} dies after a commit")
            raise Killed
        self._pause()

    @contextmanager
    def read(self) -> Iterator[Session]:
        self._pause()
        with super().read() as session:
            yield session

    def _pause(self) -> None:
        """Others run between the transactions of a process, never inside one of them."""
        process = self._world.process
        if process is not None and process.writes == 0 and self._world.is_patient:
            self._world.sleep(self._world.rng.expovariate(400.0))


def _no_durability(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


class WatchedQueue(Queue):
    """Tells when a task is there, and can be away."""

    def __init__(self, connection: Redis, settings: Settings, world: World) -> None:
        super().__init__(
            connection,
            finished_seconds=settings.finished_seconds,
            task_seconds=settings.task_seconds,
            rest_seconds=1.0,
            monotonic=world.clock.monotonic,
        )
        self._world = world
        self.on_task: Callable[[], None] = lambda: None
        self._turns: dict[str, float] = {}

    def be_away(self, seconds: float) -> None:
        """Every call fails for so long, as after Redis has not answered."""
        self._rests_until = self._world.now + seconds

    @property
    def is_away(self) -> bool:
        return self._world.now < self._rests_until

    def enqueue_task_once(self, task: Task, *, seconds: float) -> bool:
        """As the real one, whose key lives in the machine's time."""
        key = f"owc:turn:{task.id}"
        is_theirs = self._turns.get(task.id, 0.0) > self._world.now
        if not self.is_away and is_theirs and self._connection.exists(key):
            return False
        self._turns[task.id] = self._world.now + seconds
        if not self.is_away:
            self._connection.delete(key)
        return super().enqueue_task_once(task, seconds=1_000_000)

    def _enqueue_task(self, task: Task) -> None:
        super()._enqueue_task(task)
        self.on_task()


class News(Push):
    """Takes news to whoever subscribed, in the same process and in virtual time."""

    def __init__(self, connection: Redis, world: World) -> None:
        super().__init__(connection)
        self._world = world
        self.subscribers: list[Callable[[str, dict[str, Any]], None]] = []

    def publish(self, topic: str, payload: dict[str, Any] | None = None) -> None:
        for each in list(self.subscribers):
            self._world.at(0.001, each, topic, payload or {})


__all__ = ["News", "QueueUnavailable", "Stage", "WatchedDatabase", "WatchedQueue"]
