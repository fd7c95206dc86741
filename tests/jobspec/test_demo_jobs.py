"""Two whole jobs on real input, each checked against plain Python."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.jobspec.jobs import ParquetJob, compiled, computed, output, result

FLIGHT = """def flight(n: i64) -> i32:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps"""


def flight(n: int) -> int:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def flight_job(stop: int) -> Any:
    return compiled(
        {"range": {"n": [1, stop]}},
        {"derive": {"steps": "flight(n)"}},
        {"aggregate": {"longest": "max(steps)", "start": "arg_max(n, steps)"}},
        functions={"flight": FLIGHT},
    )


def test_the_longest_collatz_flight_is_that_of_plain_python() -> None:
    start = max(range(1, 30_000), key=flight)
    expected = [{"longest": flight(start), "start": start}]
    for rows in (30_000, 1_111):
        assert computed(flight_job(30_000), rows) == expected


def test_the_longest_collatz_flight_below_three_million() -> None:
    # Confirmed by a vectorised computation in NumPy that drops numbers as they land.
    assert flight(2_298_025) == 559
    assert computed(flight_job(3_000_000), 500_000) == [{"longest": 559, "start": 2_298_025}]


def test_the_unicode_table_is_summed_up_as_by_plain_python(tmp_path: Path) -> None:
    characters = [chr(code) for code in range(0x11_0000) if not 0xD800 <= code < 0xE000]
    named = [c for c in characters if unicodedata.category(c) not in {"Cn", "Co"}]
    table = pa.table(
        {
            "code": pa.array([ord(c) for c in named], pa.int64()),
            "name": pa.array([unicodedata.name(c, None) for c in named], pa.string()),
            "category": [unicodedata.category(c) for c in named],
            "value": pa.array([unicodedata.numeric(c, None) for c in named], pa.float64()),
        }
    )
    assert table.num_rows > 140_000
    job = ParquetJob(
        tmp_path,
        table,
        {"filter": "name IS NOT NULL AND category LIKE 'N%' OR length(name) > 60"},
        {"derive": {"words": "length(name) - length(replace(name, ' ', '')) + 1"}},
        {
            "aggregate": {
                "characters": "count(*)",
                "numbers": "count(value)",
                "greatest": "arg_max(name, value)",
                "words": "sum(words)",
                "last": "max(name)",
            },
            "by": ["category"],
        },
    )
    groups: dict[str, list[str]] = defaultdict(list)
    for c in named:
        name = unicodedata.name(c, "")
        if (name and unicodedata.category(c).startswith("N")) or len(name) > 60:
            groups[unicodedata.category(c)].append(c)
    expected = []
    for category, members in groups.items():
        valued = [c for c in members if unicodedata.numeric(c, None) is not None]
        greatest = max(valued, key=unicodedata.numeric, default=None)
        names = [unicodedata.name(c) for c in members]
        expected.append(
            {
                "category": category,
                "characters": len(members),
                "numbers": len(valued),
                "greatest": unicodedata.name(greatest) if greatest else None,
                "words": sum(len(name.split(" ")) for name in names),
                "last": max(names),
            }
        )
    chunks = job.chunks(max_bytes=1 << 20)
    assert len(chunks) > 5
    assert result(job.job, [output(job.job, chunk) for chunk in chunks]) == expected
