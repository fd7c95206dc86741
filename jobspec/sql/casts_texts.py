"""Conversions of texts from and to bools, integers, floats and binary values."""

from __future__ import annotations

from jobspec import ir, kernels
from jobspec.ir import Kind
from jobspec.sql.casts_numbers import fits, narrowed
from jobspec.sql.value import Value, both, i32, op, wide
from jobspec.types import ValueType

_I64, _U64 = ValueType.I64, ValueType.U64


def parsed(body: ir.Body) -> ir.Expr:
    """Whether the kernel that was called last could read its text."""
    return body.temporary(ir.GetGlobal("str_parsed", Kind.I32))


def from_bool(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    del body, target
    return ir.Choose(source.value, ir.Text(b"true"), ir.Text(b"false")), None


def from_integer(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    del target
    kernel = "str_from_u64" if source.type is _U64 else "str_from_i64"
    return kernels.call(body, kernel, wide(source)), None


def from_float(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    """The fewest digits that say which float of its type it is."""
    del target
    return kernels.call(body, f"str_from_{source.type.kind}", source.value), None


def from_binary(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, None]:
    """Printable ASCII as it is, all other bytes as \\xHH."""
    del target
    return kernels.call(body, "str_from_binary", source.value), None


def to_binary(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr]:
    """ASCII as it is, \\xHH as one byte."""
    del target
    value = body.temporary(kernels.call(body, "str_to_binary", source.value))
    return value, parsed(body)


def to_bool(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr]:
    """The kernel says 0, 1, or 2 for what is neither."""
    del target
    truth = body.temporary(kernels.call(body, "str_to_bool", source.value))
    return op("i32.eq", truth, i32(1)), op("i32.ne", truth, i32(2))


def to_float(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr]:
    """Rounded once; infinite where it is too great."""
    number = body.temporary(kernels.call(body, f"str_to_{target.kind}", source.value))
    return number, parsed(body)


def to_integer(body: ir.Body, source: Value, target: ValueType) -> tuple[ir.Expr, ir.Expr | None]:
    """The kernel knows i64 and u64 only; narrower types are a question of range."""
    wide_type = _I64 if target.is_signed else _U64
    number = body.temporary(kernels.call(body, f"str_to_{wide_type}", source.value))
    is_number = parsed(body)
    return narrowed(number, target), both(is_number, fits(Value(wide_type, number), target))
