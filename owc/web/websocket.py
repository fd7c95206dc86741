"""What Engine.IO's WebSocket driver leaves open, closed: bounded messages and whole sends.

simple-websocket limits nothing unless told, buffers what a slow handler has not taken, and calls
`send` where only `sendall` is right on gevent's non-blocking sockets. Socket.IO's packets may
announce a billion attachments, and what is no packet ends in a traceback a message. All of this is
narrowed here, by subclassing their public classes; who sends nonsense is simply hung up on.
"""

from __future__ import annotations

import threading
from typing import Any

import simple_websocket  # type: ignore[import-untyped]  # it ships none
import socketio
from socketio.packet import BINARY_EVENT, EVENT, Packet

_ENGINE_PACKETS = tuple("0123456")
_PACKET_TYPES = frozenset(range(7))
_NAMED_TYPES = frozenset({EVENT, BINARY_EVENT})
_MAX_ATTACHMENTS = 128
_MAX_WAITING_MESSAGES = 256
_RECEIVE_BYTES = 65_536


class BadPacketError(ValueError):
    """What arrived is no packet of Socket.IO."""


class BoundedPacket(Packet):  # type: ignore[misc]  # socketio ships no types
    """A Socket.IO packet that is one, with a sane number of attachments."""

    def __init__(self, *args: Any, encoded_packet: str | None = None, **more: Any) -> None:
        if encoded_packet == "":
            raise BadPacketError
        super().__init__(*args, encoded_packet=encoded_packet, **more)

    def decode(self, encoded_packet: str) -> int:
        try:
            count = int(super().decode(encoded_packet) or 0)
        except Exception as error:  # JSON of any depth and size, numbers of any length
            raise BadPacketError from error
        if count > _MAX_ATTACHMENTS or self.packet_type not in _PACKET_TYPES:
            raise BadPacketError
        if self.packet_type in _NAMED_TYPES and not _is_event(self.data):
            raise BadPacketError
        return count

    def add_attachment(self, attachment: bytes) -> bool:
        try:
            return bool(super().add_attachment(attachment))
        except Exception as error:  # placeholders that point anywhere
            raise BadPacketError from error


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


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


def install(server: socketio.Server, *, message_bytes: int) -> None:
    """Make `server` accept its WebSockets through BoundedWebSocket, and hang up on nonsense."""

    def take_message(eio_sid: str, data: str | bytes) -> None:
        try:
            server._handle_eio_message(eio_sid, data)
        except BadPacketError:
            server.eio.disconnect(eio_sid)

    server.eio.on("message", take_message)
    stock = server.eio._async["websocket"]

    class Driver(stock):  # type: ignore[misc, valid-type]  # chosen at run time
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

        def wait(self) -> str | bytes | None:
            message: str | bytes | None = super().wait()
            if isinstance(message, str) and message[:1] not in _ENGINE_PACKETS:
                return None  # as if the other side had closed
            return message

    server.eio._async = {**server.eio._async, "websocket": Driver}
