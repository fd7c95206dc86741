"""Arithmetic and rounding of decimals, and of decimals with integers: exact, or a trap.

Scales follow DuckDB: the larger one for sums and remainders, the sum of both for products. A
decimal has at most 18 digits, so where DuckDB goes on to 38 what does not fit 18 traps. These are
overloads of the functions in `arithmetic` and `floats`, whose rows tell about them.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobspec import ir
from jobspec.sql.casts_decimals import inside
from jobspec.sql.coercion import bounded_decimal, decimal_type, is_bare, scale_of, whole_digits
from jobspec.sql.functions.signature import SAME, Complaint, Function, Operands, Overload, Takes
from jobspec.sql.ranges import Range
from jobspec.sql.typed import Constant, Typed
from jobspec.sql.value import either, i32, i64, negated, op, wide
from jobspec.types import DECIMAL_DIGITS, ValueType

_I64, _U64 = ValueType.I64, ValueType.U64
_PAIR = (Takes.EXACT, Takes.EXACT)
_ROUNDED = (Takes.DECIMAL, Takes.DIGITS)


# --- types ----------------------------------------------------------------------------------------


def _alike(values: Sequence[Typed]) -> Sequence[ValueType]:
    """Both operands as decimals of one scale."""
    shared = decimal_type(values)
    return [shared] * len(values)


def _sum_type(values: Sequence[Typed]) -> ValueType:
    given = values[0].type
    return bounded_decimal(given.precision + 1, given.scale)


def _factors(values: Sequence[Typed]) -> Sequence[ValueType] | Complaint:
    """Factors as they are: the product's scale is the sum of theirs."""
    scale = sum(scale_of(value.type) for value in values)
    if scale > DECIMAL_DIGITS:
        return Complaint(
            f"the product would have {scale} digits after the point; decimals have at most 18",
            "CAST a factor to a decimal with fewer digits after the point, or to f64",
            code="type_mismatch",
        )
    return [_exact_type(value) for value in values]


def _exact_type(value: Typed) -> ValueType:
    """The type as it is, so that its digits count; but what fits an i64."""
    return bounded_decimal(DECIMAL_DIGITS, 0) if value.type is _U64 else value.type


def _product_type(values: Sequence[Typed]) -> ValueType:
    digits = sum(whole_digits(value) + scale_of(value.type) for value in values)
    return bounded_decimal(digits, sum(scale_of(value.type) for value in values))


def _divided(values: Sequence[Typed]) -> Sequence[ValueType]:
    """A remainder looks at its operands as they are."""
    given = [value for value in values if not is_bare(value)]
    return [given[0].type if is_bare(value) else _exact_type(value) for value in values]


def _digits(values: Sequence[Typed]) -> int:
    """How many digits after the point rounding leaves; below 0 there are zeros before it."""
    if len(values) < 2 or not isinstance(values[1], Constant):
        return 0
    return values[1].value if isinstance(values[1].value, int) else 0


def _rounded_type(values: Sequence[Typed]) -> ValueType:
    given, digits = values[0].type, _digits(values)
    if digits >= given.scale:
        return given
    return bounded_decimal(given.precision + (given.scale == 0), max(digits, 0))


# --- lowering -------------------------------------------------------------------------------------


def _fitting(of: Operands, value: ir.Expr, range_: Range, what: str) -> ir.Expr:
    """The value, after a trap where it has too many digits."""
    if range_.fits(of.result):
        return value
    kept = of.body.temporary(value)
    _overflow_if(of, negated(inside(kept, of.result)), what)
    return kept


def _overflow_if(of: Operands, condition: ir.Expr, what: str) -> None:
    of.trap_if(condition, "decimal_overflow", f"the {what} does not fit {of.result}")


def _add(of: Operands) -> ir.Expr:
    return _fitting(of, op("i64.add", of[0], of[1]), of.ranges[0] + of.ranges[1], "sum")


def _subtract(of: Operands) -> ir.Expr:
    return _fitting(of, op("i64.sub", of[0], of[1]), of.ranges[0] - of.ranges[1], "difference")


def _multiply(of: Operands) -> ir.Expr:
    range_ = of.ranges[0] * of.ranges[1]
    left, right = (wide(value) for value in of.values)
    product = of.body.temporary(op("i64.mul", left, right))
    if range_.fits(_I64):
        return _fitting(of, product, range_, "product")
    overflows = of.call("multiply_overflows_i64", left, right)
    _overflow_if(of, either(overflows, negated(inside(product, of.result))), "product")
    return product


def _remainder(of: Operands) -> ir.Expr:
    """Never as large as either operand, so it cannot overflow."""
    left, right = (wide(value) for value in of.values)
    if of.ranges[1].contains(0):
        of.trap_if(op("i64.eqz", right), "division_by_zero", "division by zero")
    more = of.result.scale - scale_of(of.values[1].type)
    if more:  # the divisor has the smaller scale; what is too large for it leaves all
        right = of.call("decimal_scaled", right, i64(10**more))
    valid = of.valid
    divisor = right if valid is None else ir.Choose(valid, right, i64(1))
    zeros = of.result.scale - scale_of(of.values[0].type)
    if zeros:
        return of.call("decimal_remainder", left, i32(zeros), divisor)
    return op("i64.rem_s", left, divisor)


