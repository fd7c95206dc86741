"""An aggregate of one job, as the hub keeps it: a function, what of, the columns of its state.

Not here: the functions (`jobspec.aggregates.table`), how they are found in SQL
(`jobspec.aggregates.parse`).
"""

from __future__ import annotations

from dataclasses import dataclass

from jobspec.types import Column, Schema, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One aggregate of a job: the name and type of its result, and the state behind it."""

    result: Column
    function: str
    """Its name in the table of aggregate functions."""
    arguments: tuple[ValueType, ...]
    """The types of what goes in, row by row."""
    options: tuple[str, ...] = ()
    """The literals that followed, such as a separator, as they were written."""
    distinct: bool = False
    """Whether equal values go in once."""
    partial: Schema
    """The columns of the state in a program's output, in the order in which they are merged."""
