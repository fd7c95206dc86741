"""What a volunteer fetches and sends by HTTP: its first token, programs, chunks, large outputs."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

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
        return str(self._post("/volunteer/token", json={"kind": "native"})["token"])

    def send_output(self, output: bytes, token: str) -> str:
        """Send an output that is too large for the socket; returns its SHA-256."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/octet-stream",
        }
        return str(self._post("/volunteer/output", data=output, headers=headers)["sha256"])

    def blob(self, path: str, sha256: str) -> bytes:
        """The bytes at `path`, checked against their SHA-256."""
        with self._lock:
            if (kept := self._cached.get(sha256)) is not None:
                self._cached.move_to_end(sha256)
                return kept
        content = self._get(path)
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

    def _get(self, path: str) -> bytes:
        try:
            response = self._session.get(self._url + path, timeout=_TIMEOUT_SECONDS)
            response.raise_for_status()
        except requests.RequestException as error:
            raise FetchError(str(error)) from error
        return response.content

    def has_open_jobs(self) -> bool:
        """Whether the hub lists a job that may still bring work."""
        try:
            response = self._session.get(
                f"{self._url}/list",
                params={"limit": 200},
                headers={"Accept": "application/json"},
                timeout=_TIMEOUT_SECONDS,
            )
            response.raise_for_status()
            found = response.json()["jobs"]
        except (requests.RequestException, ValueError, KeyError) as error:
            raise FetchError(str(error)) from error
        return any(job["state"] in {"compiled", "running", "merging"} for job in found)

    def _post(self, path: str, **more: object) -> dict[str, object]:
        try:
            response = self._session.post(self._url + path, timeout=_TIMEOUT_SECONDS, **more)  # type: ignore[arg-type]
            response.raise_for_status()
            answer: dict[str, object] = response.json()
        except (requests.RequestException, ValueError) as error:
            raise FetchError(str(error)) from error
        return answer