def _negate(of: Operands) -> ir.Expr:
    return op("i64.sub", i64(0), of[0])


def _abs(of: Operands) -> ir.Expr:
    return ir.Choose(op("i64.lt_s", of[0], i64(0)), op("i64.sub", i64(0), of[0]), of[0])


def _sign(of: Operands) -> ir.Expr:
    above, below = op("i64.gt_s", of[0], i64(0)), op("i64.lt_s", of[0], i64(0))
    return op("i64.extend_i32_s", op("i32.sub", above, below))


def _floor(of: Operands) -> ir.Expr:
    power = 10**of.type.scale
    return of.call("floor_divide_i64", of[0], i64(power)) if power > 1 else of[0]


def _ceil(of: Operands) -> ir.Expr:
    power = 10**of.type.scale
    if power == 1:
        return of[0]
    return op("i64.sub", i64(0), of.call("floor_divide_i64", _negate(of), i64(power)))


def _round(of: Operands) -> ir.Expr:
    lost, zeros = _lost_digits(of)
    if lost <= 0:
        return of[0]
    if lost > DECIMAL_DIGITS:
        return i64(0)
    whole = of.call("decimal_rounded", of[0], i64(10**lost))
    most = (abs(of.type.maximum) + 10**lost // 2) // 10**lost * 10**zeros
    return _fitting(of, op("i64.mul", whole, i64(10**zeros)), Range(-most, most), "rounded number")


def _trunc(of: Operands) -> ir.Expr:
    lost, zeros = _lost_digits(of)
    if lost <= 0:
        return of[0]
    if lost > DECIMAL_DIGITS:
        return i64(0)
    return op("i64.mul", op("i64.div_s", of[0], i64(10**lost)), i64(10**zeros))


def _lost_digits(of: Operands) -> tuple[int, int]:
    """How many of the last digits are lost, and how many zeros before the point replace them."""
    given = of[1] if len(of.values) > 1 else i64(0)
    digits = int(given.value) if isinstance(given, ir.Const) else 0
    return of.type.scale - digits, max(-digits, 0)


def _align(of: Operands) -> ir.Expr:
    """An integer or decimal at a larger scale; the ends of the i64 where it does not fit."""
    value = wide(of.values[0])
    if of.type is _U64:
        value = ir.Choose(op("i64.lt_s", value, i64(0)), i64(_I64.maximum), value)
    power = 10 ** (of.result.scale - scale_of(of.type))
    range_ = of.ranges[0] * Range(power, power)
    if range_.fits(_I64):
        return op("i64.mul", value, i64(power)) if power > 1 else value
    return of.call("decimal_scaled", value, i64(power))


ADD = Overload(operation="add_decimals", takes=_PAIR, gives=_sum_type, lower=_add, prepare=_alike)
SUBTRACT = Overload(
    operation="subtract_decimals", takes=_PAIR, gives=_sum_type, lower=_subtract, prepare=_alike
)
MULTIPLY = Overload(
    operation="multiply_decimals",
    takes=_PAIR,
    gives=_product_type,
    lower=_multiply,
    prepare=_factors,
)
REMAINDER = Overload(
    operation="remainder_decimals",
    takes=_PAIR,
    gives=decimal_type,
    lower=_remainder,
    prepare=_divided,
)
NEGATE = Overload(operation="negate_decimal", takes=(Takes.DECIMAL,), gives=SAME, lower=_negate)
ABS = Overload(operation="abs_decimal", takes=(Takes.DECIMAL,), gives=SAME, lower=_abs)
SIGN = Overload(operation="sign_decimal", takes=(Takes.DECIMAL,), gives=_I64, lower=_sign)
FLOOR = Overload(
    operation="floor_decimal", takes=(Takes.DECIMAL,), gives=_rounded_type, lower=_floor
)
CEIL = Overload(operation="ceil_decimal", takes=(Takes.DECIMAL,), gives=_rounded_type, lower=_ceil)
ROUND = Overload(
    operation="round_decimal", takes=_ROUNDED, gives=_rounded_type, lower=_round, optional=1
)
TRUNC = Overload(
    operation="trunc_decimal", takes=_ROUNDED, gives=_rounded_type, lower=_trunc, optional=1
)

ALIGN = Function(
    name="aligned",
    overloads=(
        Overload(operation="decimal_aligned", takes=(Takes.EXACT,), gives=SAME, lower=_align),
    ),
    about="A decimal with more digits after the point, for comparisons.",
    examples=(),
)
"""It has no name in expressions: comparisons insert it (`jobspec.sql.coercion`)."""
