"""The small rest of HTTP: the front page, the frame, the schema, whether the hub is well."""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

import jobspec
from owc.domain.states import JobState
from owc.services import catalogue
from owc.web.problem_json import RequestRefusedError
from owc.web.runtime import runtime
from owc.web.tokens import Purpose

blueprint = Blueprint("pages", __name__)

_SITE = re.compile(r"[A-Za-z0-9._:\[\]-]{0,253}")
_ABOUT = "Public research: everything that is computed here can be read and checked by anyone."


@blueprint.get("/")
def front() -> BaseResponse:
    """The list is the front page."""
    return redirect(url_for("jobs.index"))


@blueprint.get("/frame")
def frame() -> Response:
    """The frame that asks a site's visitor, with the token that a yes may use."""
    state = runtime()
    site = request.args.get("site", "")
    if not _SITE.fullmatch(site):
        detail = "'site' is the name of the embedding site, such as example.org."
        raise RequestRefusedError(400, "bad_parameter", detail)
    page = render_template(
        "frame.html",
        token=state.tokens.issue(Purpose.FRAME, f"site:{site}"),
        site=site,
        site_name=site or "this site",
        about=_about(),
        hub_name=state.settings.hub_name,
    )
    response = Response(page, mimetype="text/html")
    response.cache_control.no_store = True
    return response


@blueprint.get("/jobspec.schema.json")
def schema() -> Response:
    """The JSON Schema of job documents."""
    response = jsonify(jobspec.document_schema())
    response.mimetype = "application/schema+json"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Database and Redis answer too; 503 if not."""
    state = runtime()
    state.read(state.hub.database.ping)
    state.write(state.hub.queue.ping)
    return jsonify(status="ok")


def _about() -> str:
    state = runtime()
    for job in state.read(catalogue.list_jobs, state.hub, None, 20):
        if job.state == JobState.RUNNING and job.about:
            return job.about
    return _ABOUT
