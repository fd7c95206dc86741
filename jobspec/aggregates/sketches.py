"""Approximate answers that need little memory: how many different values, and quantiles.

A HyperLogLog of 4,096 registers over XXH64, and a DDSketch with fixed buckets
(`jobspec.plugins.sketches`). Both hold the same for the same rows, however these were cut.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from jobspec.aggregates.aggregate import Aggregate
from jobspec.aggregates.budget import Budget
from jobspec.aggregates.checks import count_of, words_of
from jobspec.aggregates.function import AggregateFunction, Option, Takes
from jobspec.aggregates.state import InProgram, Merged, State, Types
from jobspec.aggregates.words import real, word
from jobspec.errors import OutputError
from jobspec.ir import Const, Kind, Op
from jobspec.plugins.sketches import HLL_BITS, HLL_REGISTERS, LAST_BUCKET, ddsketch_value
from jobspec.sql.value import i32
from jobspec.types import Column, Scalar, Schema, ValueType

_RANKS = 64 - HLL_BITS + 1
_MOST = ValueType.I64.maximum
_SEED = Const(Kind.I64, 0)


def _partial(name: str, types: Types) -> Schema:
    del types
    return (Column(name, ValueType.BINARY),)


# --- different values -----------------------------------------------------------------------------


def _add_register(state: InProgram) -> None:
    (value,) = state.arguments
    if value.type.is_bytes:
        hashed = state.call("xxh64_text", value.value, _SEED)
    else:
        hashed = state.call("xxh64_i64", word(state, value), _SEED)
    digest = state.body.temporary(hashed)
    register, rank = state.call("hll_register", digest), state.call("hll_rank", digest)
    state.do(
        "register_add",
        state.cell(),
        Op("i32.wrap_i64", (register,)),
        Op("i32.wrap_i64", (rank,)),
    )


def _write_registers(state: InProgram) -> None:
    state.write(state.fields[0], state.call("registers_of", state.cell()))


def _registers_of(data: bytes) -> list[tuple[int, int]]:
    """Registers and their ranks. Raises OutputError."""
    if len(data) == HLL_REGISTERS:
        found = [(register, rank) for register, rank in enumerate(data) if rank]
    elif len(data) % 4 or len(data) >= HLL_REGISTERS:
        raise OutputError(f"{len(data)} bytes are no registers")
    else:
        found = [(entry >> 8, entry & 255) for (entry,) in struct.iter_unpack("<I", data)]
    if any(not 1 <= rank <= _RANKS or register >= HLL_REGISTERS for register, rank in found):
        raise OutputError("a register of a state cannot have its rank")
    return found


def _check_registers(aggregate: Aggregate, partial: Sequence[Any]) -> None:
    del aggregate
    _registers_of(partial[0])


class _Registers(Merged):
    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._ranks: dict[int, int] = {}

    def take(self, partial: Sequence[Any]) -> None:
        ranks = self._ranks
        for register, rank in _registers_of(partial[0]):
            if rank > ranks.get(register, 0):
                ranks[register] = rank
        self.spend(len(partial[0]))

    def result(self) -> int:
        counts = [0] * (_RANKS + 1)
        for rank in self._ranks.values():
            counts[rank] += 1
        counts[0] = HLL_REGISTERS - len(self._ranks)
        return estimate(counts)


def estimate(counts: Sequence[int]) -> int:
    """How many different values leave so many registers at each rank.

    The estimator of O. Ertl, New cardinality estimation algorithms for HyperLogLog sketches
    (2017), algorithm 6, which needs no correction of a bias.
    """
    registers = sum(counts)
    last = len(counts) - 1
    total = registers * _tau(1 - counts[last] / registers)
    for rank in range(last - 1, 0, -1):
        total = 0.5 * (total + counts[rank])
    total += registers * _sigma(counts[0] / registers)
    if math.isinf(total):
        return 0
    if total == 0:
        return _MOST
    return min(round(registers * registers / (2 * math.log(2) * total)), _MOST)


def _sigma(x: float) -> float:
    if x == 1:
        return math.inf
    y, total, before = 1.0, x, -1.0
    while total != before:
        x *= x
        before = total
        total += x * y
        y += y
    return total


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0
    y, total, before = 1.0, 1 - x, -1.0
    while total != before:
        x = math.sqrt(x)
        before = total
        y *= 0.5
        total -= (1 - x) ** 2 * y
    return total / 3


# --- quantiles ------------------------------------------------------------------------------------


def _count_bucket(state: InProgram) -> None:
    bucket = state.call("ddsketch_bucket", real(state, state.arguments[0]))
    state.do("map_count", state.call("map_word", state.cell(), bucket))


def _write_buckets(state: InProgram) -> None:
    state.write(state.fields[0], state.call("map_words", state.cell(), i32(16)))


def _buckets_of(data: bytes) -> list[tuple[int, int]]:
    """Buckets and their numbers of rows. Raises OutputError."""
    found = [(bucket, count_of(number)) for bucket, number in words_of(data, 2).iter_unpack(data)]
    if any(abs(bucket) > LAST_BUCKET for bucket, _ in found):
        raise OutputError("there is no such bucket")
    return found


def _check_buckets(aggregate: Aggregate, partial: Sequence[Any]) -> None:
    del aggregate
    _buckets_of(partial[0])


class _Buckets(Merged):
    def __init__(self, aggregate: Aggregate, budget: Budget) -> None:
        super().__init__(aggregate, budget)
        self._numbers: dict[int, int] = {}

    def take(self, partial: Sequence[Any]) -> None:
        numbers = self._numbers
        before = len(numbers)
        for bucket, number in _buckets_of(partial[0]):
            numbers[bucket] = numbers.get(bucket, 0) + number
        self.spend(64 * (len(numbers) - before))

    def result(self) -> Scalar:
        rows = sum(self._numbers.values())
        if not rows:
            return None
        rank = Fraction(self.aggregate.options[0]) * (rows - 1)
        seen = 0
        for bucket in sorted(self._numbers):
            seen += self._numbers[bucket]
            if seen > rank:
                break
        return math.nan if bucket == LAST_BUCKET else ddsketch_value(bucket)


FUNCTIONS = (
    AggregateFunction(
        name="approx_count_distinct",
        takes=(Takes.ANY,),
        gives=ValueType.I64,
        state=State(
            partial=_partial,
            update=_add_register,
            merged=_Registers,
            cells=1,
            write=_write_registers,
            check=_check_registers,
            opens=("states_begin",),
        ),
        about=(
            "About how many different values there are: a HyperLogLog of 4,096 registers, with a"
            " standard error of 1.6 %."
        ),
        examples=(("approx_count_distinct(word)", "3"),),
        differs="The estimates of large numbers differ, since the sketches do.",
        nullable=False,
    ),
    AggregateFunction(
        name="approx_quantile",
        takes=(Takes.DOUBLE,),
        gives=ValueType.F64,
        option=Option.FRACTION,
        state=State(
            partial=_partial,
            update=_count_bucket,
            merged=_Buckets,
            cells=1,
            write=_write_buckets,
            check=_check_buckets,
            opens=("states_begin",),
        ),
        about=(
            "A value within 0.8 % of the one below which that part of the values lies: a DDSketch"
            " with fixed buckets. `approx_quantile(x, 0.5)` is about the median."
        ),
        examples=(("approx_quantile(x, 0.5)", "0.298828125"),),
        differs="DuckDB gives the type of the argument, from a t-digest that depends on the order.",
    ),
)
