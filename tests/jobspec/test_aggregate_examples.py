"""The examples of the aggregate table: they run, here and in DuckDB, and give what they say."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from jobspec.aggregates import AGGREGATES
from jobspec.aggregates.examples import COLUMNS, ROWS
from jobspec.aggregates.function import AggregateFunction, Distinct
from jobspec.arrow import arrow_type
from jobspec.sql.functions import FORMS, FUNCTIONS
from jobspec.sql.names import AGGREGATE_NAMES
from jobspec.types import ValueType
from tests.jobspec.jobs import ParquetJob, output, result

TABLE = list({row.name: row for row in AGGREGATES.values()}.values())
EXAMPLES = [(row, text, expected) for row in TABLE for text, expected in row.examples]


def rows() -> pa.Table:
    types = {name: arrow_type(ValueType(type_)) for name, type_ in COLUMNS.items()}
    texts = {
        name: [None if row[name] is None else str(row[name]) for row in ROWS] for name in COLUMNS
    }
    return pa.table({name: pa.array(texts[name]).cast(types[name]) for name in COLUMNS})


@pytest.mark.parametrize(("text", "expected"), [example[1:] for example in EXAMPLES])
def test_example_gives_what_the_reference_says_in_any_partition(
    text: str, expected: str, tmp_path: Path
) -> None:
    ours = ParquetJob(tmp_path, rows(), {"aggregate": {"r": text}})
    for count in (5, 2, 1):
        parts = [output(ours.job, chunk) for chunk in ours.chunks(count)]
        (found,) = result(ours.job, parts)
        ((value,),) = duckdb.sql(f"SELECT {expected}").fetchall()
        assert found["r"] == (float(value) if isinstance(found["r"], float) else value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(text, expected) for row, text, expected in EXAMPLES if not row.differs],
)
def test_example_gives_the_same_in_duckdb(text: str, expected: str) -> None:
    connection = duckdb.connect()
    connection.register("example", rows())
    query = f"SELECT ({text}) IS NOT DISTINCT FROM ({expected}), ({text}) FROM example"
    found = connection.execute(query).fetchone()
    assert found is not None
    assert found[0], found[1]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_row_of_the_table_has_words_and_an_example(row: AggregateFunction) -> None:
    assert row.examples
    assert row.about.endswith(".")
    assert row.differs == "" or row.differs.endswith(".")
    assert (row.of_values is not None) == (row.distinct is Distinct.VALUES)


def test_names_of_aggregates_are_known_to_the_checker_of_expressions() -> None:
    assert set(AGGREGATES) == AGGREGATE_NAMES
    assert not AGGREGATE_NAMES & {*FUNCTIONS, *FORMS}
