"""Values as keys of states: one signed 64-bit word each, texts and binaries as their bytes.

Equal values are one key: floats are f64 with one NaN and one zero, integers and truth values
themselves, dates, timestamps and decimals the integers that carry them (a u64 in its 64 bits).
`jobspec.aggregates.checks` reads them back.
"""

from __future__ import annotations

from jobspec.aggregates.state import InProgram
from jobspec.ir import Choose, Const, Expr, Kind, Op
from jobspec.sql.value import Value, wide
from jobspec.types import ValueType

NAN_BITS = 0x7FF8000000000000


def word(state: InProgram, value: Value) -> Expr:
    """The key of a value that is no text or binary."""
    if value.type is ValueType.DATE:
        return Op("i64.extend_i32_s", (value.value,))
    if not value.type.is_float:
        return wide(value)
    number = real(state, value)
    # Adding zero makes -0.0 the other zero.
    bits = Op("i64.reinterpret_f64", (Op("f64.add", (number, Const(Kind.F64, 0.0))),))
    return Choose(Op("f64.ne", (number, number)), Const(Kind.I64, NAN_BITS), bits)


def real(state: InProgram, value: Value) -> Expr:
    """A float as f64, in a variable."""
    if value.type is ValueType.F32:
        return state.body.temporary(Op("f64.promote_f32", (value.value,)))
    return state.body.temporary(value.value)


def entry(state: InProgram, value: Value) -> Expr:
    """The address of the entry for a value in the map of the state, new or not."""
    if value.type.is_bytes:
        return state.call("map_text", state.cell(), value.value)
    return state.call("map_word", state.cell(), word(state, value))
