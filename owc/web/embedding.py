"""Which pages may hold the hub's frame, and read its public answers from their scripts.

The frame of a registered site's key opens in the origins of that site only. A frame without a key
opens in the origins of the setting `sites`; where that names none, in every page of a hub that is
open to any site, and in none of one that is not. What enforces this is `frame-ancestors`, in the
visitor's browser; a page that the browser names (`Referer`) is told why besides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, request

from owc import telemetry
from owc.services import sites
from owc.settings import Settings
from owc.web.runtime import Runtime, runtime

_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]{0,253}")

PUBLIC_READS = (
    r"/list",
    r"/job/.*",
    r"/blob/.*",
    r"/site/.*",
    r"/jobspec\.schema\.json",
    r"/openapi\.json",
)
"""Addresses that scripts of other origins may read."""

_PUBLIC_READS = re.compile("|".join(PUBLIC_READS))

REFUSALS = {
    "bad_site": "data-site is the key of a registered site; leave it out if there is none.",
    "unknown_site": "This hub has no site of the key in data-site: it was removed, or mistyped.",
    "wrong_origin": "The key in data-site is another site's: this page is of none of its origins.",
    "site_needed": "This hub works for registered sites only: ask its operator for a key.",
}
"""Why no frame opens, in words for the site's owner."""


class EmbeddingRefusedError(Exception):
    """The frame does not open; `code` is one of `REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.message = code, REFUSALS[code]


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedding:
    """A frame that may open. `subject`: of its token; `ancestors`: for its policy; `categories`:
    of jobs that the site helps, none: all."""

    subject: str
    ancestors: str
    categories: tuple[str, ...] = ()


def embedding_of(state: Runtime, site: str, referrer: str | None) -> Embedding:
    """What the frame of this `data-site` (a key, or any other name) may do in the page that asks.

    Raises EmbeddingRefusedError, and logs it.
    """
    origin = _origin(referrer)
    try:
        return _embedding(state, site, origin)
    except EmbeddingRefusedError as error:
        telemetry.event("site_refused", code=error.code, site=site[:80], origin=origin)
        raise


def is_open(settings: Settings) -> bool:
    """Whether every page may hold a frame without a key."""
    return settings.is_open_to_any_site and not settings.sites


def share(response: Response) -> Response:
    """Of a hub that not every site may embed: let scripts of those that may read what is public."""
    state = runtime()
    if request.method != "GET" or not _PUBLIC_READS.fullmatch(request.path):
        return response
    response.vary.add("Origin")
    if (origin := request.headers.get("Origin")) and _is_registered(state, origin):
        response.headers["Access-Control-Allow-Origin"] = origin
    return response


def subject_site(subject: str) -> str | None:
    """The key of the registered site that a frame's token was issued for."""
    name = subject.removeprefix("site:")
    return name if sites.is_key(name) else None


def _embedding(state: Runtime, site: str, origin: str) -> Embedding:
    if not _NAME.fullmatch(site):
        raise EmbeddingRefusedError("bad_site")
    if not sites.is_key(site):
        return _without_key(state.settings, site)
    found = state.read(sites.find_site, state.hub, site)
    if found is None:
        raise EmbeddingRefusedError("unknown_site")
    own = (*found.origins, request.host_url.rstrip("/"))
    if origin and not sites.is_origin_of(own, origin):
        raise EmbeddingRefusedError("wrong_origin")
    return Embedding(
        subject=f"site:{site}", ancestors=_ancestors(found.origins), categories=found.categories
    )


def _without_key(settings: Settings, site: str) -> Embedding:
    if not settings.sites and not settings.is_open_to_any_site:
        raise EmbeddingRefusedError("site_needed")
    ancestors = _ancestors(settings.sites) if settings.sites else "*"
    return Embedding(subject=f"site:{site}", ancestors=ancestors)


def _ancestors(origins: Sequence[str]) -> str:
    return " ".join(("'self'", *origins))


def _is_registered(state: Runtime, origin: str) -> bool:
    if sites.is_origin_of(state.settings.sites, origin):
        return True
    return sites.is_origin_of(state.read(sites.origins, state.hub), origin)


def _origin(referrer: str | None) -> str:
    """The origin of the page that asks, where the browser names it."""
    try:
        parts = urlsplit(referrer or "")
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
