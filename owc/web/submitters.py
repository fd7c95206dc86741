"""Who posts: the token of the request, or the loopback rule of a hub on one's own machine."""

from __future__ import annotations

from flask import request

from owc.services import access
from owc.services.access import LOOPBACK_NAME
from owc.services.values import Submitter, Token
from owc.web.front_door import address_key, passes_loopback_rule
from owc.web.problem_json import RequestRefusedError
from owc.web.runtime import runtime

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="owc"'}


def submitter() -> Submitter:
    """Who asks, allowed to post jobs and uploads; raises RequestRefusedError (401, 403)."""
    token = _bearer_token()
    if token is not None:
        if not token.scopes & {"submit", "trusted"}:
            detail = "This token may not post jobs: it lacks the scope 'submit'."
            raise RequestRefusedError(403, "scope_needed", detail)
        return Submitter(name=token.name, trusted="trusted" in token.scopes)
    if runtime().open_to_loopback:
        if passes_loopback_rule(request.environ):
            return Submitter(name=LOOPBACK_NAME, trusted=True)
        if request.environ.get("owc.loopback"):
            detail = (
                "Posting without a token works on this machine only by a name of this machine "
                "(localhost, 127.0.0.1) and never from a page of another origin."
            )
            raise RequestRefusedError(403, "foreign_origin", detail)
    detail = "Posting needs a token: send it as 'Authorization: Bearer <token>' (owc token create)."
    raise RequestRefusedError(401, "token_needed", detail, _CHALLENGE)


def rate_key(name: str) -> str:
    """What a submitter's requests are counted by."""
    return f"{name}@{client_address()}" if name == LOOPBACK_NAME else name


def client_address() -> str:
    """The asking address as limits count it."""
    return address_key(request.environ.get("REMOTE_ADDR", ""))


def bearer() -> str | None:
    """The bearer token of the request, if it has one."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" and value.strip() else None


def _bearer_token() -> Token | None:
    secret = bearer()
    if secret is None:
        return None
    state = runtime()
    token = state.read(access.find_token, state.hub, secret)
    if token is None:
        state.rates.take("bad_token", client_address())
        detail = "This token is unknown or has been revoked."
        challenge = {"WWW-Authenticate": 'Bearer realm="owc", error="invalid_token"'}
        raise RequestRefusedError(401, "bad_token", detail, challenge)
    return token
