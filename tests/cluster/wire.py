"""A volunteer in the test's own hands: says what it is told to, at the process it is told to."""

from __future__ import annotations

import contextlib
import queue
import socket
import time
from collections.abc import Iterator
from typing import Any, Self

import requests
import socketio

from tests.cluster.computing import computed

_NAMESPACE = "/volunteer"
_HEARD = (
    "volunteer_welcome",
    "volunteer_refused",
    "lease_offer",
    "lease_revoke",
    "result_ack",
    "work_available",
)
_WAIT_SECONDS = 10.0
_CAPABILITIES = {
    "cores": 1,
    "memory_bytes": 2**31,
    "features": ["simd128"],
    "mobile": False,
    "score": 1.0,
    "engine": "test",
}


class WireVolunteer:
    """One connection to the web process at `url`; `identity` and `lease_ids` come from an earlier
    one."""

    def __init__(self, url: str, *, identity: str | None = None, lease_ids: tuple[str, ...] = ()):
        self._url = url
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._client = socketio.Client(reconnection=False, handle_sigint=False)
        for name in _HEARD:
            self._client.on(name, self._listener(name), namespace=_NAMESPACE)
        answer = requests.post(f"{url}/volunteer/token", json={"kind": "native"}, timeout=10)
        self._token = answer.json()["token"]
        self._client.connect(url, transports=["websocket"], namespaces=[_NAMESPACE])
        self.send(
            "volunteer_hello",
            protocol=1,
            kind="native",
            volunteer_token=identity,
            site="",
            capabilities=_CAPABILITIES,
            lease_ids=list(lease_ids),
        )
        welcome = self.hear("volunteer_welcome")
        self.id: str = welcome["volunteer_id"]
        self.identity: str = welcome["volunteer_token"]
        self._token = welcome["token"]

    def send(self, event: str, **message: Any) -> None:
        self._client.emit(event, {"token": self._token, **message}, namespace=_NAMESPACE)

    def hear(self, event: str, *, seconds: float = _WAIT_SECONDS) -> dict[str, Any]:
        """The payload of the next such event; whatever came before it is skipped."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                name, payload = self._heard.get(timeout=left)
                if name == event:
                    told: dict[str, Any] = payload or {}
                    return told
        raise AssertionError(f"{event} was not heard within {seconds} s")

    def heard(self) -> Iterator[tuple[str, Any]]:
        """What has been heard and not yet been asked for."""
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._heard.get_nowait()

    def lease(self, sub_jobs: int) -> dict[str, Any]:
        """Ask until some are offered."""
        for _ in range(int(_WAIT_SECONDS / 0.1)):
            self.send("lease_request", sub_jobs=sub_jobs)
            offer = self.hear("lease_offer")
            if offer["lease_id"]:
                return offer
            time.sleep(0.1)
        raise AssertionError("no lease was offered")

    def renew(self, lease_id: str) -> None:
        """Returns once the hub has answered; a lease that is gone is heard as `lease_revoke`."""
        message = {"token": self._token, "lease_ids": [lease_id]}
        answer = self._client.call("lease_renew", message, namespace=_NAMESPACE)
        self._token = answer["token"]

    def work(self, offer: dict[str, Any]) -> list[str]:
        """Run what was offered and report it; what became of each result."""
        program = requests.get(self._url + offer["program"]["url"], timeout=10).content
        results, outputs = computed(program, offer)
        lease_id = offer["lease_id"]
        self.send("result_report", lease_id=lease_id, results=results, outputs=outputs, wants=0)
        return [receipt["status"] for receipt in self.hear("result_ack")["results"]]

    def lose_connection(self) -> None:
        """The socket is closed without a word, as when a network goes away."""
        self._client.eio.ws.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(Exception):  # it may be gone already
            self._client.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listener(self, name: str) -> Any:
        def listen(payload: Any = None, *_: object) -> None:
            self._heard.put((name, payload))

        return listen
