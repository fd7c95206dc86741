"""An echo server on our driver under gevent: what the Autobahn suite talks to.

`python -m tests.conformance.echo PORT`; it serves until it is ended.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from collections.abc import Callable, Iterable  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

from owc.web.websocket import handshake  # noqa: E402
from owc.web.websocket.driver import Limits, Tasks, WebSocket  # noqa: E402
from owc.web.websocket.sockets import take_socket  # noqa: E402

_MEBIBYTE = 1 << 20
LIMITS = Limits(message_bytes=16 * _MEBIBYTE, unsent_bytes=64 * _MEBIBYTE)  # as section 9 asks


def echo(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    refused = handshake.refusal(environ)
    if refused is not None:
        start_response(refused.status, list(refused.headers))
        return [refused.reason.encode()]
    taken = take_socket(environ)
    wire = WebSocket(taken.sock, LIMITS, Tasks(start=gevent.spawn, sleep=gevent.sleep))
    wire.open(handshake.acceptance(environ))
    while (message := wire.wait()) is not None:
        wire.send(message)
    return taken.finish()


if __name__ == "__main__":
    WSGIServer(("127.0.0.1", int(sys.argv[1])), echo, log=None).serve_forever()
