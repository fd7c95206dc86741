"""Keys of several columns: their hash, and equality one condition after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jobspec import kernels
from jobspec.ir import Body, Choose, Const, Expr, Get, Kind, Op
from jobspec.sql import Value


def hash_of(keys: Sequence[Value], body: Body) -> Get:
    """An i32 that equal keys share; zeros stand for NULLs."""
    state: Expr = Const(Kind.I64, 0)
    for key in keys:
        kernel = "hash_text" if key.type.is_bytes else "hash_word"
        state = kernels.call(body, kernel, state, _word(key))
    return body.temporary(Op("i32.wrap_i64", (state,)))


def _word(key: Value) -> Expr:
    """The bits that equal keys share: one NaN, one zero."""
    match key.type.kind:
        case Kind.F64:
            number: Expr = Op("f64.add", (key.value, Const(Kind.F64, 0.0)))
            bits: Expr = Op("i64.reinterpret_f64", (number,))
        case Kind.F32:
            number = Op("f32.add", (key.value, Const(Kind.F32, 0.0)))
            bits = Op("i64.extend_i32_u", (Op("i32.reinterpret_f32", (number,)),))
        case Kind.I64:
            return key.value
        case _:
            return Op("i64.extend_i32_u", (key.value,))
    is_nan = Op(f"{key.type.kind}.ne", (key.value, key.value))
    return Choose(is_nan, Const(Kind.I64, -1), bits)


@contextmanager
def all_hold(body: Body, conditions: Iterator[Expr]) -> Iterator[None]:
    """Statements inside run if all conditions hold; each is computed after those before it."""
    condition = next(conditions, None)
    if condition is None:
        yield
        return
    with body.when(condition), all_hold(body, conditions):
        yield
