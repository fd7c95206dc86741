"""Security headers of every response: one policy a kind of response, chosen by endpoint.

No page of the hub has inline script or style. Only the frame may be framed. The worker's script has
a policy of its own, because without one some engines give it `eval` and the network.
"""

from __future__ import annotations

from flask import Response, request

from owc.web.front_door import LOOPBACK_NAMES, host_name

_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_FRAME = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "connect-src 'self'; worker-src 'self'; img-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors {ancestors}"
)
_AGENT = _FRAME.format(ancestors="'none'") + "; manifest-src 'self'"
_WORKER = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'none'"
_NOTHING = "default-src 'none'; frame-ancestors 'none'; sandbox"

_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_CROSS_ORIGIN_ENDPOINTS = frozenset(
    {"assets.kept_loader", "assets.loader", "assets.static", "blobs.blob", "visitors.frame"}
)


def frame_policy(ancestors: str) -> str:
    """The policy of the frame, for a page that only `ancestors` may hold."""
    return _FRAME.format(ancestors=ancestors)


def secure(response: Response) -> Response:
    """Add the headers that this response should have; what a view has set stays."""
    for name, value in _COMMON.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _policy(response))
    endpoint = request.endpoint or ""
    shared = endpoint in _CROSS_ORIGIN_ENDPOINTS
    response.headers.setdefault(
        "Cross-Origin-Resource-Policy", "cross-origin" if shared else "same-origin"
    )
    if endpoint != "visitors.frame":
        response.headers.setdefault("X-Frame-Options", "DENY")
        # Over plain http it would be ignored, and browsers would say so.
        is_heeded = request.is_secure or host_name(request.host) in LOOPBACK_NAMES
        if is_heeded and endpoint != "visitors.confirm":  # which tells the frame that opened it
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response


def _policy(response: Response) -> str:
    if request.endpoint == "visitors.agent":
        return _AGENT
    if request.path.endswith("/worker.js"):
        return _WORKER
    if response.mimetype == "text/html":
        return _PAGE
    return _NOTHING
