"""One process of a cluster and its children: started with a log, killed, frozen, awaited, ended.

Each ends with the process that started it, whatever ends that (Linux).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05


class PartError(Exception):
    """A part of the cluster does not run; the end of its log says why."""


@dataclass(kw_only=True)
class Part:
    """A process that is started anew by `start` as often as it was killed.

    `user`: whom it runs as, for programs that refuse root; `namespace`: of the network.
    `answers`: whether it does its work, asked until it does.
    """

    name: str
    command: Sequence[str]
    log: Path
    answers: Callable[[], bool]
    variables: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    namespace: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    would_not_end: bool = False

    def launch(self) -> None:
        """Start it and do not wait."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.variables},
                start_new_session=True,  # Ctrl-C is for the cluster, which ends them in order
            )

    def await_answer(self, seconds: float = START_SECONDS) -> None:
        """Wait until it answers. Raises PartError if it ends or takes longer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.is_running:
                break
            if self.answers():
                return
            time.sleep(_POLL_SECONDS)
        said = self.log.read_text(errors="replace")[-2000:].strip()
        raise PartError(f"{self.name} does not answer; the end of its log:\n{said}")

    def start(self) -> None:
        self.launch()
        self.await_answer()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pids(self) -> list[int]:
        """The process and all that it started, itself first."""
        if self.process is None or self.process.poll() is not None:
            return []
        found = [self.process.pid]
        for parent in found:  # grows while it is read
            found += _children(parent)
        return found

    @property
    def cpu_seconds(self) -> float:
        """What the process itself has computed so far."""
        assert self.process is not None
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """kill -9, children too: nothing is said, nothing is saved."""
        self._signal(signal.SIGKILL)
        self.wait()

    def freeze(self) -> None:
        """SIGSTOP, children too; the parent first, so that it starts no more of them."""
        self._signal(signal.SIGSTOP)
        self._signal(signal.SIGSTOP)  # those that were started meanwhile

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end; insist after a while (`would_not_end`). Again is no error."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.thaw()
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.would_not_end = True
                self.kill()
        self.process = None

    def wait(self) -> None:
        if self.process is not None:
            self.process.wait(STOP_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _command(self) -> list[str]:
        enter = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        become = [f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        ends_too = ["setpriv", *(become if self.user else []), "--pdeathsig", "TERM"]
        return [*enter, *ends_too, *self.command]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in task.read_text(encoding="ascii").split()]
    return found
