"""A Socket.IO server that echoes, with impatient pings, under each WSGI server of a hub.

    python -m tests.web.echo_hub gevent|werkzeug PORT
    gunicorn -k gevent -b 127.0.0.1:PORT 'tests.web.echo_hub:make_app()'

`GET /ended` tells why connections have ended so far, as a JSON object by their Socket.IO id.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()

import json
from collections.abc import Callable, Iterable
from typing import Any

from socketio import WSGIApp

from owc.web.websocket import SocketServer

PING_SECONDS = 0.5
PONG_SECONDS = 0.5
MESSAGE_BYTES = 200_000


def make_app() -> Callable[..., Iterable[bytes]]:
    monkey = sys.modules.get("gevent.monkey")
    patched = monkey is not None and monkey.is_module_patched("socket")
    server = SocketServer(
        async_mode="gevent" if patched else "threading",
        async_handlers=False,
        max_http_buffer_size=MESSAGE_BYTES,
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS,
    )
    ended: dict[str, str] = {}

    def echo(sid: str, *data: Any) -> None:
        server.emit("echo", data, to=sid)

    def twice(sid: str, data: Any) -> None:
        server.emit("twice", (data, data), to=sid)

    def flood(sid: str, messages: int) -> None:
        for _ in range(messages):
            server.emit("flood", "x" * 50_000, to=sid)

    server.on("echo", echo)
    server.on("twice", twice)
    server.on("flood", flood)
    server.on("fail", lambda _sid: 1 / 0)
    server.on("disconnect", ended.__setitem__)

    def others(_environ: object, start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(ended).encode()]

    return WSGIApp(server, others)


def main(kind: str, port: int) -> None:
    if kind == "gevent":
        from owc.web.server import listen, serve

        serve(make_app(), listen("127.0.0.1", port))  # type: ignore[arg-type]  # any WSGI app
    else:
        from werkzeug.serving import make_server

        make_server("127.0.0.1", port, make_app(), threaded=True).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
