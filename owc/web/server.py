"""The hub's own WSGI server: gevent's, told what it leaves at slow, endless or noisy defaults.

Nobody holds a place for nothing: a connection says its first word soon, headers and bodies come at
a pace, one address has only so many requests open, and all together leave files for the hub itself.
Imported by `owc serve` only, after gevent's monkey patch.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import resource
import signal
import socket
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gevent
from gevent.pool import Pool
from gevent.pywsgi import Input, WSGIHandler, WSGIServer

from owc.settings import Settings
from owc.web.front_door import address_key, is_within, networks_of
from owc.web.problem_json import MIMETYPE, problem_body
from owc.web.request_framing import fault_of

if TYPE_CHECKING:
    from flask import Flask

_BACKLOG = 1024
_STOP_SECONDS = 2.0
_SILENCE_SECONDS = 75.0  # more than the pings of a WebSocket are apart
_FIRST_SECONDS = 15.0  # for the first word of a connection
_HEAD_SECONDS = 10.0  # for the headers of a request, once it has begun
_BODY_SECONDS = 10.0  # and a second more for each of so many bytes that are waited for
_BODY_BYTES_A_SECOND = 4_096
# Of a refused body that are read, so that the refusal is too: a reset overtakes the answer in a
# client, or a proxy, that is still sending. More than all the buffers between the two hold.
_LEFT_BYTES = 16 << 20
_LEFT_SECONDS = 5.0
_COLLECT_AFTER = 50_000  # new objects
_OWN_FILES = 256  # that connections leave to databases, blobs and Redis
_REFUSAL = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_logger = logging.getLogger("owc.web")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it; without it small answers wait 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def serve(app: Flask, listener: socket.socket, settings: Settings | None = None) -> None:
    """Serve until SIGTERM or SIGINT; the limits are those of `settings`, else the defaults."""
    listener.setblocking(False)
    server: Any = _Server(
        listener,
        app,
        log=None,
        error_log=_logger,
        handler_class=_Handler,
        spawn=Pool(_most_connections()),
    )
    server.guests = _Guests(settings or Settings())
    _collect_less()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, server.stop, _STOP_SECONDS)
    server.serve_forever(stop_timeout=_STOP_SECONDS)


def _collect_less() -> None:
    """Code and tables stay, and what a request leaves is no circle: looking for garbage as often as
    usual took a tenth of the CPU time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


def _most_connections() -> int:
    """As many as the system lets us have, less what the hub itself needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return max(_OWN_FILES, soft - _OWN_FILES)


class _Guests:
    """Who is connected, by address. WebSockets are counted where they begin (the front door)."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.requests_per_address
        self._proxies = networks_of(settings.trusted_proxies)  # they speak for others
        self._counts: Counter[str] = Counter()

    def enter(self, address: Any) -> Callable[[], None] | None:
        """How to leave again, which may be called twice; None if there is no room."""
        peer = address[0] if isinstance(address, tuple) else ""
        if not peer or is_within(peer, self._proxies):
            return lambda: None
        key = address_key(peer)
        if self._counts[key] >= self._most:
            return None
        self._counts[key] += 1
        inside = [key]

        def leave() -> None:
            for left in inside:
                self._counts[left] -= 1
                if not self._counts[left]:
                    del self._counts[left]
            inside.clear()

        return leave

    @property
    def refusal(self) -> bytes:
        detail = f"An address may have {self._most} requests open at a time."
        body = problem_body(429, "too_many_connections", detail)
        head = f"Connection: close\r\nContent-Type: {MIMETYPE}\r\nContent-Length: {len(body)}"
        return b"HTTP/1.1 429 Too Many Requests\r\n" + head.encode() + b"\r\n\r\n" + body


class _Server(WSGIServer):  # type: ignore[misc]  # gevent ships no types
    """`guests` is set before it serves."""

    guests: _Guests


