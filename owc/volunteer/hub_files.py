"""What a volunteer fetches and sends by HTTP: its first token, programs, chunks, large outputs.

A hub that restarts, or has no room for a moment, is away for seconds. What a sub-job needs, and
what was computed, is worth the wait; whoever asks for anything else asks again by itself.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import OrderedDict
from typing import Any

import requests

PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Before each further attempt; a part of it, so that not all volunteers come back at once."""

_TIMEOUT_SECONDS = (10, 60)
_AWAY_STATUSES = frozenset({429, 502, 503, 504})
_CACHE_BYTES = 256 * 1024 * 1024


class FetchError(Exception):
    """The hub did not give, or take, what it should."""


class _HubAwayError(FetchError):
    """It may do so in a moment."""


class HubFiles:
    """One hub's files, kept by their SHA-256 up to a number of bytes. Safe for several threads."""

    def __init__(self, url: str, *, cache_bytes: int = _CACHE_BYTES) -> None:
        self._url = url
        self._session = requests.Session()
        self._closed = threading.Event()
        self._cache_bytes = cache_bytes
        self._cached: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def token(self) -> str:
        """A first token."""
        path = "/volunteer/token"
        response = self._request("POST", path, json={"kind": "native"})
        return str(_member(response, "token", path))

    def send_output(self, output: bytes, token: str) -> str:
        """Send an output that is too large for the socket; returns its SHA-256."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/octet-stream",
        }
        path = "/volunteer/output"
        response = self._request_patiently("POST", path, data=output, headers=headers)
        return str(_member(response, "sha256", path))

    def has_open_jobs(self) -> bool:
        """Whether the hub lists a job that may still bring work."""
        headers = {"Accept": "application/json"}
        response = self._request("GET", "/list", params={"limit": 200}, headers=headers)
        found = _member(response, "jobs", "/list")
        return any(job["state"] in {"compiled", "running", "merging"} for job in found)

    def blob(self, path: str, sha256: str) -> bytes:
        """The bytes at `path`, checked against their SHA-256."""
        with self._lock:
            if (kept := self._cached.get(sha256)) is not None:
                self._cached.move_to_end(sha256)
                return kept
        content = self._request_patiently("GET", path).content
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FetchError(f"{path} is not what its name says")
        with self._lock:
            self._keep(sha256, content)
        return content

    def close(self) -> None:
        """Whoever waits for the hub gives up."""
        self._closed.set()
        self._session.close()

    def _keep(self, sha256: str, content: bytes) -> None:
        if sha256 in self._cached or len(content) > self._cache_bytes:
            return
        self._cached[sha256] = content
        self._size += len(content)
        while self._size > self._cache_bytes:
            _, oldest = self._cached.popitem(last=False)
            self._size -= len(oldest)

    def _request_patiently(self, method: str, path: str, **more: Any) -> requests.Response:
        for pause in PAUSES_SECONDS:
            try:
                return self._request(method, path, **more)
            except _HubAwayError:
                if self._closed.wait(pause * random.uniform(0.5, 1.0)):  # noqa: S311 - spreads them
                    raise
        return self._request(method, path, **more)

    def _request(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            response = self._session.request(
                method, self._url + path, timeout=_TIMEOUT_SECONDS, **more
            )
        except requests.RequestException as error:
            raise _HubAwayError(str(error)) from error
        if response.status_code in _AWAY_STATUSES:
            raise _HubAwayError(f"{path} is answered with {response.status_code}")
        if not response.ok:
            raise FetchError(f"{path} is answered with {response.status_code}")
        return response


def _member(response: requests.Response, name: str, path: str) -> Any:
    """One member of the JSON object that answers a request."""
    try:
        return response.json()[name]
    except (ValueError, KeyError, TypeError) as error:
        raise FetchError(f"the answer of {path} has no {name!r}") from error
