"""Arithmetic on integers and floats: + - * / // %, the negative, abs and sign.

Integers are computed in 64 bits, and what does not fit traps. Not here: rounding and tests of
floats (`jobspec.sql.functions.floats`), decimals (`jobspec.sql.functions.decimals`).
"""

from __future__ import annotations

from jobspec import ir
from jobspec.sql.functions import decimals, time_arithmetic
from jobspec.sql.functions.signature import SAME, Function, Lower, Operands, Overload, Takes
from jobspec.sql.ranges import Range
from jobspec.sql.value import FALSE, both, either, i64, op
from jobspec.types import ValueType

_NUMBERS = (Takes.NUMBER, Takes.NUMBER)
_INTEGERS = (Takes.INTEGER, Takes.INTEGER)


def _add(of: Operands) -> ir.Expr:
    if of.type.is_float:
        return op(f"{of.type.kind}.add", of[0], of[1])
    total = of.body.temporary(op("i64.add", of[0], of[1]))
    if (of.ranges[0] + of.ranges[1]).fits(of.type):
        return total
    if of.unsigned:
        of.overflow_if(op("i64.lt_u", total, of[0]), "sum")
    else:
        turned = op("i64.and", op("i64.xor", of[0], total), op("i64.xor", of[1], total))
        of.overflow_if(op("i64.lt_s", turned, i64(0)), "sum")
    return total


def _subtract(of: Operands) -> ir.Expr:
    if of.type.is_float:
        return op(f"{of.type.kind}.sub", of[0], of[1])
    difference = of.body.temporary(op("i64.sub", of[0], of[1]))
    if (of.ranges[0] - of.ranges[1]).fits(of.type):
        return difference
    if of.unsigned:
        of.overflow_if(op("i64.lt_u", of[0], of[1]), "difference")
    else:
        turned = op("i64.and", op("i64.xor", of[0], of[1]), op("i64.xor", of[0], difference))
        of.overflow_if(op("i64.lt_s", turned, i64(0)), "difference")
    return difference


def _multiply(of: Operands) -> ir.Expr:
    if of.type.is_float:
        return op(f"{of.type.kind}.mul", of[0], of[1])
    sides = (of[0], of[1])
    product = of.body.temporary(op("i64.mul", *sides))
    if (of.ranges[0] * of.ranges[1]).fits(of.type):
        return product
    for side, other in ((0, 1), (1, 0)):
        if of.ranges[side].low == of.ranges[side].high:
            _check_factor(of, of[other], of.ranges[other], of.ranges[side].low)
            return product
    if of.unsigned:
        of.overflow_if(op("i64.ne", of.call("multiply_high_u64", *sides), i64(0)), "product")
    else:
        of.overflow_if(of.call("multiply_overflows_i64", *sides), "product")
    return product


