"""The public page of a registered site: what it has given, and the tag for its pages."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request

from owc.services import loaders, sites
from owc.web.assets import loader_script
from owc.web.rendering import page, varying, wants_page
from owc.web.runtime import runtime

blueprint = Blueprint("site_pages", __name__)

_BARS_WIDTH, _BARS_HEIGHT = 900, 160


@blueprint.get("/site/<key>")
def show(key: str) -> Response:
    """What a registered site has given, in all and by day, as a page or as JSON."""
    state = runtime()
    view = state.read(sites.site_view, state.hub, key)
    script = loader_script()
    address = (state.settings.public_url or request.url_root).rstrip("/")
    tag = loaders.tag(script, address, key)
    if wants_page():
        return page("site.html", view=view, tag=tag, bars=_bars([day.fuel for day in view.days]))
    site = asdict(view.site) | {"created_at": view.site.created_at.isoformat()}
    days = [asdict(day) | {"day": day.day.isoformat()} for day in view.days]
    found = {"rows": view.rows, "fuel": view.fuel, "volunteers": view.volunteers, "days": days}
    loader = {"path": loaders.path_of(script), "integrity": loaders.integrity_of(script)}
    jobs = [asdict(job) for job in view.jobs]
    return varying(jsonify(site | found | {"jobs": jobs, "loader": loader, "tag": tag}))


def _bars(values: list[int]) -> list[tuple[float, float, float, float]]:
    """A bar a day in a picture of 900 by 160: left, top, width, height."""
    most, wide = max(values, default=0) or 1, _BARS_WIDTH / max(len(values), 30)
    return [
        (
            round(_BARS_WIDTH - (len(values) - place) * wide, 1),
            round(_BARS_HEIGHT * (1 - value / most), 1),
            round(wide * 0.8, 1),
            round(_BARS_HEIGHT * value / most, 1),
        )
        for place, value in enumerate(values)
    ]
