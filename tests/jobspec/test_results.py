"""Results as files."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec.results import result_arrow, result_csv, result_ndjson, write_parquet
from jobspec.sources.csv import CsvSource
from jobspec.sources.ndjson import NdjsonSource
from jobspec.types import Column, ValueType

SCHEMA = pa.schema(
    {"b": pa.bool_(), "i": pa.int64(), "f": pa.float64(), "g": pa.float32(), "s": pa.string()}
)
ROWS = [
    {"b": True, "i": -(2**63), "f": 0.1, "g": 0.1, "s": 'say "hi", you'},
    {"b": None, "i": None, "f": None, "g": None, "s": None},
    {"b": False, "i": 2**63 - 1, "f": math.nan, "g": math.inf, "s": ""},
    {"b": False, "i": 0, "f": -0.0, "g": -math.inf, "s": "=1+1\r\nnext"},
]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    batches = pa.Table.from_pylist(rows, SCHEMA).to_batches(max_chunksize=2)
    assert write_parquet(path / "result.parquet", SCHEMA, batches) == len(rows)
    return path / "result.parquet"


def test_csv_leaves_values_as_they_are(tmp_path: Path) -> None:
    text = b"".join(result_csv(written(tmp_path, ROWS))).decode()
    assert text == (
        "b,i,f,g,s\r\n"
        'true,-9223372036854775808,0.1,0.1,"say ""hi"", you"\r\n'
        ",,,,\r\n"
        'false,9223372036854775807,nan,inf,""\r\n'
        'false,0,-0.0,-inf,"=1+1\r\nnext"\r\n'
    )
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 5


def test_ndjson_is_json_on_every_line(tmp_path: Path) -> None:
    lines = b"".join(result_ndjson(written(tmp_path, ROWS))).splitlines()
    assert [json.loads(line) for line in lines] == [
        ROWS[0],
        ROWS[1],
        {**ROWS[2], "f": "NaN", "g": "Infinity"},
        {**ROWS[3], "g": "-Infinity"},
    ]
    assert b'"f":0.1,"g":0.1' in lines[0]


def test_a_result_without_rows_has_a_header(tmp_path: Path) -> None:
    path = written(tmp_path, [])
    assert b"".join(result_csv(path)) == b"b,i,f,g,s\r\n"
    assert b"".join(result_ndjson(path)) == b""
    assert pq.read_table(path).schema == SCHEMA


def test_names_with_commas_and_quotes_are_quoted(tmp_path: Path) -> None:
    table = pa.table({'a,"b"': [1]})
    write_parquet(tmp_path / "r", table.schema, table.to_batches())
    assert b"".join(result_csv(tmp_path / "r")) == b'"a,""b"""\r\n1\r\n'
    assert json.loads(b"".join(result_ndjson(tmp_path / "r"))) == {'a,"b"': 1}


