"""The fields that parts of the job document share: names, expressions, cells, types."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    WithJsonSchema,
)

from jobspec.document_rules.names import (
    COLUMN_NAME_CHARS,
    NAME_PATTERN,
    NAMES_PATTERN,
    check_column_name,
    check_name,
    check_names,
)
from jobspec.document_rules.sources import check_scalar
from jobspec.types import DECIMAL_PATTERN, ValueType

Name = Annotated[
    StrictStr,
    AfterValidator(check_name),
    Field(json_schema_extra={"pattern": NAME_PATTERN}),
]
"""A name that the document gives: usable in SQL without quotes."""

Names = Annotated[
    StrictStr,
    AfterValidator(check_names),
    Field(json_schema_extra={"pattern": NAMES_PATTERN}),
]
"""A name, or as many as a function has results: `q, r`."""

ColumnName = Annotated[
    StrictStr,
    AfterValidator(check_column_name),
    Field(json_schema_extra={"minLength": 1, "maxLength": COLUMN_NAME_CHARS}),
]
"""A name that the input gives; in SQL it stands in double quotes unless it is a plain name."""

Expression = Annotated[StrictStr, Field(min_length=1, description="An SQL expression.")]
Cell = Annotated[
    Any,
    AfterValidator(check_scalar),
    WithJsonSchema({"type": ["boolean", "number", "string", "null"]}),
]
TypeName = Annotated[
    ValueType,
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [member.value for member in ValueType]},
                {"type": "string", "pattern": DECIMAL_PATTERN},
            ],
            "description": "A type by its name; a decimal with its digits: `decimal(9,2)`.",
        }
    ),
]
ColumnTypes = Annotated[
    dict[ColumnName, TypeName],
    Field(min_length=1, description="Types of columns where inference would guess."),
]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
