"""Arrow files as sources: what is read, and what hostile ones cannot do."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

from jobspec.errors import SourceError
from jobspec.sources.ipc import ArrowSource
from jobspec.sources.source import BadSource
from jobspec.types import Column, Schema, ValueType

TABLE = pa.table(
    {
        "n": pa.array([1, None, 3], pa.int16()),
        "s": pa.array(["x", "yé", None]),
        "d": pa.array(["x", "y", "x"]).dictionary_encode(),
        "v": pa.array(["x", "a string too long for a view", None], pa.string_view()),
        "m": pa.array([1, 2, 3], pa.decimal128(9, 2)),
    }
)


def stream(table: pa.Table, compression: str | None = None, rows: int = 1 << 30) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue()


def file_format(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "upload"


def opened(path: Path, data: bytes, declared: Mapping[str, ValueType] | None = None) -> ArrowSource:
    path.write_bytes(data)
    return ArrowSource(path, declared or {})


def schema_of(source: ArrowSource) -> Schema:
    return tuple(
        Column(column.name, column.type, column.nullable)
        for column in source.columns
        if column.type is not None
    )


def rows_of(source: ArrowSource) -> list[dict[str, object]]:
    return [row for batch in source.read(schema_of(source)) for row in batch.to_pylist()]


@pytest.mark.parametrize(
    "data",
    [
        file_format(TABLE),
        stream(TABLE),
        stream(TABLE, "zstd"),
        stream(TABLE, "lz4"),
        stream(TABLE, rows=1),
    ],
    ids=["file", "stream", "zstd", "lz4", "batches"],
)
def test_both_formats_of_arrow_are_read(path: Path, data: bytes) -> None:
    source = opened(path, data)
    assert [column.type for column in source.columns] == [
        ValueType.I16,
        ValueType.STRING,
        ValueType.STRING,
        ValueType.STRING,
        ValueType.decimal(9, 2),
    ]
    assert rows_of(source) == TABLE.to_pylist()


def test_only_the_columns_that_are_asked_for_are_read(path: Path) -> None:
    schema = (Column("m", ValueType.decimal(9, 2)), Column("n", ValueType.I16, nullable=True))
    (batch,) = opened(path, stream(TABLE)).read(schema)
    assert batch.schema.names == ["m", "n"]


def test_declared_types_win(path: Path) -> None:
    source = opened(path, stream(TABLE.select(["n"])), {"n": ValueType.decimal(5, 1)})
    assert [str(row["n"]) for row in rows_of(source)] == ["1.0", "None", "3.0"]


@pytest.mark.parametrize("data", [b"", b"ARROW1\0\0", b"ARROW1\0\0xxxx", b"PAR1", bytes(100)])
def test_a_file_that_is_not_arrow_is_a_problem(path: Path, data: bytes) -> None:
    with pytest.raises(BadSource, match=r"not Arrow|no columns"):
        opened(path, data)


@pytest.mark.parametrize("data", [stream(TABLE), stream(TABLE, "zstd"), file_format(TABLE)])
def test_no_damage_does_more_than_raise(path: Path, data: bytes) -> None:
    random_numbers = random.Random(7)
    outcomes = set()
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(random_numbers.randint(1, 4)):
            damaged[random_numbers.randrange(len(damaged))] = random_numbers.randrange(256)
        if random_numbers.random() < 0.2:
            del damaged[random_numbers.randrange(len(damaged)) :]
        try:
            rows = rows_of(opened(path, bytes(damaged)))
        except (BadSource, SourceError) as error:
            outcomes.add(type(error))
        else:
            outcomes.add(type(rows))
    assert outcomes == {BadSource, SourceError, list}


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_batch_that_becomes_gigabytes_is_refused_before_it_is_read(
    path: Path, compression: str
) -> None:
    table = pa.table({"x": np.zeros(40 << 20)})
    data = stream(table, compression)
    assert len(data) < 2 << 20
    with pytest.raises(BadSource, match="become 335,544,320 bytes"):
        opened(path, data)
    parts = stream(table.slice(0, 8 << 20), compression, rows=1 << 20)
    assert (
        sum(batch.num_rows for batch in opened(path, parts).read((Column("x", ValueType.F64),)))
        == 8 << 20
    )


def test_long_strings_of_a_dictionary_are_written_out_a_few_rows_at_a_time(path: Path) -> None:
    indices = pa.array(np.zeros(200_000, np.int32))
    strings = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 1_000_000]))
    data = stream(pa.table({"s": strings}))
    batches = opened(path, data).read((Column("s", ValueType.STRING, nullable=True),))
    for _, batch in zip(range(3), batches, strict=False):
        assert batch.num_rows > 1
        assert batch.nbytes < 20_000_000


def test_views_of_one_long_string_are_written_out_a_few_rows_at_a_time(path: Path) -> None:
    view = np.zeros(1, np.dtype("i4,S4,i4,i4"))
    view[0] = (1_000_000, b"xxxx", 0, 0)
    views = pa.py_buffer(np.repeat(view, 10_000))
    text = pa.py_buffer(b"x" * 1_000_000)
    strings = pa.Array.from_buffers(pa.string_view(), 10_000, [None, views, text])
    data = stream(pa.table({"s": strings}))
    assert len(data) < 2_000_000
    batches = opened(path, data).read((Column("s", ValueType.STRING, nullable=True),))
    for _, batch in zip(range(3), batches, strict=False):
        assert 1 < batch.num_rows < 20
