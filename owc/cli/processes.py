"""Child processes of the demo: started with a log, awaited, ended in order."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import requests

_STOP_SECONDS = 20.0
_START_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """A process of ours and the file with what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """Ask it to end; insist after a while. Again is no error."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def fail(self) -> click.ClickException:
        """An error with the end of the log."""
        tail = self.log.read_text(errors="replace")[-2000:].strip()
        return click.ClickException(f"{self.name} does not run; the end of {self.log}:\n{tail}")


def start(
    name: str,
    arguments: Sequence[str],
    *,
    log: Path,
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Child:
    """Start `python -m <arguments>` with its output in `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(variables or {})},
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the demo, which ends them in order
        )
    return Child(name=name, process=process, log=log)


def await_answer(child: Child, url: str) -> None:
    """Wait until `url` is answered with success; raises with the log if that does not happen."""
    deadline = time.monotonic() + _START_SECONDS
    while child.process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise child.fail()


def free_port(preferred: int, host: str = "127.0.0.1") -> int:
    """`preferred` if nobody listens there, else a port that is free now."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise click.ClickException("no free port")
