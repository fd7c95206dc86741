"""Aggregate functions: the table of them, the states that they keep, and how states are merged.

One declaration a function (`jobspec.aggregates.function`) says what it takes and gives and which
state stands behind it (`jobspec.aggregates.state`). Programs build states from rows, the hub merges
them in row order (`jobspec.aggregates.merging`). Not here: the records in which states lie
(`jobspec.records`).
"""

from __future__ import annotations

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.function import AggregateFunction
from jobspec.aggregates.parse import TypedAggregate, parse_aggregate
from jobspec.aggregates.state import InProgram, State
from jobspec.aggregates.table import AGGREGATES, aggregate, merged, state_of

__all__ = [
    "AGGREGATES",
    "Aggregate",
    "AggregateFunction",
    "InProgram",
    "State",
    "TypedAggregate",
    "aggregate",
    "merged",
    "parse_aggregate",
    "state_of",
]
