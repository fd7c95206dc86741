"""States that volunteers forge: refused with a reason, or harmless."""

from __future__ import annotations

import struct
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import MergeError, OutputError, output_table, table_bytes
from tests.jobspec.jobs import ParquetJob, compiled, inputs, output, result
from tests.jobspec.random_aggregates import INDEPENDENT, every_call

BYTES = st.binary(max_size=40) | st.lists(
    st.sampled_from([0, 1, -1, 2, 7, 2**31, 2**63 - 1, -(2**63)]), max_size=8
).map(lambda words: struct.pack(f"<{len(words)}q", *words))
VALUES: dict[pa.DataType, st.SearchStrategy[object]] = {
    pa.binary(): BYTES,
    pa.int64(): st.sampled_from([0, 1, 2, -1, 2**63 - 1, -(2**63)]),
    pa.uint64(): st.sampled_from([0, 1, 2**64 - 1]),
    pa.uint8(): st.integers(0, 255),
    pa.bool_(): st.booleans(),
    pa.float64(): st.floats(),
    pa.string(): st.text(max_size=3),
}
CLOSINGS = [job for by in ((), ("w",)) for job in every_call(INDEPENDENT, by)]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[ParquetJob]:
    folder = tmp_path_factory.mktemp("aggregates")
    return [ParquetJob(folder, job.table, job.step) for job in CLOSINGS]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_bytes_in_a_state_are_refused_or_merged(
    jobs: list[ParquetJob], data: st.DataObject
) -> None:
    """Whatever else is raised would take the hub down, or fail a job for a volunteer's lie."""
    ours = data.draw(st.sampled_from(jobs)).job
    batch = output_table(ours.plan, _honest_output(jobs, ours)).to_batches()[0]
    columns = {name: batch.column(name) for name in batch.schema.names}
    for name in data.draw(st.lists(st.sampled_from(batch.schema.names), min_size=1, max_size=3)):
        type_ = batch.schema.field(name).type
        if type_ in VALUES:
            columns[name] = pa.array([data.draw(VALUES[type_])] * batch.num_rows, type_)
    forged = table_bytes.encode(ours.plan.partial, pa.RecordBatch.from_pydict(columns), first_row=0)
    try:
        output_table(ours.plan, forged)
    except OutputError:
        return
    try:
        result(ours, [forged, forged])
    except MergeError:
        return


def _honest_output(jobs: list[ParquetJob], ours: Any) -> bytes:
    (job,) = [each for each in jobs if each.job is ours]
    return output(ours, job.chunks(20)[0])


def accept(call: str, *values: object) -> None:
    """Hand in an output whose state of the only aggregate has these values."""
    job = compiled({"rows": [{"a": 1}]}, {"aggregate": {"r": call}})
    types = output_table(job.plan, output(job, inputs(job)[0])).schema
    columns = {
        column.name: pa.array([value], types.field(column.name).type)
        for column, value in zip(job.plan.partial, values, strict=True)
    }
    batch = pa.RecordBatch.from_pydict(columns)
    output_table(job.plan, table_bytes.encode(job.plan.partial, batch, first_row=0))


WORD = struct.Struct("<q").pack
PAIR = struct.Struct("<qq").pack


@pytest.mark.parametrize(
    ("call", "values", "words"),
    [
        ("count(a)", (-1,), "'r': -1 is no number of rows"),
        ("sum(a)", (1, 0, 0), "there is a sum of no rows"),
        ("avg(a)", (1, 0, -3), "-3 is no number of rows"),
        ("count(DISTINCT a)", (b"1234567",), "7 bytes are no list"),
        ("count(DISTINCT a)", (WORD(1) * 2,), "stands twice"),
        ("count(DISTINCT CAST(a AS i8))", (WORD(128),), "beyond i8"),
        ("count(DISTINCT a > 0)", (WORD(2),), "neither 0 nor 1"),
        ("count(DISTINCT a / 2)", (WORD(-1),), "not in its one form"),
        ("count(DISTINCT a / 2)", (WORD(-(2**63)),), "not in its one form"),
        ("count(DISTINCT CAST(a AS f32))", (struct.pack("<d", 0.1),), "is no f32"),
        ("count(DISTINCT CAST(a AS f32))", (struct.pack("<d", 1e300),), "is no f32"),
        ("count(DISTINCT CAST(a AS string))", (b"\x02\0\0\0\xff\xfe",), "not UTF-8"),
        ("count(DISTINCT CAST(a AS string))", (b"\xff\xff\xff\xff",), "ends within a value"),
        ("histogram(a)", (PAIR(1, 0),), "has no row"),
        ("histogram(a)", (PAIR(1, -1),), "-1 is no number of rows"),
        ("approx_count_distinct(a)", (b"abc",), "3 bytes are no registers"),
        ("approx_count_distinct(a)", (struct.pack("<I", 5 << 8 | 54),), "cannot have its rank"),
        ("approx_count_distinct(a)", (struct.pack("<I", 4096 << 8 | 1),), "cannot have its rank"),
        ("approx_count_distinct(a)", (b"\xff" * 4096,), "cannot have its rank"),
        ("approx_quantile(a, 0.5)", (PAIR(2**40, 1),), "there is no such bucket"),
        ("fsum(a)", (b"12345", 0, 1), "5 bytes are no sum"),
        ("fsum(a)", (b"\xff\xff\xff\x00" * 2, 0, 1), "larger than any"),
        ("fsum(a)", (b"", 9, 1), "three kinds"),
        ("fsum(a)", (b"\0\0\0\0\1\0\0\0", 0, 0), "a sum of no rows"),
        ("var_pop(a)", (b"\0\0\0\0\5\0\0\0", b"", 0, 2), "those of no numbers"),
    ],
)
def test_a_forged_state_is_refused_with_its_reason(
    call: str, values: tuple[object, ...], words: str
) -> None:
    with pytest.raises(OutputError, match=words):
        accept(call, *values)
