"""The part of the job document that says where the rows come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    FailFast,
    Field,
    StrictInt,
    StrictStr,
    Tag,
)

from jobspec.document_fields import Cell, ColumnName, ColumnTypes, Model, Name
from jobspec.document_rules import sources as rules


class RowsSource(Model):
    """Rows given in the document itself."""

    rows: Annotated[list[dict[ColumnName, Cell]], Field(min_length=1), FailFast()]
    """The rows; a key that a row lacks is NULL there."""
    columns: ColumnTypes | None = None
    """Types of columns where the file or inference would give others."""


FileFormat = Literal["csv", "ndjson", "parquet", "arrow"]
Sha256 = Annotated[StrictStr, Field(pattern="^[0-9a-f]{64}$")]


class UploadSource(Model):
    """A file that was sent by `POST /upload` before."""

    upload: Sha256
    """The SHA-256 that the upload answered, in lower-case hexadecimal."""
    format: FileFormat
    """How the file is read."""
    columns: ColumnTypes | None = None
    """Types of columns where the file or inference would give others."""


class UrlSource(Model):
    """A public file elsewhere, which the hub fetches once, when the job is posted."""

    url: Annotated[StrictStr, AfterValidator(rules.check_url)]
    """Where it is: `https://...`, `ftp://...` or `s3://bucket/key`."""
    format: FileFormat
    """How the file is read."""
    columns: ColumnTypes | None = None
    """Types of columns where the file or inference would give others."""
    sha256: Sha256 | None = None
    """What the file must be; the hub writes it in where the document does not say it."""


Bounds = Annotated[
    list[StrictInt],
    AfterValidator(rules.check_bounds),
    Field(json_schema_extra={"minItems": 2, "maxItems": 3}),
]


class RangeSource(Model):
    """The integers of half-open ranges, as in Python."""

    range: Annotated[
        dict[Name, Bounds],
        AfterValidator(rules.check_axes),
        Field(json_schema_extra={"minProperties": 1, "maxProperties": rules.AXES}),
    ]
    """Axes and their bounds: `{"n": [start, stop]}` or `{"n": [start, stop, step]}`.

    Several axes make every combination of their values; the last one runs fastest.
    """

    @property
    def axes(self) -> tuple[tuple[str, rules.Range], ...]:
        """The axes in the order of the document, with their values."""
        return tuple((name, rules.Range(*bounds)) for name, bounds in self.range.items())


Source = Annotated[
    Annotated[RowsSource, Tag("rows")]
    | Annotated[UploadSource, Tag("upload")]
    | Annotated[UrlSource, Tag("url")]
    | Annotated[RangeSource, Tag("range")],
    Discriminator(rules.source_keyword),
    BeforeValidator(rules.check_source_keyword),
]
