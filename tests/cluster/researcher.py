"""Who posts jobs and looks at them by HTTP, patiently: the hub may be away for a while."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

_ANSWER_SECONDS = 10
_POLL_SECONDS = 0.05
_FINISHED = frozenset({"succeeded", "failed", "cancelled"})


class AwayError(Exception):
    """The hub did not answer, or not with success."""


class Researcher:
    """Talks to the hub at `url` with a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token = url, token
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def at(self, url: str) -> Researcher:
        """The same at another address of the hub."""
        return Researcher(url, self._token)

    def post(self, document: object) -> str:
        """Post a job; returns its id."""
        return str(self._ask("POST", "/job", json=document)["id"])

    def upload(self, content: bytes) -> str:
        return str(self._ask("POST", "/upload", data=content)["sha256"])

    def cancel(self, job_id: str) -> None:
        self._ask("DELETE", f"/job/{job_id}")

    def cancel_unfinished(self) -> None:
        """Cancel whatever the list of jobs shows that has not ended."""
        for job in self._ask("GET", "/list", params={"limit": 200})["jobs"]:
            if job["state"] not in _FINISHED:
                self.cancel(job["id"])

    def job(self, job_id: str, *, timeout: float = _ANSWER_SECONDS) -> dict[str, Any]:
        """Raises AwayError."""
        return self._ask("GET", f"/job/{job_id}", timeout=timeout)

    def listed(self, job_id: str) -> dict[str, Any]:
        """The job as the list of jobs shows it."""
        jobs = self._ask("GET", "/list")["jobs"]
        found: dict[str, Any] = next(job for job in jobs if job["id"] == job_id)
        return found

    def rows(self, job_id: str) -> list[dict[str, Any]]:
        response = self._request("GET", f"/job/{job_id}/result.ndjson")
        return [json.loads(line) for line in response.content.splitlines()]

    def sub_jobs(self, job_id: str) -> Iterator[dict[str, Any]]:
        """All of them, in row order."""
        after = -1
        while True:
            page = self._ask("GET", f"/job/{job_id}/sub-jobs", params={"after": after})
            yield from page["sub_jobs"]
            if not page["sub_jobs"]:
                return
            after = page["after"]

    def await_job(
        self, job_id: str, condition: Callable[[dict[str, Any]], bool], *, seconds: float, what: str
    ) -> dict[str, Any]:
        """The job once the condition holds; a hub that does not answer is asked again."""
        deadline = time.monotonic() + seconds
        seen: object = None
        while time.monotonic() < deadline:
            try:
                job = self.job(job_id)
            except AwayError as error:
                seen = error
            else:
                if condition(job):
                    return job
                seen = {name: job[name] for name in ("state", "failure", "rows_settled")}
                if job["state"] in _FINISHED:
                    break
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{what}: not within {seconds} s; last seen: {seen}")

    def await_settled(self, job_id: str, rows: int, *, seconds: float = 60) -> dict[str, Any]:
        """Wait until this many rows are settled."""
        return self.await_job(
            job_id, lambda job: job["rows_settled"] >= rows, seconds=seconds, what="progress"
        )

    def await_success(self, job_id: str, *, seconds: float = 120) -> dict[str, Any]:
        return self.await_job(
            job_id, lambda job: bool(job["state"] == "succeeded"), seconds=seconds, what="success"
        )

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._request(method, path, **more).json()
        return answer

    def _request(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            more.setdefault("timeout", _ANSWER_SECONDS)
            response = requests.request(method, self.url + path, headers=self._headers, **more)
            response.raise_for_status()
        except requests.HTTPError as error:
            raise AwayError(f"{error}: {error.response.text[:500]}") from error
        except requests.RequestException as error:
            raise AwayError(str(error)) from error
        return response
