"""Sources: types found, values read, and clear words about what cannot be read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobspec.document_sources import RowsSource, UploadSource, UrlSource
from jobspec.errors import SourceError
from jobspec.problems import Problem, ProblemList
from jobspec.sources.opening import open_source
from jobspec.sources.source import SAMPLE_BYTES, Source
from jobspec.types import Column, ValueType

SHA = "0" * 64


class Uploads:
    """Files as uploads, each opened by a source of its format."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "upload"

    def open(
        self, text: str | bytes, file_format: str = "csv", columns: dict[str, str] | None = None
    ) -> tuple[Source | None, tuple[Problem, ...]]:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        document = UploadSource.model_validate(
            {"upload": SHA, "format": file_format, "columns": columns}
        )
        problems = ProblemList()
        return open_source(document, lambda _: self.path, problems), problems.all()

    def good(self, *args: Any, **kwargs: Any) -> Source:
        source, problems = self.open(*args, **kwargs)
        assert source is not None
        assert problems == ()
        return source

    def bad(self, *args: Any, **kwargs: Any) -> Problem:
        source, (problem,) = self.open(*args, **kwargs)
        assert source is None
        return problem

    def parquet(self, table: pa.Table, **kwargs: Any) -> bytes:
        pq.write_table(table, self.path, **kwargs)
        return self.path.read_bytes()


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)


def types_of(source: Source) -> dict[str, str | None]:
    return {column.name: column.type and column.type.value for column in source.columns}


def rows_of(source: Source, names: Sequence[str] | None = None) -> list[dict[str, object]]:
    schema = tuple(
        Column(column.name, column.type, column.nullable)
        for column in source.columns
        if column.type is not None and (names is None or column.name in names)
    )
    return [row for batch in source.read(schema) for row in batch.to_pylist()]


# --- rows in the document -------------------------------------------------------------------------


def inline(
    rows: list[dict[str, object]], columns: dict[str, str] | None = None
) -> tuple[Source, tuple[Problem, ...]]:
    problems = ProblemList()
    document = RowsSource.model_validate({"rows": rows, "columns": columns})
    source = open_source(document, None, problems)
    assert source is not None
    return source, problems.all()


def test_inline_rows_have_the_types_of_their_values() -> None:
    rows: list[dict[str, object]] = [
        {"a": 1, "b": 1, "c": True, "d": "x", "e": None, "f": 2**63},
        {"a": 2, "b": 0.5, "c": None, "d": "é", "g": 1.5, "f": 1},
    ]
    source, problems = inline(rows)
    assert problems == ()
    assert types_of(source) == {
        "a": "i64",
        "b": "f64",
        "c": "bool",
        "d": "string",
        "e": "string",
        "f": "u64",
        "g": "f64",
    }
    assert [column.nullable for column in source.columns] == [0, 0, 1, 0, 1, 0, 1]
    assert source.rows == 2
    names = dict.fromkeys("abcdefg")
    assert rows_of(source) == [{**names, **row} for row in rows]


def test_declared_types_of_inline_rows_win() -> None:
    source, problems = inline([{"a": 1, "b": 2}], {"a": "u8", "b": "f32"})
    assert problems == ()
    assert types_of(source) == {"a": "u8", "b": "f32"}


@pytest.mark.parametrize(
    ("rows", "columns", "pointer", "message"),
    [
        (
            [{"a": 1}, {"a": "x"}],
            None,
            "/source/rows/1/a",
            "a number stands before",
        ),
        ([{"a": 1}, {"a": None}, {"a": True}], None, "/source/rows/2/a", "truth value"),
        ([{"a": -1}, {"a": 2**63}], None, "/source/rows/1/a", "not a value of type i64"),
        ([{"a": 1}, {"a": 300}], {"a": "u8"}, "/source/rows/1/a", "300 is not a value of type u8"),
        ([{"a": 1.5}], {"a": "i64"}, "/source/rows/0/a", "1.5 is not a value of type i64"),
        ([{"a": True}], {"a": "i64"}, "/source/rows/0/a", "True is not"),
        ([{"a/b": 1}], {"a/b": "string"}, "/source/rows/0/a~1b", "1 is not"),
        ([{"abc": 1}], {"abd": "i64"}, "/source/columns/abd", "no column 'abd'"),
    ],
)
def test_a_bad_inline_value_is_a_problem_at_its_row(
    rows: list[dict[str, object]], columns: dict[str, str] | None, pointer: str, message: str
) -> None:
    _, (problem,) = inline(rows, columns)
    assert problem.pointer == pointer
    assert message in problem.message


