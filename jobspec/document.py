"""The job document: its model, its JSON Schema, and reading one from hostile bytes.

Says what shape a document has. Not here: what its expressions mean (`jobspec.sql`), the columns a
source turns out to have (`jobspec.sources`), how shape errors are worded
(`jobspec.document_problems`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
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

from jobspec.document_fields import Expression, Model
from jobspec.document_functions import Functions, WasmModuleFunction
from jobspec.document_output import Files, Output
from jobspec.document_problems import add_problems
from jobspec.document_rules import names, outputs, sizes, wishes
from jobspec.document_rules import steps as step_rules
from jobspec.document_rules.shared import check_shared_names
from jobspec.document_shared import SharedInput, SharedInputs
from jobspec.document_sources import Source
from jobspec.document_steps import Step
from jobspec.errors import DocumentError
from jobspec.json_text import Json, read_json
from jobspec.limits import Limits
from jobspec.problems import ProblemList


class Split(Model):
    """How the source is cut into sub-jobs: by rows or by time, not both."""

    rows: Annotated[StrictInt, Field(ge=1, lt=2**31)] | None = None
    """Rows of one sub-job."""
    seconds: Annotated[StrictFloat | StrictInt, Field(gt=0, le=60)] | None = None
    """Time of one sub-job on the hub's machine; the hub measures how many rows that is."""


MOST_REPLICAS = 9


class Trust(Model):
    """What is asked of results beyond the hub's own judgement."""

    verify: Expression | None = None
    """A condition over the columns of the result that is true for every right row.

    The hub evaluates it for each row that a volunteer returns. Where it is not true, the hub runs
    that sub-job itself.
    """
    replicas: Annotated[StrictInt, Field(ge=1, le=MOST_REPLICAS)] | None = None
    """How many volunteers compute each sub-job, on different networks; left out: `quorum`."""
    quorum: Annotated[StrictInt, Field(ge=1, le=MOST_REPLICAS)] | None = None
    """How many of them must agree to the bit; left out: all of `replicas`."""
    spot_check: Annotated[StrictFloat | StrictInt, Field(ge=0, le=1)] | None = None
    """The least share of results that is run again, where the hub's own is smaller."""

    @property
    def agreeing(self) -> int:
        """How many volunteers must agree."""
        return self.quorum or self.replicas or 1

    @property
    def asked(self) -> int:
        """How many volunteers are asked, should those before not agree."""
        return self.replicas or self.quorum or 1


class Requires(Model):
    """What a volunteer must have beyond what the program itself needs."""

    memory_bytes: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 0
    """Memory that the volunteer must be able to give a program."""
    score: Annotated[StrictFloat | StrictInt, Field(ge=0, le=1_000_000)] = 0
    """Least score of the volunteer's speed probe."""
    mobile: StrictBool = True
    """Whether phones and tablets may take part."""


Prose = Annotated[StrictStr, AfterValidator(names.check_prose)]


