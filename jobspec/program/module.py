"""Puts a program together: the functions that it exports, and the loop over the rows.

    input(bytes) -> address     forget everything; where to copy a chunk, or 0 if it is too large
    step(rows) -> rows left     work through at most so many rows; -(1 + trap site) for a trap
    output() -> address         the result of the rows done so far, as table bytes; 0: no memory
    output_bytes() -> bytes     how long that is

After a trap in a row, the rows before it count as done and `output` still has their result. After
running out of memory there is no output.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobspec import ir, kernels, table_bytes
from jobspec.ir import (
    Body,
    Call,
    Choose,
    Do,
    Expr,
    Function,
    Get,
    If,
    Kind,
    Module,
    Op,
    Return,
    Set,
    SetGlobal,
    TrapSites,
)
from jobspec.plan import Join, Plan
from jobspec.program import order
from jobspec.program import rows as row_steps
from jobspec.program.groups import (
    keep_first,
    lay_out_groups,
    open_groups,
    update_group,
    write_states,
)
from jobspec.program.joins import JoinIndex
from jobspec.program.rows import Row
from jobspec.program.sinks import append_row
from jobspec.program_plan import Distinct, Group, Limit, Sample, Search, Sort
from jobspec.records import HASH_BYTES, Layout, lay_out, variable
from jobspec.sql.value import i32

OUT_OF_MEMORY = [site.code for site in ir.STANDARD_TRAPS].index("out_of_memory")


def build(plan: Plan, traps: TrapSites, memory_bytes: int) -> Module:
    """The program of a plan; `traps` numbered the trap sites of the plan's functions."""
    group = plan.closing if isinstance(plan.closing, Group) else None
    layout = lay_out_groups(plan, group.keys) if group else _lay_out_rows(plan)
    writing = write_states(plan, layout, group.keys, traps) if group else None
    compiled = plan.functions.values()
    joins = [step for step in plan.steps if isinstance(step, Join)]
    indexes = [JoinIndex(join, number) for number, join in enumerate(joins, 1)]
    return Module(
        functions=(
            _input(),
            *(index.function(traps) for index in indexes),
            _open(plan, layout, traps, indexes),
            _work(plan, layout, traps, indexes),
            _step(),
            *([writing] if writing else []),
            _output(plan, layout, traps, writing),
            Function(
                name="output_bytes",
                result=Kind.I32,
                body=(Return(variable("table_bytes")),),
                exported=True,
                comment="how long the output is",
            ),
            *(function.function for function in compiled),
        ),
        foreign=tuple(foreign for function in compiled for foreign in function.foreign),
        globals=(
            *(variable for function in compiled for variable in function.globals),
            *(variable for index in indexes for variable in index.globals),
        ),
        memory_maximum_bytes=memory_bytes,
    )


def _lay_out_rows(plan: Plan) -> Layout:
    """The record of a row; what finds it again lies before its values."""
    match plan.closing:
        case Distinct():
            return lay_out(plan.partial, before=HASH_BYTES)
        case Sort() | Sample():
            return lay_out(plan.partial, before=order.KEY_BYTES)
    return lay_out(plan.partial)


def _input() -> Function:
    size = Get("bytes", Kind.I32)
    return Function(
        name="input",
        params=(("bytes", Kind.I32),),
        result=Kind.I32,
        body=(Return(Call("receive", (size,), Kind.I32)),),
        exported=True,
        comment="forget everything; where to copy a chunk of so many bytes",
    )


def _open(plan: Plan, layout: Layout, traps: TrapSites, indexes: Sequence[JoinIndex]) -> Function:
    body = Body(traps)
    body.add(If(variable("opened"), (Return(),)))
    if isinstance(plan.closing, Group):
        open_groups(plan, layout, plan.closing.keys, body)
    kernels.do(body, "open_chunk", i32(len(plan.source)))
    for number, column in enumerate(plan.source):
        offset = table_bytes.HEADER_BYTES + table_bytes.DESCRIPTOR_BYTES * number
        descriptor = Op("i32.add", (variable("chunk"), i32(offset)))
        code = table_bytes.type_code(column.type)
        width = table_bytes.value_bytes(column.type)
        kernels.do(body, "check_column", descriptor, i32(code), i32(width))
    for index in indexes:
        body.add(Do(index.name, ()), ir.TrapCheck())
    return Function(
        name="open",
        body=body.statements(),
        comment="once for each chunk: read its header",
    )


