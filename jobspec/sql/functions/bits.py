"""Operations on the bits of integers of 64 bits."""

from __future__ import annotations

from jobspec import ir
from jobspec.sql.functions.signature import SAME, Function, Lower, Operands, Overload, Takes
from jobspec.sql.value import both, either, i64, negated, op

_INTEGERS = (Takes.INTEGER, Takes.INTEGER)
_SHIFT = (Takes.INTEGER, Takes.COUNT)


def _bits(name: str) -> Lower:
    return lambda of: op(f"i64.{name}", of[0], of[1])


def _inverted(of: Operands) -> ir.Expr:
    return op("i64.xor", of[0], i64(-1))


def _shift_right(of: Operands) -> ir.Expr:
    """Shifting by less than 0 or more than 63 leaves nothing, as in DuckDB."""
    shifted = op("i64.shr_u" if of.unsigned else "i64.shr_s", of[0], of[1])
    return ir.Choose(op("i64.lt_u", of[1], i64(64)), shifted, i64(0))


def _shift_left(of: Operands) -> ir.Expr:
    """DuckDB refuses whatever would lose a bit."""
    value, count = of[0], of[1]
    code, message = "integer_overflow", "the shifted number does not fit"
    if not of.unsigned:
        of.trap_if(op("i64.lt_s", value, i64(0)), code, "a negative number is shifted left")
    of.trap_if(op("i64.lt_s", count, i64(0)), code, "a number is shifted left by a negative count")
    room = 64 if of.unsigned else 63
    lost = op("i64.shr_u", value, op("i64.sub", i64(room), count))
    too_far = op("i64.ge_u", count, i64(room))
    # A shift by 64 would be one by 0: nothing is lost by a count of 0.
    loses = both(op("i64.ne", lost, i64(0)), op("i64.ne", count, i64(0)))
    is_zero = op("i64.eqz", value)
    of.trap_if(both(negated(is_zero), either(too_far, loses)), code, message)
    return op("i64.shl", value, count)


OPERATORS = (
    Function(
        name="&",
        overloads=(Overload(operation="bit_and", takes=_INTEGERS, gives=SAME, lower=_bits("and")),),
        about="The bits that are 1 in both.",
        examples=(("12 & 10", "8"),),
    ),
    Function(
        name="|",
        overloads=(Overload(operation="bit_or", takes=_INTEGERS, gives=SAME, lower=_bits("or")),),
        about="The bits that are 1 in one or both.",
        examples=(("12 | 10", "14"),),
    ),
    Function(
        name="<<",
        overloads=(Overload(operation="shift_left", takes=_SHIFT, gives=SAME, lower=_shift_left),),
        about="The bits moved to the left; a bit that would be lost traps.",
        examples=(("1 << 10", "1024"),),
    ),
    Function(
        name=">>",
        overloads=(
            Overload(operation="shift_right", takes=_SHIFT, gives=SAME, lower=_shift_right),
        ),
        about="The bits moved to the right.",
        examples=(("1024 >> 3", "128"), ("-8 >> 1", "-4")),
    ),
    Function(
        name="~",
        overloads=(
            Overload(operation="bit_not", takes=(Takes.INTEGER,), gives=SAME, lower=_inverted),
        ),
        about="Every bit the other way.",
        examples=(("~5", "-6"), ("~CAST(0 AS ubigint)", "18446744073709551615")),
        differs="the bits are 64, also of a narrower unsigned type",
    ),
)

FUNCTIONS = (
    Function(
        name="xor",
        overloads=(Overload(operation="bit_xor", takes=_INTEGERS, gives=SAME, lower=_bits("xor")),),
        about="The bits that differ.",
        examples=(("xor(12, 10)", "6"),),
    ),
)
