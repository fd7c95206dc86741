"""Files as uploads, and what is read of them, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobspec.document_sources import UploadSource
from jobspec.problems import Problem, ProblemList
from jobspec.sources.opening import open_source
from jobspec.sources.source import Source
from jobspec.types import Column

SHA = "0" * 64


class Uploads:
    """Files as uploads, each opened by a source of its format."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "upload"

    def open(
        self, text: str | bytes, file_format: str = "csv", columns: dict[str, str] | None = None
    ) -> tuple[Source | None, tuple[Problem, ...]]:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        document = UploadSource.model_validate(
            {"upload": SHA, "format": file_format, "columns": columns}
        )
        problems = ProblemList()
        return open_source(document, lambda _: self.path, problems), problems.all()

    def good(self, *args: Any, **kwargs: Any) -> Source:
        source, problems = self.open(*args, **kwargs)
        assert source is not None
        assert problems == ()
        return source

    def bad(self, *args: Any, **kwargs: Any) -> Problem:
        source, (problem,) = self.open(*args, **kwargs)
        assert source is None
        return problem

    def parquet(self, table: pa.Table, **kwargs: Any) -> bytes:
        pq.write_table(table, self.path, **kwargs)
        return self.path.read_bytes()


def types_of(source: Source) -> dict[str, str | None]:
    return {column.name: column.type and column.type.value for column in source.columns}


def rows_of(source: Source, names: Sequence[str] | None = None) -> list[dict[str, object]]:
    schema = tuple(
        Column(column.name, column.type, column.nullable)
        for column in source.columns
        if column.type is not None and (names is None or column.name in names)
    )
    return [row for batch in source.read(schema) for row in batch.to_pylist()]
