"""The first thing a request meets: who is asking, from where, under which name of ours.

A WSGI middleware around everything, Socket.IO included. It believes forwarded headers only from
configured proxies, answers only to names on the Host allow-list, decides whether the peer counts as
loopback, counts the open WebSockets of an address, and takes away the offer of compression, which
costs more memory a connection than it is worth. It knows nothing of tokens and routes.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from owc.web.problem_json import problem_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

Environ = dict[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
FORWARDING_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_REAL_IP",
    "HTTP_CF_CONNECTING_IP",
    "HTTP_TRUE_CLIENT_IP",
    "HTTP_VIA",
)
_ANY_NAME_PATHS = frozenset({"/healthz", "/readyz"})  # probes ask by whatever address they know


@dataclass(kw_only=True)
class FrontDoor:
    """WSGI middleware. `allowed_hosts` are names without ports; "*" allows every name."""

    app: WSGIApplication
    allowed_hosts: frozenset[str]
    trusted_proxies: tuple[Network, ...]
    sockets_per_address: int
    _sockets: Counter[str] = field(default_factory=Counter)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Judge the request, then hand it on."""
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        self._settle_peer(environ)
        host = host_name(environ.get("HTTP_HOST", ""))
        if not self._answers_to(host) and environ.get("PATH_INFO") not in _ANY_NAME_PATHS:
            detail = (
                f"This hub does not answer to the name {host!r}: "
                "the operator can add it to OWC_ALLOWED_HOSTS."
            )
            return _refuse(start_response, "421 Misdirected Request", "unknown_host", detail)
        if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            return self.app(environ, start_response)
        return self._with_socket(environ, start_response)

    def _with_socket(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # The server calls this once a WebSocket and gets its answer when the socket is closed.
        key = address_key(environ.get("REMOTE_ADDR", ""))
        if self._sockets[key] >= self.sockets_per_address:
            detail = f"An address may hold {self.sockets_per_address} connections at a time."
            status = "429 Too Many Requests"
            return _refuse(start_response, status, "too_many_connections", detail)
        self._sockets[key] += 1
        try:
            return self.app(environ, start_response)
        finally:
            self._sockets[key] -= 1
            if not self._sockets[key]:
                del self._sockets[key]

    def _answers_to(self, host: str) -> bool:
        # A literal address is never the work of DNS rebinding, which needs a name of its own.
        return "*" in self.allowed_hosts or host in self.allowed_hosts or is_address(host)

    def _settle_peer(self, environ: Environ) -> None:
        peer = environ.get("REMOTE_ADDR", "")
        forwarded = any(header in environ for header in FORWARDING_HEADERS)
        if forwarded and self._is_trusted_proxy(peer):
            self._believe_proxy(environ)
        for header in FORWARDING_HEADERS:
            environ.pop(header, None)
        environ["owc.loopback"] = is_loopback(peer) and not forwarded

    def _is_trusted_proxy(self, address: str) -> bool:
        return is_within(address, self.trusted_proxies)

    def _believe_proxy(self, environ: Environ) -> None:
        hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        while len(hops) > 1 and self._is_trusted_proxy(hops[-1]):
            hops.pop()
        if is_address(hops[-1]):
            environ["REMOTE_ADDR"] = hops[-1]
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-1].strip().lower()
        if scheme in {"http", "https"}:
            environ["wsgi.url_scheme"] = scheme
        if host := environ.get("HTTP_X_FORWARDED_HOST", "").split(",")[-1].strip():
            environ["HTTP_HOST"] = host


def own_origin(environ: Environ) -> bool:
    """Whether the request has no Origin or the hub's own, and no browser calls it cross-site."""
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"none", "same-origin"}:
        return False
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return True
    own = f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST', '')}"
    return _normal_origin(origin) == _normal_origin(own)


def passes_loopback_rule(environ: Environ) -> bool:
    """Loopback peer, nothing forwarded, a loopback name of ours, own or absent Origin."""
    return (
        bool(environ.get("owc.loopback"))
        and host_name(environ.get("HTTP_HOST", "")) in LOOPBACK_NAMES
        and own_origin(environ)
    )


def host_name(host: str) -> str:
    """The lower-case name in a Host header, without port and brackets; "" if there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_address(text: str) -> bool:
    """Whether `text` is a literal IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(text: str) -> bool:
    """Whether `text` is a literal loopback address."""
    return is_address(text) and ipaddress.ip_address(text).is_loopback


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks that settings name, by an address or with a length."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def is_within(text: str, networks: Iterable[Network]) -> bool:
    """Whether `text` is a literal address in one of them."""
    return is_address(text) and any(ipaddress.ip_address(text) in network for network in networks)


def address_key(address: str) -> str:
    """What limits count by: an IPv4 address, or the /64 that one IPv6 customer usually has."""
    if not is_address(address):
        return address
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network(f"{parsed}/64", strict=False).network_address)


def network_label(address: str, key: bytes, day: str) -> str:
    """A volunteer's network (IPv4 /24, IPv6 /48) under a key of the day: to compare, not read."""
    prefix = address
    if is_address(address):
        parsed = ipaddress.ip_address(address)
        length = 24 if parsed.version == 4 else 48
        prefix = str(ipaddress.ip_network(f"{parsed}/{length}", strict=False))
    digest = hmac.new(key, f"{day} {prefix}".encode(), hashlib.sha256)
    return digest.hexdigest()[:16]


def _normal_origin(origin: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(origin)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        return parts.scheme, parts.hostname or "", port
    except ValueError:
        return "", origin, None


def _refuse(
    start_response: Callable[..., object], status: str, code: str, detail: str
) -> list[bytes]:
    body = problem_body(int(status[:3]), code, detail)
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    ]
    start_response(status, headers)
    return [body]
