"""Small files that stand for large ones, or that make readers think too hard."""

from __future__ import annotations

import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

_MEGABYTE = 1 << 20


def _parquet(table: pa.Table, groups: int = 1, **options: object) -> bytes:
    file = io.BytesIO()
    with pq.ParquetWriter(file, table.schema, **options) as writer:
        for _ in range(groups):
            writer.write_table(table)
    return file.getvalue()


def many_rows() -> bytes:
    """A hundred million rows in some kilobytes: run lengths of one value."""
    return _parquet(
        pa.table({"n": pa.array([7]).take(pa.nulls(4_000_000, pa.int32()).fill_null(0))}), 25
    )


def long_values() -> bytes:
    """A million rows that all name one text of 16 MB in their dictionary."""
    text = pa.DictionaryArray.from_arrays(
        pa.nulls(1_000_000, pa.int32()).fill_null(0), pa.array(["x" * (16 * _MEGABYTE)])
    )
    return _parquet(pa.table({"n": text}), compression="zstd")


def zeros() -> bytes:
    """600 MB of texts, compressed ten thousand times."""
    texts = pa.array(["0" * 6_000_000]).take(pa.nulls(100, pa.int32()).fill_null(0))
    return _parquet(pa.table({"n": texts}), compression="zstd", use_dictionary=False)


def nested() -> bytes:
    """Lists in lists, forty deep."""
    array = pa.array([1])
    for _ in range(40):
        array = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), array)
    return _parquet(pa.table({"n": array}))


def false_claims() -> bytes:
    """A footer and pages whose numbers have been changed."""
    whole = bytearray(_parquet(pa.table({"n": list(range(1000))}), compression="snappy"))
    for at in range(8, len(whole) - 8, 7):
        whole[at] ^= 0x7F
    return bytes(whole)


def long_footer() -> bytes:
    """A footer that is said to be as long as an integer can say."""
    return b"PAR1" + bytes(100) + (0x7FFFFFFF).to_bytes(4, "little") + b"PAR1"


def wide_arrow() -> bytes:
    """A hundred thousand columns."""
    file = io.BytesIO()
    schema = pa.schema([(f"c{number}", pa.int8()) for number in range(100_000)])
    with pa.ipc.new_file(file, schema) as writer:
        del writer
    return file.getvalue()


def compressed_arrow() -> bytes:
    """A batch of 800 MB that zstd has made small."""
    file = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    batch = pa.record_batch({"n": pa.nulls(100_000_000, pa.int64()).fill_null(0)})
    with pa.ipc.new_file(file, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return file.getvalue()


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "parquet: a hundred million rows": ("parquet", many_rows),
    "parquet: long values": ("parquet", long_values),
    "parquet: zeros": ("parquet", zeros),
    "parquet: nested": ("parquet", nested),
    "parquet: false claims": ("parquet", false_claims),
    "parquet: a long footer": ("parquet", long_footer),
    "arrow: wide": ("arrow", wide_arrow),
    "arrow: compressed": ("arrow", compressed_arrow),
    "arrow: noise": ("arrow", lambda: b"ARROW1\0\0" + b"\xff" * 1000 + b"ARROW1"),
    "csv: one line": ("csv", lambda: b"n," + b"a" * (17 * _MEGABYTE)),
    "csv: one field": ("csv", lambda: b"n,m\n" + b"a" * (17 * _MEGABYTE)),
    "csv: an open quote": ("csv", lambda: b'n,m\n1,"' + b"a,\n" * (9 * _MEGABYTE)),
    "csv: a million columns": (
        "csv",
        lambda: b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n1",
    ),
    "csv: quotes only": ("csv", lambda: b'"' * (17 * _MEGABYTE)),
    "csv: nothing but line ends": ("csv", lambda: b"\n" * (17 * _MEGABYTE)),
    "csv: zeros": ("csv", lambda: bytes(17 * _MEGABYTE)),
    "ndjson: one line": ("ndjson", lambda: b'{"n":"' + b"a" * (17 * _MEGABYTE)),
    "ndjson: deep": ("ndjson", lambda: b'{"n":' * 200_000),
    "ndjson: deep lists": ("ndjson", lambda: b'{"n":' + b"[" * 1_000_000),
    "ndjson: a million keys": (
        "ndjson",
        lambda: b"".join(b'{"k%d":1}\n' % number for number in range(1_000_000)),
    ),
    "ndjson: one line of many keys": (
        "ndjson",
        lambda: b"{" + b",".join(b'"k%d":1' % number for number in range(200_000)) + b"}\n",
    ),
    "ndjson: long numbers": ("ndjson", lambda: (b'{"n":' + b"9" * 100_000 + b"}\n") * 100),
    "ndjson: quotes": ("ndjson", lambda: b'{"n":"' + b'\\"' * (9 * _MEGABYTE)),
    "a picture of gzip": ("csv", lambda: b"\x1f\x8b\x08" + bytes(1000)),
}
"""By name: the format and the file."""