def test_a_single_column_of_nulls_has_no_blank_lines(tmp_path: Path) -> None:
    table = pa.table({"x": pa.array([1, None], pa.int64())})
    write_parquet(tmp_path / "r", table.schema, table.to_batches())
    assert b"".join(result_csv(tmp_path / "r")) == b'x\r\n1\r\n""\r\n'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.none() | st.text('aé😀, \t\r\n"='),
            st.none() | st.floats(allow_nan=False),
        ),
        min_size=1,
    )
)
def test_csv_is_read_back_as_it_was(
    tmp_path: Path, rows: list[tuple[str | None, float | None]]
) -> None:
    schema = pa.schema([("s", pa.string()), ("f", pa.float64())])
    table = pa.Table.from_pylist([{"s": s, "f": f} for s, f in rows], schema)
    write_parquet(tmp_path / "r", schema, table.to_batches())
    again = pyarrow.csv.read_csv(
        pa.BufferReader(b"".join(result_csv(tmp_path / "r"))),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    assert again.to_pylist() == table.to_pylist()


OTHERS = pa.schema(
    {
        "b": pa.binary(),
        "d": pa.date32(),
        "t": pa.timestamp("us"),
        "m": pa.decimal128(18, 18),
    }
)
OTHER_ROWS: list[dict[str, object]] = [
    {"b": b'a"\xff\n', "d": date.min, "t": datetime(2024, 2, 29, 12), "m": Decimal("1E-18")},
    {"b": None, "d": None, "t": None, "m": None},
    {"b": b"", "d": date.max, "t": datetime(1, 1, 1, 0, 0, 0, 500_000), "m": Decimal("-0.5")},
]


@pytest.fixture
def others(tmp_path: Path) -> Path:
    path = tmp_path / "result.parquet"
    write_parquet(path, OTHERS, pa.Table.from_pylist(OTHER_ROWS, OTHERS).to_batches())
    return path


def test_csv_writes_dates_times_binaries_and_decimals_as_sql_casts_them(others: Path) -> None:
    assert b"".join(result_csv(others)).decode().splitlines() == [
        "b,d,t,m",
        r"a\x22\xFF\x0A,0001-01-01,2024-02-29 12:00:00,0.000000000000000001",
        ",,,",
        '"",9999-12-31,0001-01-01 00:00:00.5,-0.500000000000000000',
    ]


def test_ndjson_writes_decimals_as_numbers_and_the_others_as_strings(others: Path) -> None:
    first, _, last = b"".join(result_ndjson(others)).splitlines()
    assert b'"m":0.000000000000000001' in first
    assert json.loads(first, parse_float=Decimal) == {
        "b": r"a\x22\xFF\x0A",
        "d": "0001-01-01",
        "t": "2024-02-29 12:00:00",
        "m": Decimal("1E-18"),
    }
    assert json.loads(last)["b"] == ""


@pytest.mark.parametrize("rows", [0, 1, 20_000])
def test_the_arrow_file_holds_the_table_in_pieces(tmp_path: Path, rows: int) -> None:
    table = pa.table({"n": range(rows), "s": ["x"] * rows}).cast(
        pa.schema({"n": pa.int64(), "s": pa.string()})
    )
    path = tmp_path / "result.parquet"
    write_parquet(path, table.schema, table.to_batches())
    pieces = list(result_arrow(path))
    assert len(pieces) == -(-rows // 8192) + 1
    with pa.ipc.open_file(b"".join(pieces)) as file:
        assert file.read_all() == table
    if rows:  # as a stream too, which is how the language's own reader takes it
        assert pa.ipc.open_stream(b"".join(pieces)[8:]).read_all() == table


def test_what_is_written_as_csv_and_ndjson_is_read_back(others: Path, tmp_path: Path) -> None:
    types = {
        "b": ValueType.BINARY,
        "d": ValueType.DATE,
        "t": ValueType.TIMESTAMP,
        "m": ValueType.decimal(18, 18),
    }
    schema = tuple(Column(name, type_, nullable=True) for name, type_ in types.items())
    for write, source in ((result_csv, CsvSource), (result_ndjson, NdjsonSource)):
        path = tmp_path / "again"
        path.write_bytes(b"".join(write(others)))
        read = pa.Table.from_batches(source(path, types).read(schema))
        assert read.to_pylist() == OTHER_ROWS


def test_the_file_does_not_depend_on_how_its_rows_are_cut(tmp_path: Path) -> None:
    rows = [
        {"n": None if n % 7 == 0 else n, "word": "" if n % 5 else f"word {n}", "x": n / 3}
        for n in range(70_000)
    ]
    schema = pa.schema([("n", pa.int64()), ("word", pa.string()), ("x", pa.float64())])
    table = pa.Table.from_pylist(rows, schema)
    files = set()
    for size in (100_000, 9_999, 64):
        path = tmp_path / f"{size}.parquet"
        assert write_parquet(path, schema, table.to_batches(max_chunksize=size)) == len(rows)
        files.add(path.read_bytes())
    assert len(files) == 1
    with pq.ParquetFile(path) as file:
        assert file.metadata.num_row_groups == 2
        assert file.read().to_pylist() == rows
