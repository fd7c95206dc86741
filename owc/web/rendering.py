"""Pages as answers: who gets one instead of JSON, and how it is rendered."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request

from owc.web.runtime import runtime


def wants_page() -> bool:
    """Whether the client prefers a page; who does not say gets JSON."""
    offered = ["application/json", "text/html"]  # the first of what is equally welcome is taken
    return request.accept_mimetypes.best_match(offered) == "text/html"


def page(template: str, **values: Any) -> Response:
    """A rendered template."""
    text = render_template(template, hub_name=runtime().settings.hub_name, **values)
    return varying(Response(text, mimetype="text/html"))


def varying(response: Response) -> Response:
    """`response` as one of two that an address has: caches keep them apart and ask again."""
    response.vary.add("Accept")
    response.cache_control.no_cache = True
    return response
