"""Where the socket of a request is, in each of the WSGI servers that we run under, and how to end.

WSGI has no word for it. Each server keeps its socket and closes it when the application is done;
what differs is where it is found, and how the server is told that no HTTP answer follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A server's socket, and what the application returns or raises when it is done with it."""

    sock: Any
    finish: Callable[[], Iterable[bytes]]


def take_socket(environ: dict[str, Any]) -> Taken:
    """The socket of this request, for us alone. Raises RuntimeError under an unknown server."""
    if "werkzeug.socket" in environ:
        return Taken(sock=environ["werkzeug.socket"], finish=_as_if_gone)
    if "gunicorn.socket" in environ:
        return Taken(sock=environ["gunicorn.socket"], finish=_as_if_ended)
    reader = environ["wsgi.input"]
    reader = getattr(reader, "rfile", reader)  # gevent wraps it where it sees no upgrade
    sock = getattr(getattr(reader, "raw", None), "_sock", None)
    if sock is None:
        raise RuntimeError("This WSGI server does not show its sockets.")
    reader.close()  # frees its buffer; the socket itself is closed by the server
    return Taken(sock=sock, finish=list)


def _as_if_gone() -> Iterable[bytes]:
    raise ConnectionError  # Werkzeug takes it for a client that left


def _as_if_ended() -> Iterable[bytes]:
    raise StopIteration  # ends gunicorn's loop over the requests of a connection
