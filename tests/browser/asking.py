"""The researcher's side of a hub, as small as the tests need it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Asker:
    """Asks one hub over HTTP; a refusal fails the test with the hub's own words."""

    hub_url: str
    asked: list[str] = field(default_factory=list)

    def submit(self, document: dict[str, Any]) -> str:
        """Post a job; returns its id."""
        answer = requests.post(f"{self.hub_url}/job", json=document, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 201, answer.text
        job_id = str(answer.json()["id"])
        self.asked.append(job_id)
        return job_id

    def cancel_all(self) -> None:
        """Cancel what was asked and still runs."""
        for job_id in self.asked:
            answer = requests.delete(f"{self.hub_url}/job/{job_id}", timeout=TIMEOUT_SECONDS)
            assert answer.status_code in {200, 409}, answer.text
        self.asked.clear()

    def pause(self, job_id: str) -> None:
        """Hold a running job back."""
        self._change(job_id, "pause")

    def resume(self, job_id: str) -> None:
        """Let a paused job go on."""
        self._change(job_id, "resume")

    def cancel(self, job_id: str) -> None:
        """Have no more of a job computed."""
        answer = requests.delete(f"{self.hub_url}/job/{job_id}", timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text

    def upload(self, file: bytes) -> str:
        """Upload a file; returns its SHA-256."""
        headers = {"Content-Type": "application/octet-stream"}
        answer = requests.post(
            f"{self.hub_url}/upload", data=file, headers=headers, timeout=TIMEOUT_SECONDS
        )
        assert answer.ok, answer.text
        return str(answer.json()["sha256"])

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as JSON."""
        return self._get(f"/job/{job_id}")

    def sub_jobs(self, job_id: str) -> list[dict[str, Any]]:
        """All sub-jobs of a job, in row order."""
        found: list[dict[str, Any]] = []
        after = -1
        while part := self._get(f"/job/{job_id}/sub-jobs?after={after}&limit=200")["sub_jobs"]:
            found += part
            after = part[-1]["first_row"]
        return found

    def first_sub_jobs(self, job_id: str) -> list[dict[str, Any]]:
        """The first 50 sub-jobs of a job."""
        found: list[dict[str, Any]] = self._get(f"/job/{job_id}/sub-jobs?limit=50")["sub_jobs"]
        return found

    def await_given_back(self, job_id: str) -> None:
        """Wait until none of a job's first sub-jobs is leased: at the latest, leases run out."""
        deadline = time.monotonic() + 2 * TIMEOUT_SECONDS
        while any(part["state"] == "leased" for part in self.first_sub_jobs(job_id)):
            assert time.monotonic() < deadline, "it was not given back"
            time.sleep(0.1)

    def await_split(self, job_id: str) -> None:
        """Wait until a job has been split into sub-jobs."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self.job(job_id)["sub_jobs_total"] is None:
            assert time.monotonic() < deadline, "the job was never split"
            time.sleep(0.1)

    def await_succeeded(self, job_id: str) -> None:
        """Wait until a job has succeeded."""
        deadline = time.monotonic() + 3 * TIMEOUT_SECONDS
        while (state := self.job(job_id)["state"]) in {"compiled", "running", "merging"}:
            assert time.monotonic() < deadline, f"the job is still {state}"
            time.sleep(0.1)
        assert state == "succeeded", self.job(job_id)

    def result(self, job_id: str) -> str:
        """A job's result as NDJSON."""
        return self.result_file(job_id, "ndjson").decode()

    def result_file(self, job_id: str, form: str) -> bytes:
        """A job's result in one of its formats."""
        url = f"{self.hub_url}/job/{job_id}/result.{form}"
        answer = requests.get(url, timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        return answer.content

    def _change(self, job_id: str, change: str) -> None:
        answer = requests.post(f"{self.hub_url}/job/{job_id}/{change}", timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text

    def _get(self, path: str) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        answer = requests.get(self.hub_url + path, headers=headers, timeout=TIMEOUT_SECONDS)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found
