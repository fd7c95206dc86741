"""The hub's own WSGI server: gevent's, told what it leaves at slow, endless or noisy defaults.

Imported by `owc serve` only, after gevent's monkey patch.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from typing import TYPE_CHECKING, Any

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer

if TYPE_CHECKING:
    from flask import Flask

_BACKLOG = 1024
_STOP_SECONDS = 2.0
_SILENCE_SECONDS = 75.0  # more than the pings of a WebSocket are apart
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

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


def serve(app: Flask, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    listener.setblocking(False)
    server: Any = WSGIServer(listener, app, log=None, error_log=_logger, handler_class=_Handler)
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, server.stop, _STOP_SECONDS)
    server.serve_forever(stop_timeout=_STOP_SECONDS)


class _Handler(WSGIHandler):  # type: ignore[misc]  # gevent ships no types
    """One connection. It ends in silence, with its WebSocket, and without a word in the log when
    the other side is to blame: that log could be filled at will, and with addresses."""

    def __init__(self, sock: Any, *args: Any) -> None:
        sock.settimeout(_SILENCE_SECONDS)
        super().__init__(sock, *args)

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # who does not wait for the answer
            super().handle()

    def run_application(self) -> None:
        super().run_application()
        if self.environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            self.close_connection = True  # what follows is no HTTP

    def handle_error(self, kind: type[BaseException], error: object, trace: object) -> None:
        if issubclass(kind, OSError):
            self.close_connection = True
        else:
            super().handle_error(kind, error, trace)

    def _handle_client_error(self, _error: Exception) -> tuple[str, bytes]:
        return "400", _BAD_REQUEST
