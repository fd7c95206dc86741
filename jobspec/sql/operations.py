"""How strict operations are computed: one function an operation, one row in `OPERATIONS`.

Operands are variables or constants that already have the types of the operation's signature. What
traps does so only where no operand is NULL. Not here: SQL forms with a NULL logic of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobspec import ir, kernels
from jobspec.sql.comparisons import is_nan
from jobspec.sql.like import simple_form
from jobspec.sql.ranges import Range
from jobspec.sql.value import (
    FALSE,
    TRUE,
    Value,
    all_valid,
    both,
    either,
    i32,
    i64,
    negated,
    op,
    real,
)
from jobspec.types import ValueType

_U64 = ValueType.U64
_INFINITY = float("inf")
SPACES = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
"""What `trim` removes where it is not told: Unicode's space separators, no tabs or newlines."""


@dataclass(frozen=True, slots=True)
class Operands:
    """The operands of one operation and the place that it is computed in."""

    body: ir.Body
    pointer: str
    values: tuple[Value, ...]
    ranges: tuple[Range, ...]
    """The values that integer operands can have."""

    def __getitem__(self, index: int) -> ir.Expr:
        return self.values[index].value

    @property
    def type(self) -> ValueType:
        return self.values[0].type

    @property
    def unsigned(self) -> bool:
        return self.type is _U64

    @property
    def valid(self) -> ir.Expr | None:
        return all_valid(*self.values)

    def trap_if(self, condition: ir.Expr, code: str, message: str) -> None:
        if condition != FALSE:
            site = ir.TrapSite(code=code, pointer=self.pointer, message=message)
            self.body.trap_if(both(self.valid, condition), site)

    def overflow_if(self, condition: ir.Expr, what: str) -> None:
        self.trap_if(condition, "integer_overflow", f"the {what} does not fit {self.type}")

    def call(self, kernel: str, *arguments: ir.Expr) -> ir.Expr:
        return self.body.temporary(kernels.call(self.body, kernel, *arguments))


# --- arithmetic -----------------------------------------------------------------------------------


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


def _divide(of: Operands) -> ir.Expr:
    return op(f"{of.type.kind}.div", of[0], of[1])


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


# --- floats ---------------------------------------------------------------------------------------


def _unary_float(name: str) -> Callable[[Operands], ir.Expr]:
    return lambda of: op(f"{of.type.kind}.{name}", of[0])


def _trunc(of: Operands) -> ir.Expr:
    return op(f"{of.type.kind}.trunc", of[0]) if of.type.is_float else of[0]


def _round(of: Operands) -> ir.Expr:
    digits = int(of[1].value) if len(of.values) > 1 and isinstance(of[1], ir.Const) else 0
    if not of.type.is_float:
        return of[0] if digits >= 0 else _round_integer(of, -digits)
    if digits == 0:
        return _half_away(of.body, of.type, of[0])
    return _round_to_digits(of, digits)


def _half_away(body: ir.Body, type_: ValueType, value: ir.Expr) -> ir.Expr:
    """Halves go away from zero, without the error of adding 0.5."""
    kind = type_.kind
    whole = body.temporary(op(f"{kind}.trunc", value))
    rest = op(f"{kind}.abs", op(f"{kind}.sub", value, whole))
    away = op(f"{kind}.add", whole, op(f"{kind}.copysign", real(type_, 1.0), value))
    return ir.Choose(op(f"{kind}.ge", rest, real(type_, 0.5)), away, whole)


def _round_to_digits(of: Operands, digits: int) -> ir.Expr:
    """As DuckDB: scale, round, scale back, in f64; the value itself if that leaves the floats."""
    f64 = ValueType.F64
    value = of[0] if of.type is f64 else of.body.temporary(op("f64.promote_f32", of[0]))
    factor = real(f64, float(f"1e{min(abs(digits), 400)}"))
    scale, back = ("f64.mul", "f64.div") if digits > 0 else ("f64.div", "f64.mul")
    scaled = of.body.temporary(op(scale, value, factor))
    rounded = of.body.temporary(op(back, _half_away(of.body, f64, scaled), factor))
    finite = op("f64.lt", op("f64.abs", rounded), real(f64, _INFINITY))
    instead = value
    if digits < 0:
        is_finite = op("f64.lt", op("f64.abs", value), real(f64, _INFINITY))
        instead = ir.Choose(is_finite, real(f64, 0.0), value)
    result = ir.Choose(finite, rounded, instead)
    return result if of.type is f64 else op("f32.demote_f64", result)


