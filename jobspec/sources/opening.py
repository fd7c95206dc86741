"""Opens the source that a document names, and words what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from jobspec.document_shared import SharedUpload
from jobspec.document_sources import RowsSource as RowsDocument
from jobspec.document_sources import UploadSource as UploadDocument
from jobspec.document_sources import UrlSource as UrlDocument
from jobspec.errors import SourceError
from jobspec.problems import ProblemList, pointer
from jobspec.sources.csv import CsvSource
from jobspec.sources.ipc import ArrowSource
from jobspec.sources.ndjson import NdjsonSource
from jobspec.sources.parquet import ParquetSource
from jobspec.sources.rows import RowsSource
from jobspec.sources.source import BadSource, OpenUpload, Place, Source, check_declared
from jobspec.types import ValueType

FileDocument = UploadDocument | UrlDocument | SharedUpload


def open_source(
    document: RowsDocument | FileDocument,
    open_upload: OpenUpload | None,
    problems: ProblemList,
    place: Place = ("source",),
) -> Source | None:
    """The source with its columns; None, and a problem, where it cannot be opened.

    `place` is where in the document it stands.
    """
    declared = document.columns or {}
    before = len(problems)
    source: Source | None
    if isinstance(document, RowsDocument):
        source = RowsSource(document.rows, declared, problems, place)
    else:
        source = _open_file(document, declared, open_upload, problems, place)
    if source is not None and len(problems) == before:
        check_declared(declared, source.columns, problems, place)
    return source


def reopen_source(
    document: RowsDocument | UploadDocument | UrlDocument, open_upload: OpenUpload | None
) -> Source:
    """The source of a document that was compiled before. Raises SourceError."""
    problems = ProblemList()
    source = open_source(document, open_upload, problems)
    if source is None or problems:
        raise SourceError("; ".join(problem.render() for problem in problems))
    return source


def _open_file(
    document: FileDocument,
    declared: Mapping[str, ValueType],
    open_upload: OpenUpload | None,
    problems: ProblemList,
    place: Place,
) -> Source | None:
    path = _find_file(document, open_upload, problems, place)
    if path is None:
        return None
    try:
        return _FORMATS[document.format](path, declared)
    except BadSource as error:
        problems.add(error.code, pointer(*place), error.message, error.hint)
        return None


def _find_file(
    document: FileDocument,
    open_upload: OpenUpload | None,
    problems: ProblemList,
    place: Place,
) -> Path | None:
    if not isinstance(document, UrlDocument):
        return find_upload(document.upload, open_upload, problems, place)
    if document.sha256 is not None:
        return find_upload(document.sha256, open_upload, problems, place, key="sha256")
    problems.add(
        "not_fetched",
        pointer(*place, "url"),
        "the file has not been fetched, so its columns are not known",
        "a hub fetches it when the job is posted; or name the 'sha256' of an upload of it",
    )
    return None


def find_upload(
    sha256: str,
    open_upload: OpenUpload | None,
    problems: ProblemList,
    place: Place,
    *,
    key: str = "upload",
) -> Path | None:
    """The file of an upload; None, and a problem, where there is none. `key` is what names it."""
    try:
        if open_upload is not None:
            return open_upload(sha256)
    except (LookupError, OSError):
        pass  # the same problem as without a way to open uploads
    problems.add(
        "unknown_upload",
        pointer(*place, key),
        f"there is no upload {sha256[:12]}...",
        "send the file by POST /upload first, and use the SHA-256 that it answers",
    )
    return None


_FORMATS: dict[str, Callable[[Path, Mapping[str, ValueType]], Source]] = {
    "csv": CsvSource,
    "ndjson": NdjsonSource,
    "parquet": ParquetSource,
    "arrow": ArrowSource,
}
