"""Steps beyond filters and aggregates: ranges of several axes, samples, orders, joins, searches."""

from __future__ import annotations

import itertools
import random
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from jobspec import OutputError, chunk_table, output_ends
from tests.jobspec.jobs import Program, compiled, computed, inputs, output, problems, result

AXES = {"range": {"z": [5, -1, -3], "y": [0, 3], "x": [-2, 10, 5]}}
HUNDRED = {"range": {"n": [0, 100]}}


def same_in_any_partition(
    source: object, *steps: dict[str, Any], **members: object
) -> list[dict[str, Any]]:
    job = compiled(source, *steps, **members)
    found = computed(job)
    for rows in (1, 2, 7, 64):
        assert repr(computed(job, rows)) == repr(found)  # NaN equals nothing
    return found


# --- ranges ---------------------------------------------------------------------------------------


def test_several_axes_make_every_combination_with_the_last_one_fastest() -> None:
    found = same_in_any_partition(AXES)
    expected = itertools.product(range(5, -1, -3), range(3), range(-2, 10, 5))
    assert found == [{"z": z, "y": y, "x": x} for z, y, x in expected]


def test_chunks_of_several_axes_show_their_values() -> None:
    job = compiled(AXES)
    rows = [row for chunk in inputs(job, 4) for row in chunk_table(job.plan, chunk).to_pylist()]
    assert rows == computed(job)


def test_axes_reach_to_the_ends_of_their_type() -> None:
    ends = {"range": {"a": [2**63 - 3, 2**63 - 1], "b": [-(2**63) + 1, -(2**63) + 3]}}
    assert [tuple(row.values()) for row in same_in_any_partition(ends)] == list(
        itertools.product(range(2**63 - 3, 2**63 - 1), range(-(2**63) + 1, -(2**63) + 3))
    )


# --- samples --------------------------------------------------------------------------------------


def test_a_sample_of_rows_is_the_same_in_any_partition_and_in_row_order() -> None:
    found = [row["n"] for row in same_in_any_partition(HUNDRED, {"sample": {"rows": 9, "seed": 4}})]
    assert len(found) == 9
    assert found == sorted(set(found))


def test_a_sample_larger_than_the_source_is_the_source() -> None:
    assert len(same_in_any_partition(HUNDRED, {"sample": {"rows": 1000}})) == 100
    assert same_in_any_partition(HUNDRED, {"sample": {"rows": 0}}) == []


def test_every_row_has_the_same_chance_in_a_sample() -> None:
    counts = [0] * 20
    for seed in range(120):
        job = compiled({"range": {"n": [0, 20]}}, {"sample": {"rows": 5, "seed": seed}})
        for row in computed(job):
            counts[row["n"]] += 1
    assert all(12 <= count <= 50 for count in counts)  # 30 each, sigma 4.7


def test_a_fraction_keeps_about_so_many_rows_and_another_seed_other_ones() -> None:
    rows = {"range": {"n": [0, 20_000]}}
    first = {row["n"] for row in computed(compiled(rows, {"sample": 0.05}))}
    other = {
        row["n"] for row in computed(compiled(rows, {"sample": {"fraction": 0.05, "seed": 1}}))
    }
    assert 850 <= len(first) <= 1150
    assert 850 <= len(other) <= 1150
    assert len(first & other) <= 100  # a twentieth of a twentieth is 50
    assert same_in_any_partition(HUNDRED, {"sample": 0.3}, {"aggregate": {"n": "count(*)"}})


def test_all_of_a_sample_is_everything() -> None:
    assert len(same_in_any_partition(HUNDRED, {"sample": 1})) == 100


# --- orders ---------------------------------------------------------------------------------------

