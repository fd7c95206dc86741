"""The part of the job document that says as what files the result is offered."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
)

from jobspec.document_fields import ColumnName, Model
from jobspec.document_rules import outputs
from jobspec.document_rules.names import check_distinct

Formats = Annotated[
    list[outputs.Format],
    Field(min_length=1),
    AfterValidator(check_distinct),
    BeforeValidator(outputs.check_formats),
]

_Number = StrictFloat | StrictInt


class Image(Model):
    """A picture: each row of the result is a pixel, at integer places that may have gaps."""

    x: ColumnName
    """Counts from the left."""
    y: ColumnName
    """Counts from the top."""
    value: ColumnName | None = None
    """A number that the palette gives a colour; NULL and NaN are transparent."""
    palette: Annotated[
        StrictStr | list[StrictStr], AfterValidator(outputs.check_palette), Field(min_length=1)
    ] = "viridis"
    """The name of a palette, or colours such as `#ff8800`, from the least value to the greatest."""
    range: Annotated[list[_Number], AfterValidator(outputs.check_value_range)] | None = None
    """The values of the first and the last colour; the least and the greatest, if left out."""
    r: ColumnName | None = None
    """Red, with `g` and `b` in the place of `value`: integers to 255, or floats to 1."""
    g: ColumnName | None = None
    """Green."""
    b: ColumnName | None = None
    """Blue."""


class Npy(Model):
    """One column as a NumPy array: of one dimension, or a grid with a dimension for each axis."""

    value: ColumnName
    """The column of the array's elements: numbers or bools."""
    axes: Annotated[list[ColumnName], AfterValidator(check_distinct), Field(max_length=8)] = Field(
        []
    )
    """Integer columns that say where a row stands, the slowest first; none: in the rows' order."""


class Files(Model):
    """Files beside the tables."""

    formats: Formats = Field(list(outputs.TABLES))
    """The formats of the table, and no others."""
    image: Annotated[Image, AfterValidator(outputs.check_image)] | None = None
    """A PNG of the result."""
    npy: Npy | None = None
    """A NumPy array of the result."""


Output = Annotated[
    Annotated[Formats, Tag("formats")] | Annotated[Files, Tag("files")],
    Discriminator(outputs.output_kind),
]
