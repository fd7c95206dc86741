"""Numbers that look like chance and yet are the same in every run: `random` and `hash`."""

from __future__ import annotations

from collections.abc import Sequence

from jobspec import ir
from jobspec.sql.functions.signature import Complaint, Function, Operands, Overload, Takes
from jobspec.sql.typed import Typed
from jobspec.sql.value import i64, wide
from jobspec.types import ValueType


def _random(of: Operands) -> ir.Expr:
    return of.call("random_f64", of[0])


def _hash(of: Operands) -> ir.Expr:
    result: ir.Expr = i64(0)
    for value in of.values:
        if value.type.is_bytes:
            result = of.call("xxh64_text", value.value, result)
        elif value.type is ValueType.F64:
            result = of.call("xxh64_f64", value.value, result)
        else:
            result = of.call("xxh64_i64", wide(value), result)
    return result


def _hashed_types(given: Sequence[Typed]) -> Sequence[ValueType] | Complaint:
    """A f32 is hashed as the f64 that it equals; the others are hashed as they are carried."""
    return [ValueType.F64 if value.type.is_float else value.type for value in given]


FUNCTIONS = (
    Function(
        name="hash",
        overloads=(
            Overload(
                operation="hash",
                takes=(Takes.ANY,),
                gives=ValueType.U64,
                lower=_hash,
                variadic=True,
                prepare=_hashed_types,
            ),
        ),
        about="The XXH64 hash of a value, which never changes: of the bytes of a text; of the 8"
        " bytes of a number, which are those of an i64 or f64, little endian. Of several values,"
        " the hash of each is the seed of the next.",
        examples=(
            ("hash('abc')", "4952883123889572249"),
            ("hash(1) = hash(CAST(1 AS u8))", "true"),
        ),
        differs="DuckDB's hash is another function, which changes with its versions; ours is NULL"
        " where a value is",
    ),
    Function(
        name="random",
        overloads=(
            Overload(
                operation="random",
                takes=(),
                gives=ValueType.F64,
                lower=_random,
                numbered=True,
            ),
        ),
        about="A number from 0 up to but not including 1 that differs from row to row, from call"
        " to call and from job to job, and is the same whenever and wherever that row of the job"
        " is computed (Philox4x32-10); in `trust.verify` nobody can foresee it.",
        examples=(("random() >= 0 AND random() < 1", "true"),),
        differs="the same in every run",
    ),
)