def test_inline_dates_times_binaries_and_decimals_are_texts_of_declared_types() -> None:
    source, problems = inline(
        [
            {"d": "2024-02-29", "t": "2024-02-29 12:30:00.5", "b": "a\\xFF", "m": "0.10"},
            {"d": None, "t": None, "b": None, "m": None},
            {"d": "0001-01-01", "t": "9999-12-31T23:59", "b": "", "m": 1.5},
            {"d": "9999-12-31", "t": "2024-02-29T12:00", "b": "ab", "m": -7},
        ],
        {"d": "date", "t": "timestamp", "b": "binary", "m": "decimal(18,2)"},
    )
    assert problems == ()
    assert [list(row.values()) for row in rows_of(source)] == [
        [date(2024, 2, 29), datetime(2024, 2, 29, 12, 30, 0, 500_000), b"a\xff", Decimal("0.1")],
        [None, None, None, None],
        [date.min, datetime(9999, 12, 31, 23, 59), b"", Decimal("1.5")],
        [date.max, datetime(2024, 2, 29, 12), b"ab", Decimal(-7)],
    ]


@pytest.mark.parametrize(
    ("value", "value_type", "hint"),
    [
        ("29.2.2024", "date", "write 2024-02-29"),
        (20240229, "date", "write 2024-02-29"),
        ("2024-02-29 25:00", "timestamp", "write 2024-02-29 12:30:00"),
        ("é", "binary", "printable ASCII"),
        (1.555, "decimal(5,2)", "another type"),
        (1000, "decimal(5,2)", "another type"),
        (True, "decimal(5,2)", "another type"),
        (1234567890123456.78, "decimal(18,2)", "use quotes"),
    ],
)
def test_a_bad_inline_text_is_a_problem_that_says_how_it_is_written(
    value: object, value_type: str, hint: str
) -> None:
    _, (problem,) = inline([{"a": None}, {"a": value}], {"a": value_type})
    assert problem.pointer == "/source/rows/1/a"
    assert value_type in problem.message
    assert hint in problem.hint


# --- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('a,b\n1,x\n2,"open\n', "row 1 (from 0)"),
        ('a,b\n1,x\n2,"open', "row 1 (from 0)"),
        ('a,b\n1,"open\n2,x\n3,y\n', "row 0 (from 0)"),
        ('a,b\n1,x\n"2,y\n', "row 1 (from 0)"),
        ('a,b\n1,x\n2,"a""\n', "row 1 (from 0)"),
        ('a\n1\n"', "row 1 (from 0)"),
        ('a,"b\n1,x\n', "the first line"),
    ],
)
def test_a_quote_that_is_never_closed_is_an_error(uploads: Uploads, text: str, place: str) -> None:
    """And not a value that holds the rest of the file."""
    problem = uploads.bad(text)
    assert problem.code == "source_unreadable"
    assert problem.message == f"{place}: a double quote is never closed"


