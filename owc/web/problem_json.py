"""Every error of the HTTP side in one shape: `application/problem+json` (RFC 9457).

A person who follows a link to something that is not there gets the same as a page.

`type` is a URN that ends in the error's stable code, which is also given as `code`; `detail` is a
sentence for people; a job document's problems are listed under `problems`. What the hub did not
expect is logged and answered by 500 without its insides.
"""

from __future__ import annotations

import errno
import json
import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

import jobspec
from owc import errors
from owc.web.rates import RateExceededError
from owc.web.rendering import page, wants_page

MIMETYPE = "application/problem+json"
NO_ROOM = "The hub's disk is full. Try again later; its operator can see why."
_logger = logging.getLogger("owc.web")

_STATUS_OF_ERROR: tuple[tuple[type[errors.OwcError], int], ...] = (
    (errors.Removed, 410),  # the first row that fits counts: children before parents
    (errors.NotFound, 404),
    (errors.UploadTooLarge, 413),
    (errors.ResultNotReady, 409),
    (errors.Refused, 403),
    (errors.BadDigest, 400),
    (errors.DatabaseUnavailable, 503),
    (errors.DatabaseConflict, 503),
    (errors.QueueUnavailable, 503),
)

_CODES_OF_STATUS = {
    400: "bad_request",
    401: "token_needed",
    403: "refused",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    411: "length_required",
    413: "too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    429: "too_many_requests",
    431: "headers_too_large",
}


class RequestRefusedError(Exception):
    """A view's own refusal: HTTP status, stable code, a sentence, and headers to go with it."""

    def __init__(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = headers or {}


def problem_body(status: int, code: str, detail: str, **members: Any) -> bytes:
    """The JSON text of one problem."""
    value = {
        "type": f"urn:openwebcompute:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }
    return json.dumps(value, ensure_ascii=False).encode()


def problem(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """One problem as a response: a page where a browser looked for one, else JSON."""
    if request.method in {"GET", "HEAD"} and wants_page():
        response = page("error.html", status=status, title=HTTPStatus(status).phrase, detail=detail)
        response.status_code = status
        response.headers.update(headers or {})
        return response
    body = problem_body(status, code, detail, **members)
    return Response(body, status=status, mimetype=MIMETYPE, headers=headers)


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def register(app: Flask) -> None:
    """Answer every error of `app` in this shape."""
    app.register_error_handler(jobspec.DocumentError, _document_error)
    app.register_error_handler(jobspec.SourceError, _source_error)
    app.register_error_handler(jobspec.CompilerError, _compiler_error)
    app.register_error_handler(errors.OwcError, _owc_error)
    app.register_error_handler(RequestRefusedError, _refused)
    app.register_error_handler(RateExceededError, _rate_exceeded)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _document_error(error: jobspec.DocumentError) -> Response:
    problems = [found.as_dict() for found in error.problems]
    detail = f"The job document has {len(problems)} problem{'s' if len(problems) != 1 else ''}."
    return problem(400, "bad_document", detail, problems=problems)


def _source_error(error: jobspec.SourceError) -> Response:
    return problem(400, "bad_source", str(error))


def _compiler_error(error: jobspec.CompilerError) -> Response:
    _logger.error("the compiler failed", exc_info=error)
    detail = "The compiler failed on this document. That is our mistake, not yours; it is logged."
    return problem(500, "compiler_error", detail)


def _owc_error(error: errors.OwcError) -> Response:
    for kind, status in _STATUS_OF_ERROR:
        if isinstance(error, kind):
            return problem(status, error.code, error.message)
    return _unexpected(error)


def _refused(error: RequestRefusedError) -> Response:
    return problem(error.status, error.code, error.detail, error.headers)


def _rate_exceeded(error: RateExceededError) -> Response:
    headers = {"Retry-After": str(error.retry_seconds)}
    return problem(429, "too_many_requests", str(error), headers)


def _http_error(error: HTTPException) -> Response:
    response = error.get_response()
    status = error.code or 500
    if status < 400:  # a redirect is no problem
        return Response(response.get_data(), status=status, headers=dict(response.headers))
    code = _CODES_OF_STATUS.get(status, "http_error")
    kept = {
        name: response.headers[name]
        for name in ("Allow", "Retry-After")
        if name in response.headers
    }
    return problem(status, code, error.description or HTTPStatus(status).phrase, kept)


def _unexpected(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in _FULL:
        # who waits and tries again loses nothing: volunteers do, with what they have computed
        _logger.warning("%s %s found no room on the disk", request.method, request.path)
        return problem(503, "storage_full", NO_ROOM, {"Retry-After": "10"})
    _logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, "internal_error", "The hub failed to answer; the failure has been logged.")
