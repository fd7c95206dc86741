"""Functions of whole numbers: divisors, multiples, factorials, counts of bits."""

from __future__ import annotations

from jobspec import ir
from jobspec.sql.functions.signature import Function, Operands, Overload, Takes
from jobspec.sql.value import both, i64, op
from jobspec.types import ValueType

_I64 = ValueType.I64
_TWO = (Takes.COUNT, Takes.COUNT)
_LEAST = -(2**63)
_MOST_FACTORS = 20


def _no_least(of: Operands) -> None:
    for index in range(2):
        if of.ranges[index].contains(_LEAST):
            of.overflow_if(op("i64.eq", of[index], i64(_LEAST)), "absolute value")


def _greatest_divisor(of: Operands) -> ir.Expr:
    _no_least(of)
    return of.call("common_divisor_i64", of[0], of[1])


def _least_multiple(of: Operands) -> ir.Expr:
    """a / gcd * b, without its sign; 0 where one of them is 0."""
    _no_least(of)
    divisor = of.call("common_divisor_i64", of[0], of[1])
    is_zero = op("i64.eqz", divisor)
    whole = op("i64.div_s", of[0], ir.Choose(is_zero, i64(1), divisor))
    part = of.body.temporary(whole)
    of.overflow_if(of.call("multiply_overflows_i64", part, of[1]), "least common multiple")
    product = of.body.temporary(op("i64.mul", part, of[1]))
    negative = op("i64.lt_s", product, i64(0))
    lowest = op("i64.eq", product, i64(_LEAST))
    of.overflow_if(both(negative, lowest), "least common multiple")
    return ir.Choose(negative, op("i64.sub", i64(0), product), product)


def _factorial(of: Operands) -> ir.Expr:
    message = "the factorial of a negative number"
    of.trap_if(op("i64.lt_s", of[0], i64(0)), "math_domain", message)
    of.overflow_if(op("i64.gt_s", of[0], i64(_MOST_FACTORS)), "factorial")
    return of.call("factorial", of[0])


def _bit_count(of: Operands) -> ir.Expr:
    return op("i64.popcnt", of[0])


FUNCTIONS = (
    Function(
        name="bit_count",
        overloads=(
            Overload(operation="bit_count", takes=(Takes.INTEGER,), gives=_I64, lower=_bit_count),
        ),
        about="How many bits are 1.",
        examples=(("bit_count(255)", "8"), ("bit_count(CAST(-1 AS bigint))", "64")),
        differs="counts 64 bits, whatever the type",
    ),
    Function(
        name="factorial",
        overloads=(
            Overload(operation="factorial", takes=(Takes.COUNT,), gives=_I64, lower=_factorial),
        ),
        about="The product of all numbers from 1 to that, which is 20 at most.",
        examples=(("factorial(5)", "120"),),
        differs="gives an i64, so that factorial(21) traps",
    ),
    Function(
        name="gcd",
        overloads=(Overload(operation="gcd", takes=_TWO, gives=_I64, lower=_greatest_divisor),),
        about="The greatest common divisor; 0 of 0 and 0.",
        examples=(("gcd(12, -18)", "6"),),
        aliases=("greatest_common_divisor",),
    ),
    Function(
        name="lcm",
        overloads=(Overload(operation="lcm", takes=_TWO, gives=_I64, lower=_least_multiple),),
        about="The least common multiple; 0 if one of them is 0.",
        examples=(("lcm(4, -6)", "12"),),
        aliases=("least_common_multiple",),
    ),
)
