"""The job document: its model, its JSON Schema, and reading one from hostile bytes.

Says what shape a document has. Not here: what its expressions mean (`jobspec.sql`), the columns a
source turns out to have (`jobspec.sources`), how shape errors are worded
(`jobspec.document_problems`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    FailFast,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from jobspec import document_rules as rules
from jobspec.document_problems import add_problems
from jobspec.errors import DocumentError
from jobspec.json_text import Json, read_json
from jobspec.limits import Limits
from jobspec.problems import ProblemList
from jobspec.types import ValueType

Name = Annotated[
    StrictStr,
    AfterValidator(rules.check_name),
    Field(json_schema_extra={"pattern": rules.NAME_PATTERN}),
]
"""A name that the document gives: usable in SQL without quotes."""

ColumnName = Annotated[
    StrictStr,
    AfterValidator(rules.check_column_name),
    Field(json_schema_extra={"minLength": 1, "maxLength": rules.COLUMN_NAME_CHARS}),
]
"""A name that the input gives; in SQL it stands in double quotes unless it is a plain name."""

Expression = Annotated[StrictStr, Field(min_length=1, description="An SQL expression.")]
Cell = Annotated[
    Any,
    AfterValidator(rules.check_scalar),
    WithJsonSchema({"type": ["boolean", "number", "string", "null"]}),
]
ColumnTypes = Annotated[
    dict[ColumnName, ValueType],
    Field(min_length=1, description="Types of columns where inference would guess."),
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


# --- source ---------------------------------------------------------------------------------------


class RowsSource(_Model):
    """Rows given in the document itself."""

    rows: Annotated[list[dict[ColumnName, Cell]], Field(min_length=1), FailFast()]
    """The rows; a key that a row lacks is NULL there."""
    columns: ColumnTypes | None = None


class UploadSource(_Model):
    """A file that was sent by `POST /upload` before."""

    upload: Annotated[StrictStr, Field(pattern="^[0-9a-f]{64}$")]
    """The SHA-256 that the upload answered, in lower-case hexadecimal."""
    format: Annotated[Literal["csv", "ndjson", "parquet"], BeforeValidator(rules.refuse_arrow)]
    """How the file is read."""
    columns: ColumnTypes | None = None


Bounds = Annotated[
    list[StrictInt],
    AfterValidator(rules.check_bounds),
    Field(json_schema_extra={"minItems": 2, "maxItems": 3}),
]


class RangeSource(_Model):
    """The integers of a half-open range, as in Python."""

    range: Annotated[
        dict[Name, Bounds],
        AfterValidator(rules.check_one_axis),
        Field(json_schema_extra={"minProperties": 1, "maxProperties": 1}),
    ]
    """The axis and its bounds: `{"n": [start, stop]}` or `{"n": [start, stop, step]}`."""

    @property
    def axis(self) -> str:
        return next(iter(self.range))

    @property
    def values(self) -> rules.Range:
        return rules.Range(*self.range[self.axis])


Source = Annotated[
    Annotated[RowsSource, Tag("rows")]
    | Annotated[UploadSource, Tag("upload")]
    | Annotated[RangeSource, Tag("range")],
    Discriminator(rules.source_keyword),
    BeforeValidator(rules.check_source_keyword),
]


# --- steps ----------------------------------------------------------------------------------------


class _Step(_Model):
    closing: ClassVar[bool] = False
    """Whether nothing can follow the step."""


class FilterStep(_Step):
    """Keep the rows for which a condition is true."""

    filter: Expression


class DeriveStep(_Step):
    """Add columns, or replace columns of the same name; each is computed from those before."""

    derive: Annotated[dict[Name, Expression], Field(min_length=1)]


class SelectStep(_Step):
    """Keep these columns, in this order."""

    select: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(rules.check_distinct)]


class DropStep(_Step):
    """Remove these columns."""

    drop: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(rules.check_distinct)]


class RenameStep(_Step):
    """Give columns new names: `{"old": "new"}`."""

    rename: Annotated[
        dict[ColumnName, Name], Field(min_length=1), AfterValidator(rules.check_new_names)
    ]


class AggregateStep(_Step):
    """Close the steps: one row a group, or one row in all."""

    closing: ClassVar[bool] = True
    aggregate: Annotated[dict[Name, Expression], Field(min_length=1)]
    """Each value is one call of an aggregate function: `{"longest": "max(steps)"}`."""
    by: (
        Annotated[list[ColumnName], Field(min_length=1), AfterValidator(rules.check_distinct)]
        | None
    ) = None
    """The columns that make the groups; they come first in the result."""


class LimitStep(_Step):
    """Close the steps: the first rows in source order."""

    closing: ClassVar[bool] = True
    limit: Annotated[StrictInt, Field(ge=0, lt=2**31)]


Step = Annotated[
    Annotated[FilterStep, Tag("filter")]
    | Annotated[DeriveStep, Tag("derive")]
    | Annotated[SelectStep, Tag("select")]
    | Annotated[DropStep, Tag("drop")]
    | Annotated[RenameStep, Tag("rename")]
    | Annotated[AggregateStep, Tag("aggregate")]
    | Annotated[LimitStep, Tag("limit")],
    Discriminator(rules.step_keyword),
    BeforeValidator(rules.check_step_keyword),
]


# --- the rest -------------------------------------------------------------------------------------


class Split(_Model):
    """How the source is cut into sub-jobs: by rows or by time, not both."""

    rows: Annotated[StrictInt, Field(ge=1, lt=2**31)] | None = None
    """Rows of one sub-job."""
    seconds: Annotated[StrictFloat | StrictInt, Field(gt=0, le=60)] | None = None
    """Time of one sub-job on the hub's machine; the hub measures how many rows that is."""


