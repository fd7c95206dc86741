"""A real hub for a bench: `owc serve` in a folder of its own, its processes pinned and metered.

Everything else here speaks HTTP. Nothing of `owc` is imported: the core may change under it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bench.machine import Meter, descendants, pin, prefer, pss_bytes
from bench.work import Work

WEB_CORE = 0
OTHER_CORE = 1
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
_ENDED = frozenset({"succeeded", "failed", "cancelled", "removed"})
_SETTINGS = {
    "connections_per_address": 20_000,
    "requests_per_address": 20_000,
    "hellos_per_minute": 10_000_000,
    "outputs_per_minute": 10_000_000,
    "submissions_per_minute": 100_000,
    # What is measured is dispatch: a no-op is cheaper to run again than to receive, a thousand
    # newcomers have ten results each run by the hub, and a job's end waits for its audit.
    "trust_after": 0,
    "receive_seconds": 0,
    "audit": 0,
}


class BenchError(Exception):
    """Something was not as it must be: the figures would mean nothing."""


@dataclass(kw_only=True)
class Hub:
    """A hub that runs. Use `running_hub`."""

    url: str
    folder: Path
    process: subprocess.Popen[str]
    log: Path
    http: requests.Session = field(default_factory=requests.Session)

    # Processes ---------------------------------------------------------------------------------

    def roles(self) -> dict[str, int]:
        """The hub's processes: `web`, `worker` (RQ) and `redis` (or what speaks its protocol)."""
        roles: dict[str, int] = {}
        for each in descendants(self.process.pid):
            if re.search(r"(valkey|redis)-server", each.command):
                roles["redis"] = each.pid
            elif re.search(r"\bowc worker\b", each.command):
                roles.setdefault("worker", each.pid)
            elif re.search(r"\bowc serve\b", each.command):
                roles.setdefault("web", each.pid)
        return roles

    def meter(self, **more: int) -> Meter:
        """A meter of the hub's processes and of `more`."""
        return Meter({**self.roles(), **more})

    def web_pss_bytes(self) -> int:
        return pss_bytes(self.roles()["web"])

    def redis_url(self) -> str:
        """Where the hub's own Redis listens, for RQ's tools."""
        command = next(
            each.command for each in descendants(self.process.pid) if "-server" in each.command
        )
        found = re.search(r"(?:--unixsocket |unixsocket:)(\S+)", command)
        return f"unix://{found.group(1) if found else self.folder / 'redis' / 'redis.sock'}"

    # Over the wire -----------------------------------------------------------------------------

    def frame_token(self) -> str:
        """A first token, with which any number of volunteers may say hello."""
        answer = self._answered("POST", "/volunteer/token", json={"kind": "native"})
        return str(answer["token"])

    def post(self, work: Work, **more: Any) -> str:
        """Post a job; its id."""
        return str(self._answered("POST", "/job", json={**work.document, **more})["id"])

    def cancel(self, job_id: str) -> None:
        self._answered("DELETE", f"/job/{job_id}")

    def job(self, job_id: str) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        return self._answered("GET", f"/job/{job_id}", headers=headers)

    def await_end(self, job_id: str, seconds: float) -> dict[str, Any]:
        """The job once it has ended. Raises BenchError if it does not, or does not well."""
        job = self.await_job(job_id, lambda job: job["state"] in _ENDED, seconds)
        if job["state"] != "succeeded":
            raise BenchError(f"{job_id} {job['state']}: {job.get('failure')}")
        return job

    def await_job(self, job_id: str, is_so: Any, seconds: float) -> dict[str, Any]:
        """The job once `is_so(job)`. Raises BenchError."""
        deadline = time.monotonic() + seconds
        pause = _POLL_SECONDS
        while True:
            job = self.job(job_id)
            if is_so(job):
                return job
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise BenchError(f"{job_id} is not done: {_brief(job)}")
            time.sleep(pause)
            pause = min(0.25, pause * 1.5)

    def check_result(self, job_id: str, work: Work, seconds: float = 120) -> dict[str, Any]:
        """Wait for the job's result and compare it with the right one. Raises BenchError."""
        job = self.await_end(job_id, seconds)
        text = self.http.get(f"{self.url}/job/{job_id}/result.csv", timeout=60).text
        found = text.split()
        if found != ["total", str(work.result)]:
            raise BenchError(f"the result of {job_id} is {found}, not {work.result}")
        return job

    def metrics(self) -> str:
        """Prometheus text, where the hub has it."""
        answer = self.http.get(f"{self.url}/metrics", timeout=30)
        return answer.text if answer.ok else ""

    def _answered(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self.http.request(method, self.url + path, timeout=120, **more)
        if not answer.ok:
            raise BenchError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        found: dict[str, Any] = answer.json()
        return found

    # What it keeps -----------------------------------------------------------------------------

    def database_bytes(self) -> int:
        """Size of the SQLite file and its log."""
        return sum(path.stat().st_size for path in self.folder.glob("*.sqlite3*"))

    def row_counts(self) -> dict[str, int]:
        """Rows by table of the hub's SQLite database, those that are empty left out."""
        path = next(self.folder.glob("*.sqlite3"))
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            names = [
                name
                for (name,) in database.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
                )
            ]
            counts = {
                name: int(database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
                for name in names
            }
        return {name: count for name, count in counts.items() if count}


@contextlib.contextmanager
def running_hub(**settings: Any) -> Iterator[Hub]:
    """A new hub on a free port of 127.0.0.1, its web process on one core, the rest on another."""
    folder = Path(tempfile.mkdtemp(prefix="owc-bench-"))
    log = folder / "hub.log"
    command = [sys.executable, "-m", "owc", "serve", "--data", str(folder / "data")]
    command += [
        "--port",
        "0",
        "--parent-pid",
        str(os.getpid()),
    ]  # ends with the bench, killed or not
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **_variables({**_SETTINGS, **settings})},
            start_new_session=True,
        )
    try:
        url = _await_address(process)
        hub = Hub(url=url, folder=folder / "data", process=process, log=log)
        place(hub)
        yield hub
    except Exception:
        print(f"the hub said last:\n{_end_of(log)}", file=sys.stderr)
        raise
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def nice() -> int:
    """How the bench's processes are preferred (BENCH_NICE; 0: not at all)."""
    return int(os.environ.get("BENCH_NICE", "0"))


def place(hub: Hub) -> None:
    """The web process alone on its core; Redis and the RQ worker beside the swarm."""
    for role, pid in hub.roles().items():
        pin(pid, WEB_CORE if role == "web" else OTHER_CORE)
        prefer(pid, nice())


def _variables(settings: Mapping[str, Any]) -> dict[str, str]:
    return {f"OWC_{name.upper()}": str(value) for name, value in settings.items()}


def _await_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("serving "):
            url = line.split()[1]
            _await_ready(url)
            return url
    raise BenchError("the hub did not start")


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-3000:]


def _await_ready(url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        time.sleep(_POLL_SECONDS)
    raise BenchError("the hub does not become ready")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _brief(job: Mapping[str, Any]) -> dict[str, Any]:
    names = ("state", "failure", "sub_jobs_total", "sub_jobs_settled", "volunteers_at_work")
    return {name: job.get(name) for name in names}