class JobDocument(Model):
    """What a researcher sends: a source of rows, steps over them, and words about it."""

    name: Annotated[StrictStr, AfterValidator(names.check_title)]
    """A short title."""
    about: Prose = ""
    """One sentence that visitors read before they say yes."""
    source: Source
    """Where the rows come from: `rows`, `upload`, `url` or `range`."""
    functions: Functions = Field({})
    """Functions that expressions may call, by name: restricted Python, or WebAssembly."""
    shared: SharedInputs = Field({})
    """Arrays and tables that every sub-job sees, by name."""
    steps: list[Step] = Field([])
    """What is done with the rows, in order; a closing step comes last."""
    finish: list[Step] = Field([])
    """Steps over the merged result, which the hub itself does at the end."""
    output: Output = Field(list(outputs.TABLES))
    """The formats in which the result can be downloaded, or an object with pictures and arrays."""
    split: Annotated[Split | None, BeforeValidator(outputs.check_split)] = None
    """How large a sub-job is; the hub finds a good size if it is left out."""
    requires: Requires = Requires()
    """What a volunteer must have."""
    trust: Annotated[
        Annotated[Literal["adaptive"], Tag("adaptive")] | Annotated[Trust, Tag("rules")],
        Discriminator(outputs.trust_kind),
        BeforeValidator(outputs.check_trust),
    ] = "adaptive"
    """How results are checked: `adaptive` is the hub's own judgement, which rules add to."""
    priority: Annotated[StrictInt, Field(ge=0, le=9)] = 5
    """9 goes first."""
    deadline: Annotated[
        Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})] | None,
        BeforeValidator(wishes.check_deadline),
    ] = None
    """When the result must be there: a time with its zone, such as `2030-01-31T12:00:00Z`."""
    strategy: Annotated[wishes.Strategy | None, BeforeValidator(wishes.check_strategy)] = None
    """Which waiting volunteer is told first of this job's work; left out, the hub's own choice."""
    on_error: Annotated[wishes.OnError, BeforeValidator(wishes.check_on_error)] = "fail"
    """What a row does that cannot be computed: `fail` ends the job, `skip` leaves the row out."""
    category: Annotated[wishes.Category, BeforeValidator(wishes.check_category)] = "other"
    """What kind of research it is: volunteers and sites choose which kinds they help."""
    purpose: Prose = ""
    """What the result is for."""
    contact: Prose = ""
    """Whom to ask."""
    licence: Prose = ""
    """Under which terms the data may be used; everything that enters a job is public."""

    @property
    def rules(self) -> Trust:
        """The rules of trust, however they were given."""
        return self.trust if isinstance(self.trust, Trust) else Trust()

    @property
    def files(self) -> Files:
        """The files of the result, however they were asked for."""
        return self.output if isinstance(self.output, Files) else Files(formats=self.output)

    @property
    def formats(self) -> tuple[str, ...]:
        """How the names of the result's files end."""
        files = self.files
        pictures = ("png",) if files.image else ()
        arrays = ("npy",) if files.npy else ()
        return (*files.formats, *pictures, *arrays)

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
    functions: Mapping[str, str | WasmModuleFunction] = field(default_factory=dict)
    shared: Mapping[str, SharedInput] = field(default_factory=dict)
    steps: tuple[Step | None, ...] = ()
    finish: tuple[Step | None, ...] = ()
    verify: str | None = None


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
    if not sizes.check_words(tree, limits, problems):
        return Parts()
    bad_texts = {problem.pointer for problem in problems}
    found = ProblemList()
    sizes.check_limits(tree, limits, found)
    tree = sizes.cut_to_limits(tree, limits)
    document = None
    try:
        document = JobDocument.model_validate(tree)
    except ValidationError as error:
        add_problems(error, tree, found)
    step_rules.check_step_order(tree, found)
    names.check_function_names(tree, found)
    check_shared_names(tree, found)
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
        shared=document.shared,
        steps=tuple(document.steps),
        finish=tuple(document.finish),
        verify=document.rules.verify,
    )


def _parts(tree: Mapping[str, Json]) -> Parts:
    functions, shared = tree.get("functions"), tree.get("shared")
    return Parts(
        source=_read(_SOURCE, tree.get("source")),
        functions={
            name: read
            for name, given in (functions if isinstance(functions, dict) else {}).items()
            for read in (_read(_FUNCTIONS, {name: given}) or {}).values()
        },
        shared={
            name: found
            for name, given in (shared if isinstance(shared, dict) else {}).items()
            if (found := (_read(_SHARED, {name: given}) or {}).get(name)) is not None
        },
        steps=_read_steps(tree.get("steps")),
        finish=_read_steps(tree.get("finish")),
    )


def _read_steps(steps: Json) -> tuple[Step | None, ...]:
    return tuple(_read(_STEP, step) for step in (steps if isinstance(steps, list) else ()))


_T = TypeVar("_T")
_SOURCE: TypeAdapter[Source] = TypeAdapter(Source)
_STEP: TypeAdapter[Step] = TypeAdapter(Step)
_SHARED: TypeAdapter[dict[str, SharedInput]] = TypeAdapter(SharedInputs)
_FUNCTIONS: TypeAdapter[dict[str, str | WasmModuleFunction]] = TypeAdapter(Functions)


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
