"""Where rows end that are not aggregated: as records of the output."""

from __future__ import annotations

from jobspec import kernels
from jobspec.ir import Body, Break, If, Op
from jobspec.plan import Plan
from jobspec.program.rows import Row
from jobspec.records import Layout, variable
from jobspec.sql.value import i32


def append_row(plan: Plan, layout: Layout, row: Row, body: Body, most: int | None = None) -> None:
    """Keep the row as a record, unless there are `most` records already."""
    if most is not None:
        body.add(If(Op("i32.ge_u", (variable("record_count"), i32(most))), (Break(),)))
    values = [row.value(column.name) for column in plan.output]
    record = body.temporary(kernels.call(body, "record_append", i32(layout.stride)), "record")
    for field, value in zip(layout.fields, values, strict=True):
        field.store(body, record, value)
