"""Real processes for the tests of the whole: a hub that serves, native volunteers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]
IMPATIENT = {"OWC_GRACE_SECONDS": "1", "OWC_RECONCILE_SECONDS": "1", "OWC_UPKEEP_SECONDS": "0.5"}
"""What a hub that is about to lose parts waits less for."""


class ServedHub:
    """A hub of one machine in its own process, on a data folder that outlives it."""

    def __init__(
        self,
        folder: Path,
        *,
        variables: Mapping[str, str] | None = None,
        command: Sequence[str] = ("-m", "owc", "serve"),
    ) -> None:
        self.folder = folder
        self._command, self._variables = command, dict(variables or {})
        self._log = folder.with_suffix(".log")
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the port it had before if it had one, and wait until it is ready."""
        variables = {
            **os.environ,
            **self._variables,
            "OWC_DATA_FOLDER": str(self.folder),
            "OWC_PORT": str(self.port),
        }
        begin = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self._command], cwd=ROOT, env=variables, stdout=log, stderr=log
            )
        try:
            wait_until(lambda: self._is_ready(begin), what="the hub")
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """kill -9: nothing is said, nothing is saved."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; returns its exit status."""
        assert self.process is not None
        return end(self.process)

    def child(self, words: str) -> int:
        """The process id of the hub's child whose command line has these words; 0 if none."""
        assert self.process is not None
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        found = [line.split() for line in listed.stdout.splitlines() if words in line]
        return int(found[0][0]) if found else 0

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def post(self, document: object, **more: Any) -> dict[str, Any]:
        response = requests.post(f"{self.url}/job", json=document, timeout=30, **more)
        assert response.status_code == 201, response.text
        job: dict[str, Any] = response.json()
        return job

    def upload(self, content: bytes) -> str:
        response = requests.post(f"{self.url}/upload", data=content, timeout=60)
        assert response.status_code == 201, response.text
        return str(response.json()["sha256"])

    def job(self, job_id: str) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        job: dict[str, Any] = requests.get(
            f"{self.url}/job/{job_id}", headers=headers, timeout=30
        ).json()
        return job

    def rows(self, job_id: str) -> list[dict[str, Any]]:
        response = requests.get(f"{self.url}/job/{job_id}/result.ndjson", timeout=60)
        assert response.ok, response.text
        return [json.loads(line) for line in response.content.splitlines()]

    def await_job(self, job_id: str, seconds: float = 120) -> dict[str, Any]:
        """Wait until the job has succeeded."""

        def has_ended() -> bool:
            return self.job(job_id)["state"] in {"succeeded", "failed", "cancelled"}

        wait_until(has_ended, seconds=seconds, what=f"job {job_id}")
        job = self.job(job_id)
        assert job["state"] == "succeeded", job["failure"]
        return job

    def await_settled(self, job_id: str, rows: int) -> None:
        """Wait until the job is well under way."""
        wait_until(lambda: self.job(job_id)["rows_settled"] >= rows, what="progress")

    def _is_ready(self, begin: int) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        if self.port == 0:
            lines = self.log()[begin:].splitlines()
            said = [line for line in lines if line.startswith("serving http://")]
            if not said:
                return False
            self.port = int(said[0].rpartition(":")[2])
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def serving(folder: Path, **more: Any) -> Iterator[ServedHub]:
    """A hub that serves from here to the end of the block."""
    hub = ServedHub(folder, **more)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


@contextmanager
def volunteering(url: str, *options: str, workers: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """A native volunteer that works from here to the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "owc", "volunteer", url, "--workers", str(workers), *options],
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[Any], seconds: float = 30) -> int:
    """Ask a process to end; its exit status. One that does not end is killed, and that is an error:
    left behind it would trouble tests that have nothing to do with it."""
    if process.poll() is None:
        process.terminate()
    return ended(process, seconds)


def ended(process: subprocess.Popen[Any], seconds: float = 30) -> int:
    """The same for one that ends by itself."""
    try:
        return process.wait(seconds)
    except BaseException:
        process.kill()
        process.wait()
        raise


def wait_until(condition: Callable[[], bool], *, seconds: float = 60, what: str) -> None:
    """Look again and again until the condition holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")
