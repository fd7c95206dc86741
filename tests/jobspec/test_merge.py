"""Merging outputs: exact, in row order, and with clear words where there is no result."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobspec import MergeError, OutputError, merge, merge_rows, result_schema
from jobspec.aggregates.merging import BATCH_ROWS
from tests.jobspec.jobs import compiled, computed, inputs, output, result

BIG = 2**63 - 1


def of_rows(*values: object) -> dict[str, object]:
    return {"rows": [{"a": value} for value in values]}


def test_a_sum_may_pass_beyond_64_bits_on_its_way() -> None:
    job = compiled(of_rows(BIG, BIG, BIG, -BIG, -BIG, -7), {"aggregate": {"s": "sum(a)"}})
    for rows in (1, 2, 3, 6):
        assert computed(job, rows) == [{"s": BIG - 7}]


def test_a_sum_that_does_not_fit_is_an_error_that_says_so() -> None:
    job = compiled(of_rows(BIG, 1), {"aggregate": {"total": "sum(a)"}})
    with pytest.raises(MergeError, match="the sum 'total' is 9223372036854775808, which i64"):
        computed(job)


def test_an_average_of_large_integers_is_exact() -> None:
    job = compiled(of_rows(BIG, BIG, BIG), {"aggregate": {"m": "avg(a)"}})
    assert computed(job, rows=2) == [{"m": float(BIG)}]


@given(st.lists(st.integers(-(2**63), BIG), min_size=1, max_size=8), st.integers(1, 8))
def test_sums_are_those_of_python(values: list[int], rows: int) -> None:
    job = compiled(of_rows(*values), {"aggregate": {"s": "sum(a)", "m": "avg(a)"}})
    total = sum(values)
    if not -(2**63) <= total <= BIG:
        with pytest.raises(MergeError):
            computed(job, rows)
        return
    assert computed(job, rows) == [{"s": total, "m": total / len(values)}]


def test_infinities_add_up_to_the_one_nan() -> None:
    steps = (
        {"derive": {"x": "a * 1e308 * 1e10"}},
        {"aggregate": {"s": "sum(x)", "m": "avg(x)"}},
    )
    job = compiled(of_rows(1, -1), *steps)
    for rows in (1, 2):
        (row,) = computed(job, rows)
        assert {struct.pack("<d", value).hex() for value in row.values()} == {"000000000000f87f"}


def test_groups_come_in_the_order_of_their_first_appearance() -> None:
    job = compiled(
        of_rows("b", None, "a", "b", "", "a", None),
        {"aggregate": {"n": "count(*)"}, "by": ["a"]},
    )
    for rows in range(1, 8):
        assert [tuple(row.values()) for row in computed(job, rows)] == [
            ("b", 2),
            (None, 2),
            ("a", 2),
            ("", 1),
        ]


def test_of_equal_rows_the_first_wins() -> None:
    rows = {"rows": [{"k": k, "v": v} for k, v in ((1, "a"), (2, "b"), (2, "c"), (1, "d"))]}
    job = compiled(rows, {"aggregate": {"low": "arg_min(v, k)", "high": "arg_max(v, k)"}})
    for count in range(1, 5):
        assert computed(job, count) == [{"low": "a", "high": "b"}]


def test_a_null_value_or_key_is_left_out_of_arg_max() -> None:
    rows = {"rows": [{"k": 9, "v": None}, {"k": None, "v": "x"}, {"k": 1, "v": "y"}]}
    job = compiled(rows, {"aggregate": {"high": "arg_max(v, k)"}})
    for count in range(1, 4):
        assert computed(job, count) == [{"high": "y"}]


def test_nan_is_one_group() -> None:
    job = compiled(
        {"range": {"n": [0, 6]}},
        {"derive": {"x": "CASE WHEN n % 2 = 0 THEN (n - n) / (n - n) ELSE n / 1 END"}},
        {"aggregate": {"n": "count(*)"}, "by": ["x"]},
    )
    for rows in range(1, 7):
        (nan, three), *others = [tuple(row.values()) for row in computed(job, rows)]
        assert math.isnan(nan)
        assert (three, others) == (3, [(1.0, 1), (3.0, 1), (5.0, 1)])


def test_zero_and_negative_zero_are_one_group_named_by_the_first() -> None:
    job = compiled(of_rows(-0.0, 0.0, 1.0), {"aggregate": {"n": "count(*)"}, "by": ["a"]})
    for rows in range(1, 4):
        (first, two), _ = [tuple(row.values()) for row in computed(job, rows)]
        assert (math.copysign(1, first), two) == (-1, 2)


def test_a_limit_takes_no_more_outputs_than_it_needs() -> None:
    job = compiled({"range": {"n": [0, 100]}}, {"filter": "n % 2 = 1"}, {"limit": 7})
    outputs = [output(job, chunk) for chunk in inputs(job, 10)]
    taken = []

    def arriving() -> Iterator[bytes]:
        for data in outputs:
            taken.append(data)
            yield data

    rows = [row for batch in merge(job.plan, arriving()) for row in batch.to_pylist()]
    assert rows == [{"n": n} for n in range(1, 15, 2)]
    assert len(taken) == 2


def test_a_limit_of_zero_takes_nothing() -> None:
    job = compiled({"range": {"n": [0, 10]}}, {"limit": 0})
    assert computed(job) == []


def test_a_malformed_output_is_an_output_error() -> None:
    job = compiled(of_rows(1, 2))
    good = output(job, inputs(job)[0])
    with pytest.raises(OutputError):
        result(job, [good, good[:-64]])


def test_many_groups_come_in_bounded_batches() -> None:
    count = BATCH_ROWS + 5
    job = compiled({"range": {"n": [0, count]}}, {"aggregate": {"m": "max(n)"}, "by": ["n"]})
    outputs = [output(job, chunk) for chunk in inputs(job, 20_000)]
    batches = list(merge(job.plan, outputs))
    assert [batch.num_rows for batch in batches] == [BATCH_ROWS, 5]
    assert all(batch.schema == result_schema(job.plan) for batch in batches)


def test_more_rows_than_memory_holds_are_not_put_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_rows, "MOST_BYTES", 1000)
    source = {"range": {"n": [0, 200]}}
    with pytest.raises(MergeError, match="more than 1,000 bytes; take fewer"):
        computed(compiled(source, {"sort": ["n"], "limit": 200}), rows=10)
    monkeypatch.setattr(merge_rows, "GATHERED_ROWS", 20)
    assert len(computed(compiled(source, {"sort": ["n"], "limit": 3}), rows=10)) == 3


def test_more_distinct_rows_than_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_rows, "MOST_KEYS", 100)
    source = {"range": {"n": [0, 101]}}
    with pytest.raises(MergeError, match="more than 100 distinct rows"):
        computed(compiled(source, {"distinct": True}), rows=10)
    last = {"derive": {"n": "n % 100"}}
    assert len(computed(compiled(source, last, {"distinct": True}), rows=10)) == 100


def test_longer_texts_of_distinct_rows_than_memory_holds_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(merge_rows, "MOST_BYTES", 1000)
    source = {"range": {"n": [0, 101]}}
    steps = ({"derive": {"s": "repeat('x', n)"}}, {"distinct": ["s"]})
    with pytest.raises(MergeError, match="more than 1,000 bytes"):
        computed(compiled(source, *steps), rows=10)
    few = {"derive": {"n": "n % 40"}}
    assert len(computed(compiled(source, few, *steps), rows=10)) == 40
