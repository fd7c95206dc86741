"""Peers: no-op tasks a second of RQ's own workers, Celery and Dask on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.hub import BenchError, nice
from bench.machine import prefer
from bench.report import Figure, Goal
from bench.rows.throughput import GROUP as THROUGHPUT
from owc.queue import start_server

_ROOT = Path(__file__).parents[2]
_PEERS_PYTHON = _ROOT / ".venv-peers" / "bin" / "python"
_GROUP = "Peers: no-op tasks"
_SECONDS = 150
_DASK = "Dask distributed x2"
_OVER_DASK = Goal("at least", 20)


def run(*, quick: bool) -> Iterator[Figure]:
    """Each peer by itself, on both cores; their queues are filled before their workers start."""
    repetitions = 1 if quick else 3
    share = 0.2 if quick else 1.0
    with tempfile.TemporaryDirectory(prefix="owc-bench-") as folder:
        server = start_server(Path(folder))
        prefer(server.process.pid, nice())
        socket = server.url.removeprefix("unix://")
        try:
            for kind, processes, jobs in (
                ("rq.Worker", 1, 80),
                ("rq.Worker", 2, 120),
                ("rq.SimpleWorker", 1, 600),
                ("rq.SimpleWorker", 2, 1_000),
            ):
                arguments = [server.url, kind, str(processes), str(max(50, int(jobs * share)))]
                name = f"RQ {kind.removeprefix('rq.')} x{processes}"
                yield _figure(name, _rq(arguments), repetitions)
            for pool, processes, tasks in (("solo", 1, 2_000), ("prefork", 2, 2_000)):
                arguments = [socket, pool, str(processes), str(int(tasks * share))]
                yield _figure(f"Celery {pool} x{processes}", _celery(arguments), repetitions)
            yield _figure(_DASK, _dask(["2", str(int(3_000 * share))]), repetitions)
        finally:
            server.stop()


def over_dask(figures: Sequence[Figure]) -> Iterator[Figure]:
    """How many times what Dask does each figure of the hub's is; nothing unless both were measured
    in this run."""
    dask = [each for each in figures if (each.group, each.name) == (_GROUP, _DASK)]
    ours = [each for each in figures if (each.group, each.unit) == (THROUGHPUT, "sub-jobs/s")]
    for peer in dask:
        for figure in ours:
            yield Figure(
                group="No-op sub-jobs of the hub over tasks of Dask",
                name=figure.name,
                unit="x",
                values=(figure.median / peer.median,),
                goal=_OVER_DASK,
            )


def _rq(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "bench.peers.rq_peer", *arguments]


def _celery(arguments: Sequence[str]) -> list[str]:
    return [str(_PEERS_PYTHON), "-m", "bench.peers.celery_peer", *arguments]


def _dask(arguments: Sequence[str]) -> list[str]:
    return [str(_PEERS_PYTHON), "-m", "bench.peers.dask_peer", *arguments]


def _figure(name: str, command: Sequence[str], repetitions: int) -> Figure:
    rates = tuple(_once(command) for _ in range(repetitions))
    return Figure(group=_GROUP, name=name, unit="tasks/s", values=rates)


def _once(command: Sequence[str]) -> float:
    environment = {**os.environ}
    if "celery" in command[2]:
        environment["BENCH_REDIS_SOCKET"] = command[3]
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        prefer(process.pid, nice())
        try:
            said, errors = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
    if process.returncode:
        raise BenchError(f"{' '.join(command)}:\n{errors[-2000:]}")
    return float(json.loads(said.splitlines()[-1])["tasks_per_second"])
