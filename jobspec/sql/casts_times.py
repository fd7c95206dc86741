"""Conversions of dates and timestamps from and to texts and each other."""

from __future__ import annotations

from jobspec import ir, kernels
from jobspec.ir import Kind
from jobspec.sql.casts_numbers import narrowed
from jobspec.sql.casts_texts import parsed
from jobspec.sql.value import Value, i64, op, wide
from jobspec.types import ValueType

DAY = 86_400_000_000
"""Microseconds."""


def to_text(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    del target
    return kernels.call(body, f"{source.type}_text", wide(source)), None


def from_text(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr]:
    value = body.temporary(kernels.call(body, f"{target}_parse", source.value))
    return narrowed(value, target), parsed(body)


def date_to_timestamp(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    """The beginning of the day."""
    del body, target
    return op("i64.mul", wide(source), i64(DAY)), None


def timestamp_to_date(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    """The day, also before 1970."""
    days = ir.Call("floor_divide_i64", (source.value, i64(DAY)), Kind.I64)
    return narrowed(body.temporary(days), target), None
