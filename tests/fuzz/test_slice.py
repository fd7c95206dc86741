"""A slice of `make fuzz`, always the same: every row of the language's tables is in it."""

from __future__ import annotations

from tests.fuzz import compare, frames, jobs


def test_expressions_have_the_values_of_duckdb() -> None:
    report = compare.run(20, 900)
    assert not report.differences, "\n".join(report.differences)
    assert not report.uncovered
    assert not report.refused_by_duckdb.keys() - {compare.LITERAL_FAILS}
    assert report.values > 8000
    assert report.traps < report.values // 3


def test_any_partition_of_a_job_gives_the_same_result() -> None:
    report = jobs.run(7, 160)
    assert not report.differences, "\n".join(report.differences)
    assert not report.uncovered
    assert report.partitions > 350


def test_frames_of_websockets_are_read_as_wsproto_reads_them() -> None:
    frames.run(5, 250)
