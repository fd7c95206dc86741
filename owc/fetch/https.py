"""Files over HTTPS; redirects are followed, each as if it were the first address."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Sequence
from urllib.parse import SplitResult, urljoin, urlsplit

from owc.fetch.addresses import Network
from owc.fetch.connections import Deadline, connect
from owc.fetch.errors import FetchError

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_BLOCK_BYTES = 64 * 1024


def read_https(
    url: str, networks: Sequence[Network], deadline: Deadline, context: ssl.SSLContext
) -> Iterator[bytes]:
    """The file in blocks. Raises FetchError, OSError, ValueError, http.client.HTTPException."""
    for _ in range(_MOST_REDIRECTS + 1):
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise FetchError(f"The file is said to be at {url[:200]!r}, which is not https.")
        connection = _Connection(parts, networks, deadline, context)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Accept-Encoding": "identity", "User-Agent": "OpenWebCompute"}
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            if response.status not in _REDIRECTS:
                yield from _body(response)
                return
            url = urljoin(url, response.getheader("Location") or "")
        finally:
            connection.close()
    raise FetchError(f"The address leads on and on: {_MOST_REDIRECTS} redirects are followed.")


def _body(response: http.client.HTTPResponse) -> Iterator[bytes]:
    if response.status != 200:
        raise FetchError(f"The server answered {response.status} {response.reason[:100]}.")
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise FetchError("The server sends the file compressed, though it was asked not to.")
    while block := response.read1(_BLOCK_BYTES):
        yield block
    if response.length:
        raise FetchError(f"The connection ended {response.length:,} bytes before the file did.")


class _Connection(http.client.HTTPSConnection):
    """Connects to the address that was looked at; the certificate is for the name."""

    def __init__(
        self,
        parts: SplitResult,
        networks: Sequence[Network],
        deadline: Deadline,
        context: ssl.SSLContext,
    ) -> None:
        super().__init__(parts.hostname or "", parts.port or 443, context=context)
        self._networks, self._deadline, self._tls = networks, deadline, context

    def connect(self) -> None:
        plain = connect(self.host, self.port, self._networks, self._deadline)
        try:
            self.sock = self._tls.wrap_socket(
                plain, server_hostname=self.host, do_handshake_on_connect=False
            )
        except BaseException:
            plain.close()
            raise
        self._deadline.watch(self.sock)
        self.sock.do_handshake()
