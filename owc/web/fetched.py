"""Files that job documents name by a URL: fetched once, when a job is posted, kept as uploads.

From then on the job rests on the file's SHA-256, which is written into its document. Not here: what
may be reached, and how (`owc.fetch`).
"""

from __future__ import annotations

import tempfile
import threading

import jobspec
from owc.fetch import Bounds, FetchError, fetch
from owc.services import submission
from owc.services.values import Upload
from owc.web.runtime import Runtime, runtime

_AT_ONCE = threading.BoundedSemaphore(4)


def with_fetched_source(raw: bytes) -> bytes:
    """The document as it is kept: with the SHA-256 of a file that was fetched for it.

    Raises jobspec.DocumentError for a file that cannot be had, or is not what the document says.
    """
    state = runtime()
    source = state.compute(submission.url_to_fetch, state.hub, raw)
    if source is None:
        return raw
    try:
        stored = _fetched(state, source.url)
    except FetchError as error:
        hint = "mend the address, or fetch the file and send it by POST /upload"
        problem = jobspec.Problem("not_fetched", "/source/url", error.message, hint)
        raise jobspec.DocumentError([problem]) from None
    if source.sha256 not in (None, stored.sha256):
        message = f"the file at the URL has the SHA-256 {stored.sha256}"
        hint = "it has changed, perhaps; leave out 'sha256' to take it as it is now"
        problem = jobspec.Problem("bad_value", "/source/sha256", message, hint)
        raise jobspec.DocumentError([problem])
    return submission.with_sha256(raw, stored.sha256)


def _fetched(state: Runtime, url: str) -> Upload:
    settings = state.settings
    if not settings.fetch_bytes:
        raise FetchError("This hub fetches no files.")
    bounds = Bounds(
        max_bytes=settings.fetch_bytes,
        seconds=settings.fetch_seconds,
        networks=settings.fetch_networks,
    )
    with _AT_ONCE, tempfile.TemporaryFile(dir=settings.data_folder) as file:
        fetch(url, file, bounds, write=lambda target, block: state.read(target.write, block))
        file.seek(0)
        return state.write(submission.store_upload, state.hub, file, settings.fetch_bytes)
