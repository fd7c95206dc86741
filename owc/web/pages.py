"""The small rest of HTTP: the front page, the schema, whether the hub is well."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

import jobspec
from owc.web import openapi as description
from owc.web.runtime import runtime

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def front() -> BaseResponse:
    """The list is the front page."""
    return redirect(url_for("jobs.index"))


@blueprint.get("/jobspec.schema.json")
def schema() -> Response:
    """The JSON Schema of job documents."""
    response = jsonify(jobspec.document_schema())
    response.mimetype = "application/schema+json"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """What is asked here and answered, as OpenAPI."""
    response = jsonify(description.document(current_app.url_map, current_app.view_functions))
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
