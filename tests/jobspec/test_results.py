"""Results as files."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec.results import result_csv, result_ndjson, write_parquet

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
