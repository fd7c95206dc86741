"""Request bodies: bounded before they are read, of the right type, kept off the event loop."""

from __future__ import annotations

import shutil
import tempfile
from typing import BinaryIO, cast

from flask import request

from owc.web.problem_json import NO_ROOM, RequestRefusedError
from owc.web.runtime import runtime

_BLOCK_BYTES = 256 * 1024


def require_type(mimetype: str) -> None:
    """Raise 415 unless the body is declared as `mimetype`."""
    if request.mimetype != mimetype:
        given = request.mimetype or "none"
        detail = f"This address takes Content-Type: {mimetype}, not {given!r}."
        raise RequestRefusedError(415, "unsupported_media_type", detail)


def read_body(max_bytes: int) -> bytes:
    """The whole body; raises 413 before reading more than `max_bytes`."""
    _bound(max_bytes)
    body = request.get_data(cache=False)
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    return body


def spool_body(max_bytes: int) -> BinaryIO:
    """The body in a temporary file, read to its end and rewound; raises 413 when it grows too big.

    A request's stream belongs to the event loop's thread, so lanes get this file in its place.
    """
    _bound(max_bytes)
    state = runtime()
    free = shutil.disk_usage(state.settings.data_folder).free
    if free < state.settings.reserve_bytes + (request.content_length or 0):
        # before the disk is full: what is left is for the database
        raise RequestRefusedError(503, "storage_full", NO_ROOM, {"Retry-After": "10"})
    opened = tempfile.TemporaryFile(dir=state.settings.data_folder)  # noqa: SIM115 - caller closes
    file = cast(BinaryIO, opened)
    size = 0
    try:
        while block := request.stream.read(_BLOCK_BYTES):
            size += len(block)
            if size > max_bytes:
                raise _too_large(max_bytes)
            state.read(file.write, block)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _bound(max_bytes: int) -> None:
    if (coding := request.headers.get("Content-Encoding", "identity")) != "identity":
        detail = f"Bodies are taken as they are, not with Content-Encoding: {coding[:40]!r}."
        raise RequestRefusedError(415, "unsupported_media_type", detail)
    # One more than allowed: a body of unknown length is cut there without a word.
    request.max_content_length = max_bytes + 1
    if (request.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> RequestRefusedError:
    detail = f"The body is larger than the {max_bytes:,} bytes that this address takes."
    return RequestRefusedError(413, "too_large", detail, {"Connection": "close"})
