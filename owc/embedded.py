"""The hub of one machine: its Redis-protocol server and its RQ worker, kept alive beside the web.

A lock on the data folder keeps a second hub off it. The kernel ends both children with the process
that started them, even after kill -9; what they left half-done the next start picks up from SQL.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

from owc.blobs import Blobs
from owc.errors import DataFolderInUse
from owc.queue import RedisServer, start_server
from owc.services.completion import MERGE_PREFIX
from owc.settings import PREFIX, Settings
from owc.store.migrate import migrate

STOP_SECONDS = 15.0

_logger = logging.getLogger("owc.embedded")


class EmbeddedServices:
    """Redis and one RQ worker for a hub with these settings. `start`, `check` now and then, `stop`.

    Call all three from the thread that lives as long as the hub (see `owc.queue.start_server`).
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock: IO[str] | None = None
        self._redis: RedisServer | None = None
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Lock the data folder, bring its database up to date and start both.

        Raises DataFolderInUse, ServerNotFound.
        """
        self._settings.make_data_folder()
        self._lock = lock_folder(self._settings.data_folder)
        sweep(self._settings)
        migrate(self._settings)
        self._start_redis()
        self._start_worker()

    def check(self) -> None:
        """One pass: start again what has died."""
        if self._redis is not None and not self._redis.is_running():
            _logger.warning("the Redis-protocol server died; starting it again")
            self._start_redis()
        if self._worker is not None and self._worker.poll() is not None:
            _logger.warning("the RQ worker ended with %s; starting it again", self._worker.poll())
            self._start_worker()

    def stop(self) -> None:
        """End both in order and free the folder. Again is no error."""
        if self._worker is not None:
            _end(self._worker)
            self._worker = None
        if self._redis is not None:
            self._redis.stop()
            self._redis = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _start_redis(self) -> None:
        if self._settings.redis_url is None:
            self._redis = start_server(self._settings.redis_folder)

    def _start_worker(self) -> None:
        command = [sys.executable, "-m", "owc", "worker", "--parent-pid", str(os.getpid())]
        self._worker = subprocess.Popen(
            command,
            env={**os.environ, **environment(self._settings)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the hub, which ends its children
        )


def lock_folder(folder: Path) -> IO[str]:
    """An exclusive lock on a data folder, held while the file is open."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "hub.lock").open("w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataFolderInUse from None
    return file


def sweep(settings: Settings) -> None:
    """Remove what a hub that was killed had begun to write; nobody else is at it under the lock."""
    for path in Blobs(settings.blobs_folder).unfinished():
        path.unlink(missing_ok=True)
    for folder in settings.data_folder.glob(f"{MERGE_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)


def environment(settings: Settings) -> dict[str, str]:
    """The settings as `OWC_*` variables, for a child process that must have the same."""
    variables = {}
    for name, value in settings.model_dump(mode="json").items():
        if value is not None:
            text = ",".join(value) if isinstance(value, list) else str(value)
            variables[PREFIX + name.upper()] = text
    return variables


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