def _round_integer(of: Operands, zeros: int) -> ir.Expr:
    power = 10**zeros
    if power > of.type.maximum:
        return i64(0)
    suffix = "u" if of.unsigned else "s"
    rest = of.body.temporary(op(f"i64.rem_{suffix}", of[0], i64(power)))
    down = of.body.temporary(op("i64.sub", of[0], rest))
    half = i64(power // 2)
    up = op(f"i64.ge_{suffix}", rest, half)
    if of.unsigned:
        rounded = of.body.temporary(op("i64.add", down, ir.Choose(up, i64(power), i64(0))))
        of.overflow_if(op("i64.lt_u", rounded, down), "rounded number")
        return rounded
    lower = op("i64.le_s", rest, i64(-(power // 2)))
    step = ir.Choose(up, i64(power), ir.Choose(lower, i64(-power), i64(0)))
    rounded = of.body.temporary(op("i64.add", down, step))
    # Adding moves away from zero, so a change of sign is an overflow.
    turned = op("i64.lt_s", op("i64.xor", rounded, of[0]), i64(0))
    of.overflow_if(both(turned, op("i64.ne", rounded, i64(0))), "rounded number")
    return rounded


def _is_nan(of: Operands) -> ir.Expr:
    return is_nan(of.values[0])


def _is_inf(of: Operands) -> ir.Expr:
    kind = of.type.kind
    return op(f"{kind}.eq", op(f"{kind}.abs", of[0]), real(of.type, _INFINITY))


def _is_finite(of: Operands) -> ir.Expr:
    kind = of.type.kind
    return op(f"{kind}.lt", op(f"{kind}.abs", of[0]), real(of.type, _INFINITY))


# --- bits -----------------------------------------------------------------------------------------


def _bits(name: str) -> Callable[[Operands], ir.Expr]:
    return lambda of: op(f"i64.{name}", of[0], of[1])


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


# --- texts ----------------------------------------------------------------------------------------


def _strlen(of: Operands) -> ir.Expr:
    return op("i64.shr_u", of[0], i64(32))


def _kernel(name: str) -> Callable[[Operands], ir.Expr]:
    """The kernel of that name does all of it."""
    return lambda of: of.call(name, *(value.value for value in of.values))


def _substring(of: Operands) -> ir.Expr:
    length = of[2] if len(of.values) > 2 else i64(2**32)
    return of.call("str_substring", of[0], of[1], length)


def _trim(sides: int) -> Callable[[Operands], ir.Expr]:
    def trim(of: Operands) -> ir.Expr:
        characters = of[1] if len(of.values) > 1 else ir.Text(SPACES.encode())
        return of.call("str_trim", of[0], characters, i32(sides))

    return trim


def _like(of: Operands) -> ir.Expr:
    return of.call("str_like", of[0], of[1], i32(ord("%")), i32(ord("_")))


def _like_pattern(of: Operands) -> ir.Expr:
    """LIKE with a literal, which `translate_pattern` has brought to the kernel's form."""
    pattern = of[1]
    if not isinstance(pattern, ir.Text):  # NULL
        return FALSE
    simple = simple_form(pattern.value)
    if simple is None:
        return of.call("str_like", of[0], pattern, i32(0xFF), i32(0xFE))
    kernel, text = simple
    if not text and kernel != "equals":
        return TRUE
    return of.call(_SIMPLE_KERNELS[kernel], of[0], ir.Text(text))


_SIMPLE_KERNELS = {
    "equals": "str_equal",
    "starts_with": "str_starts_with",
    "ends_with": "str_ends_with",
    "contains": "str_contains",
}

OPERATIONS: dict[str, Callable[[Operands], ir.Expr]] = {
    "abs": _abs,
    "add": _add,
    "bit_and": _bits("and"),
    "bit_or": _bits("or"),
    "bit_xor": _bits("xor"),
    "ceil": _unary_float("ceil"),
    "concat": _kernel("str_concat"),
    "contains": _kernel("str_contains"),
    "divide": _divide,
    "ends_with": _kernel("str_ends_with"),
    "floor": _unary_float("floor"),
    "isfinite": _is_finite,
    "isinf": _is_inf,
    "isnan": _is_nan,
    "left": _kernel("str_left"),
    "length": _kernel("str_length"),
    "like": _like,
    "like_pattern": _like_pattern,
    "ltrim": _trim(1),
    "multiply": _multiply,
    "negate": _negate,
    "quotient": _quotient,
    "remainder": _remainder,
    "replace": _kernel("str_replace"),
    "reverse": _kernel("str_reverse"),
    "right": _kernel("str_right"),
    "round": _round,
    "rtrim": _trim(2),
    "shift_left": _shift_left,
    "shift_right": _shift_right,
    "sign": _sign,
    "sqrt": _unary_float("sqrt"),
    "starts_with": _kernel("str_starts_with"),
    "strlen": _strlen,
    "strpos": _kernel("str_strpos"),
    "substring": _substring,
    "subtract": _subtract,
    "trim": _trim(3),
    "trunc": _trunc,
}
"""Every operation of `jobspec.sql.functions`, and how it is computed."""
