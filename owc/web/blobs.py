"""Bytes over HTTP: uploads in, public blobs out, and large outputs of volunteers in."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request, send_file, url_for

from owc.services import catalogue, collection, standing, submission
from owc.web import packing
from owc.web.bodies import require_type, spool_body
from owc.web.problem_json import RequestRefusedError
from owc.web.runtime import runtime
from owc.web.submitters import bearer, client_address, rate_key, submitter
from owc.web.tokens import Purpose, TokenRefusedError

blueprint = Blueprint("blobs", __name__)

_FOREVER = 365 * 24 * 3600
_BLOB_HEADERS = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@blueprint.post("/upload")
def upload() -> tuple[Response, int]:
    """Store the raw body, whatever its type; job documents name it by its SHA-256."""
    state = runtime()
    asker = submitter()
    state.rates.take("upload", rate_key(asker.name))
    most = state.settings.upload_bytes
    with spool_body(most) as file:
        stored = state.write(submission.store_upload, state.hub, file, most)
    url = url_for("blobs.blob", sha256=stored.sha256)
    return jsonify(sha256=stored.sha256, bytes=stored.bytes, url=url), 201


@blueprint.get("/blob/<sha256>")
def blob(sha256: str) -> Response:
    """A program, chunk or source of a public job; its name is its content, so caches keep it."""
    state = runtime()
    path = state.read(catalogue.public_blob, state.hub, sha256)
    response = send_file(
        path,
        mimetype="application/octet-stream",
        conditional=True,
        etag=sha256,
        max_age=_FOREVER,
    )
    response.headers.update(_BLOB_HEADERS)
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response


@blueprint.post("/volunteer/token")
def volunteer_token() -> Response:
    """A first token for a native volunteer; browsers find theirs in the frame."""
    state = runtime()
    state.rates.take("volunteer_token", client_address())
    require_type("application/json")
    request.max_content_length = 1024
    if request.get_json(silent=True) != {"kind": "native"}:
        raise RequestRefusedError(400, "bad_request", 'Send {"kind": "native"}.')
    return jsonify(token=state.tokens.issue(Purpose.FRAME, "native"))


@blueprint.post("/volunteer/output")
def volunteer_output() -> tuple[Response, int]:
    """An output too large for the socket; the `result_report` that follows names its SHA-256."""
    state = runtime()
    volunteer_id = _volunteer()
    state.rates.take("output", volunteer_id)
    state.rates.take("output_of_address", client_address())  # identities cost nothing
    require_type("application/octet-stream")
    with spool_body(state.settings.result_bytes) as file:
        sha256 = state.write(collection.store_output, state.hub, file)
    return jsonify(sha256=sha256), 201


@blueprint.get("/volunteer/me")
def volunteer_me() -> Response:
    """How the volunteer of the token stands, and the jobs to which it has contributed."""
    state = runtime()
    volunteer_id = _volunteer()
    found = state.read(standing.standings, state.hub, [volunteer_id])
    if volunteer_id not in found:
        raise RequestRefusedError(404, "not_found", "The hub does not know this volunteer.")
    helped = state.read(standing.jobs_helped, state.hub, volunteer_id)
    response = jsonify(
        standing=packing.standing_message(found[volunteer_id]).model_dump(),
        jobs=[
            {
                "id": each.job_id,
                "name": each.name,
                "state": each.state,
                "rows": each.rows,
                "url": url_for("jobs.show", job_id=each.job_id),
            }
            for each in helped
        ],
    )
    response.cache_control.no_store = True
    return response


def _volunteer() -> str:
    try:
        return runtime().tokens.read(bearer() or "", Purpose.SESSION).subject
    except TokenRefusedError as error:
        detail = "Send the volunteer's latest token: 'Authorization: Bearer ...'."
        challenge = {"WWW-Authenticate": 'Bearer realm="owc"'}
        raise RequestRefusedError(401, error.code, detail, challenge) from None
