"""Merges the outputs of a job's sub-jobs, given in row order, into its result.

Any partition of the source gives the same result, but for the last digits of float sums, which
are added in the order of the sub-jobs. Integers are exact however large the sum on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from jobspec import merge_rows
from jobspec.aggregates.merging import merge_groups
from jobspec.arrow import arrow_schema
from jobspec.chunks import output_batch
from jobspec.program_plan import (
    Concatenate,
    Distinct,
    Group,
    Limit,
    ProgramPlan,
    Sample,
    Search,
    Sort,
)


def result_schema(plan: ProgramPlan) -> pa.Schema:
    return arrow_schema(plan.result)


def merge(plan: ProgramPlan, outputs: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """The job's result, in batches of `result_schema(plan)`.

    Rows come in row order, groups in the order of their first appearance. Outputs are taken one
    by one and not kept; a limit takes no more of them than it needs. Raises OutputError for
    bytes that are no output of the program, and MergeError for a sum beyond 64 bits.
    """
    match plan.closing:
        case Concatenate():
            yield from _concatenated(plan, outputs, None)
        case Limit(rows=rows) | Search(rows=rows):
            yield from _concatenated(plan, outputs, rows)
        case Distinct() as closing:
            yield from merge_rows.distinct(closing, plan.result, _batches(plan, outputs))
        case Sort() as closing:
            yield from merge_rows.ordered(closing, plan.result, _batches(plan, outputs))
        case Sample() as closing:
            yield from merge_rows.sampled(closing, _batches(plan, outputs))
        case Group() as group:
            batches = (output_batch(plan, data) for data in outputs)
            yield from merge_groups(group.keys, group.aggregates, batches)


def _batches(plan: ProgramPlan, outputs: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    return (output_batch(plan, data) for data in outputs)


def _concatenated(
    plan: ProgramPlan, outputs: Iterable[bytes], limit: int | None
) -> Iterator[pa.RecordBatch]:
    if limit == 0:
        return
    for data in outputs:
        batch = output_batch(plan, data)
        if limit is not None:
            batch = batch.slice(0, limit)
            limit -= batch.num_rows
        if batch.num_rows:
            yield batch
        if limit == 0:
            return
