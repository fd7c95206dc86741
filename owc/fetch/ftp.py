"""Files over FTP, as the anonymous user, in passive mode from the machine that was asked."""

from __future__ import annotations

import ftplib
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from owc.fetch.addresses import Network, resolve
from owc.fetch.connections import SILENCE_SECONDS, Deadline
from owc.fetch.errors import FetchError

_BLOCK_BYTES = 64 * 1024
_MOST_LINES = 1_000
"""Of all answers; a reader keeps the lines of one until its last has come."""


def read_ftp(url: str, networks: Sequence[Network], deadline: Deadline) -> Iterator[bytes]:
    """The file in blocks. Raises FetchError, OSError, ftplib.Error, EOFError."""
    parts = urlsplit(url)
    path = unquote(parts.path.removeprefix("/"))
    if not path or not path.isprintable():
        raise FetchError("The address names no file.")
    host, port = parts.hostname or "", parts.port or ftplib.FTP_PORT
    address = resolve(host, port, networks)
    with _Ftp(timeout=SILENCE_SECONDS) as ftp:
        # It asks the same machine for the data, whatever address the answer names.
        ftp.connect(str(address), port)
        _watch(ftp.sock, deadline)
        ftp.login()
        ftp.voidcmd("TYPE I")
        with ftp.transfercmd(f"RETR {path}") as data:
            _watch(data, deadline)
            while block := data.recv(_BLOCK_BYTES):
                yield block
        ftp.voidresp()


class _Ftp(ftplib.FTP):
    """Gives up on a server that talks without end."""

    _lines = 0

    def getline(self) -> str:
        self._lines += 1
        if self._lines > _MOST_LINES:
            raise FetchError(f"The server's answers have more than {_MOST_LINES:,} lines.")
        return super().getline()


def _watch(connection: socket.socket | None, deadline: Deadline) -> None:
    if connection is not None:
        deadline.watch(connection)
