"""The hub's own WSGI server: gevent's, told what it leaves at slow or endless defaults."""

from __future__ import annotations

import logging
import signal
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

_BACKLOG = 1024
_STOP_SECONDS = 2.0


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
    """Serve until SIGTERM or SIGINT; needs gevent's monkey patch."""
    import gevent
    from gevent.pywsgi import WSGIHandler, WSGIServer

    class Handler(WSGIHandler):  # type: ignore[misc]  # gevent ships no types
        """Ends a connection with its WebSocket: what follows on it is no HTTP request."""

        def run_application(self) -> None:
            super().run_application()
            if self.environ.get("HTTP_UPGRADE", "").lower() == "websocket":
                self.close_connection = True

    listener.setblocking(False)
    server: Any = WSGIServer(
        listener, app, log=None, error_log=logging.getLogger("owc.web"), handler_class=Handler
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, server.stop, _STOP_SECONDS)
    server.serve_forever(stop_timeout=_STOP_SECONDS)
