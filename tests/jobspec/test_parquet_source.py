"""Parquet files as sources, those that stand for more than they are among them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from jobspec.errors import SourceError
from jobspec.types import Column, ValueType

from .uploads import Uploads, rows_of, types_of


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
