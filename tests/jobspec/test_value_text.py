"""Values as text: as DuckDB writes them, and read back as they were."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobspec.arrow import array_of
from jobspec.types import ValueType
from jobspec.value_text import BadTextError, read_binary, read_texts, value_as_text

TYPES = [ValueType.BINARY, ValueType.DATE, ValueType.TIMESTAMP, ValueType.decimal(18, 4)]


def carriers_of(value_type: ValueType) -> st.SearchStrategy[object]:
    if value_type is ValueType.BINARY:
        return st.binary(max_size=8)
    return st.integers(value_type.minimum, value_type.maximum)


@pytest.mark.parametrize("value_type", TYPES)
@given(data=st.data())
def test_what_is_written_is_read_back(value_type: ValueType, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | carriers_of(value_type), max_size=5))
    array = array_of(values, value_type)  # type: ignore[arg-type]  # carriers, or NULL
    texts = [None if value is None else value_as_text(value) for value in array.to_pylist()]
    assert read_texts(pa.array(texts, pa.string()), value_type).equals(array)


@pytest.mark.parametrize(
    "value",
    [
        bytes(range(256)),
        b"",
        date(1, 1, 1),
        date(9999, 12, 31),
        datetime(2024, 2, 29, 12),
        datetime(2024, 2, 29, 12, 0, 0, 500_000),
        datetime(1, 1, 1, 0, 0, 0, 120),
        Decimal("-1.50"),
        Decimal("1234567890.12345678"),
        Decimal(7),
    ],
)
def test_values_are_written_as_duckdb_casts_them(value: object) -> None:
    found = duckdb.execute("SELECT CAST(? AS VARCHAR)", [value]).fetchone()
    assert isinstance(value, bytes | date | Decimal)
    assert found == (value_as_text(value),)


def test_a_decimal_is_never_written_with_an_exponent() -> None:
    assert value_as_text(Decimal("1E-18")) == "0.000000000000000001"


def test_binary_reads_quotes_as_themselves_though_it_writes_escapes() -> None:
    assert read_binary("'a'\\x5c\\xFf") == b"'a'\\\xff"


@pytest.mark.parametrize("text", ["\\", "\\x4", "\\xg0", "é", "\n", "\\n"])
def test_a_text_that_is_no_binary_is_refused(text: str) -> None:
    with pytest.raises(BadTextError, match="is not a value of type binary"):
        read_binary(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", datetime(2024, 2, 29)),
        ("2024-02-29T23:59", datetime(2024, 2, 29, 23, 59)),
        ("2024-02-29T23:59:58.25Z", datetime(2024, 2, 29, 23, 59, 58, 250_000)),
        ("2024-02-29 01:00:00+02:00", datetime(2024, 2, 28, 23)),
    ],
)
def test_a_time_is_read_in_the_forms_of_iso_8601_and_in_utc(text: str, expected: datetime) -> None:
    read = read_texts(pa.array(["2000-01-01" + text[10:], text]), ValueType.TIMESTAMP)
    assert read[1].as_py() == expected


@pytest.mark.parametrize(
    ("value_type", "texts", "index"),
    [
        (ValueType.DATE, ["2024-02-29", None, "2023-02-29"], 2),
        (ValueType.DATE, ["29.2.2024"], 0),
        (ValueType.TIMESTAMP, ["2024-02-29 25:00"], 0),
        (ValueType.TIMESTAMP, ["2024-02-29T12:00", "2024-02-29T12:00Z"], 0),
        (ValueType.decimal(5, 2), ["1.5", "1.555"], 1),
        (ValueType.decimal(5, 2), ["1.5", "1000"], 1),
        (ValueType.BINARY, ["a", "é"], 1),
    ],
)
def test_the_first_bad_text_is_named(
    value_type: ValueType, texts: list[str | None], index: int
) -> None:
    with pytest.raises(BadTextError) as caught:
        read_texts(pa.array(texts, pa.string()), value_type)
    assert caught.value.index == index
    assert str(value_type) in str(caught.value)
