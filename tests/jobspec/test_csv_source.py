"""CSV files as sources."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from jobspec.errors import SourceError
from jobspec.sources.source import SAMPLE_BYTES
from jobspec.types import Column, ValueType

from .uploads import Uploads, rows_of, types_of


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
