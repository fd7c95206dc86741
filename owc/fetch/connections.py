"""Connections that end in time, however slowly the other side speaks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from owc.fetch.addresses import Network, resolve

SILENCE_SECONDS = 15


class Deadline:
    """Ends the sockets that it is told of when its time is over, so that no read waits longer."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._sockets: list[socket.socket] = []
        self.is_over = False

    @contextmanager
    def running(self) -> Iterator[Deadline]:
        self._timer.start()
        try:
            yield self
        finally:
            self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        self._sockets.append(connection)
        if self.is_over:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                # The socket's own: that of TLS is not made for another thread than the reader's.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def connect(host: str, port: int, networks: Sequence[Network], deadline: Deadline) -> socket.socket:
    """A socket to a public machine. Raises FetchError, OSError."""
    address = resolve(host, port, networks)
    connection = socket.create_connection((str(address), port), timeout=SILENCE_SECONDS)
    deadline.watch(connection)
    return connection
