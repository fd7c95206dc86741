"""What Engine.IO's WebSocket driver leaves open, closed: bounded messages and whole sends.

simple-websocket limits nothing unless told, buffers what a slow handler has not taken, and calls
`send` where only `sendall` is right on gevent's non-blocking sockets. Socket.IO's packets may
announce a billion attachments. Both are narrowed here, by subclassing their public classes.
"""

from __future__ import annotations

import threading
from typing import Any

import simple_websocket  # type: ignore[import-untyped]
import socketio
from socketio.packet import Packet

_MAX_ATTACHMENTS = 128
_MAX_WAITING_MESSAGES = 256
_RECEIVE_BYTES = 65_536


class BoundedPacket(Packet):  # type: ignore[misc]  # socketio ships no types
    """A Socket.IO packet with a sane number of attachments."""

    def decode(self, encoded_packet: str) -> int:
        count = int(super().decode(encoded_packet) or 0)
        if count > _MAX_ATTACHMENTS:
            raise ValueError("too many attachments")
        return count


class _WholeSends:
    """A socket whose `send` sends everything, one message after the other."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._turn = threading.Lock()

    def send(self, data: bytes) -> int:
        with self._turn:
            self._sock.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class BoundedWebSocket(simple_websocket.Server):  # type: ignore[misc]  # untyped
    """A server's WebSocket that ends a connection rather than hoard what arrives."""

    def handshake(self) -> None:
        self.sock: Any = _WholeSends(self.sock)
        super().handshake()

    def _handle_events(self) -> bool:
        going = bool(super()._handle_events())
        if len(self.input_buffer) > _MAX_WAITING_MESSAGES:
            self.event.set()
            return False
        return going


def install(server: socketio.Server, *, message_bytes: int) -> None:
    """Make `server` accept its WebSockets through BoundedWebSocket."""
    stock = server.eio._async["websocket"]

    class Driver(stock):  # type: ignore[misc, valid-type]
        """The async mode's own driver around our WebSocket."""

        def __call__(self, environ: dict[str, Any], _start_response: Any) -> Any:
            self.ws = BoundedWebSocket(
                environ,
                receive_bytes=_RECEIVE_BYTES,
                max_message_size=message_bytes,
                **self.server_args,
            )
            answer = self.app(self)
            if self.ws.mode == "gunicorn":
                raise StopIteration
            if self.ws.mode == "werkzeug":
                raise ConnectionError
            return answer

    server.eio._async = {**server.eio._async, "websocket": Driver}
