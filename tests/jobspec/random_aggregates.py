"""Random aggregate steps over random rows of every type, for tests."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from jobspec import table_bytes
from tests.jobspec.jobs import ParquetJob

TYPES = {
    "i": pa.int64(),
    "j": pa.int64(),
    "k": pa.int8(),
    "w": pa.uint16(),
    "u": pa.uint64(),
    "f": pa.float64(),
    "g": pa.float32(),
    "b": pa.bool_(),
    "s": pa.string(),
    "y": pa.binary(),
    "d": pa.date32(),
    "t": pa.timestamp("us"),
    "m": pa.decimal128(9, 2),
    "p": pa.decimal128(18, 0),
}
_CENT = Decimal("0.01")
FLOATS = st.sampled_from([0.0, -0.0, 1.0, -1.5, math.inf, -math.inf, math.nan]) | st.floats(
    -1e6, 1e6, width=32
)
CELLS: dict[str, st.SearchStrategy[object]] = {
    "i": st.integers(-3, 3),
    "j": st.sampled_from([2**63 - 1, -(2**63), 0, -1]) | st.integers(-(2**63), 2**63 - 1),
    "k": st.integers(-128, 127),
    "w": st.integers(0, 3),
    "u": st.sampled_from([2**64 - 1, 0, 2**63]) | st.integers(0, 2**64 - 1),
    "f": FLOATS,
    "g": FLOATS,
    "b": st.booleans(),
    "s": st.text("abé😀 ,", max_size=3) | st.just("a longer text that is no inline string"),
    "y": st.binary(max_size=3),
    "d": st.dates(date(1, 1, 1)) | st.sampled_from([date(1969, 12, 31), date(1970, 1, 1)]),
    "t": st.datetimes(datetime(1, 1, 1)) | st.just(datetime(1969, 12, 31, 23, 59, 59, 999_999)),
    "m": st.integers(-(10**9) + 1, 10**9 - 1).map(lambda n: n * _CENT),
    "p": st.integers(-(10**14), 10**14).map(Decimal),
}
KINDS = {
    "x": "".join(TYPES),  # anything
    "y": "".join(TYPES),
    "n": "ikwmp",  # numbers whose sums fit
    "q": "ijkwumpfg",  # numbers
    "z": "ijkwu",  # integers
    "b": "b",
    "s": "s",
    "f": "fg",
}
"""Which columns may stand for a letter in a template."""

SAME_AS_DUCKDB = (
    "count(*)",
    "count({x})",
    "count(DISTINCT {x})",
    "sum({n})",
    "sum({b})",
    "sum(DISTINCT {n})",
    "avg({n})",
    "avg(DISTINCT {n})",
    "min({x})",
    "max({x})",
    "min(DISTINCT {x})",
    "first({x})",
    "last({x})",
    "any_value({x})",
    "arg_min({x}, {y})",
    "arg_max({x}, {y})",
    "arg_min_null({x}, {y})",
    "arg_max_null({x}, {y})",
    "bool_and({b})",
    "bool_or({b})",
    "bit_and({z})",
    "bit_or({z})",
    "bit_xor({z})",
    "bit_xor(DISTINCT {z})",
    "string_agg({s}, '|')",
    "string_agg({s})",
)
"""Not near, but equal."""
INDEPENDENT = (
    *SAME_AS_DUCKDB,
    "count_if({b})",
    "fsum({q})",
    "fsum(DISTINCT {f})",
    "sum(DISTINCT {f})",
    "favg({q})",
    "var_samp({q})",
    "var_pop(DISTINCT {q})",
    "stddev({q})",
    "stddev_pop({q})",
    "covar_pop({q}, {q})",
    "covar_samp({q}, {q})",
    "corr({q}, {q})",
    "histogram({x})",
    "mode({x})",
    "approx_count_distinct({x})",
    "approx_quantile({f}, 0.25)",
    "string_agg(DISTINCT {s}, ' & ')",
)
"""The result does not depend on how the rows were cut."""


@dataclass
class RandomAggregates:
    """An aggregate step over rows, and the same in SQL."""

    table: pa.Table
    step: dict[str, Any]
    sql: str


@st.composite
def aggregates(draw: st.DrawFn, templates: tuple[str, ...]) -> RandomAggregates:
    rows = draw(
        st.lists(st.fixed_dictionaries({n: st.none() | CELLS[n] for n in TYPES}), max_size=12)
    )
    if draw(st.booleans()):  # no NULLs at all
        rows = [row for row in rows if None not in row.values()]
    calls = {}
    for template in draw(st.lists(st.sampled_from(templates), min_size=1, max_size=5)):
        text = template
        for letter, columns in KINDS.items():
            while f"{{{letter}}}" in text:
                text = text.replace(f"{{{letter}}}", draw(st.sampled_from(columns)), 1)
        if draw(st.integers(0, 3)) == 0:
            text += f" FILTER (WHERE {draw(st.sampled_from(['i > 0', 'b', 'f < 1']))})"
        calls[f"a{len(calls)}"] = text
    by = draw(st.lists(st.sampled_from("iwbsydtmfg"), max_size=2, unique=True))
    return _step(pa.Table.from_pylist(rows, pa.schema(TYPES)), calls, by)


def every_call(templates: tuple[str, ...], by: Sequence[str]) -> Iterator[RandomAggregates]:
    """Every template over every column that it takes, as steps over awkward rows."""
    texts = [
        template.format(**dict.fromkeys("bsfnqz", column) | {"x": column, "y": other})
        for template in templates
        for column, other in _columns_of(template)
    ]
    for start in range(0, len(texts), 40):
        calls = {f"a{number}": text for number, text in enumerate(texts[start : start + 40])}
        yield _step(awkward_rows(), calls, by)


def _columns_of(template: str) -> list[tuple[str, str]]:
    letters = re.findall(r"\{(\w)\}", template)
    if not letters:
        return [("i", "i")]
    others = "ifsydtm" if "y" in letters else "i"
    return [(column, others[index % len(others)]) for index, column in enumerate(KINDS[letters[0]])]


def awkward_rows() -> pa.Table:
    """Forty rows with limits, NULLs, NaN, infinities and both zeros, and many equal values."""
    columns = {name: _AWKWARD.get(name, ()) for name in TYPES}
    made = {
        name: [
            None if (row * 7 + len(values)) % 9 == 4 else values[(row * 5 // 3) % len(values)]
            for row in range(40)
        ]
        for name, values in columns.items()
    }
    return pa.table({name: pa.array(made[name], TYPES[name]) for name in TYPES})


_AWKWARD: dict[str, tuple[Any, ...]] = {
    "i": (3, -3, 0, 1, 2),
    "j": (2**63 - 1, -(2**63), 0, -1, 5),
    "k": (127, -128, 0, -1, 9, 7),
    "w": (0, 65535, 3, 1),
    "u": (2**64 - 1, 0, 2**63, 7, 2**63 - 1),
    "f": (0.0, -0.0, math.nan, 1.5, -2.5, math.inf, -math.inf, 5e-324, 1e300, 0.1, -0.3),
    "g": (0.0, -0.0, 1.5, math.nan, -math.inf, 0.25, math.inf),
    "b": (True, False, True),
    "s": ("", "a", "é", "😀", "b,c", "a longer text that is no inline string", "z"),
    "y": (b"", b"\x00", b"\xff\x00", b"abc", b"a longer binary that is no inline string"),
    "d": (date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31), date(1970, 1, 1)),
    "t": (
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999_999),
        datetime(1969, 12, 31, 23, 59, 59, 999_999),
        datetime(1970, 1, 1),
        datetime(2024, 2, 29, 12, 30),
    ),
    "m": tuple(map(Decimal, ("9999999.99", "-9999999.99", "0.00", "0.01", "-1.50"))),
    "p": tuple(map(Decimal, (10**16, -(10**16), 0, 1, -7))),
}


def _step(table: pa.Table, calls: dict[str, str], by: Sequence[str]) -> RandomAggregates:
    listed = ", ".join([*by, *(f"{text} AS {name}" for name, text in calls.items())])
    ordered = "(SELECT * FROM (SELECT *, row_number() OVER () AS __row FROM source) ORDER BY __row)"
    sql = f"SELECT {listed} FROM {ordered}"
    step: dict[str, Any] = {"aggregate": calls}
    if by:
        step["by"] = list(by)
        sql = (
            f"SELECT * EXCLUDE __first FROM (SELECT {listed}, min(__row) AS __first"
            f" FROM {ordered} GROUP BY {', '.join(by)}) ORDER BY __first"
        )
    return RandomAggregates(table, step, sql)


def pieces(job: ParquetJob, ends: list[int]) -> list[bytes]:
    """The rows of a job as chunks that end at these rows, which may be empty."""
    (chunk,) = job.chunks() or [table_bytes.encode(job.job.plan.source, _no_rows(job), first_row=0)]
    batch = table_bytes.decode(job.job.plan.source, chunk)
    starts = [0, *sorted(min(end, batch.num_rows) for end in ends), batch.num_rows]
    return [
        table_bytes.encode(job.job.plan.source, batch.slice(start, end - start), first_row=start)
        for start, end in pairwise(starts)
    ]


def _no_rows(job: ParquetJob) -> pa.RecordBatch:
    columns = {column.name: pa.array([], TYPES[column.name]) for column in job.job.plan.source}
    return pa.RecordBatch.from_pydict(columns)


def bits(rows: list[dict[str, Any]]) -> str:
    """Rows as a text that is equal for equal bits."""
    return repr(
        [
            {
                name: struct.pack("<d", value).hex() if isinstance(value, float) else value
                for name, value in row.items()
            }
            for row in rows
        ]
    )
