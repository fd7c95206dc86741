"""The part of the job document that says what is done with the rows."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

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

from jobspec.document_fields import ColumnName, Expression, Model, Name, Names
from jobspec.document_rules.names import check_distinct, check_new_names
from jobspec.document_rules.steps import (
    check_distinct_of,
    check_join_on,
    check_order,
    check_sample,
    check_step_keyword,
    distinct_kind,
    step_keyword,
)


class StepModel(Model):
    closing: ClassVar[bool] = False
    """Whether nothing can follow the step."""


class FilterStep(StepModel):
    """Keep the rows for which a condition is true."""

    filter: Expression


class DeriveStep(StepModel):
    """Add columns, or replace columns of the same name; each is computed from those before.

    `{"q, r": "divide(a, b)"}` names as many columns as the function has results.
    """

    derive: Annotated[dict[Names, Expression], Field(min_length=1)]
    """Name, or names of several results, to expression: `{"gross": "price * 1.2"}`."""


class SelectStep(StepModel):
    """Keep these columns, in this order."""

    select: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(check_distinct)]
    """The columns that stay."""


class DropStep(StepModel):
    """Remove these columns."""

    drop: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(check_distinct)]
    """The columns that go."""


class RenameStep(StepModel):
    """Give columns new names: `{"old": "new"}`."""

    rename: Annotated[dict[ColumnName, Name], Field(min_length=1), AfterValidator(check_new_names)]
    """Old name to new name."""


class AggregateStep(StepModel):
    """Close the steps: one row a group, or one row in all."""

    closing: ClassVar[bool] = True
    aggregate: Annotated[dict[Name, Expression], Field(min_length=1)]
    """Each value is one call of an aggregate function: `{"longest": "max(steps)"}`."""
    by: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(check_distinct)] | None = (
        None
    )
    """The columns that make the groups; they come first in the result."""


class LimitStep(StepModel):
    """Close the steps: the first rows in source order."""

    closing: ClassVar[bool] = True
    limit: Annotated[StrictInt, Field(ge=0, lt=2**31)]
    """How many rows there are at most."""


class Draw(Model):
    """Which rows a sample takes."""

    fraction: Annotated[StrictFloat | StrictInt, Field(gt=0, le=1)] | None = None
    """Each row is taken with this probability, whatever becomes of the others."""
    rows: Annotated[StrictInt, Field(ge=0, lt=2**31)] | None = None
    """So many rows are taken, each set of them equally likely; this closes the steps."""
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] = 0
    """Another seed takes other rows."""


class SampleStep(StepModel):
    """Keep some rows, drawn pseudo-randomly by their place in the source: always the same ones."""

    sample: Annotated[
        Draw,
        BeforeValidator(
            check_sample, json_schema_input_type=Annotated[float, Field(gt=0, le=1)] | Draw
        ),
    ]
    """A fraction alone, or an object."""


class JoinStep(StepModel):
    """Add the columns of a shared table, from its rows that match; several make several rows."""

    class Join(Model):
        """How rows find those of a shared table."""

        table: Name
        """A table of `shared`."""
        on: Annotated[
            dict[ColumnName, ColumnName],
            Field(min_length=1),
            BeforeValidator(
                check_join_on,
                json_schema_input_type=dict[ColumnName, ColumnName] | list[ColumnName],
            ),
        ]
        """The columns that are equal: `{"column of the job": "column of the table"}`."""
        columns: Annotated[list[ColumnName], AfterValidator(check_distinct)] | None = None
        """The columns of the table that are added; all others than those of `on`, if left out."""
        how: Literal["inner", "left"] = "inner"
        """What becomes of a row without a match: `inner` drops it, `left` adds NULLs."""

    join: Join
    """The table, the columns that are equal, and what becomes of rows without a match."""


class DistinctStep(StepModel):
    """Close the steps: of rows that are equal in some columns, or in all, the first."""

    closing: ClassVar[bool] = True
    distinct: Annotated[
        Annotated[Literal[True], Tag("all")]
        | Annotated[
            list[ColumnName], Field(min_length=1), AfterValidator(check_distinct), Tag("some")
        ],
        Discriminator(distinct_kind),
        BeforeValidator(check_distinct_of),
    ]
    """`true`, or the columns that are compared; the others are those of the first row."""


class SortStep(StepModel):
    """Close the steps: the first rows in an order."""

    closing: ClassVar[bool] = True
    sort: Annotated[
        list[Annotated[StrictStr, AfterValidator(check_order)]],
        Field(min_length=1),
        AfterValidator(check_distinct),
    ]
    """Columns, the most important first, each with `desc` and `nulls first` where that is meant."""
    limit: Annotated[StrictInt, Field(ge=0, lt=2**31)] | None = None
    """How many rows there are at most."""


class StopWhenStep(StepModel):
    """Close the steps: the first row in source order for which a condition is true.

    What comes after that row is not computed, once it is found.
    """

    closing: ClassVar[bool] = True
    stop_when: Expression


Step = Annotated[
    Annotated[FilterStep, Tag("filter")]
    | Annotated[DeriveStep, Tag("derive")]
    | Annotated[SelectStep, Tag("select")]
    | Annotated[DropStep, Tag("drop")]
    | Annotated[RenameStep, Tag("rename")]
    | Annotated[SampleStep, Tag("sample")]
    | Annotated[JoinStep, Tag("join")]
    | Annotated[AggregateStep, Tag("aggregate")]
    | Annotated[DistinctStep, Tag("distinct")]
    | Annotated[SortStep, Tag("sort")]
    | Annotated[LimitStep, Tag("limit")]
    | Annotated[StopWhenStep, Tag("stop_when")],
    Discriminator(step_keyword),
    BeforeValidator(check_step_keyword),
]