VALUES: dict[str, list[Any]] = {
    "u64": [0, 1, 2**63, 2**64 - 1],
    "i8": [-128, -1, 0, 127],
    "i64": [-(2**63), -1, 0, 2**63 - 1],
    "f64": [-1e300, -1.5, -0.0, 5e-324, 2.0, 1e300],
    "f32": [-2.5, 0.0, 0.5],
    "bool": [False, True],
    "string": ["", "\0", "\0\0", "\0a", "\1", "a", "a\0", "a\0b", "a\1", "ab", "b", "é", "😀"],
    "date": ["0001-01-01", "1969-12-31", "1970-01-01", "2026-11-21"],
    "timestamp": ["1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "2026-11-21 10:00:00"],
    "decimal(9,2)": ["-1000000.00", "-0.01", "0.00", "0.10", "99999.99"],
}


@pytest.mark.parametrize("kind", VALUES)
def test_every_type_sorts_as_it_compares(kind: str) -> None:
    """The values above are written in their order; NULLs come last, or first where it is said."""
    values = [*VALUES[kind], None]
    places = list(range(len(values)))
    random.Random(kind).shuffle(places)
    source = {
        "rows": [{"v": values[place], "place": place} for place in places],
        "columns": {"v": kind, "place": "i64"},
    }
    last = len(values) - 1
    for order, expected in (
        ("v", [*range(last), last]),
        ("v desc", [*reversed(range(last)), last]),
        ("v nulls first", [last, *range(last)]),
        ("v desc nulls first", [last, *reversed(range(last))]),
    ):
        for limit in (len(values), 3):
            step = {"sort": [order], "limit": limit}
            found = [row["place"] for row in same_in_any_partition(source, step)]
            assert found == expected[:limit]


def test_rows_that_are_equal_in_an_order_stay_in_source_order() -> None:
    steps = ({"derive": {"k": "n % 3", "x": "CASE WHEN n % 2 = 0 THEN 0e0 ELSE -0e0 END"}},)
    found = same_in_any_partition(HUNDRED, *steps, {"sort": ["x", "k desc"], "limit": 40})
    assert [row["n"] for row in found] == sorted(range(100), key=lambda n: -(n % 3))[:40]


def test_nan_is_above_every_float_and_below_null() -> None:
    nan = "(n - n) / (n - n)"
    derive = {"v": f"CASE n WHEN 0 THEN {nan} WHEN 1 THEN 1e0 / 0 WHEN 2 THEN NULL ELSE n END"}
    steps = ({"derive": derive}, {"sort": ["v"], "limit": 9})
    found = same_in_any_partition({"range": {"n": [0, 5]}}, *steps)
    assert [row["n"] for row in found] == [3, 4, 1, 0, 2]


def test_a_long_run_of_ever_better_rows_needs_no_more_memory() -> None:
    """Each of them replaces another; its key takes the room of the one that is gone."""
    job = compiled({"range": {"n": [0, 400_000]}}, {"sort": ["n desc"], "limit": 3})
    program = Program(job.wasm)
    program.input(inputs(job)[0])
    while program.step(50_000):
        pass
    assert len(program.output()) < 1000
    assert program.memory_bytes() < 4 << 20


def test_the_first_rows_of_an_order_can_be_asked_for_after_any_step() -> None:
    job = compiled(HUNDRED, {"derive": {"k": "(n * 37) % 100"}}, {"sort": ["k"], "limit": 5})
    program = Program(job.wasm)
    program.input(inputs(job)[0])
    for done in range(0, 100, 9):
        best = result(job, [program.output()])
        assert best == sorted(computed_pairs(done), key=lambda row: row["k"])[:5]
        program.step(9)


def computed_pairs(count: int) -> list[dict[str, int]]:
    return [{"n": n, "k": n * 37 % 100} for n in range(count)]


def test_an_output_of_more_rows_than_a_limit_is_refused() -> None:
    job = compiled(HUNDRED, {"sort": ["n"], "limit": 3})
    other = compiled(HUNDRED, {"limit": 4})
    with pytest.raises(OutputError, match="4 rows cannot come from"):
        result(job, [output(other, inputs(other)[0])])


def test_distinct_keeps_the_first_row_of_each_key() -> None:
    steps = ({"derive": {"k": "n % 4", "t": "CASE WHEN n % 5 = 0 THEN NULL ELSE 'x' END"}},)
    found = same_in_any_partition(HUNDRED, *steps, {"distinct": ["t", "k"]})
    assert [row["n"] for row in found] == [0, 1, 2, 3, 4, 5, 10, 15]
    assert len(same_in_any_partition(HUNDRED, *steps, {"drop": ["n"]}, {"distinct": True})) == 8


def test_a_search_gives_the_first_row_alone() -> None:
    assert same_in_any_partition(HUNDRED, {"stop_when": "n * n > 500"}) == [{"n": 23}]
    assert same_in_any_partition(HUNDRED, {"stop_when": "n < 0"}) == []
    assert same_in_any_partition(HUNDRED, {"stop_when": "NULL OR n > 98"}) == [{"n": 99}]


def test_an_output_says_whether_anything_after_it_matters() -> None:
    search = compiled(HUNDRED, {"stop_when": "n = 55"})
    outputs = [output(search, chunk) for chunk in inputs(search, 20)]
    ends = [output_ends(search.plan, data) for data in outputs]
    assert ends == [False, False, True, False, False]
    whole = compiled(HUNDRED)
    assert output_ends(whole.plan, output(whole, inputs(whole)[0])) is None


# --- joins ----------------------------------------------------------------------------------------

PEOPLE = {
    "rows": [
        {"name": "Ada", "city": "Oslo", "born": 5},
        {"name": "Bo", "city": None, "born": 300},
        {"name": "Cy", "city": "Lima", "born": None},
        {"name": "Di", "city": "Oslo", "born": -7},
    ]
}


def test_a_join_makes_a_row_of_every_match_in_the_order_of_the_table() -> None:
    source = {"rows": [{"town": "Oslo"}, {"town": "Rome"}, {"town": None}, {"town": "Lima"}]}
    join = {"table": "people", "on": {"town": "city"}}
    found = same_in_any_partition(source, {"join": join}, shared={"people": PEOPLE})
    assert [(row["town"], row["name"]) for row in found] == [
        ("Oslo", "Ada"),
        ("Oslo", "Di"),
        ("Lima", "Cy"),
    ]
    left = same_in_any_partition(
        source, {"join": join | {"how": "left", "columns": ["name"]}}, shared={"people": PEOPLE}
    )
    assert [row["name"] for row in left] == ["Ada", "Di", None, None, "Cy"]


def test_integers_of_any_width_match_by_value() -> None:
    join = {"join": {"table": "people", "on": {"k": "born"}, "columns": ["name"]}}
    for kind, expected in (("i8", ["Ada", "Di"]), ("u16", ["Ada", "Bo"]), ("u64", ["Ada", "Bo"])):
        source = {"rows": [{"k": 5}, {"k": -7 if kind == "i8" else 300}], "columns": {"k": kind}}
        found = same_in_any_partition(source, join, shared={"people": PEOPLE})
        assert [row["name"] for row in found] == expected


def test_a_join_by_two_columns_needs_both_to_match() -> None:
    source = {"rows": [{"a": "Oslo", "b": 5}, {"a": "Oslo", "b": 300}, {"a": "Lima", "b": None}]}
    join = {"table": "people", "on": {"a": "city", "b": "born"}, "how": "left"}
    found = same_in_any_partition(source, {"join": join}, shared={"people": PEOPLE})
    assert [row["name"] for row in found] == ["Ada", None, None]


def test_a_table_without_a_row_that_can_match_leaves_nothing_or_nulls() -> None:
    source = {"range": {"n": [0, 3]}}
    table = {"people": {"rows": [{"n": None, "x": "gone"}], "columns": {"n": "i64"}}}
    join = {"table": "people", "on": ["n"]}
    assert same_in_any_partition(source, {"join": join}, shared=table) == []
    found = same_in_any_partition(source, {"join": join | {"how": "left"}}, shared=table)
    assert found == [{"n": n, "x": None} for n in range(3)]


def test_steps_after_a_join_see_each_of_its_rows() -> None:
    source = {"rows": [{"town": "Oslo"}, {"town": "Lima"}]}
    steps = (
        {"join": {"table": "people", "on": {"town": "city"}}},
        {"filter": "name <> 'Ada'"},
        {"derive": {"both": "name || ' of ' || town"}},
    )
    shared = {"people": PEOPLE}
    found = same_in_any_partition(source, *steps, {"select": ["both"]}, shared=shared)
    assert found == [{"both": "Di of Oslo"}, {"both": "Cy of Lima"}]
    first = same_in_any_partition(source, steps[0], {"limit": 1}, shared=shared)
    assert [row["name"] for row in first] == ["Ada"]
    groups = {"aggregate": {"n": "count(*)"}, "by": ["town"]}
    counted = same_in_any_partition(source, steps[0], groups, shared=shared)
    assert counted == [{"town": "Oslo", "n": 2}, {"town": "Lima", "n": 1}]


def test_joins_follow_each_other() -> None:
    shared = {
        "a": {"rows": [{"k": k % 2, "x": k} for k in range(4)]},
        "b": {"rows": [{"x": 1, "y": "one"}, {"x": 3, "y": "three"}, {"x": 3, "y": "drei"}]},
    }
    steps = (
        {"join": {"table": "a", "on": {"n": "k"}}},
        {"join": {"table": "b", "on": ["x"], "how": "left"}},
    )
    found = same_in_any_partition({"range": {"n": [0, 2]}}, *steps, shared=shared)
    assert [tuple(row.values()) for row in found] == [
        (0, 0, None),
        (0, 2, None),
        (1, 1, "one"),
        (1, 3, "three"),
        (1, 3, "drei"),
    ]


def test_a_large_table_is_found_through_its_index() -> None:
    rows = [{"k": (n * 7919) % 50_000, "v": n} for n in range(20_000)]
    places = {row["k"]: row["v"] for row in rows}
    join = {"join": {"table": "t", "on": {"n": "k"}}}
    job = compiled({"range": {"n": [0, 50_000]}}, join, shared={"t": {"rows": rows}})
    found = {row["n"]: row["v"] for row in computed(job)}
    assert found == places


def test_values_of_every_type_come_through_a_join() -> None:
    row = {"d": "2026-11-21", "t": "2026-11-21 10:00:00", "p": "12.50", "b": True}
    types = {"k": "i64", "d": "date", "t": "timestamp", "p": "decimal(9,2)", "b": "bool"}
    shared = {"t": {"rows": [{"k": 1, **row}], "columns": types}}
    join = {"join": {"table": "t", "on": {"n": "k"}, "how": "left"}}
    found = same_in_any_partition({"range": {"n": [0, 2]}}, join, shared=shared)
    assert found[0] == {"n": 0, "d": None, "t": None, "p": None, "b": None}
    assert found[1] == {
        "n": 1,
        "d": date(2026, 11, 21),
        "t": datetime(2026, 11, 21, 10),
        "p": Decimal("12.50"),
        "b": True,
    }


@pytest.mark.parametrize(
    ("join", "code", "place"),
    [
        ({"table": "people", "on": {"n": "age"}}, "unknown_column", "/on/n"),
        ({"table": "people", "on": {"m": "born"}}, "unknown_column", "/on/m"),
        ({"table": "peple", "on": {"n": "born"}}, "unknown_table", "/table"),
        ({"table": "numbers", "on": {"n": "born"}}, "unknown_table", "/table"),
        ({"table": "people", "on": {"n": "city"}}, "type_mismatch", "/on/n"),
        (
            {"table": "people", "on": {"n": "born"}, "columns": ["age"]},
            "unknown_column",
            "/columns/0",
        ),
        ({"table": "people", "on": {"n": "born"}, "how": "outer"}, "bad_value", "/how"),
        ({"table": "people", "on": []}, "bad_value", "/on"),
    ],
)
def test_a_join_that_cannot_be_is_a_problem(join: Any, code: str, place: str) -> None:
    shared = {"people": PEOPLE, "numbers": {"values": [1, 2]}}
    found = problems({"range": {"n": [0, 3]}}, {"join": join}, shared=shared)
    assert [(each.code, each.pointer) for each in found] == [(code, f"/steps/0/join{place}")]


def test_a_table_does_not_hide_columns() -> None:
    found = problems(
        {"range": {"name": [0, 3]}},
        {"join": {"table": "people", "on": {"name": "born"}}},
        shared={"people": PEOPLE},
    )
    assert [(each.code, each.pointer) for each in found] == [
        ("duplicate_name", "/steps/0/join/table")
    ]


def test_many_joins_are_too_many() -> None:
    steps = [{"join": {"table": "t", "on": {"n": "k"}, "columns": []}} for _ in range(9)]
    found = problems({"range": {"n": [0, 3]}}, *steps, shared={"t": {"rows": [{"k": 1}]}})
    assert [(each.code, each.pointer) for each in found] == [("too_long", "/steps/8/join")]
