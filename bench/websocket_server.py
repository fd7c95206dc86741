"""A Socket.IO server that echoes, for `bench.websocket`, on the driver that is named.

`stock` is what Engine.IO brings along: simple-websocket, which parses with wsproto, made to send
whole messages (it calls `send` where only `sendall` is right on gevent's sockets) and to receive as
much at a time as ours does. Everything else is alike: gevent, our WSGI server, no compression.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from typing import Any  # noqa: E402

import simple_websocket  # noqa: E402
import socketio  # noqa: E402

from owc.web.server import listen, serve  # noqa: E402
from owc.web.websocket import SocketServer  # noqa: E402

OPTIONS: dict[str, Any] = {
    "async_mode": "gevent",
    "async_handlers": False,
    "max_http_buffer_size": 2 << 20,
    "ping_interval": 20,
    "ping_timeout": 15,
}
RECEIVE_BYTES = 65_536


class _WholeSends:
    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def send(self, data: bytes) -> int:
        self._sock.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _StockWebSocket(simple_websocket.Server):
    def handshake(self) -> None:
        self.sock = _WholeSends(self.sock)
        super().handshake()


def stock() -> socketio.Server:
    """Engine.IO's own way."""
    server = socketio.Server(transports=["websocket"], **OPTIONS)
    theirs = server.eio._async["websocket"]

    class Driver(theirs):
        def __call__(self, environ: dict[str, Any], _start_response: Any) -> Any:
            self.ws = _StockWebSocket(environ, receive_bytes=RECEIVE_BYTES, **self.server_args)
            return self.app(self)

    server.eio._async = {**server.eio._async, "websocket": Driver}
    return server


def main(driver: str) -> None:
    server = stock() if driver == "stock" else SocketServer(**OPTIONS)

    def echo(sid: str, data: Any) -> None:
        server.emit("echo", data, to=sid)

    server.on("echo", echo)
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    serve(socketio.WSGIApp(server), listener)


if __name__ == "__main__":
    main(sys.argv[1])
