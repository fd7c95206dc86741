"""Aggregates one by one: exact to the last bit, and bounded in memory."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import (
    Limits,
    MergeError,
    RunError,
    check_document,
    kernels,
    merge,
    range_chunk,
    run_program,
)
from jobspec.aggregates import budget, texts
from jobspec.aggregates.exact import exact_value, root
from jobspec.aggregates.sketches import estimate
from jobspec.plugins.sketches import HLL_REGISTERS
from jobspec.program_plan import ProgramPlan
from tests.jobspec.jobs import (
    MEMORY_BYTES,
    ParquetJob,
    Program,
    compiled,
    computed,
    document,
    inputs,
    output,
    result,
)
from tests.jobspec.running import Instance

NUMBERS = {"range": {"n": [0, 1000]}}
FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [5e-324, -5e-324, 2.0**-1022, 1.7976931348623157e308, -1.7976931348623157e308, 0.1, 1e16]
)
SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aggregates")


def of_column(folder: Path, values: list[Any], type_: pa.DataType, rows: int, **calls: str) -> Any:
    """The one row that the calls over a column `x` give, in chunks of so many rows."""
    job = ParquetJob(folder, pa.table({"x": pa.array(values, type_)}), {"aggregate": calls})
    (row,) = result(job.job, [output(job.job, chunk) for chunk in job.chunks(rows)])
    return row


# --- exact sums -----------------------------------------------------------------------------------


def nearest(value: Fraction) -> float:
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@SOME
@given(values=st.lists(FINITE, min_size=1, max_size=12), rows=st.integers(1, 12))
def test_exact_sums_and_variances_are_those_of_fractions(
    folder: Path, values: list[float], rows: int
) -> None:
    calls = {"total": "fsum(x)", "mean": "favg(x)", "pop": "var_pop(x)", "samp": "var_samp(x)"}
    found = of_column(folder, values, pa.float64(), rows, **calls)
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    squares = sum((value - mean) ** 2 for value in exact)
    assert found["total"] == nearest(sum(exact, Fraction(0)))
    assert found["mean"] == nearest(mean)
    assert found["pop"] == nearest(squares / len(exact))
    samp = nearest(squares / (len(exact) - 1)) if len(exact) > 1 else None
    assert found["samp"] == samp


@SOME
@given(values=st.lists(st.floats(-1e290, 1e290), min_size=1, max_size=40), rows=st.integers(1, 40))
def test_float_sums_lie_within_the_bound_that_is_stated(
    folder: Path, values: list[float], rows: int
) -> None:
    calls = {"s": "sum(x)", "m": "avg(x)", "d": "sum(DISTINCT x)"}
    found = of_column(folder, values, pa.float64(), rows, **calls)
    for name, summed, divisor in (
        ("s", values, 1),
        ("m", values, len(values)),
        ("d", {*values}, 1),
    ):
        exact = [Fraction(value) for value in summed]
        bound = Fraction(len(exact), 2**53) * sum(map(abs, exact))
        room = Fraction(5e-324) + bound / divisor  # a mean can be less than any float
        assert abs(Fraction(found[name]) - sum(exact) / divisor) <= room


def test_the_sum_of_distinct_floats_is_rounded_after_each(folder: Path) -> None:
    values = [1e16, 1.0, -1e16]
    assert of_column(folder, values, pa.float64(), 2, s="sum(DISTINCT x)") == {"s": 0.0}


@SOME
@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=9))
def test_variances_of_integers_are_exact(folder: Path, values: list[int]) -> None:
    found = of_column(folder, values, pa.int64(), 4, s="fsum(x)", v="var_samp(x)")
    mean = Fraction(sum(values), len(values))
    assert found["s"] == nearest(Fraction(sum(values)))
    assert found["v"] == nearest(sum((each - mean) ** 2 for each in values) / (len(values) - 1))


@SOME
@given(pairs=st.lists(st.tuples(FINITE, FINITE), min_size=2, max_size=8), rows=st.integers(1, 8))
def test_covariances_and_correlations_are_those_of_fractions(
    folder: Path, pairs: list[tuple[float, float]], rows: int
) -> None:
    table = pa.table({name: [pair[at] for pair in pairs] for at, name in enumerate("xy")})
    calls = {"pop": "covar_pop(x, y)", "samp": "covar_samp(y, x)", "corr": "corr(x, y)"}
    job = ParquetJob(folder, table, {"aggregate": calls})
    (found,) = result(job.job, [output(job.job, chunk) for chunk in job.chunks(rows)])
    columns = [[Fraction(pair[at]) for pair in pairs] for at in (0, 1)]
    means = [sum(column) / len(column) for column in columns]
    xs, ys = ([each - mean for each in column] for column, mean in zip(columns, means, strict=True))
    shared = sum((x * y for x, y in zip(xs, ys, strict=True)), Fraction(0))
    assert found["pop"] == nearest(shared / len(pairs))
    assert found["samp"] == nearest(shared / (len(pairs) - 1))
    squares = sum(x * x for x in xs) * sum(y * y for y in ys)
    if not squares:
        assert math.isnan(found["corr"])
        return
    assert -1 <= found["corr"] <= 1
    # The square of what is rounded to 53 bits.
    if shared and abs(found["corr"]) > 1e-100:
        size = shared * shared / squares
        assert abs(Fraction(found["corr"]) ** 2 - size) <= size * Fraction(2) ** -51
        assert (found["corr"] > 0) == (shared > 0)


@given(st.fractions(0, max_denominator=10**40), st.integers(-2000, 2000))
def test_a_root_is_the_nearest_float(fraction: Fraction, exponent: int) -> None:
    value = fraction * Fraction(2) ** exponent
    found = root(value.numerator, value.denominator)
    if not 2.0**-1000 < found < 2.0**1000:
        return
    below, above = (Fraction(math.nextafter(found, end)) for end in (0, math.inf))
    assert (below + Fraction(found)) ** 2 <= 4 * value <= (above + Fraction(found)) ** 2


@pytest.mark.parametrize(
    ("values", "total", "variance"),
    [
        ([math.inf, 1.0], math.inf, math.nan),
        ([-math.inf, 1.0], -math.inf, math.nan),
        ([math.inf, -math.inf], math.nan, math.nan),
        ([math.nan, math.inf], math.nan, math.nan),
        ([1e308, 1e308], math.inf, 0.0),
        ([-0.0, -0.0], 0.0, 0.0),
        ([None, None], None, None),
        ([7.5, None], 7.5, None),
    ],
)
def test_special_floats_and_nulls_in_exact_sums(
    folder: Path, values: list[float | None], total: float | None, variance: float | None
) -> None:
    for rows in (1, 2):
        calls = {"s": "fsum(x)", "v": "var_samp(x)", "d": "stddev(x)"}
        found = of_column(folder, values, pa.float64(), rows, **calls)
        assert [repr(value) for value in found.values()] == [
            repr(value) for value in (total, variance, variance)
        ]


def test_decimals_are_summed_without_their_point(folder: Path) -> None:
    values = [pa.scalar(text).cast(pa.decimal128(18, 4)).as_py() for text in ("0.1000", "0.2001")]
    calls = {"f": "fsum(x)", "m": "favg(x)", "v": "var_pop(x)", "s": "sum(x)"}
    found = of_column(folder, values, pa.decimal128(18, 4), 1, **calls)
    deviation = Fraction(1001, 10_000) / 2
    assert found == {
        "f": 0.3001,
        "m": 0.15005,
        "v": nearest(deviation**2),
        "s": values[0] + values[1],
    }


def test_digits_are_brought_back_before_they_overflow() -> None:
    names = ("states_begin", "exact_add", "exact_bytes", "heap_reset")
    found = [kernels.function(name) for name in names]
    instance = Instance(*(function for function in found if function), memory_bytes=1 << 20)
    instance.call("heap_reset")
    cell, total = 8, 0
    for number in range(6):
        magnitude, shift, negative = 2**64 - 1 - number, 29 + number, number % 3 == 2
        instance.call("exact_add", cell, magnitude - 2**64, shift, int(negative))
        total += (magnitude << shift) * (-1 if negative else 1)
        block = int.from_bytes(instance.memory.read(instance.store, cell, cell + 4), "little")
        # As after 2 ** 30 additions.
        instance.memory.write(instance.store, struct.pack("<I", 1 << 30), block + 8)
    packed = instance.call("exact_bytes", cell)
    start, size = packed & 0xFFFFFFFF, packed >> 32
    data = bytes(instance.memory.read(instance.store, start, start + size))
    assert exact_value(data) == total


# --- values and sketches --------------------------------------------------------------------------


def test_distinct_values_keep_the_order_of_their_first_rows() -> None:
    rows = {"rows": [{"a": value} for value in ("b", "a", None, "b", "c", "a")]}
    job = compiled(rows, {"aggregate": {"t": "string_agg(DISTINCT a, '+')", "m": "mode(a)"}})
    for count in range(1, 7):
        assert computed(job, count) == [{"t": "b+a+c", "m": "b"}]


def test_a_histogram_is_in_the_order_of_the_values_and_json() -> None:
    rows = {"rows": [{"a": value, "x": 2.5} for value in ('q"', "é", "é", "a")]}
    rows["rows"] += [{"a": None, "x": None}]
    job = compiled(rows, {"aggregate": {"t": "histogram(a)", "x": "histogram(x / 0)"}})
    for count in range(1, 6):
        assert computed(job, count) == [{"t": '{"a": 1, "q\\"": 1, "é": 2}', "x": '{"inf": 4}'}]


def test_the_number_of_different_values_is_estimated_within_three_standard_errors() -> None:
    for count in (1, 10, 100, 1000, 10_000, 200_000):
        job = compiled(
            {"range": {"n": [0, count]}},
            {"derive": {"s": "CAST(n // 2 AS string)"}},
            {"aggregate": {"n": "approx_count_distinct(n)", "s": "approx_count_distinct(s)"}},
        )
        (row,) = computed(job, rows=70_000)
        assert abs(row["n"] - count) <= 3 * 0.0163 * count
        assert abs(row["s"] - (count + 1) // 2) <= 3 * 0.0163 * count


def test_an_estimate_of_nothing_is_zero() -> None:
    assert estimate([HLL_REGISTERS] + [0] * 53) == 0
    assert estimate([0] * 53 + [HLL_REGISTERS]) > 2**60


@pytest.mark.parametrize("part", ["0", "0.01", "0.25", "0.5", "0.999", "1"])
def test_a_quantile_is_within_its_bound(part: str) -> None:
    job = compiled(
        {"range": {"n": [-500, 1500]}},
        {"derive": {"x": "n * n * n / 7"}},
        {"aggregate": {"q": f"approx_quantile(x, {part})"}},
    )
    expected = sorted(n**3 / 7 for n in range(-500, 1500))[math.floor(Fraction(part) * 1999)]
    for rows in (2000, 300):
        (row,) = computed(job, rows)
        assert abs(row["q"] - expected) <= 0.008 * abs(expected)


# --- DISTINCT and FILTER --------------------------------------------------------------------------


def test_arguments_are_computed_only_in_rows_that_pass_the_filter() -> None:
    job = compiled(
        {"range": {"n": [-3, 4]}},
        {"aggregate": {"s": "sum(12 // n) FILTER (WHERE n > 0)", "n": "count(*)"}},
    )
    for rows in (7, 2):
        assert computed(job, rows) == [{"s": 12 + 6 + 4, "n": 7}]


def test_a_filter_that_is_null_keeps_the_row_out() -> None:
    rows = {"rows": [{"a": 1, "b": True}, {"a": 2, "b": None}, {"a": None, "b": True}]}
    calls = {"n": "count(*) FILTER (WHERE b)", "l": "last(a) FILTER (WHERE b)"}
    assert computed(compiled(rows, {"aggregate": calls}), 2) == [{"n": 2, "l": None}]


# --- bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        "count(DISTINCT n)",
        "histogram(CAST(n AS string))",
        "string_agg(CAST(n AS string), '.')",
        "mode(n)",
        "sum(DISTINCT n * 3)",
    ],
)
def test_a_state_that_outgrows_the_memory_ends_the_run_with_a_clear_error(call: str) -> None:
    raw = document({"range": {"n": [0, 10_000_000]}}, {"aggregate": {"a": call}})
    job = check_document(raw, limits=Limits(memory_bytes=1 << 20))
    chunk = range_chunk(job.plan, 0, 10_000_000)
    with pytest.raises(RunError) as caught:
        run_program(job.wasm, chunk, fuel=None, memory_bytes=MEMORY_BYTES)
    assert caught.value.code == "memory"


@pytest.mark.parametrize("call", ["last(s)", "max(s)", "arg_max(s, n)", "arg_max_null(s, n)"])
def test_texts_that_replace_each_other_take_the_room_of_one(call: str) -> None:
    """A million of them would not fit into a megabyte."""
    raw = document(
        {"range": {"n": [0, 100_000]}},
        {"derive": {"s": "right('00000' || CAST(n AS string), 6) || ' and some more text'"}},
        {"aggregate": {"a": call}},
    )
    job = check_document(raw, limits=Limits(memory_bytes=1 << 20))
    for rows in (100_000, 30_000):
        assert computed(job, rows) == [{"a": "099999 and some more text"}]


def test_texts_of_the_chunk_and_made_ones_replace_each_other() -> None:
    texts_ = ["b", "", "a long text that is no inline string", None, "c", "dd", ""]
    rows = {"rows": [{"a": text, "n": n} for n, text in enumerate(texts_)]}
    derived = {"derive": {"s": "CASE WHEN n % 2 = 0 THEN a ELSE a || '!' || a END"}}
    calls = {"last": "last(s)", "max": "max(s)", "first": "first(s)", "n": "arg_max_null(s, n)"}
    for count in range(1, 8):
        made = [
            text if text is None or n % 2 == 0 else f"{text}!{text}"
            for n, text in enumerate(texts_)
        ][:count]
        job = compiled({"rows": rows["rows"][:count]}, derived, {"aggregate": calls})
        expected = max((text for text in made if text is not None), default=None)
        for size in range(1, count + 1):
            assert computed(job, size) == [
                {"last": made[-1], "max": expected, "first": "b", "n": made[-1]}
            ]


def test_a_plan_with_distinct_and_options_survives_as_json() -> None:
    calls = {"s": "string_agg(DISTINCT t, ' | ')", "q": "approx_quantile(n, 0.75)"}
    job = compiled(NUMBERS, {"derive": {"t": "CAST(n % 3 AS string)"}}, {"aggregate": calls})
    outputs = [output(job, chunk) for chunk in inputs(job, 400)]
    again = ProgramPlan.from_json(job.plan.to_json())
    assert again == job.plan
    (row,) = [row for batch in merge(again, outputs) for row in batch.to_pylist()]
    assert row == {"s": "0 | 1 | 2", "q": 748.0}


def test_states_of_a_chunk_are_forgotten_before_the_next() -> None:
    calls = {"d": "count(DISTINCT n % 7)", "f": "fsum(n)", "s": "string_agg(CAST(n AS string))"}
    job = compiled(NUMBERS, {"aggregate": calls})
    chunks = inputs(job, 250)
    program = Program(job.wasm)
    for chunk in [*chunks, *reversed(chunks)]:
        program.input(chunk)
        while program.step(100):
            assert program.output() == program.output()
        assert program.output() == output(job, chunk)


def test_what_a_merge_may_remember_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    job = compiled(NUMBERS, {"aggregate": {"d": "count(DISTINCT n)"}})
    outputs = [output(job, chunk) for chunk in inputs(job, 100)]
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (500 * budget.VALUE_BYTES,))
    with pytest.raises(MergeError, match="'d' has to remember more than 64,000 bytes"):
        result(job, outputs)
    assert len(result(job, outputs[:5])) == 1


def test_a_joined_text_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "JOINED_BYTES", 2000)
    for call in ("string_agg(s, ', ')", "string_agg(DISTINCT s, ', ')"):
        job = compiled(
            NUMBERS, {"derive": {"s": "CAST(n AS string)"}}, {"aggregate": {"joined": call}}
        )
        outputs = [output(job, chunk) for chunk in inputs(job, 100)]
        with pytest.raises(MergeError, match="the text 'joined' is longer than 2,000 bytes"):
            result(job, outputs)
        assert result(job, outputs[:3])