def test_a_quote_that_is_never_closed_is_an_error_behind_the_sample(uploads: Uploads) -> None:
    lines = b"1,x\n" * (SAMPLE_BYTES // 4)
    for end, rows in ((b'2,"open\n3,y\n', SAMPLE_BYTES // 4), (b'"2,y\n', SAMPLE_BYTES // 4)):
        source = uploads.good(b"a,b\n" + lines + end)
        with pytest.raises(SourceError, match=rf"row {rows} .*: a double quote is never closed"):
            list(source.read((Column("b", ValueType.STRING, nullable=True),)))


def test_blank_lines_and_missing_line_ends_are_no_rows(uploads: Uploads) -> None:
    for text in ("a\n1\n2", "a\n1\n2\n", "a\n1\n\n2\n\n\n", "a\r\n1\r\n2\r\n", "a\r1\r2"):
        assert rows_of(uploads.good(text)) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_columns_name_that_is_not_utf8_is_a_problem(uploads: Uploads, file_format: str) -> None:
    data = uploads.parquet(pa.table({"QQQ": [1]})) if file_format == "parquet" else b"QQQ\n1\n"
    problem = uploads.bad(data.replace(b"QQQ", b"\xff\xfeQ"), file_format)
    assert problem.code == "source_unreadable"
    assert "UTF-8" in problem.message


def test_csv_types_are_inferred_and_null_is_an_empty_field(uploads: Uploads) -> None:
    source = uploads.good('i,f,b,s,n\n1,1.5,true,"x, ""y""",\n,,,,\n3,nan,false,"",\n')
    assert types_of(source) == {"i": "i64", "f": "f64", "b": "bool", "s": "string", "n": "string"}
    first, second, third = rows_of(source, ["i", "b", "s", "n"])
    assert first == {"i": 1, "b": True, "s": 'x, "y"', "n": None}
    assert second == {"i": None, "b": None, "s": None, "n": None}
    assert third == {"i": 3, "b": False, "s": "", "n": None}
    assert source.rows is None


def test_na_in_a_csv_file_is_a_string(uploads: Uploads) -> None:
    assert rows_of(uploads.good("country\nNA\nDE\n")) == [{"country": "NA"}, {"country": "DE"}]


def test_csv_with_a_byte_order_mark_and_carriage_returns(uploads: Uploads) -> None:
    assert rows_of(uploads.good("\ufeffa,b\r\n1,é\r\n")) == [{"a": 1, "b": "é"}]


def test_declared_types_of_a_csv_file_win(uploads: Uploads) -> None:
    source = uploads.good("zip,n\n01234,7\n", columns={"zip": "string", "n": "u8"})
    assert rows_of(source) == [{"zip": "01234", "n": 7}]
    assert types_of(source) == {"zip": "string", "n": "u8"}


def test_a_type_that_the_language_has_not_is_noted_but_no_problem_yet(uploads: Uploads) -> None:
    source = uploads.good("when,n\n12:30:00,7\n")
    assert source.columns[0].type is None
    assert source.columns[0].stated == "time32[s]"
    assert rows_of(source) == [{"n": 7}]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "source_unreadable", "Empty CSV file"),
        ("a,b\n", "source_empty", "header but no rows"),
        ("a,a\n1,2\n", "source_unreadable", "two columns are named 'a'"),
        ("a,\n1,2\n", "source_unreadable", "column 2 has no name"),
        ("a\x07,b\n1,2\n", "source_unreadable", "column 1 is named 'a\\x07'"),
        (f"{'a' * 129}\n1\n", "source_unreadable", "column 1 is named"),
        ("a,b\n1,2\n1,2,3\n", "source_unreadable", "row 1 (from 0): Expected 2 columns, got 3"),
    ],
)
def test_a_file_that_is_not_csv_is_a_problem(
    uploads: Uploads, text: str, code: str, message: str
) -> None:
    problem = uploads.bad(text)
    assert problem.code == code
    assert message in problem.message
    assert problem.pointer == "/source"


def test_a_csv_value_of_another_type_names_its_row_and_column(uploads: Uploads) -> None:
    text = "n,s\n" + "1,x\n" * 99 + "oops,x\n"
    place = r"row 99 \(from 0\): column 'n': not a value of type int64: 'oops'"
    assert re.search(place, uploads.bad(text, columns={"n": "i64"}).message)
    source = uploads.good(text)
    with pytest.raises(SourceError, match=place) as caught:
        list(source.read((Column("n", ValueType.I64, nullable=True),)))
    assert caught.value.row == 99


