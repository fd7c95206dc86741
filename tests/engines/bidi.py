"""WebDriver BiDi over a WebSocket: commands with their answers, one after the other."""

from __future__ import annotations

import json
from typing import Any

import websocket

from tests.engines.driver import DriverError

_PATIENCE_SECONDS = 120.0


class BiDi:
    """A connection to a browser that listens for BiDi at `url`, with a session of its own."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(
            f"{url}/session", timeout=_PATIENCE_SECONDS, suppress_origin=True
        )
        self._last = 0
        self.send("session.new", capabilities={})

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command; events that come in between are passed over."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") != self._last:
                continue
            if message["type"] == "error":
                raise DriverError(f"{method}: {message['error']}: {message['message']}")
            result: dict[str, Any] = message["result"]
            return result

    def close(self) -> None:
        self._socket.close()
