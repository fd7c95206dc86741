"""What volunteers with a browser meet of the hub: the frame in a site that asks and shows the work,
its panel and its window, and the page of a device that is lent as a whole.

Everything is in the visitor's language: that of the page which embeds the frame, else the
browser's.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Response, jsonify, render_template, request

from owc.domain.states import JobState
from owc.services import catalogue
from owc.web import languages
from owc.web.embedding import EmbeddingRefusedError, embedding_of
from owc.web.front_door import LOOPBACK_NAMES, host_name
from owc.web.headers import frame_policy
from owc.web.runtime import runtime
from owc.web.tokens import Purpose

blueprint = Blueprint("visitors", __name__)

_JOBS_LOOKED_AT = 20
_HINTS = ("early", "covered")
_MOST_ORIGIN = 300


@blueprint.get("/frame")
def frame() -> Response:
    """The frame that asks a site's visitor, with the token that a yes may use."""
    state = runtime()
    try:
        embedding = embedding_of(state, request.args.get("site", ""), request.referrer)
    except EmbeddingRefusedError as error:
        return _refused(error)
    lang = _language()
    words = languages.catalogue(lang)
    page = render_template(
        "frame.html",
        token=state.tokens.issue(Purpose.FRAME, embedding.subject),
        purpose=state.settings.purpose_text,
        now=_about(),
        hub_name=state.settings.hub_name,
        lang=lang,
        dir=languages.direction(lang),
        question=words["question"],
        badge=words["badge"],
        told=_told(words) | {"categories": _categories(embedding.categories)},
        theme=_one_of("theme", ("auto", "light", "dark")),
        size=_one_of("size", ("normal", "small")),
    )
    response = Response(page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = frame_policy(embedding.ancestors)
    response.cache_control.no_store = True
    return response


def _refused(error: EmbeddingRefusedError) -> Response:
    """A page without a token, for whoever embeds it to hear of."""
    page = render_template(
        "refused.html",
        hub_name=runtime().settings.hub_name,
        code=error.code,
        message=error.message,
    )
    response = Response(page, 403, mimetype="text/html")
    response.headers["Content-Security-Policy"] = frame_policy("*")
    response.cache_control.no_store = True
    return response


@blueprint.get("/frame/panel")
def panel() -> Response:
    """The panel behind the frame's badge, fetched when it is first opened."""
    lang = _language()
    words = languages.catalogue(lang)
    named = _categories()
    categories = [(key, name) for key, name in words["categories"].items() if key in named]
    page = render_template(
        "panel.html",
        lang=lang,
        dir=languages.direction(lang),
        panel=words["panel"],
        categories=categories or list(words["categories"].items()),
    )
    return Response(page, mimetype="text/html")


@blueprint.get("/confirm")
def confirm() -> Response:
    """Where an operator wants it, a yes is confirmed here, in a window of the hub's own."""
    lang = _language()
    words = languages.catalogue(lang)
    page = render_template(
        "confirm.html",
        lang=lang,
        dir=languages.direction(lang),
        site=request.args.get("site", "")[:_MOST_ORIGIN],
        purpose=runtime().settings.purpose_text,
        question=words["question"],
        confirm=words["confirm"],
    )
    return Response(page, mimetype="text/html")


@blueprint.get("/agent")
@blueprint.get("/join")
def agent() -> Response:
    """The page of a device that is lent as a whole."""
    state = runtime()
    lang = _language()
    words = languages.catalogue(lang)
    address = (state.settings.public_url or request.url_root).rstrip("/") + "/join"
    page = render_template(
        "agent.html",
        token=state.tokens.issue(Purpose.FRAME, "site:"),
        hub_name=state.settings.hub_name,
        lang=lang,
        dir=languages.direction(lang),
        agent=words["agent"],
        badge=words["badge"],
        panel=words["panel"],
        told=_told(words),
        address=address,
        code=_code(address),
    )
    response = Response(page, mimetype="text/html")
    response.cache_control.no_store = True
    return response


@blueprint.get("/agent.webmanifest")
def manifest() -> Response:
    """What browsers read to install the page of a device."""
    response = jsonify(
        name=runtime().settings.hub_name,
        short_name=runtime().settings.hub_name[:30],
        start_url="/agent",
        scope="/",
        display="standalone",
        background_color="#0f1614",
        theme_color="#0b6b57",
        icons=[{"src": "/static/icon.svg", "sizes": "any", "type": "image/svg+xml"}],
    )
    response.mimetype = "application/manifest+json"
    return response


def _code(address: str) -> str:
    """A QR code of an address as SVG; "" for one that other devices cannot open."""
    if host_name(urlsplit(address).netloc) in LOOPBACK_NAMES:
        return ""
    return str(segno.make(address, error="m").svg_inline(border=0, omitsize=True))


def _told(words: languages.Catalogue) -> dict[str, object]:
    """What the page tells its scripts: sentences that change, and the operator's settings."""
    settings, question = runtime().settings, words["question"]
    hints = ("early", "covered", "window", "blocked") if settings.confirm_yes else _HINTS
    return {
        "words": words["badge"] | {key: question[key] for key in hints},
        "data_mb": settings.data_mb_per_hour,
        "confirm": settings.confirm_yes,
    }


def _categories(most: Sequence[str] = ()) -> list[str]:
    """The kinds of jobs that the page names, or none for all; of a site that helps only some
    (`most`), among these."""
    named = request.args.get("categories", "").replace(",", " ").split()
    if not most:
        return named
    return [each for each in most if each in named] or list(most)


def _one_of(name: str, choices: tuple[str, ...]) -> str:
    """A parameter of the address; the first of `choices` where it is none of them."""
    given = request.args.get(name, "")
    return given if given in choices else choices[0]


def _language() -> str:
    accepted = [tag for tag, _ in request.accept_languages]
    return languages.choose(request.args.get("lang", ""), accepted)


def _about() -> str:
    """What is computed now, in its researcher's words; "" if nothing is."""
    state = runtime()
    for job in state.read(catalogue.list_jobs, state.hub, None, _JOBS_LOOKED_AT):
        if job.state == JobState.RUNNING and job.about:
            return job.about
    return ""