def test_a_csv_sample_may_end_inside_a_quoted_field(uploads: Uploads) -> None:
    row = '1234,"' + "x\n" * 500 + '",5\n'
    source = uploads.good("n,s,m\n" + row * (17 * 2**20 // len(row)))
    assert types_of(source) == {"n": "i64", "s": "string", "m": "i64"}
    assert {row["m"] for row in rows_of(source, ["m"])} == {5}


def test_a_broken_row_far_into_a_csv_file_names_its_row(uploads: Uploads) -> None:
    rows = 17 * 2**20 // 8
    source = uploads.good("n,s\n" + "1234,56\n" * rows + "1,2,3\n")
    with pytest.raises(SourceError, match=rf"row {rows} \(from 0\): Expected 2 columns") as caught:
        rows_of(source)
    assert caught.value.row == rows


def test_dates_and_times_of_a_csv_file_are_found(uploads: Uploads) -> None:
    source = uploads.good("d,t,z\n2024-02-29,2024-02-29 12:00:00.5,2024-02-29T01:00:00+02:00\n,,\n")
    assert types_of(source) == {"d": "date", "t": "timestamp", "z": "timestamp"}
    row, nulls = rows_of(source)
    assert row["d"] == date(2024, 2, 29)
    assert row["t"] == datetime(2024, 2, 29, 12, 0, 0, 500_000)
    assert row["z"] == datetime(2024, 2, 28, 23)  # in UTC
    assert set(nulls.values()) == {None}


def test_decimals_and_binaries_of_a_csv_file_are_declared(uploads: Uploads) -> None:
    text = 'm,b\n1.5,"a\\xFF, b"\n-.05,\n'
    assert types_of(uploads.good(text)) == {"m": "f64", "b": "string"}
    source = uploads.good(text, columns={"m": "decimal(9,2)", "b": "binary"})
    assert rows_of(source) == [
        {"m": Decimal("1.50"), "b": b"a\xff, b"},
        {"m": Decimal("-0.05"), "b": None},
    ]


@pytest.mark.parametrize(
    ("value_type", "text", "message"),
    [
        ("date", "29.2.2024", "column 'x'"),
        ("timestamp", "2024-02-29T00:00Z", "expected no zone offset"),
        ("decimal(5,2)", "1.555", "row 1 (from 0): column 'x': '1.555' is not"),
        ("decimal(5,2)", "1000", "row 1 (from 0)"),
        ("binary", "\\x4", "row 1 (from 0): column 'x': '\\\\x4' is not a value of type binary"),
    ],
)
def test_a_bad_text_of_a_csv_file_names_its_column(
    uploads: Uploads, value_type: str, text: str, message: str
) -> None:
    problem = uploads.bad(f"x,y\n,0\n{text},1\n", columns={"x": value_type})
    assert message in problem.message
    assert "'columns'" in problem.hint


# --- NDJSON ---------------------------------------------------------------------------------------


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


# --- Parquet --------------------------------------------------------------------------------------


def test_parquet_has_its_own_types(uploads: Uploads) -> None:
    table = pa.table(
        {
            "a": pa.array([1, 2], pa.int8()),
            "s": pa.array(["x", None], pa.large_string()),
            "d": pa.array(["x", "x"]).dictionary_encode(),
            "when": pa.array([1, 2], pa.time32("s")),
        }
    )
    source = uploads.good(uploads.parquet(table), "parquet")
    assert types_of(source) == {"a": "i8", "s": "string", "d": "string", "when": None}
    assert source.rows == 2
    assert rows_of(source) == [{"a": 1, "s": "x", "d": "x"}, {"a": 2, "s": None, "d": "x"}]


def test_arrow_types_are_cast_to_those_of_the_language(uploads: Uploads) -> None:
    noon = datetime(2024, 2, 29, 12)
    table = pa.table(
        {
            "ns": pa.array([noon], pa.timestamp("ns")),
            "zoned": pa.array([noon], pa.timestamp("ms", "Europe/Berlin")),
            "day": pa.array([date(2024, 2, 29)], pa.date64()),
            "half": pa.array([1.5], pa.float16()),
            "key": pa.array([b"ab"], pa.binary(2)),
            "large": pa.array([b"ab"], pa.large_binary()),
            "money": pa.array([Decimal("1.50")], pa.decimal128(12, 2)),
            "wide": pa.array([Decimal("1.50")], pa.decimal128(38, 2)),
        }
    )
    source = uploads.good(uploads.parquet(table), "parquet")
    assert list(types_of(source).values()) == [
        "timestamp",
        "timestamp",
        "date",
        "f32",
        "binary",
        "binary",
        "decimal(12,2)",
        None,
    ]
    (row,) = rows_of(source)
    assert list(row.values()) == [noon, noon, noon.date(), 1.5, b"ab", b"ab", Decimal("1.5")]
    source = uploads.good(uploads.parquet(table), "parquet", {"wide": "decimal(5,2)"})
    assert rows_of(source, ["wide"]) == [{"wide": Decimal("1.5")}]


@pytest.mark.parametrize(
    ("array", "value_type"),
    [
        (pa.array([1_000_000_001], pa.timestamp("ns")), "timestamp"),
        (pa.array([Decimal("1000.00")]), "decimal(5,2)"),
        (pa.array([1.555]), "decimal(5,2)"),
        (pa.array([1000]), "decimal(5,2)"),
    ],
)
def test_a_cast_of_a_parquet_column_that_would_lose_something_is_refused(
    uploads: Uploads, array: pa.Array, value_type: str
) -> None:
    source = uploads.good(
        uploads.parquet(pa.table({"x": array})), "parquet", columns={"x": value_type}
    )
    with pytest.raises(SourceError, match=r"column 'x': .* another type in 'columns'"):
        rows_of(source)


def test_numbers_of_a_parquet_file_are_cast_to_decimals_exactly(uploads: Uploads) -> None:
    table = pa.table({"f": [12.3, None], "i": [999, -7], "s": pa.array([0.1, 2], pa.float32())})
    declared = dict.fromkeys("fis", "decimal(5,2)")
    assert rows_of(uploads.good(uploads.parquet(table), "parquet", declared)) == [
        {"f": Decimal("12.3"), "i": Decimal(999), "s": Decimal("0.1")},
        {"f": None, "i": Decimal(-7), "s": Decimal(2)},
    ]


def test_declared_types_of_a_parquet_file_are_cast_without_loss(uploads: Uploads) -> None:
    data = uploads.parquet(pa.table({"a": pa.array([1, 300], pa.int64())}))
    assert rows_of(uploads.good(data, "parquet", columns={"a": "i16"})) == [{"a": 1}, {"a": 300}]
    with pytest.raises(SourceError, match=r"column 'a': .*300.* in rows 0 to 1"):
        rows_of(uploads.good(data, "parquet", columns={"a": "u8"}))


def test_a_file_that_is_not_parquet_is_a_problem(uploads: Uploads) -> None:
    assert "not Parquet" in uploads.bad(b"PAR1 it is not", "parquet").message


def test_a_damaged_parquet_file_is_a_source_error(uploads: Uploads) -> None:
    table = pa.table({"a": list(range(10_000))})
    data = bytearray(uploads.parquet(table, compression="zstd"))
    data[4:200] = bytes(196)
    source = uploads.good(bytes(data), "parquet")
    with pytest.raises(SourceError, match="damaged after row 0"):
        rows_of(source)


# --- all formats ---


@pytest.mark.parametrize(
    ("text", "file_format"),
    [
        (",".join(f"c{n}" for n in range(10_002)) + "\n", "csv"),
        ("".join(f'{{"k{n}":1}}\n' for n in range(200_000)), "ndjson"),
    ],
)
def test_too_many_columns_are_a_problem(uploads: Uploads, text: str, file_format: str) -> None:
    assert "more than 10000 columns" in uploads.bad(text, file_format).message


# --- uploads --------------------------------------------------------------------------------------


def test_an_unknown_upload_is_a_problem() -> None:
    def missing(sha256: str) -> Path:
        raise FileNotFoundError(sha256)

    for open_upload in (None, missing):
        problems = ProblemList()
        document = UploadSource.model_validate({"upload": SHA, "format": "csv"})
        assert open_source(document, open_upload, problems) is None
        (problem,) = problems
        assert (problem.code, problem.pointer) == ("unknown_upload", "/source/upload")


# --- files that stand for more than they are ------------------------------------------------------


def test_long_strings_of_a_dictionary_are_read_a_few_rows_at_a_time(uploads: Uploads) -> None:
    """Five kilobytes stand for two hundred gigabytes; no batch holds more than some megabytes."""
    indices = pa.array(np.zeros(200_000, np.int32))
    strings = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 1_000_000]))
    data = uploads.parquet(pa.table({"s": strings}), compression="zstd")
    assert len(data) < 10_000
    source = uploads.good(data, "parquet")
    batches = source.read((Column("s", ValueType.STRING, nullable=True),))
    for _, batch in zip(range(3), batches, strict=False):
        assert batch.num_rows > 1
        assert batch.nbytes < 20_000_000


