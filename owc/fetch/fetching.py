"""A file by its address, into a file of ours, within bounds."""

from __future__ import annotations

import ftplib
import http.client
import ipaddress
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from owc.fetch.connections import Deadline
from owc.fetch.errors import FetchError
from owc.fetch.ftp import read_ftp
from owc.fetch.https import read_https

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What fetching may take."""

    max_bytes: int
    seconds: float
    networks: tuple[str, ...] = ()
    """Private networks that may be reached."""


def fetch(
    url: str,
    target: BinaryIO,
    bounds: Bounds,
    *,
    write: Callable[[BinaryIO, bytes], object] = lambda file, block: file.write(block),
    context: ssl.SSLContext | None = None,
) -> int:
    """Write the file at `url` into `target`, block by block, and return its length.

    `write` is how a block is written, for callers that must not wait for disks. Raises FetchError
    with a sentence that names the reason, whatever the other side does.
    """
    deadline = Deadline(bounds.seconds)
    size = 0
    try:
        with deadline.running():
            for block in _blocks(url, bounds, deadline, context or ssl.create_default_context()):
                size += len(block)
                if size > bounds.max_bytes:
                    raise FetchError(f"The file has more than {bounds.max_bytes:,} bytes.")
                write(target, block)
    except FetchError:
        if not deadline.is_over:
            raise
    except (OSError, EOFError, ValueError, http.client.HTTPException, ftplib.Error) as error:
        if not deadline.is_over:
            raise FetchError(f"The file could not be fetched: {_words(error)}.") from None
    if deadline.is_over:
        raise FetchError(f"The file did not come within {bounds.seconds:g} s.")
    return size


def _blocks(
    url: str, bounds: Bounds, deadline: Deadline, context: ssl.SSLContext
) -> Iterator[bytes]:
    networks = [ipaddress.ip_network(network, strict=False) for network in bounds.networks]
    parts = urlsplit(url)
    match parts.scheme:
        case "https":
            return read_https(url, networks, deadline, context)
        case "ftp":
            return read_ftp(url, networks, deadline)
        case "s3":
            bucket = parts.hostname or ""
            if not _BUCKET.fullmatch(bucket):
                raise FetchError(f"{bucket!r} is no name of a bucket that has an https address.")
            key = quote(parts.path.removeprefix("/"), safe="/~-._%")
            found = f"https://{bucket}.s3.amazonaws.com/{key}"
            return read_https(found, networks, deadline, context)
    raise FetchError(f"Files are fetched by https, ftp and s3, not by {parts.scheme!r}.")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    return " ".join(str(error).split())[:200] or type(error).__name__
