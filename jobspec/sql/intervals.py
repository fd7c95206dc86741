"""Intervals: what dates and timestamps are moved by. They are no values of their own.

An interval is three numbers: months, days and microseconds, each an expression. All that can be
done with them is done when the job is compiled: `x + INTERVAL ...` becomes one operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobspec.sql import syntax, typed
from jobspec.sql.calls import Calls
from jobspec.sql.coercion import coerce, is_bare
from jobspec.sql.functions import NEGATE, OPERATORS, TIME_BUCKET, TIMESTAMP_ADD, Function, Takes
from jobspec.sql.functions.forms import UNIT_FUNCTIONS
from jobspec.sql.functions.time_parts import DAY, Part, part_named
from jobspec.sql.syntax import Syntax
from jobspec.sql.time_texts import is_time
from jobspec.sql.typed import Constant, Typed
from jobspec.types import ValueType

_I64, _TIMESTAMP = ValueType.I64, ValueType.TIMESTAMP
_ZERO = Constant(_I64, 0)
_HINT = "add it to a date or timestamp; date_diff gives the difference of two"


@dataclass(frozen=True, slots=True)
class Interval:
    """Each part is an i64."""

    months: Typed = _ZERO
    days: Typed = _ZERO
    micros: Typed = _ZERO

    @property
    def parts(self) -> tuple[Typed, Typed, Typed]:
        return self.months, self.days, self.micros


def is_interval(node: Syntax) -> bool:
    """Whether an expression is written as an interval."""
    while True:
        match node:
            case syntax.Interval():
                return True
            case syntax.Call(name=name):
                return name.lower() in UNIT_FUNCTIONS
            case syntax.Negative(value=value):
                node = value
            case syntax.Binary(operator="*", left=left, right=right):
                if is_interval(right):
                    return True
                node = left
            case syntax.Binary(operator="+" | "-", left=left, right=right) if is_interval(right):
                node = left
            case _:
                return False


class Intervals(Calls):
    """Checks intervals and what is done with them."""

    def no_interval(self, node: Syntax) -> Typed | None:
        """None, after saying that an interval is no value."""
        self.problem("type_mismatch", node, "an interval is no value of its own", _HINT)
        return None

    def moved(self, node: syntax.Binary) -> Typed | None:
        """A date or timestamp plus or minus an interval."""
        left, right, sign = node.left, node.right, node.operator
        if sign == "+" and is_interval(left):
            left, right = right, left
        if sign not in {"+", "-"} or is_interval(left) or not is_interval(right):
            return self.no_interval(node)
        return self._moved(node, left, right, sign)

    def date_add(self, node: syntax.Call) -> Typed | None:
        """`date_add(x, INTERVAL ...)` is `x + INTERVAL ...`."""
        if len(node.arguments) == 2 and is_interval(node.arguments[1]):
            return self._moved(node, *node.arguments, "+")
        self.problem(
            "type_mismatch",
            node,
            "date_add takes a date or timestamp and an interval",
            "write date_add(x, INTERVAL 1 DAY)",
        )
        return None

    def time_bucket(self, node: syntax.Call) -> Typed | None:
        """The beginning of the stretch of time, so many units long, in which a value lies."""
        width = self._width(node)
        if width is None:
            return None
        written = node.arguments[1]
        value = self.check(written)
        read = None if value is None else self.as_time(written, value, _TIMESTAMP)
        if read is None:
            return None
        given = [Constant(_I64, part) for part in width]
        return self.apply(node, TIME_BUCKET, [node, node, written], [*given, read])

    def _width(self, node: syntax.Call) -> tuple[int, int] | None:
        """The months and microseconds of a literal interval; one of them is 0."""
        if len(node.arguments) == 2 and is_interval(node.arguments[0]):
            interval = self.interval(node.arguments[0])
            if interval is None:
                return None
            months, days, micros = map(_literal, interval.parts)
            if months is not None and days is not None and micros is not None:
                micros += days * DAY
                if (0 < months < 2**31 and not micros) or (0 < micros < 2**62 and not months):
                    return months, micros
        self.problem(
            "type_mismatch",
            node,
            "time_bucket takes a literal interval above 0, of months or of days and times, and a "
            "date or timestamp",
            "write time_bucket(INTERVAL 2 HOURS, x)",
        )
        return None

    def _moved(self, node: Syntax, left: Syntax, right: Syntax, sign: str) -> Typed | None:
        value, interval = self.check(left), self.interval(right)
        read = None if value is None else self.as_time(left, value, _TIMESTAMP)
        if read is None or interval is None:
            return None
        if not is_time(read.type) and not is_bare(read):
            message = f"an interval cannot be added to a value of type {read.type}"
            self.problem("type_mismatch", left, message, "CAST it to timestamp")
            return None
        moves = interval if sign == "+" else _negated(interval)
        return self.apply(node, TIMESTAMP_ADD, [left, right, right, right], [read, *moves.parts])

    # --- their own arithmetic ---------------------------------------------------------------------

    def interval(self, node: Syntax) -> Interval | None:
        """The numbers of what `is_interval` says is one."""
        match node:
            case syntax.Interval(parts=parts):
                return self._written(node, parts)
            case syntax.Call(name=name, arguments=arguments):
                if not self.is_plain(node) or not self.count_is(node, 1, 1):
                    return None
                return self._written(node, ((arguments[0], UNIT_FUNCTIONS[name.lower()]),))
            case syntax.Negative(value=value):
                inner = self.interval(value)
                return None if inner is None else _negated(inner)
            case syntax.Binary(operator="*", left=left, right=right):
                return self._multiplied(*((right, left) if is_interval(right) else (left, right)))
            case syntax.Binary(operator=operator, left=left, right=right):
                one, other = self.interval(left), self.interval(right)
                if one is None or other is None:
                    return None
                return _added(one, other if operator == "+" else _negated(other))
        self.no_interval(node)
        return None

    def _written(self, node: Syntax, parts: Sequence[tuple[Syntax, str]]) -> Interval | None:
        total: Interval | None = Interval()
        for amount, name in parts:
            unit = part_named(name)
            if unit is None or not (unit.months or unit.micros):
                hint = "units go from microseconds to millennia"
                self.problem("bad_value", node, f"{name[:60]!r} is not a unit of time", hint)
                return None
            value = self.accepts("INTERVAL", Takes.COUNT, amount, self.check(amount))
            if value is None:
                total = None
            elif total is not None:
                total = _added(total, _of_unit(unit, coerce(value, _I64)))
        return total

    def _multiplied(self, interval: Syntax, factor: Syntax) -> Interval | None:
        inner = self.interval(interval)
        value = self.accepts("*", Takes.COUNT, factor, self.check(factor))
        if inner is None or value is None:
            return None
        count = coerce(value, _I64)
        several = sum(part != _ZERO for part in inner.parts) > 1
        if several and not isinstance(count, Constant):  # else it would be computed several times
            message = "an interval of months, days and times is multiplied by a literal only"
            self.problem("type_mismatch", factor, message, "multiply each of its parts")
            return None
        return Interval(*(_product(part, count) for part in inner.parts))


def _literal(node: Typed) -> int | None:
    if isinstance(node, Constant) and isinstance(node.value, int):
        return node.value
    return None


def _of_unit(unit: Part, amount: Typed) -> Interval:
    if unit.months:
        return Interval(months=_product(amount, Constant(_I64, unit.months)))
    if unit.micros % DAY == 0:
        return Interval(days=_product(amount, Constant(_I64, unit.micros // DAY)))
    return Interval(micros=_product(amount, Constant(_I64, unit.micros)))


def _negated(interval: Interval) -> Interval:
    return Interval(*(_applied(NEGATE, part) for part in interval.parts))


def _added(one: Interval, other: Interval) -> Interval:
    return Interval(*map(_sum, one.parts, other.parts))


def _sum(left: Typed, right: Typed) -> Typed:
    if left == _ZERO:
        return right
    return left if right == _ZERO else _applied(OPERATORS["+"], left, right)


def _product(left: Typed, right: Typed) -> Typed:
    if left == _ZERO:
        return left
    return left if right == Constant(_I64, 1) else _applied(OPERATORS["*"], left, right)


_FOLDS: dict[str, Callable[..., int]] = {
    "+": lambda left, right: left + right,
    "*": lambda left, right: left * right,
    "negative": lambda value: -value,
}


def _applied(function: Function, *operands: Typed) -> Typed:
    """Arithmetic of i64, at once where all are literals and the result fits."""
    values = [value for value in map(_literal, operands) if value is not None]
    if len(values) == len(operands):
        result = _FOLDS[function.name](*values)
        if _I64.minimum <= result <= _I64.maximum:
            return Constant(_I64, result)
    nullable = any(operand.nullable for operand in operands)
    return typed.Apply(_I64, nullable, function.overloads[0].operation, operands)
