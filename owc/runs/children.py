"""Runs in child processes: started when they are needed, kept for the next, killed where they hang.

Whoever asks has a child to itself while its runs last; there are as many as threads ask at once. A
child does the chunks of a batch in their order and answers one by one, so that of a child that has
died it is known at which chunk.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Unpack

import jobspec
from owc import telemetry
from owc.errors import RunsUnavailable
from owc.runs import child
from owc.runs.runs import Limits, Outcome

START_SECONDS: Final = 60.0
BATCH_CHUNKS: Final = 64
BATCH_BYTES: Final = 4 << 20
SPARE_BYTES: Final = 512 << 20
"""What a child may have beside the memories of programs: compiling one takes the most of it."""

_VARIABLES: Final = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
"""All that a child is told of our environment: the hub's secrets are in there."""


class Children:
    """Runs in child processes of this one. `close` ends them; the end of this process does, too."""

    def __init__(self, *, memory_bytes: int) -> None:
        """`memory_bytes`: the most that any program has."""
        # the program's memory, chunk and output on their way in and out
        self._data_bytes = 4 * memory_bytes + SPARE_BYTES
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()
        self._is_closed = False

    def run(self, wasm: bytes, chunk: bytes, **limits: Unpack[Limits]) -> jobspec.Run:
        """See `Runs`. A run whose process died is tried once more: nobody else counts attempts."""
        run_once = partial(self.run_many, wasm, [chunk], **limits)
        (outcome,) = run_once()
        if isinstance(outcome, jobspec.RunError) and outcome.code == "process_died":
            (outcome,) = run_once()
        if isinstance(outcome, jobspec.RunError):
            raise outcome
        return outcome

    def run_many(
        self,
        wasm: bytes,
        chunks: Iterable[bytes],
        *,
        begin_seconds: float | None = None,
        **limits: Unpack[Limits],
    ) -> Iterator[Outcome]:
        """See `Runs`. Chunks are asked for as they are needed."""
        ends_at = None
        for batch in _batches(chunks):
            rest: Sequence[bytes] = batch
            while rest:
                left = None if ends_at is None else ends_at - time.monotonic()
                if left is not None and left <= 0:
                    return
                process = self._take()
                if begin_seconds is not None and ends_at is None:
                    ends_at = time.monotonic() + begin_seconds
                    left = begin_seconds
                count = 0
                try:
                    for outcome in process.run(wasm, rest, limits, begin_seconds=left):
                        count += 1
                        yield outcome
                finally:
                    self._give_back(process)
                if process.is_idle and count < len(rest):
                    return  # too late to begin another
                rest = rest[count:]

    def pids(self) -> set[int]:
        """The processes that there are."""
        with self._lock:
            return {each.pid for each in self._all}

    def close(self) -> None:
        """See `Runs`. Runs that are under way end with their processes."""
        with self._lock:
            self._is_closed = True
            processes, self._idle = list(self._all), []
            self._all.clear()
        for process in processes:
            process.kill()

    def _take(self) -> _Child:
        while True:
            with self._lock:
                if self._is_closed:
                    raise RunsUnavailable("The runs of programs were ended.")
                process = self._idle.pop() if self._idle else None
            if process is None:
                break
            if process.is_alive():
                return process
            self._discard(process)
        process = _Child(self._data_bytes)
        with self._lock:
            self._all.add(process)
            is_closed = self._is_closed
        if is_closed:
            self._discard(process)
            raise RunsUnavailable("The runs of programs were ended.")
        return process

    def _give_back(self, process: _Child) -> None:
        if not process.is_idle:
            self._discard(process)
            return
        with self._lock:
            if not self._is_closed:
                self._idle.append(process)

    def _discard(self, process: _Child) -> None:
        with self._lock:
            self._all.discard(process)
        process.kill()


class _Child:
    """One process and our end of its socket."""

    def __init__(self, data_bytes: int) -> None:
        """Start it and wait until it is ready. Raises RunsUnavailable."""
        self.is_idle = False
        """Whether it has answered all that it was asked."""
        self._socket, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-P", child.__file__, str(number), str(data_bytes)]
            try:
                self._process = subprocess.Popen(
                    command,
                    pass_fds=(number,),
                    env=_environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is for us, and so are our signals
                )
            except OSError as error:
                self._socket.close()
                raise RunsUnavailable(f"No process could be started: {error}") from error
        try:
            child.receive(self._socket, time.monotonic() + START_SECONDS)
        except (OSError, EOFError) as error:
            self.kill()
            reason = _end_of(self._process) if isinstance(error, EOFError) else "it took too long"
            raise RunsUnavailable(f"The process for runs did not start: {reason}.") from error
        self.is_idle = True

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def run(
        self, wasm: bytes, chunks: Sequence[bytes], limits: Limits, *, begin_seconds: float | None
    ) -> Iterator[Outcome]:
        """What became of the chunks, up to the first that ended the process or was not begun."""
        self.is_idle = False
        wall_seconds = limits["wall_seconds"]
        header = {
            "wasm_bytes": len(wasm),
            "chunk_bytes": [len(each) for each in chunks],
            "limits": {name: value for name, value in limits.items() if name != "wall_seconds"},
            "begin_seconds": begin_seconds,
        }
        try:
            self._socket.settimeout(wall_seconds)
            child.send(self._socket, header, wasm, *chunks)
        except OSError as error:
            yield self._lost(error, wall_seconds)
            return
        for number in range(1, len(chunks) + 1):
            try:
                answer, output = child.receive(self._socket, time.monotonic() + wall_seconds)
            except (OSError, EOFError) as error:
                yield self._lost(error, wall_seconds)
                return
            self.is_idle = number == len(chunks) or "late" in answer
            if "late" in answer:
                return
            if "code" in answer:
                yield jobspec.RunError(answer["code"], answer["message"])
            else:
                yield jobspec.Run(output=output, **answer)

    def kill(self) -> None:
        """End it at once, and wait until it has ended. Again is no error."""
        self.is_idle = False
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _lost(self, error: OSError | EOFError, wall_seconds: float) -> jobspec.RunError:
        """It does not answer any more: end what is left of it, and say why."""
        self.kill()
        if isinstance(error, TimeoutError):
            code, message = "wall_time", f"the run took longer than {wall_seconds:g} seconds"
        else:
            code = "process_died"
            message = f"the run ended its process: {_end_of(self._process)}"
        telemetry.event("run_process_lost", code=code, reason=message)
        return jobspec.RunError(code, message)


def _batches(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for chunk in chunks:
        batch.append(chunk)
        size += len(chunk)
        if len(batch) >= BATCH_CHUNKS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _environment() -> dict[str, str]:
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    root = str(Path(child.__file__).parents[2])
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [root, variables.get("PYTHONPATH")]))
    return variables


def _end_of(process: subprocess.Popen[bytes]) -> str:
    """How a process that has ended did so."""
    status = process.returncode
    if status is not None and status < 0:
        return f"{signal.strsignal(-status)} (signal {-status})"
    return f"it ended with status {status}"