def _check_factor(of: Operands, value: ir.Expr, range_: Range, factor: int) -> None:
    """Whether a value times a literal overflows is a question of the value's range."""
    ends = (of.type.minimum, of.type.maximum)
    low, high = sorted(abs(end) // abs(factor) * (-1 if end * factor < 0 else 1) for end in ends)
    suffix = "u" if of.unsigned else "s"
    too_low = op(f"i64.lt_{suffix}", value, i64(low)) if range_.low < low else FALSE
    too_high = op(f"i64.gt_{suffix}", value, i64(high)) if range_.high > high else FALSE
    of.overflow_if(either(too_low, too_high), "product")


def _safe_divisor(of: Operands, what: str) -> ir.Expr:
    """The divisor, after the traps of a division; 1 under NULL."""
    divisor = of[1]
    if of.ranges[1].contains(0):
        of.trap_if(op("i64.eqz", divisor), "division_by_zero", "division by zero")
    if not of.unsigned and of.ranges[0].contains(-(2**63)) and of.ranges[1].contains(-1):
        least = op("i64.eq", of[0], i64(-(2**63)))
        of.overflow_if(both(least, op("i64.eq", divisor, i64(-1))), what)
    valid = of.valid
    return divisor if valid is None else ir.Choose(valid, divisor, i64(1))


def _quotient(of: Operands) -> ir.Expr:
    divisor = _safe_divisor(of, "quotient")
    return op("i64.div_u" if of.unsigned else "i64.div_s", of[0], divisor)


def _remainder(of: Operands) -> ir.Expr:
    if of.type is ValueType.F64:
        return of.call("float_remainder", of[0], of[1])
    if of.type is ValueType.F32:  # the remainder of two f32 is one, so this is exact
        sides = (op("f64.promote_f32", of[0]), op("f64.promote_f32", of[1]))
        return op("f32.demote_f64", of.call("float_remainder", *sides))
    divisor = _safe_divisor(of, "quotient")
    return op("i64.rem_u" if of.unsigned else "i64.rem_s", of[0], divisor)


def _negate(of: Operands) -> ir.Expr:
    if of.type.is_float:
        return op(f"{of.type.kind}.neg", of[0])
    if of.ranges[0].contains(-(2**63)):
        of.overflow_if(op("i64.eq", of[0], i64(-(2**63))), "negative")
    return op("i64.sub", i64(0), of[0])


def _abs(of: Operands) -> ir.Expr:
    if of.type.is_float:
        return op(f"{of.type.kind}.abs", of[0])
    if of.unsigned:
        return of[0]
    if of.ranges[0].contains(-(2**63)):
        of.overflow_if(op("i64.eq", of[0], i64(-(2**63))), "absolute value")
    return ir.Choose(op("i64.lt_s", of[0], i64(0)), op("i64.sub", i64(0), of[0]), of[0])


def _sign(of: Operands) -> ir.Expr:
    if of.unsigned:
        return op("i64.extend_i32_u", op("i64.ne", of[0], i64(0)))
    kind, zero = of.type.kind, ir.Const(of.type.kind, 0)
    suffix = "" if of.type.is_float else "_s"
    above, below = op(f"{kind}.gt{suffix}", of[0], zero), op(f"{kind}.lt{suffix}", of[0], zero)
    return op("i64.extend_i32_s", op("i32.sub", above, below))


def _overloads(operation: str, lower: Lower, decimal: Overload) -> tuple[Overload, ...]:
    """Of integers or floats, of decimals, and of decimals beside floats, which are then floats."""
    floats = (Takes.FLOAT, Takes.FLOAT)
    return (
        Overload(operation=operation, takes=_NUMBERS, gives=SAME, lower=lower),
        decimal,
        Overload(operation=f"{operation}_floats", takes=floats, gives=SAME, lower=lower),
    )


ADD = (*_overloads("add", _add, decimals.ADD), *time_arithmetic.ADD_DATES)
SUBTRACT = (*_overloads("subtract", _subtract, decimals.SUBTRACT), *time_arithmetic.SUBTRACT_DATES)
MULTIPLY = _overloads("multiply", _multiply, decimals.MULTIPLY)
REMAINDER = _overloads("remainder", _remainder, decimals.REMAINDER)
_DECIMALS = "decimals have 18 digits in all, where DuckDB goes on to 38"

OPERATORS = (
    Function(
        name="+",
        overloads=ADD,
        about="The sum; decimals keep the larger number of digits after the point.",
        examples=(("1 + 2", "3"), ("0.1 + 0.2", "0.3")),
        differs=f"integers are added in 64 bits, whatever their types; {_DECIMALS}",
    ),
    Function(
        name="-",
        overloads=SUBTRACT,
        about="The difference; decimals keep the larger number of digits after the point.",
        examples=(("1 - 2", "-1"), ("2 - 0.25", "1.75")),
        differs=f"integers are subtracted in 64 bits, whatever their types; {_DECIMALS}",
    ),
    Function(
        name="*",
        overloads=MULTIPLY,
        about="The product; its digits after the point are those of both factors.",
        examples=(("6 * 7", "42"), ("1.5 * 1.5", "2.25")),
        differs=f"integers are multiplied in 64 bits, whatever their types; {_DECIMALS}",
    ),
    Function(
        name="/",
        overloads=(
            Overload(
                operation="divide",
                takes=(Takes.FLOAT, Takes.FLOAT),
                gives=SAME,
                lower=lambda of: op(f"{of.type.kind}.div", of[0], of[1]),
            ),
        ),
        about="The quotient of floats, also of integers; by zero it is infinite or NaN.",
        examples=(("7 / 2", "3.5"), ("1 / 0", "1e400")),
    ),
    Function(
        name="//",
        overloads=(Overload(operation="quotient", takes=_INTEGERS, gives=SAME, lower=_quotient),),
        about="The quotient of integers, cut towards zero; division by zero traps.",
        examples=(("7 // 2", "3"), ("-7 // 2", "-3")),
        differs="takes integers only",
    ),
    Function(
        name="%",
        overloads=REMAINDER,
        about="What a division leaves, with the sign of the dividend.",
        examples=(("7 % 3", "1"), ("-7 % 3", "-1"), ("7.5 % 2", "1.5")),
    ),
)

NEGATE = Function(
    name="negative",
    overloads=(
        Overload(operation="negate", takes=(Takes.NUMBER,), gives=SAME, lower=_negate),
        decimals.NEGATE,
    ),
    about="The number with the other sign.",
    examples=(("-(2 + 3)", "-5"),),
)
"""The sign before a value; it has no name in expressions."""

FUNCTIONS = (
    Function(
        name="abs",
        overloads=(
            Overload(operation="abs", takes=(Takes.NUMBER,), gives=SAME, lower=_abs),
            decimals.ABS,
        ),
        about="The number without its sign.",
        examples=(("abs(-3)", "3"), ("abs(-1.5)", "1.5")),
    ),
    Function(
        name="mod",
        overloads=REMAINDER,
        about="The same as %.",
        examples=(("mod(7, 3)", "1"),),
    ),
    Function(
        name="sign",
        overloads=(
            Overload(operation="sign", takes=(Takes.NUMBER,), gives=ValueType.I64, lower=_sign),
            decimals.SIGN,
        ),
        about="-1, 0 or 1, as the number is below, at or above zero.",
        examples=(("sign(-5)", "-1"),),
        differs="gives an i64, and 0 for NaN",
    ),
)