class Requires(_Model):
    """What a volunteer must have beyond what the program itself needs."""

    memory_bytes: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 0
    score: Annotated[StrictFloat | StrictInt, Field(ge=0, le=1_000_000)] = 0
    """Least score of the volunteer's speed probe."""
    mobile: StrictBool = True
    """Whether phones and tablets may take part."""


Functions = dict[Name, Annotated[StrictStr, Field(min_length=1)]]


Prose = Annotated[StrictStr, AfterValidator(rules.check_prose)]


class JobDocument(_Model):
    """What a researcher sends: a source of rows, steps over them, and words about it."""

    name: Annotated[StrictStr, AfterValidator(rules.check_title)]
    """A short title."""
    about: Prose = ""
    """One sentence that visitors read before they say yes."""
    source: Source
    """Where the rows come from: `rows`, `upload` or `range`."""
    functions: Functions = {}
    """Restricted Python functions that expressions may call, by name."""
    steps: list[Step] = []
    """What is done with the rows, in order; a closing step comes last."""
    output: Annotated[
        list[rules.Format],
        Field(min_length=1),
        AfterValidator(rules.check_distinct),
        BeforeValidator(rules.refuse_formats),
    ] = ["csv", "ndjson", "parquet"]
    """The formats in which the result can be downloaded, and no others."""
    split: Annotated[Split | None, BeforeValidator(rules.check_split)] = None
    requires: Requires = Requires()
    trust: Annotated[Literal["adaptive"], BeforeValidator(rules.refuse_trust)] = "adaptive"
    """How results are checked; `adaptive` is the hub's own judgement."""
    priority: Annotated[StrictInt, Field(ge=0, le=9)] = 5
    """9 goes first."""
    purpose: Prose = ""
    """What the result is for."""
    contact: Prose = ""
    """Whom to ask."""
    licence: Prose = ""
    """Under which terms the data may be used; everything that enters a job is public."""

    def to_json(self, *, indent: int | None = None) -> str:
        """The document's canonical text: known order of keys, nothing that was not given."""
        members = self.model_dump(mode="json", exclude_unset=True)
        separators = (",", ":") if indent is None else None
        return json.dumps(members, ensure_ascii=False, indent=indent, separators=separators)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a document that make sense by themselves, for further checks.

    `document` is there only if all of it makes sense. A step that does not is None in `steps`.
    """

    document: JobDocument | None = None
    source: Source | None = None
    functions: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step | None, ...] = ()


def parse_document(raw: bytes, limits: Limits | None = None) -> JobDocument:
    """The document in `raw`, or `DocumentError` with every problem of its shape."""
    problems = ProblemList()
    document = read_document(raw, limits or Limits(), problems).document
    if problems or document is None:
        raise DocumentError(problems.all())
    return document


def read_document(raw: bytes, limits: Limits, problems: ProblemList) -> Parts:
    """The document in `raw` as far as it makes sense; every problem is added to `problems`."""
    tree = read_json(raw, limits, problems)
    if problems and tree is None:
        return Parts()
    if not isinstance(tree, dict):
        problems.add("wrong_type", "", "a job document is a JSON object", 'begin with "{"')
        return Parts()
    if not rules.check_words(tree, limits, problems):
        return Parts()
    bad_texts = {problem.pointer for problem in problems}
    found = ProblemList()
    rules.check_limits(tree, limits, found)
    tree = rules.cut_to_limits(tree, limits)
    document = None
    try:
        document = JobDocument.model_validate(tree)
    except ValidationError as error:
        add_problems(error, tree, found)
    rules.check_step_order(tree, found)
    rules.check_function_names(tree, found)
    problems.extend(problem for problem in found if problem.pointer not in bad_texts)
    if document is None or problems:
        return _parts(tree)
    return parts_of(document)


def parts_of(document: JobDocument) -> Parts:
    """All parts of a document without problems."""
    return Parts(
        document=document,
        source=document.source,
        functions=document.functions,
        steps=tuple(document.steps),
    )


def _parts(tree: Mapping[str, Json]) -> Parts:
    functions, steps = tree.get("functions"), tree.get("steps")
    return Parts(
        source=_read(_SOURCE, tree.get("source")),
        functions={
            name: text
            for name, text in (functions if isinstance(functions, dict) else {}).items()
            if _read(_FUNCTION, {name: text}) is not None and isinstance(text, str)
        },
        steps=tuple(_read(_STEP, step) for step in (steps if isinstance(steps, list) else [])),
    )


_T = TypeVar("_T")
_SOURCE: TypeAdapter[Source] = TypeAdapter(Source)
_STEP: TypeAdapter[Step] = TypeAdapter(Step)
_FUNCTION: TypeAdapter[dict[str, str]] = TypeAdapter(Functions)


def _read(adapter: TypeAdapter[_T], value: Json) -> _T | None:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def document_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the job document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Open Web Compute job",
        **{key: value for key, value in JobDocument.model_json_schema().items() if key != "title"},
    }
