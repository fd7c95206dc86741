"""Engine.IO of a hub: WebSockets only, on our driver, with next to nothing for each connection.

Its own server keeps a queue, a writer's task and a ping's task a connection, since it also speaks
long-polling; none of them is needed where a send goes straight to the socket. A connection here is
one task, that of its request, and one heartbeat serves them all. Messages are handled one after the
other, and none is read before the one before it has been handled.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import engineio  # type: ignore[import-untyped]  # it ships none
from engineio.packet import CLOSE, OPEN, PING, Packet  # type: ignore[import-untyped]  # see above

from owc.web.websocket import handshake
from owc.web.websocket.driver import Limits, Tasks, WebSocket
from owc.web.websocket.heartbeat import Heartbeat
from owc.web.websocket.sockets import take_socket

_logger = logging.getLogger("owc.web")

_UNSENT_MESSAGES = 4  # of the largest size, before a slow reader is hung up on
_LIFE_BYTES = 1_024  # who sends as much after a ping is alive, though the pong waits behind it
_KEPT_OF_REQUEST = frozenset(
    {"HTTP_HOST", "HTTP_ORIGIN", "HTTP_USER_AGENT", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR"}
)
_ONE_FOLLOWS = "451-"  # how an event of Socket.IO begins whose one attachment comes next
_IGNORED = tuple("0256")  # they belong to long-polling


class Engine(engineio.Server):  # type: ignore[misc]  # untyped
    """An Engine.IO server whose connections are WebSockets from the first byte to the last."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "transports": ["websocket"]})
        self._limits = Limits(
            message_bytes=self.max_http_buffer_size,
            unsent_bytes=_UNSENT_MESSAGES * self.max_http_buffer_size,
        )
        # Greenlets take turns only where they wait, and nobody waits while sending.
        lock = contextlib.nullcontext if self.async_mode == "gevent" else threading.Lock
        self._tasks = Tasks(start=self.start_background_task, sleep=self.sleep, make_lock=lock)
        self._heartbeat = Heartbeat(self._tasks)
        self.on_pong: Callable[[str, float], None] = lambda _sid, _seconds: None

    def handle_request(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """The WSGI application."""
        refused = handshake.refusal(environ)
        if refused is handshake.NO_UPGRADE and "transport=websocket" in environ["QUERY_STRING"]:
            start_response(refused.status, [*refused.headers, ("Content-Type", "text/plain")])
            return [refused.reason.encode()]
        answer: Iterable[bytes] = super().handle_request(environ, start_response)
        return answer

    def _handle_connect(
        self,
        environ: dict[str, Any],
        _start_response: Callable[..., object],
        _transport: str,
        _jsonp_index: int | None = None,
    ) -> dict[str, Any] | Iterable[bytes]:
        """Serve a request that Engine.IO has nothing against, until its WebSocket has ended."""
        refused = handshake.refusal(environ)
        if refused is not None:
            refusal: dict[str, Any] = self._bad_request(refused.reason)
            refusal["status"] = refused.status
            refusal["headers"] += refused.headers
            return refusal
        taken = take_socket(environ)
        sid = self.generate_id()
        kept = {name: environ[name] for name in _KEPT_OF_REQUEST if name in environ}
        if self._trigger_event("connect", sid, kept) not in (None, True):
            unauthorized: dict[str, Any] = self._unauthorized()
            return unauthorized
        accepted = handshake.acceptance(environ)
        environ.clear()  # the server holds on to it while the connection lasts
        connection = Connection(self, sid, WebSocket(taken.sock, self._limits, self._tasks))
        self.sockets[sid] = connection
        try:
            connection.serve(accepted, self._heartbeat)
        finally:
            self.sockets.pop(sid, None)
        return taken.finish()


class Connection:
    """What Engine.IO calls a socket: an id, a WebSocket, and whether it still counts as open."""

    __slots__ = (
        "_bytes_then",
        "_engine",
        "_heard",
        "_pinged_at",
        "_wire",
        "closed",
        "closing",
        "session",
        "sid",
    )
    connected = upgraded = True  # nothing can be asked of it by HTTP

    def __init__(self, engine: Engine, sid: str, wire: WebSocket) -> None:
        self._engine, self.sid, self._wire = engine, sid, wire
        self.session: dict[str, Any] = {}
        self.closing = self.closed = False
        self._heard = True
        self._bytes_then = 0
        self._pinged_at: float | None = None

    def serve(self, accepted: bytes, heartbeat: Heartbeat) -> None:
        """Say hello, then handle what arrives until the connection ends."""
        engine = self._engine
        hello = {
            "sid": self.sid,
            "upgrades": [],
            "pingTimeout": int(engine.ping_timeout * 1000),
            "pingInterval": int(engine.ping_interval * 1000),
            "maxPayload": engine.max_http_buffer_size,
        }
        reason = engine.reason.TRANSPORT_ERROR
        try:
            self._wire.open(accepted)
            self.send(Packet(OPEN, hello))
            heartbeat.after(engine.ping_interval, self._ping)
            reason = self._handle_messages()
        except Exception:
            _logger.exception("a message could not be handled")
        finally:
            self.close(abort=True, reason=reason)
        self._wire.wait()  # for the other side's goodbye

    def send(self, packet: Packet) -> None:
        """Send it, unless the connection is about to end anyhow."""
        message = packet.encode()
        with contextlib.suppress(OSError):  # which the reader sees too
            # One call of the kernel less, and one packet on the network.
            self._wire.send(message, followed=message[:4] == _ONE_FOLLOWS)

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002  # Engine.IO's own
        """End it; `abort`: without a word of Engine.IO's."""
        if self.closing:
            return
        self.closing = True
        engine = self._engine
        engine._trigger_event("disconnect", self.sid, reason or engine.reason.SERVER_DISCONNECT)
        if not abort:
            self.send(Packet(CLOSE))
        self.closed = True
        self._wire.close()

    def _handle_messages(self) -> str:
        """All that arrives, one after the other; returns why there is no more."""
        engine, wire, sid = self._engine, self._wire, self.sid
        handle = engine.handlers["message"]
        while (message := wire.wait()) is not None and not self.closed:
            self._heard = True
            if isinstance(message, bytes):
                handle(sid, message)
            elif message.startswith("4"):
                handle(sid, message[1:])
            elif message.startswith("1"):
                return str(engine.reason.CLIENT_DISCONNECT)
            elif message.startswith("3"):
                self._ponged()
            elif not message.startswith(_IGNORED):
                break  # no packet of Engine.IO
        return str(engine.reason.TRANSPORT_CLOSE)

    def _ponged(self) -> None:
        pinged_at, self._pinged_at = self._pinged_at, None
        if pinged_at is not None:  # else nobody asked
            self._engine.on_pong(self.sid, time.monotonic() - pinged_at)

    # Called by the heartbeat -------------------------------------------------------------------

    def _ping(self) -> None:
        if self.closing:
            return
        self._heard, self._bytes_then = False, self._wire.received_bytes
        self._pinged_at = time.monotonic()
        self.send(Packet(PING))
        self._engine._heartbeat.after(self._engine.ping_timeout, self._look)

    def _look(self) -> None:
        if self.closing:
            return
        engine, wire = self._engine, self._wire
        more = wire.received_bytes - self._bytes_then >= _LIFE_BYTES
        if self._heard or more or not wire.is_receiving:  # a hub that is late itself blames nobody
            engine._heartbeat.after(max(0, engine.ping_interval - engine.ping_timeout), self._ping)
        else:
            self.close(reason=engine.reason.PING_TIMEOUT)