def _work(plan: Plan, layout: Layout, traps: TrapSites, indexes: Sequence[JoinIndex]) -> Function:
    """The loop over the rows up to `stop`."""
    body = Body(traps)
    stop = Get("stop", Kind.I32)
    index = Get("i", Kind.I32)
    only = None
    match plan.closing:
        case Group(keys=()):
            only = body.temporary(Call("first_record", (), Kind.I32))
    body.add(SetGlobal("heap_top", variable("kept_top")), Set("i", variable("row")))
    make_row, to_next = row_steps.begin(plan, body, index)
    joins = [each.begin(body) for each in indexes]
    condition: Expr = Op("i32.lt_u", (index, stop))
    first = plan.closing.rows if isinstance(plan.closing, Limit | Search) else None
    if first is not None:
        more = Op("i32.lt_u", (variable("record_count"), i32(first)))
        condition = Op("i32.and", (condition, more))
    advance = (
        *to_next,
        Set("i", Op("i32.add", (index, i32(1)))),
        SetGlobal("row", index),
        SetGlobal("heap_top", variable("kept_top")),
    )

    def end_row(row: Row) -> None:
        match plan.closing:
            case Group(keys=keys):
                update_group(plan, layout, row, body, keys=keys, only=only)
            case Distinct(keys=names):
                keep_first(layout, row, body, keys=names)
            case Sort():
                order.keep_sorted(plan, plan.closing, layout, row, body)
            case Sample():
                order.keep_sampled(plan, plan.closing, layout, row, body)
            case _:
                append_row(plan, layout, row, body, most=first if joins else None)

    with body.while_(condition, advance):
        row_steps.lower_steps(plan.steps, make_row(), body, end_row, joins)
    if first is not None:
        enough = Op("i32.ge_u", (variable("record_count"), i32(first)))
        body.add(If(enough, (SetGlobal("row", variable("rows")),)))
    return Function(
        name="work",
        params=(("stop", Kind.I32),),
        body=body.statements(),
        comment="the rows up to stop",
    )


def _step() -> Function:
    asked = Get("rows", Kind.I32)
    trapped = Op("i32.sub", (i32(0), variable("trap")))
    left = Op("i32.sub", (variable("rows"), variable("row")))
    leave = If(variable("trap"), (Return(trapped),))
    count = Choose(Op("i32.lt_u", (asked, left)), asked, left)
    return Function(
        name="step",
        params=(("rows", Kind.I32),),
        result=Kind.I32,
        body=(
            leave,
            Do("open", ()),
            leave,
            Do("work", (Op("i32.add", (variable("row"), count)),)),
            leave,
            Return(left),
        ),
        exported=True,
        comment="work through at most so many rows; rows left, or -(1 + trap site)",
    )


def _output(plan: Plan, layout: Layout, traps: TrapSites, writing: Function | None) -> Function:
    """Kernels leave at once while a trap is pending, so a row's trap is put aside meanwhile."""
    body = Body(traps)
    pending = body.temporary(variable("trap"))
    body.add(If(Op("i32.eq", (pending, i32(OUT_OF_MEMORY + 1))), (Return(i32(0)),)))
    body.add(SetGlobal("trap", i32(0)), Do("open", ()), ir.TrapCheck())
    body.add(SetGlobal("heap_top", variable("kept_top")))
    if writing is not None:
        body.add(Do(writing.name, ()), ir.TrapCheck())
    if isinstance(plan.closing, Sort | Sample):
        order.order_output(plan.closing, body)
    kernels.do(body, "begin_table", i32(len(layout.fields)))
    for number, field in enumerate(layout.fields):
        value_type = field.column.type
        width = value_type.bits // 8
        kernels.do(
            body,
            "write_column",
            *map(
                i32,
                (
                    number,
                    table_bytes.type_code(value_type),
                    width,
                    field.offset,
                    field.valid or 0,
                    layout.stride,
                ),
            ),
        )
    address = body.temporary(kernels.call(body, "end_table", i32(len(layout.fields))))
    body.add(SetGlobal("walk_order", i32(0)), SetGlobal("trap", pending), Return(address))
    return Function(
        name="output",
        result=Kind.I32,
        body=body.statements(),
        exported=True,
        comment="write the result of the rows done so far",
    )
