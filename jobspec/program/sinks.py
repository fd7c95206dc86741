"""Where rows end that are not aggregated: as records of the output."""

from __future__ import annotations

from jobspec import kernels
from jobspec.ir import Body
from jobspec.plan import Plan
from jobspec.program.records import Layout, i32
from jobspec.program.rows import Row


def append_row(plan: Plan, layout: Layout, row: Row, body: Body) -> None:
    """Keep the row as a record."""
    values = [row.value(column.name) for column in plan.output]
    record = body.temporary(kernels.call(body, "record_append", i32(layout.stride)), "record")
    for field, value in zip(layout.fields, values, strict=True):
        field.store(body, record, value)
