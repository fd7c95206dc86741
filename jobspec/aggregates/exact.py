"""Sums of numbers, and of products of two, without rounding: the state behind `moments`.

A program adds every value exactly (`jobspec.kernels.exact`), so these sums do not depend on how
the rows were cut, or on their order. The hub keeps them as integers and rounds a result once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial as bound
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.checks import count_of
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.aggregates.words import real
from jobspec.errors import OutputError
from jobspec.ir import Choose, Const, Expr, Kind, Op, Store
from jobspec.records import once
from jobspec.sql.value import FALSE, Value, either, i32, wide
from jobspec.types import Column, Scalar, Schema, ValueType

FLOAT_BITS = 1074
"""The least float is 2 ** -1074: that is the unit in which floats are summed."""
_MOST_DIGITS = 150
NAN, INFINITE, MINUS_INFINITE = 1, 2, 4
Product = tuple[int, ...]
"""Which arguments are multiplied: (0,) is the first one, (0, 1) the first times the second."""


def _partial(products: Sequence[Product], name: str, types: Types) -> Schema:
    del types
    return (
        *(Column(f"{name}.sum{number}", ValueType.BINARY) for number in range(len(products))),
        Column(f"{name}.special", ValueType.U8),
        Column(f"{name}.count", ValueType.I64),
    )


# --- in the program -------------------------------------------------------------------------------


def _add(products: Sequence[Product], state: InProgram) -> None:
    *_, special, count = state.fields
    floats = [real(state, each) for each in state.arguments if each.type.is_float]
    flags = once(state.body, either(*(state.call("exact_special", each) for each in floats)))
    if floats:
        before = special.load(state.record).value
        with state.body.when(flags):
            marked = Op("i32.or", (before, flags))
            state.body.add(Store("i32.store8", state.record, marked, special.offset))
        with state.body.when(Op("i32.eqz", (flags,))):
            _add_products(products, state)
    else:
        _add_products(products, state)
    state.count(count)


def _add_products(products: Sequence[Product], state: InProgram) -> None:
    factors = [_factor(state, each) for each in state.arguments]
    for number, product in enumerate(products):
        magnitudes = [factors[index][0] for index in product]
        kernel = "exact_add" if len(product) == 1 else "exact_add_product"
        shift, negative = factors[product[0]][1:]
        if len(product) == 2:
            other = factors[product[1]]
            shift = Op("i32.add", (shift, other[1]))
            negative = Op("i32.xor", (negative, other[2]))
        state.do(kernel, state.cell(number), *magnitudes, shift, negative)


def _factor(state: InProgram, value: Value) -> tuple[Expr, Expr, Expr]:
    """The magnitude of a number as u64, by how many bits it is above a unit, its sign."""
    body = state.body
    if value.type.is_float:
        number = real(state, value)
        sign = Op("i64.shr_u", (Op("i64.reinterpret_f64", (number,)), Const(Kind.I64, 63)))
        return (
            body.temporary(state.call("exact_fraction", number)),
            body.temporary(state.call("exact_shift", number)),
            body.temporary(Op("i32.wrap_i64", (sign,))),
        )
    whole = once(body, wide(value))
    if not value.type.is_signed:
        return whole, i32(0), FALSE
    negative = body.temporary(Op("i64.lt_s", (whole, Const(Kind.I64, 0))))
    turned = Op("i64.sub", (Const(Kind.I64, 0), whole))
    return body.temporary(Choose(negative, turned, whole)), i32(0), negative


def _write(products: Sequence[Product], state: InProgram) -> None:
    for number in range(len(products)):
        state.write(state.fields[number], state.call("exact_bytes", state.cell(number)))


# --- on the hub -----------------------------------------------------------------------------------


def exact_value(data: bytes) -> int:
    """The sum that `exact_bytes` wrote, in units. Raises OutputError."""
    if not data:
        return 0
    if len(data) % 4 or not 8 <= len(data) <= 4 * _MOST_DIGITS:
        raise OutputError(f"{len(data)} bytes are no sum")
    first = int.from_bytes(data[:4], "little")
    if first > _MOST_DIGITS:
        raise OutputError("a sum is larger than any can be")
    return int.from_bytes(data[4:], "little", signed=True) << (32 * first)


def _check(products: Sequence[Product], aggregate: Aggregate, partial: Sequence[Any]) -> None:
    *sums, special, count = partial
    values = [exact_value(data) for data in sums]
    if special > NAN | INFINITE | MINUS_INFINITE:
        raise OutputError("there are only three kinds of special floats")
    if not count_of(count) and (special or any(values)):
        raise OutputError("there is a sum of no rows")
    moments = Moments(products, aggregate.arguments)
    moments.add(values, special, count)
    for index in range(len(aggregate.arguments)):
        if (index, index) in products and moments.covariance(index, index) < 0:
            raise OutputError("the sums are those of no numbers")


class Moments:
    """Sums of products of the arguments, in their units; `special` floats are counted only."""

    def __init__(self, products: Sequence[Product], types: Types) -> None:
        self._products = products
        self._types = types
        self._sums = dict.fromkeys(products, 0)
        self.count = 0
        self.special = 0

    def add(self, sums: Sequence[int], special: int, count: int) -> None:
        for product, value in zip(self._products, sums, strict=True):
            self._sums[product] += value
        self.special |= special
        self.count += count

    def sum(self, *product: int) -> int:
        """The sum of a product, in units."""
        return self._sums[product]

    def covariance(self, a: int, b: int) -> int:
        """count squared times the covariance of two arguments, in units."""
        return self.count * self.sum(a, b) - self.sum(a) * self.sum(b)

    def units(self, *product: int) -> int:
        """How many units of a product make 1."""
        made = 1
        for index in product:
            given = self._types[index]
            made *= 1 << FLOAT_BITS if given.is_float else 1
            made *= 10**given.scale if given.is_decimal else 1
        return made


Finish = Callable[[Moments], float | None]
"""From sums of at least one row to the result."""


class _Exact(Merged):
    def __init__(
        self,
        products: Sequence[Product],
        finish: Finish,
        aggregate: Aggregate,
        budget: Budget,
    ) -> None:
        super().__init__(aggregate, budget)
        self._moments = Moments(products, aggregate.arguments)
        self._finish = finish

    def take(self, partial: Sequence[Any]) -> None:
        *sums, special, count = partial
        self._moments.add([exact_value(data) for data in sums], special, count)

    def result(self) -> Scalar:
        return self._finish(self._moments) if self._moments.count else None


def quotient(numerator: int, denominator: int) -> float:
    """The float nearest to a fraction; infinite beyond the largest."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def root(numerator: int, denominator: int) -> float:
    """The float nearest to the square root of a fraction that is not negative."""
    lift = max(0, 130 - numerator.bit_length() + denominator.bit_length())
    lift += lift % 2
    whole, rest = divmod(numerator << lift, denominator)
    low = math.isqrt(whole)
    # One more bit says whether anything was cut off: it decides between two floats.
    cut = rest != 0 or low * low != whole
    return quotient(low * 2 + cut, 1 << (lift // 2 + 1))


def moments_of(products: Sequence[Product], types: Types, values: Sequence[Any]) -> Moments:
    """The sums of values of the one argument, as `scalars` gives them."""
    moments = Moments(products, types)
    is_float = types[0].is_float
    for value in values:
        if is_float and not math.isfinite(value):
            kind = NAN if math.isnan(value) else INFINITE if value > 0 else MINUS_INFINITE
            moments.add([0] * len(products), kind, 1)
            continue
        whole = _in_units(value) if is_float else int(value)
        moments.add([whole ** len(product) for product in products], 0, 1)
    return moments


def _in_units(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator * ((1 << FLOAT_BITS) // denominator)


def exact_state(products: Sequence[Product], finish: Finish) -> State:
    """The state of sums of these products; `finish` gives the result of at least one row."""
    return State(
        partial=bound(_partial, products),
        update=bound(_add, products),
        merged=bound(_Exact, products, finish),
        cells=len(products),
        write=bound(_write, products),
        check=bound(_check, products),
        opens=("states_begin",),
    )
