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


def read_ftp(url: str, networks: Sequence[Network], deadline: Deadline) -> Iterator[bytes]:
    """The file in blocks. Raises FetchError, OSError, ftplib.Error, EOFError."""
    parts = urlsplit(url)
    path = unquote(parts.path.removeprefix("/"))
    if not path or not path.isprintable():
        raise FetchError("The address names no file.")
    host, port = parts.hostname or "", parts.port or ftplib.FTP_PORT
    address = resolve(host, port, networks)
    with ftplib.FTP(timeout=SILENCE_SECONDS) as ftp:  # noqa: S321  (public files, named by hash)
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


def _watch(connection: socket.socket | None, deadline: Deadline) -> None:
    if connection is not None:
        deadline.watch(connection)
