"""Files of the hub's own: scripts, styles, the loader of the embedding sites.

Scripts of ours are served without their comments and indentation, which are a third of their
bytes; what a visitor's browser loads counts. The code itself stays as it is written.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import rjsmin
from flask import Blueprint, Response, request, send_from_directory
from werkzeug.security import safe_join

from owc.assets import asset
from owc.errors import NotFound
from owc.services import loaders
from owc.web.runtime import runtime

blueprint = Blueprint("assets", __name__)

LOADER = "openwebcompute.js"
_LOADER_SECONDS = 3600
_FOR_EVER_SECONDS = 365 * 86_400
_AS_PUBLISHED = "vendor/"


@blueprint.get("/static/<path:path>")
def static(path: str) -> Response:
    """A file of `static/`; revalidated each time, so that modules of two versions never mix."""
    return _shared(_answer(path, max_age=0))


def loader_script() -> bytes:
    """The loader of today, as it is served."""
    return lean(asset("static") / LOADER)


@blueprint.get("/openwebcompute.js")
def loader() -> Response:
    """The script that sites embed."""
    return _shared(_answer(LOADER, max_age=_LOADER_SECONDS))


@blueprint.get("/loader/<version>/openwebcompute.js")
def kept_loader(version: str) -> Response:
    """A loader under an address that always gives the same bytes, for pages that pin its digest."""
    script = loader_script()
    if version != loaders.version_of(script):
        state = runtime()
        kept = state.read(loaders.find, state.hub, version)
        if kept is None:
            raise NotFound(f"This hub never served a loader {version}.")
        script = kept
    response = Response(script, mimetype="text/javascript")
    response.cache_control.public = True
    response.cache_control.max_age = _FOR_EVER_SECONDS
    response.cache_control.immutable = True
    return _shared(response)


def lean(script: Path) -> bytes:
    """A script of ours as it is served."""
    changed_at = script.stat().st_mtime_ns
    return _lean(script, changed_at)


@lru_cache(maxsize=256)
def _lean(script: Path, _changed_at: int) -> bytes:
    return str(rjsmin.jsmin(script.read_text(encoding="utf-8"))).encode()


def _answer(path: str, max_age: int) -> Response:
    folder = asset("static")
    found = safe_join(str(folder), path)
    is_ours = path.endswith(".js") and not path.startswith(_AS_PUBLISHED)
    if found is None or not is_ours or not Path(found).is_file():
        return send_from_directory(folder, path, max_age=max_age)
    body = lean(Path(found))
    response = Response(body, mimetype="text/javascript")
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.cache_control.max_age = max_age
    if not max_age:
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def _shared(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
