"""Float results of exact sums: `fsum`, means, variances, deviations, covariances, correlations.

Every result is the float nearest to the true value, in any partition and order of the rows. NaN
where infinities or NaN went in, but for sums and means, which follow IEEE 754.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial as bound
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.exact import (
    INFINITE,
    MINUS_INFINITE,
    Finish,
    Moments,
    Product,
    exact_state,
    moments_of,
    quotient,
    root,
)
from jobspec.aggregates.function import AggregateFunction, Distinct, Takes
from jobspec.types import Scalar, ValueType

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
    if special == INFINITE:
        return math.inf
    return -math.inf if special == MINUS_INFINITE else math.nan


def _covariance(a: int, b: int, *, sample: bool) -> Finish:
    def finish(of: Moments) -> float | None:
        if of.count == 1 and sample:
            return None
        if of.special:
            return math.nan
        divisor = of.count * (of.count - sample) * of.units(a, b)
        return quotient(of.covariance(a, b), divisor)

    return finish


def _deviation(*, sample: bool) -> Finish:
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


def _of_values(
    products: Sequence[Product], finish: Finish, aggregate: Aggregate, values: Sequence[Any]
) -> Scalar:
    return finish(moments_of(products, aggregate.arguments, values))


def _of_one(
    name: str,
    products: Sequence[Product],
    finish: Finish,
    about: str,
    example: str,
    **more: Any,
) -> AggregateFunction:
    return AggregateFunction(
        name=name,
        takes=(Takes.NUMBER,),
        gives=ValueType.F64,
        state=exact_state(products, finish),
        about=about,
        examples=((f"{name}({'x' if products is _SUM else 'n'})", example),),
        distinct=Distinct.VALUES,
        of_values=bound(_of_values, products, finish),
        **more,
    )


def _of_two(name: str, finish: Finish, about: str, example: str) -> AggregateFunction:
    products = _ALL if name == "corr" else _BOTH
    return AggregateFunction(
        name=name,
        takes=(Takes.NUMBER, Takes.NUMBER),
        gives=ValueType.F64,
        state=exact_state(products, finish),
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
