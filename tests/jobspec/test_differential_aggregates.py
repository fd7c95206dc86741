"""Random aggregates over all types, against DuckDB and against themselves in other partitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobspec.jobs import ParquetJob, output, result
from tests.jobspec.random_aggregates import (
    INDEPENDENT,
    SAME_AS_DUCKDB,
    RandomAggregates,
    aggregates,
    bits,
    every_call,
    pieces,
)
from tests.jobspec.test_differential_jobs import Near

SOME = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aggregates")


@pytest.mark.parametrize("by", [(), ("w",), ("s", "g"), ("y", "d", "m", "t")])
def test_every_aggregate_over_every_type_gives_what_duckdb_gives(
    folder: Path, database: duckdb.DuckDBPyConnection, by: tuple[str, ...]
) -> None:
    for job in every_call(SAME_AS_DUCKDB, by):
        ours = ParquetJob(folder, job.table, job.step)
        found = result(ours.job, [output(ours.job, chunk) for chunk in ours.chunks(7)])
        database.register("source", job.table)
        rows = database.execute(job.sql).fetchall()
        assert [tuple(row.values()) for row in found] == [Near(row) for row in rows], job.sql


@pytest.mark.parametrize("by", [(), ("w",)])
def test_every_aggregate_over_every_type_is_independent_of_the_partition(
    folder: Path, by: tuple[str, ...]
) -> None:
    for job in every_call(INDEPENDENT, by):
        ours = ParquetJob(folder, job.table, job.step)
        whole = result(ours.job, [output(ours.job, chunk) for chunk in pieces(ours, [])])
        for ends in ([1, 1, 20], list(range(3, 40, 3))):
            parts = [output(ours.job, chunk, 2) for chunk in pieces(ours, ends)]
            assert bits(result(ours.job, parts)) == bits(whole)


@SOME
@given(job=aggregates(SAME_AS_DUCKDB))
def test_aggregates_give_what_duckdb_gives(
    folder: Path, database: duckdb.DuckDBPyConnection, job: RandomAggregates
) -> None:
    ours = ParquetJob(folder, job.table, job.step)
    found = result(ours.job, [output(ours.job, chunk) for chunk in ours.chunks(5)])
    database.register("source", job.table)
    rows = database.execute(job.sql).fetchall()
    assert [tuple(row.values()) for row in found] == [Near(row) for row in rows], job.sql


@SOME
@given(
    job=aggregates(INDEPENDENT),
    ends=st.lists(st.integers(0, 12), max_size=6),
    slice_rows=st.integers(1, 4),
)
def test_any_split_points_give_the_same_bits(
    folder: Path, job: RandomAggregates, ends: list[int], slice_rows: int
) -> None:
    ours = ParquetJob(folder, job.table, job.step)
    whole = result(ours.job, [output(ours.job, chunk) for chunk in pieces(ours, [])])
    parts = [output(ours.job, chunk, slice_rows) for chunk in pieces(ours, ends)]
    assert bits(result(ours.job, parts)) == bits(whole), job.step
