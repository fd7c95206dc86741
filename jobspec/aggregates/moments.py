"""Sums without rounding, of floats too: `fsum`, and what follows from sums of products.

A program adds every value, or product of two, exactly (`jobspec.kernels.exact`), so these do not
depend on how the rows were cut, or on their order. The hub computes with integers and fractions
and rounds once: results are the floats nearest to the true values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial as bound
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.checks import count_of
from jobspec.aggregates.function import AggregateFunction, Distinct, Takes
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.aggregates.words import real
from jobspec.errors import OutputError
from jobspec.ir import Choose, Const, Expr, Kind, Op, Store
from jobspec.program.records import once
from jobspec.sql.value import FALSE, Value, i32, wide
from jobspec.types import Column, Scalar, Schema, ValueType

FLOAT_BITS = 1074
"""The least float is 2 ** -1074: that is the unit in which floats are summed."""
_MOST_DIGITS = 150
_NAN, _INFINITE, _MINUS_INFINITE = 1, 2, 4
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
    flags: Expr = FALSE
    for number in floats:
        flags = Op("i32.or", (flags, state.call("exact_special", number)))
    flags = once(state.body, flags)
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
    if special > _NAN | _INFINITE | _MINUS_INFINITE:
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


class _Exact(Merged):
    def __init__(
        self,
        products: Sequence[Product],
        finish: Callable[[Moments], float | None],
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


# --- results --------------------------------------------------------------------------------------


def _fsum(of: Moments) -> float:
    special = _sum_of_specials(of.special)
    return quotient(of.sum(0), of.units(0)) if special is None else special


def _favg(of: Moments) -> float:
    special = _sum_of_specials(of.special)
    return quotient(of.sum(0), of.units(0) * of.count) if special is None else special


def _sum_of_specials(special: int) -> float | None:
    if not special:
        return None
    if special == _INFINITE:
        return math.inf
    return -math.inf if special == _MINUS_INFINITE else math.nan


def _covariance(a: int, b: int, *, sample: bool) -> Callable[[Moments], float | None]:
    def finish(of: Moments) -> float | None:
        if of.count == 1 and sample:
            return None
        if of.special:
            return math.nan
        divisor = of.count * (of.count - sample) * of.units(a, b)
        return quotient(of.covariance(a, b), divisor)

    return finish


def _deviation(*, sample: bool) -> Callable[[Moments], float | None]:
    def finish(of: Moments) -> float | None:
        if of.count == 1 and sample:
            return None
        if of.special:
            return math.nan
        return root(of.covariance(0, 0), of.count * (of.count - sample) * of.units(0, 0))

    return finish


def _correlation(of: Moments) -> float:
    squares = of.covariance(0, 0) * of.covariance(1, 1)
    if of.special or not squares:
        return math.nan
    shared = of.covariance(0, 1)
    size = root(shared * shared, squares)
    return size if shared > 0 else -size


# --- the functions --------------------------------------------------------------------------------

_SUM: tuple[Product, ...] = ((0,),)
_SQUARES: tuple[Product, ...] = ((0,), (0, 0))
_BOTH: tuple[Product, ...] = ((0,), (1,), (0, 1))
_ALL: tuple[Product, ...] = (*_BOTH, (0, 0), (1, 1))


def _state(products: Sequence[Product], finish: Callable[[Moments], float | None]) -> State:
    return State(
        partial=bound(_partial, products),
        update=bound(_add, products),
        merged=bound(_Exact, products, finish),
        cells=len(products),
        write=bound(_write, products),
        check=bound(_check, products),
        opens=("states_begin",),
    )


def _of_values(
    products: Sequence[Product],
    finish: Callable[[Moments], float | None],
    aggregate: Aggregate,
    values: Sequence[Any],
) -> Scalar:
    moments = Moments(products, aggregate.arguments)
    is_float = aggregate.arguments[0].is_float
    for value in values:
        if is_float and not math.isfinite(value):
            kind = _NAN if math.isnan(value) else _INFINITE if value > 0 else _MINUS_INFINITE
            moments.add([0] * len(products), kind, 1)
            continue
        whole = _in_units(value) if is_float else int(value)
        moments.add([whole ** len(product) for product in products], 0, 1)
    return finish(moments)


def _in_units(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator * ((1 << FLOAT_BITS) // denominator)


def _of_one(
    name: str,
    products: Sequence[Product],
    finish: Callable[[Moments], float | None],
    about: str,
    example: str,
    **more: Any,
) -> AggregateFunction:
    return AggregateFunction(
        name=name,
        takes=(Takes.NUMBER,),
        gives=ValueType.F64,
        state=_state(products, finish),
        about=about,
        examples=((f"{name}({'x' if products is _SUM else 'n'})", example),),
        distinct=Distinct.VALUES,
        of_values=bound(_of_values, products, finish),
        **more,
    )


def _of_two(
    name: str, finish: Callable[[Moments], float | None], about: str, example: str
) -> AggregateFunction:
    products = _ALL if name == "corr" else _BOTH
    return AggregateFunction(
        name=name,
        takes=(Takes.NUMBER, Takes.NUMBER),
        gives=ValueType.F64,
        state=_state(products, finish),
        about=about,
        examples=((f"{name}(n, price)", example),),
        differs=_ROUNDED_ONCE,
    )


_ROUNDED_ONCE = "The result is rounded once, where DuckDB's has the errors of its way there."

FUNCTIONS = (
    _of_one(
        "fsum",
        _SUM,
        _fsum,
        "The sum, exact until it is rounded once, so that it does not depend on the order of the"
        " rows or on how the job was split.",
        "11.0",
        aliases=("kahan_sum", "sumkahan"),
        differs="DuckDB's has the last errors of Kahan's sum, and is NaN where infinities go in.",
    ),
    _of_one(
        "favg",
        _SUM,
        _favg,
        "The mean, exact until it is rounded once: `fsum` over the number of rows.",
        "2.2",
        differs="DuckDB's has the last errors of Kahan's sum, and is NaN where infinities go in.",
    ),
    _of_one(
        "var_samp",
        _SQUARES,
        _covariance(0, 0, sample=True),
        "The variance of a sample, rounded once; NULL of one row.",
        "0.6666666666666666",
        aliases=("variance",),
        differs=_ROUNDED_ONCE,
    ),
    _of_one(
        "var_pop",
        _SQUARES,
        _covariance(0, 0, sample=False),
        "The variance of a population, rounded once.",
        "0.5",
        differs=_ROUNDED_ONCE,
    ),
    _of_one(
        "stddev_samp",
        _SQUARES,
        _deviation(sample=True),
        "The standard deviation of a sample, rounded once; NULL of one row.",
        "0.816496580927726",
        aliases=("stddev",),
        differs=_ROUNDED_ONCE,
    ),
    _of_one(
        "stddev_pop",
        _SQUARES,
        _deviation(sample=False),
        "The standard deviation of a population, rounded once.",
        "0.7071067811865476",
        differs=_ROUNDED_ONCE,
    ),
    _of_two(
        "covar_samp",
        _covariance(0, 1, sample=True),
        "The covariance of two columns of a sample, rounded once; NULL of one row.",
        "0.375",
    ),
    _of_two(
        "covar_pop",
        _covariance(0, 1, sample=False),
        "The covariance of two columns of a population, rounded once.",
        "0.25",
    ),
    _of_two(
        "corr",
        _correlation,
        "Pearson's coefficient of correlation, rounded once; NaN where one side is always equal.",
        "0.5",
    ),
)
