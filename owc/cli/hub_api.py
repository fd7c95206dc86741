"""A hub's HTTP API, as the commands use it: answers as JSON, refusals as clear errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click
import requests

from owc.cli import EXIT_REFUSED, EXIT_UNREACHABLE

_CONNECT_SECONDS = 10
_READ_SECONDS = 120
FINISHED_STATES = frozenset({"succeeded", "failed", "cancelled", "removed"})


class HubApi:
    """One hub, asked over HTTP. Every method ends the command with a message if it is refused."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/json"
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def submit(self, document: bytes) -> dict[str, Any]:
        """POST /job."""
        headers = {"Content-Type": "application/json"}
        return self._json("POST", "/job", data=document, headers=headers)

    def upload(self, file: BinaryIO) -> dict[str, Any]:
        """POST /upload, streamed."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._json("POST", "/upload", data=file, headers=headers)

    def job(self, job_id: str) -> dict[str, Any]:
        """GET /job/<id>."""
        return self._json("GET", f"/job/{job_id}")

    def jobs(self, limit: int) -> list[dict[str, Any]]:
        """GET /list, newest first."""
        found: list[dict[str, Any]] = self._json("GET", "/list", params={"limit": limit})["jobs"]
        return found

    def cancel(self, job_id: str) -> dict[str, Any]:
        """DELETE /job/<id>."""
        return self._json("DELETE", f"/job/{job_id}")

    def pause(self, job_id: str) -> dict[str, Any]:
        """POST /job/<id>/pause."""
        return self._json("POST", f"/job/{job_id}/pause")

    def resume(self, job_id: str) -> dict[str, Any]:
        """POST /job/<id>/resume."""
        return self._json("POST", f"/job/{job_id}/resume")

    def result(self, job_id: str, form: str) -> Iterator[bytes]:
        """GET /job/<id>/result.<form>, block by block."""
        with self._request("GET", f"/job/{job_id}/result.{form}", stream=True) as response:
            yield from response.iter_content(256 * 1024)

    def save_result(self, job_id: str, form: str, path: Path) -> int:
        """Write a result to `path`; returns its bytes. A part is never left in its place."""
        part = path.with_name(f"{path.name}.part")
        size = 0
        with part.open("wb") as file:
            for block in self.result(job_id, form):
                size += file.write(block)
        part.replace(path)
        return size

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._request(method, path, **more).json()
        return answer

    def _request(self, method: str, path: str, **more: Any) -> requests.Response:
        timeout = (_CONNECT_SECONDS, _READ_SECONDS)
        try:
            response = self._session.request(method, self.url + path, timeout=timeout, **more)
        except requests.RequestException as error:
            click.echo(f"owc: the hub at {self.url} cannot be reached: {_reason(error)}", err=True)
            sys.exit(EXIT_UNREACHABLE)
        if not response.ok:
            _tell_refusal(response)
        return response


def _tell_refusal(response: requests.Response) -> NoReturn:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or f"{response.status_code} {response.reason}"
    click.echo(f"owc: {detail}", err=True)
    for found in problem.get("problems", []):
        click.echo(render_problem(found), err=True)
    sys.exit(EXIT_REFUSED)


def render_problem(problem: dict[str, Any]) -> str:
    """One problem of a job document, as lines of text."""
    line, column = problem.get("line"), problem.get("column")
    place = problem.get("pointer") or "/"
    if line is not None:
        place += f" line {line}"
    if column is not None:
        place += f" column {column}"
    text = f"  {place}: {problem.get('message')} [{problem.get('code')}]"
    return f"{text}\n    {problem['hint']}" if problem.get("hint") else text


def _reason(error: requests.RequestException) -> str:
    text = str(error)
    return "connection refused" if "refused" in text else text.splitlines()[0][:200]
