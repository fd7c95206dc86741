"""Files of the hub's own: scripts, styles, the loader of the embedding sites."""

from __future__ import annotations

from flask import Blueprint, Response, send_from_directory

from owc.assets import asset

blueprint = Blueprint("assets", __name__)


@blueprint.get("/static/<path:path>")
def static(path: str) -> Response:
    """A file of `static/`; revalidated each time, so that modules of two versions never mix."""
    response = send_from_directory(asset("static"), path, max_age=0)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/openwebcompute.js")
def loader() -> Response:
    """The script that sites embed."""
    response = send_from_directory(
        asset("static"), "openwebcompute.js", mimetype="text/javascript", max_age=3600
    )
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
