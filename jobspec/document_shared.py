"""The part of the job document that gives shared inputs: arrays and tables by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Tag,
    WithJsonSchema,
)

from jobspec.document_fields import ColumnTypes, Model, Name, TypeName
from jobspec.document_rules import shared as rules
from jobspec.document_sources import RowsSource, Sha256

_COLUMN = {"type": "string", "minLength": 1}
_ELEMENT = {"type": ["boolean", "number", "string"]}

Values = Annotated[
    list[Any],
    AfterValidator(rules.check_values),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": _ELEMENT, "minItems": 1},
                {
                    "type": "array",
                    "items": {"type": "array", "items": _ELEMENT, "minItems": 1},
                    "minItems": 1,
                },
            ]
        }
    ),
]


class SharedValues(Model):
    """An array given in the document itself."""

    values: Values
    """The elements of an array of one dimension, or its rows, equally long, of one of two."""
    type: TypeName | None = None
    """The type of the elements; without it, the one that holds them all."""


class SharedUpload(Model):
    """An array or a table from a file that was sent by `POST /upload` before."""

    upload: Sha256
    """The SHA-256 that the upload answered, in lower-case hexadecimal."""
    format: Literal["npy", "csv", "ndjson", "parquet", "arrow"]
    """How the file is read; an npy file is an array, the others are tables."""
    columns: ColumnTypes | None = None
    """Types of columns where the file or inference would give others."""
    array: Annotated[
        Any,
        AfterValidator(rules.check_array),
        WithJsonSchema({"anyOf": [_COLUMN, {"type": "array", "items": _COLUMN, "minItems": 1}]}),
    ] = None
    """The column that is an array of one dimension, or the columns of one of two."""


SharedInput = Annotated[
    Annotated[SharedValues, Tag("values")]
    | Annotated[RowsSource, Tag("rows")]
    | Annotated[SharedUpload, Tag("upload")],
    Discriminator(rules.shared_keyword),
    BeforeValidator(rules.check_shared_keyword),
]
SharedInputs = dict[Name, SharedInput]
