"""What a volunteer fetches and sends by HTTP: its first token, programs, chunks, large outputs."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

_TIMEOUT_SECONDS = (10, 60)
_CACHE_BYTES = 256 * 1024 * 1024


class FetchError(Exception):
    """The hub did not give, or take, what it should."""


class HubFiles:
    """One hub's files, kept by their SHA-256 up to a number of bytes. Safe for several threads."""

    def __init__(self, url: str, *, cache_bytes: int = _CACHE_BYTES) -> None:
        self._url = url
        self._session = requests.Session()
        # A hub that restarts is away for seconds: what was computed is worth the wait.
        patience = Retry(
            total=7,
            backoff_factor=0.25,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
        )
        self._session.mount("http", HTTPAdapter(max_retries=patience))
        self._cache_bytes = cache_bytes
        self._cached: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def token(self) -> str:
        """A first token."""
        return str(self._member("token", "POST", "/volunteer/token", json={"kind": "native"}))

    def send_output(self, output: bytes, token: str) -> str:
        """Send an output that is too large for the socket; returns its SHA-256."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/octet-stream",
        }
        path = "/volunteer/output"
        return str(self._member("sha256", "POST", path, data=output, headers=headers))

    def has_open_jobs(self) -> bool:
        """Whether the hub lists a job that may still bring work."""
        headers = {"Accept": "application/json"}
        found = self._member("jobs", "GET", "/list", params={"limit": 200}, headers=headers)
        return any(job["state"] in {"compiled", "running", "merging"} for job in found)

    def blob(self, path: str, sha256: str) -> bytes:
        """The bytes at `path`, checked against their SHA-256."""
        with self._lock:
            if (kept := self._cached.get(sha256)) is not None:
                self._cached.move_to_end(sha256)
                return kept
        content = self._request("GET", path).content
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FetchError(f"{path} is not what its name says")
        with self._lock:
            self._keep(sha256, content)
        return content

    def close(self) -> None:
        self._session.close()

    def _keep(self, sha256: str, content: bytes) -> None:
        if sha256 in self._cached or len(content) > self._cache_bytes:
            return
        self._cached[sha256] = content
        self._size += len(content)
        while self._size > self._cache_bytes:
            _, oldest = self._cached.popitem(last=False)
            self._size -= len(oldest)

    def _member(self, name: str, method: str, path: str, **more: Any) -> Any:
        """One member of the JSON object that answers a request."""
        try:
            return self._request(method, path, **more).json()[name]
        except (ValueError, KeyError, TypeError) as error:
            raise FetchError(f"the answer of {path} has no {name!r}") from error

    def _request(self, method: str, path: str, **more: Any) -> requests.Response:
        try:
            response = self._session.request(
                method, self._url + path, timeout=_TIMEOUT_SECONDS, **more
            )
            response.raise_for_status()
        except requests.RequestException as error:
            raise FetchError(str(error)) from error
        return response