def test_a_row_group_that_shrank_to_nothing_is_refused(uploads: Uploads) -> None:
    table = pa.table({"s": ["x" * (300 << 20)], "n": [1]})
    source = uploads.good(
        uploads.parquet(table, compression="zstd", use_dictionary=False, write_statistics=False),
        "parquet",
    )
    with pytest.raises(SourceError, match=r"column 's' has .* compressed to .* smaller row groups"):
        rows_of(source)
    assert rows_of(source, ["n"]) == [{"n": 1}]


def test_row_groups_of_any_size_are_read_in_order(uploads: Uploads) -> None:
    table = pa.table({"n": range(1000), "s": [str(n % 7) * (n % 5) for n in range(1000)]})
    for rows in (1, 7, 999, 1000):
        source = uploads.good(uploads.parquet(table, row_group_size=rows), "parquet")
        assert rows_of(source) == table.to_pylist()


# --- files elsewhere ------------------------------------------------------------------------------


def test_a_file_elsewhere_is_the_upload_of_its_sha256(uploads: Uploads) -> None:
    url = {"url": "https://example.org/a.csv", "format": "csv"}
    path = uploads.path
    uploads.good("n\n1\n")
    problems = ProblemList()
    found = open_source(UrlSource.model_validate({**url, "sha256": SHA}), lambda _: path, problems)
    assert found is not None
    assert rows_of(found) == [{"n": 1}]
    assert open_source(UrlSource.model_validate(url), lambda _: path, problems) is None
    assert open_source(UrlSource.model_validate({**url, "sha256": SHA}), None, problems) is None
    assert [(problem.code, problem.pointer) for problem in problems] == [
        ("not_fetched", "/source/url"),
        ("unknown_upload", "/source/sha256"),
    ]
