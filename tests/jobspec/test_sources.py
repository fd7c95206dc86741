"""Sources: types found, values read, and clear words about what cannot be read."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from jobspec.document_sources import RowsSource, UploadSource, UrlSource
from jobspec.problems import Problem, ProblemList
from jobspec.sources.opening import open_source
from jobspec.sources.source import Source

from .uploads import SHA, Uploads, rows_of, types_of


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


@pytest.mark.parametrize(
    ("text", "file_format"),
    [
        (",".join(f"c{n}" for n in range(10_002)) + "\n", "csv"),
        ("".join(f'{{"k{n}":1}}\n' for n in range(200_000)), "ndjson"),
    ],
)
def test_too_many_columns_are_a_problem(uploads: Uploads, text: str, file_format: str) -> None:
    assert "more than 10000 columns" in uploads.bad(text, file_format).message


def test_an_unknown_upload_is_a_problem() -> None:
    def missing(sha256: str) -> Path:
        raise FileNotFoundError(sha256)

    for open_upload in (None, missing):
        problems = ProblemList()
        document = UploadSource.model_validate({"upload": SHA, "format": "csv"})
        assert open_source(document, open_upload, problems) is None
        (problem,) = problems
        assert (problem.code, problem.pointer) == ("unknown_upload", "/source/upload")


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
