"""The opening handshake of RFC 6455 (section 4.2): is this request a WebSocket's, and the answer.

Pure: a WSGI environ in, what to answer out. No subprotocol and no extension is ever agreed on.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a request gets no WebSocket, as an HTTP answer."""

    status: str
    reason: str
    headers: tuple[tuple[str, str], ...] = ()


NO_UPGRADE = Refusal(
    status="426 Upgrade Required",
    reason="This address speaks WebSocket only.",
    headers=(("Upgrade", "websocket"),),
)
_WRONG_VERSION = Refusal(
    status="426 Upgrade Required",
    reason=f"Only version {_VERSION} of the WebSocket protocol is spoken here.",
    headers=(("Upgrade", "websocket"), ("Sec-WebSocket-Version", _VERSION)),
)


def refusal(environ: Mapping[str, Any]) -> Refusal | None:
    """Why this request cannot become a WebSocket; None if it can."""
    if environ.get("HTTP_UPGRADE", "").strip().lower() != "websocket":
        return NO_UPGRADE
    if environ.get("REQUEST_METHOD") != "GET" or environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return _bad("A WebSocket begins with GET and HTTP/1.1.")
    connection = environ.get("HTTP_CONNECTION", "").lower().split(",")
    if "upgrade" not in (token.strip() for token in connection):
        return _bad("The Connection header does not say Upgrade.")
    if environ.get("HTTP_TRANSFER_ENCODING") or environ.get("CONTENT_LENGTH") not in (
        None,
        "",
        "0",
    ):
        return _bad("A WebSocket's request has no body.")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() != _VERSION:
        return _WRONG_VERSION
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        return _bad("Sec-WebSocket-Key is not 16 bytes in base64.")
    return None


def acceptance(environ: Mapping[str, Any]) -> bytes:
    """The answer to a request that `refusal` has nothing against."""
    key = environ["HTTP_SEC_WEBSOCKET_KEY"].strip().encode()
    proof = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n"
    )


def _bad(reason: str) -> Refusal:
    return Refusal(status="400 Bad Request", reason=reason)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip().encode("ascii"), validate=True)) == 16
    except (binascii.Error, UnicodeEncodeError):
        return False
