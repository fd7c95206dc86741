"""The swarm's process, steered from Python: see swarm.mjs for the commands."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.hub import OTHER_CORE, BenchError, Hub, nice
from bench.machine import node_binary, pin, prefer
from bench.work import Work

_SCRIPT = Path(__file__).with_name("swarm.mjs")
_STOP_SECONDS = 20.0


class Swarm:
    """Volunteers of one hub. Use `swarm_of`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._ids = itertools.count(1)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, command: str, **more: Any) -> int:
        """Give a command and do not wait for its answer."""
        number = next(self._ids)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "command": command, **more}) + "\n")
        self._process.stdin.flush()
        return number

    def answer(self, number: int) -> Any:
        """The answer to a command given before; those before it are dropped."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if said["id"] != number:
                continue
            if "error" in said:
                raise BenchError(f"swarm: {said['error']}")
            return said["answer"]
        raise BenchError(f"the swarm ended with {self._process.wait()}")

    def do(self, command: str, **more: Any) -> Any:
        """Give a command and wait for its answer."""
        return self.answer(self.send(command, **more))

    def change(self, **settings: Any) -> None:
        self.do("change", settings=settings)

    def learn(self, work: Work) -> None:
        """Know the right outputs of a job."""
        self.do("learn", program=work.program_sha256, template=work.template)

    def connect(self, count: int, *, seconds: float = 120) -> dict[str, Any]:
        """Connect until there are `count` volunteers, and wait until all are welcome."""
        found: dict[str, Any] = self.do("connect", count=count, timeout_ms=1000 * seconds)
        return found

    def await_stored(self, count: int, *, seconds: float) -> dict[str, Any]:
        """Wait until so many results are stored since the last reset."""
        found: dict[str, Any] = self.do("await_stored", count=count, timeout_ms=1000 * seconds)
        return found

    def progress(self) -> dict[str, Any]:
        found: dict[str, Any] = self.do("progress")
        return found

    def measures(self) -> dict[str, Any]:
        """Counts, and percentiles of lists (milliseconds)."""
        found: dict[str, Any] = self.do("measures")
        return found

    def check_calm(self) -> None:
        """Raise BenchError if a volunteer was refused, lost or disbelieved."""
        counts = self.measures()["counts"]
        troubles = {
            name: count
            for name, count in counts.items()
            if name.startswith(("refused", "lost")) and count
        }
        if troubles:
            raise BenchError(f"volunteers were refused or lost: {troubles}")

    def close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def swarm_of(hub: Hub, **settings: Any) -> Iterator[Swarm]:
    """A swarm for that hub, on the core that the web process leaves free; nobody connected yet."""
    process = subprocess.Popen(
        [str(node_binary()), "--max-old-space-size=4096", str(_SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    swarm = Swarm(process)
    try:
        pin(process.pid, OTHER_CORE)
        prefer(process.pid, nice())
        address = urlsplit(hub.url)
        place = {"host": address.hostname, "port": address.port, "token": hub.frame_token()}
        swarm.change(**place, **settings)
        yield swarm
    finally:
        swarm.close()
