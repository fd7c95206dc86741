"""NDJSON files as sources."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from jobspec.errors import SourceError
from jobspec.types import Column, ValueType

from .uploads import Uploads, rows_of, types_of


def test_ndjson_types_are_unified_and_missing_keys_are_null(uploads: Uploads) -> None:
    source = uploads.good(
        '{"a":1,"b":"x","t":"2024-01-01"}\n\n{"a":2.5,"c":true,"n":null}\n{"b":"é","l":[1]}',
        "ndjson",
    )
    assert types_of(source) == {
        "a": "f64",
        "b": "string",
        "t": "string",
        "c": "bool",
        "n": "string",
        "l": None,
    }
    assert rows_of(source) == [
        {"a": 1, "b": "x", "t": "2024-01-01", "c": None, "n": None},
        {"a": 2.5, "b": None, "t": None, "c": True, "n": None},
        {"a": None, "b": "é", "t": None, "c": None, "n": None},
    ]


def test_ndjson_in_many_blocks_is_read_in_order(uploads: Uploads) -> None:
    lines = [json.dumps({"n": n, "s": "x" * (n % 97)}) for n in range(100_000)]
    lines[90_000] = json.dumps({"n": 90_000.5})
    text = "\n".join(lines)
    assert len(text) > 5 << 20
    source = uploads.good(text, "ndjson")
    assert types_of(source) == {"n": "f64", "s": "string"}
    numbers = [row["n"] for row in rows_of(source, ["n"])]
    assert numbers == [n + 0.5 * (n == 90_000) for n in range(100_000)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a":1}\n[1]\n', "line 2: not a JSON object"),
        ('{"a":1}\n\n{"a":\n', "line 3: not JSON"),
        ('{"a":1}\n{"a":"x"}\n', "line 2: 'a' has another type than in the lines before"),
        ('{"a":1}{"a":2}\n', "line 1: not JSON"),
        ('{"a":1}\n{"a":\n2}\n', "line 2: not JSON"),
        ('{"a":1,"a":2}\n', "specified twice"),
        ("[" * 100_000 + "\n", "line 1: "),
    ],
)
def test_a_file_that_is_not_ndjson_is_a_problem_at_its_line(
    uploads: Uploads, text: str, message: str
) -> None:
    problem = uploads.bad(text, "ndjson")
    assert problem.code == "source_unreadable"
    assert message in problem.message


def test_ndjson_that_is_not_utf8_is_a_problem(uploads: Uploads) -> None:
    problem = uploads.bad(b'{"a":"x"}\n{"a":"\xff"}\n', "ndjson")
    assert "line 2: not UTF-8" in problem.message


def test_an_ndjson_file_without_rows_is_a_problem(uploads: Uploads) -> None:
    assert uploads.bad("\n\n", "ndjson").code == "source_empty"


def test_an_ndjson_line_longer_than_a_block_is_a_problem(uploads: Uploads) -> None:
    assert "more than 4 MB" in uploads.bad('{"a":"' + "x" * (9 << 20), "ndjson").message


def test_sparse_ndjson_is_a_problem_and_not_a_table_of_nulls(uploads: Uploads) -> None:
    text = "".join(f'{{"k{n % 1000}":1}}\n' for n in range(50_000))
    assert "1,000 different keys" in uploads.bad(text, "ndjson").message


@pytest.mark.parametrize(
    "line",
    [
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"a":[],"b":' * 100_000 + "1" + "}" * 100_000,
        "[" * 2_000_000,
        '{"a":"\\"","b":' + "[" * 33 + "]" * 33 + "}",
    ],
)
def test_deeply_nested_ndjson_is_a_problem_at_its_line(uploads: Uploads, line: str) -> None:
    problem = uploads.bad('{"a":"[[[{{{ \\" [["}\n' + line + "\n", "ndjson")
    assert problem.code == "source_unreadable"
    assert problem.message.startswith("the file is not NDJSON: line 2: ")


def test_an_ndjson_value_of_another_type_names_its_line(uploads: Uploads) -> None:
    source = uploads.good('{"a":1}\n' * 10 + '{"a":300}\n', "ndjson", columns={"a": "i64"})
    schema = (Column("a", ValueType.U8, nullable=True),)
    with pytest.raises(SourceError, match="line 11: 'a' is 300, not a value of type u8"):
        list(source.read(schema))


def test_dates_times_binaries_and_decimals_of_ndjson_are_declared(uploads: Uploads) -> None:
    text = """{"d":"2024-02-29","t":"2024-02-29T01:00:00Z","b":"a\\\\xFF","m":1.5}
{"m":"12345678901234567.8"}
{"m":12345678901234567.8}
"""
    declared = {"d": "date", "t": "timestamp", "b": "binary", "m": "decimal(18,1)"}
    assert types_of(uploads.good(text.splitlines()[0], "ndjson")) == {
        "d": "string",
        "t": "string",
        "b": "string",
        "m": "f64",
    }
    assert [list(row.values()) for row in rows_of(uploads.good(text, "ndjson", declared))] == [
        [date(2024, 2, 29), datetime(2024, 2, 29, 1), b"a\xff", Decimal("1.5")],
        [None, None, None, Decimal("12345678901234567.8")],
        [None, None, None, Decimal("12345678901234567.8")],
    ]


@pytest.mark.parametrize(
    ("value_type", "value"),
    [
        ("date", '"29.2.2024"'),
        ("date", "5"),
        ("timestamp", '"2024-02-29 25:00"'),
        ("binary", '"é"'),
        ("decimal(5,2)", "1.555"),
        ("decimal(5,2)", '"x"'),
        ("decimal(5,2)", "1000"),
        ("decimal(5,2)", "true"),
        ("f64", '"x"'),
    ],
)
def test_a_bad_text_of_ndjson_names_its_line(uploads: Uploads, value_type: str, value: str) -> None:
    text = f'{{"x":null}}\n\n{{"y":1.5}}\n{{"x":{value}}}\n'
    problem = uploads.bad(text, "ndjson", {"x": value_type})
    assert "line 4: 'x' is " in problem.message
    assert value_type in problem.message