class _Lines:
    """A reader of lines that keeps them as they came."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.taken: list[bytes] = []

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        self.taken.append(line)
        return line


class _Body(Input):  # type: ignore[misc]  # gevent ships no types
    """A request's body, which comes at a pace or not at all."""

    __slots__ = ("_is_broken", "_on_broken")

    def __init__(self, whole: Input, on_broken: Callable[[], None]) -> None:
        super().__init__(whole.rfile, whole.content_length, whole.socket, whole.chunked_input)
        self._on_broken, self._is_broken = on_broken, False

    def read(self, length: int | None = None) -> bytes:
        return self._paced(super().read, length)

    def readline(self, size: int | None = None) -> bytes:
        return self._paced(super().readline, size)

    def _paced(self, read: Callable[[int | None], bytes], length: int | None) -> bytes:
        if self._is_broken:
            raise TimeoutError
        awaited = self.content_length or 0 if length is None or length < 0 else length
        try:
            with gevent.Timeout(_BODY_SECONDS + awaited / _BODY_BYTES_A_SECOND, TimeoutError):
                return read(length)
        except OSError:
            self._break()
            raise

    def _discard(self) -> None:
        """Read what the application did not, so that the answer is heard; not without end."""
        if self._is_broken:
            return
        self.socket = None  # type: ignore[misc]  # in the base; so that nobody is told to go on
        left = _LEFT_BYTES
        try:
            with gevent.Timeout(_LEFT_SECONDS, TimeoutError):
                while left > 0:
                    block = super().read(min(left, 65_536))
                    if not block:
                        return
                    left -= len(block)
        except OSError:
            pass
        self._break()

    def _break(self) -> None:
        self._is_broken = True
        self._on_broken()


class _Handler(WSGIHandler):  # type: ignore[misc]  # gevent ships no types
    """One connection. It ends in silence, with its WebSocket, and without a word in the log when
    the other side is to blame: that log could be filled at will, and with addresses."""

    wsgi_input: Any
    _is_first = True

    def __init__(self, sock: Any, *args: Any) -> None:
        sock.settimeout(_SILENCE_SECONDS)
        super().__init__(sock, *args)

    def handle(self) -> None:
        guests: _Guests = self.server.guests
        leave = guests.enter(self.client_address)
        with contextlib.suppress(OSError):  # who does not wait for the answer
            if leave is None:
                self.socket.sendall(guests.refusal)
                self.socket.shutdown(socket.SHUT_WR)
                return
            self._leave = leave
            try:
                super().handle()
            finally:
                leave()

    def read_requestline(self) -> str | bytes:
        patience = _FIRST_SECONDS if self._is_first else _SILENCE_SECONDS
        self._is_first = False
        with gevent.Timeout(patience, TimeoutError):
            line: str | bytes = super().read_requestline()
            return line

    def read_request(self, raw_requestline: str) -> bool:
        with gevent.Timeout(_HEAD_SECONDS, TimeoutError):  # however slowly it trickles in
            return bool(super().read_request(raw_requestline))

    def MessageClass(self, *args: Any) -> Any:  # noqa: N802 - gevent's name
        """The headers, before anything is believed of them. Raises ValueError."""
        lines = _Lines(self.rfile)
        headers = super().MessageClass(lines, *args[1:])
        if fault := fault_of(lines.taken, self.request_version):
            raise ValueError(fault)
        return headers

    def _connection_upgrade_requested(self) -> bool:
        return bool(self.headers.get("Upgrade", "").lower() == "websocket")

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = _Body(self.wsgi_input, self._hang_up_after)
        if environ["wsgi.input"] is self.wsgi_input:  # else it is a WebSocket's
            environ["wsgi.input"] = body
        self.wsgi_input = body
        return environ

    def _hang_up_after(self) -> None:
        self.close_connection = True

    def run_application(self) -> None:
        if self.environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            self._leave()  # it is counted as a socket from here on
            super().run_application()
            self.close_connection = True  # what follows is no HTTP
        else:
            super().run_application()

    def handle_error(self, kind: type[BaseException], error: object, trace: object) -> None:
        if issubclass(kind, OSError):
            self.close_connection = True
        else:
            super().handle_error(kind, error, trace)

    def _handle_client_error(self, error: Exception) -> tuple[str, bytes]:
        if isinstance(error, TimeoutError):
            return "408", _REFUSAL % b"408 Request Timeout"
        return "400", _REFUSAL % b"400 Bad Request"
