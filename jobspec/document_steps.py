"""The part of the job document that says what is done with the rows."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StrictInt, Tag

from jobspec.document_fields import ColumnName, Expression, Model, Name
from jobspec.document_rules.names import check_distinct, check_new_names
from jobspec.document_rules.steps import check_step_keyword, step_keyword


class StepModel(Model):
    closing: ClassVar[bool] = False
    """Whether nothing can follow the step."""


class FilterStep(StepModel):
    """Keep the rows for which a condition is true."""

    filter: Expression


class DeriveStep(StepModel):
    """Add columns, or replace columns of the same name; each is computed from those before."""

    derive: Annotated[dict[Name, Expression], Field(min_length=1)]


class SelectStep(StepModel):
    """Keep these columns, in this order."""

    select: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(check_distinct)]


class DropStep(StepModel):
    """Remove these columns."""

    drop: Annotated[list[ColumnName], Field(min_length=1), AfterValidator(check_distinct)]


class RenameStep(StepModel):
    """Give columns new names: `{"old": "new"}`."""

    rename: Annotated[dict[ColumnName, Name], Field(min_length=1), AfterValidator(check_new_names)]


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


Step = Annotated[
    Annotated[FilterStep, Tag("filter")]
    | Annotated[DeriveStep, Tag("derive")]
    | Annotated[SelectStep, Tag("select")]
    | Annotated[DropStep, Tag("drop")]
    | Annotated[RenameStep, Tag("rename")]
    | Annotated[AggregateStep, Tag("aggregate")]
    | Annotated[LimitStep, Tag("limit")],
    Discriminator(step_keyword),
    BeforeValidator(check_step_keyword),
]
