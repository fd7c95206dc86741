"""The workloads whose time a volunteer's score should foretell: rows that integers, floats, texts,
hashes, tables and groups dominate, each by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import jobspec

_ROWS = 200_000
_SLOW_ROWS = 20_000
"""Of the workload whose rows take microseconds."""

_UPLOAD = "0" * 64

_FLIGHT = """def flight(n: i64) -> i32:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps"""
_TURNS = """def turns(cx: f64, cy: f64) -> i32:
    x = 0.0
    y = 0.0
    for each in range(500):
        x, y = x * x - y * y + cx, 2 * x * y + cy
        if x * x + y * y > 4:
            return each
    return 500"""
_PRIME = """def prime(n: i64) -> bool:
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return True"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    name: str
    wasm: bytes
    chunk: bytes
    memory_bytes: int


def workloads(folder: Path) -> Iterator[Workload]:
    """All of them, compiled; tables are put into the folder."""
    table = _table(folder / "table.parquet")
    number = {"source": {"range": {"n": [1_000_001, 9_000_001]}}}
    odd = {"source": {"range": {"n": [1_000_000_001, 1_900_000_001, 2]}}}
    upload = {"source": {"upload": _UPLOAD, "format": "parquet"}}
    count = {"aggregate": {"rows": "count(*)"}}
    for name, document in {
        "collatz": {
            **number,
            "functions": {"flight": _FLIGHT},
            "steps": [{"aggregate": {"longest": "max(flight(n))"}}],
        },
        "mandelbrot": {
            "source": {"range": {"y": [0, 240], "x": [0, 360]}},
            "functions": {"turns": _TURNS},
            "steps": [{"aggregate": {"sum": "sum(turns(x / 120 - 2.2, y / 120 - 1))"}}],
        },
        "primes": {
            **odd,
            "functions": {"prime": _PRIME},
            "steps": [{"filter": "prime(n)"}, count],
        },
        "sha256": {**number, "steps": [{"filter": "sha256(CAST(n AS string)) < 'f'"}, count]},
        "random": {
            **number,
            "steps": [
                {"derive": {"x": "random()", "y": "random()"}},
                {"filter": "x * x + y * y < 1"},
                count,
            ],
        },
        "mathematics": {
            **number,
            "steps": [{"aggregate": {"sum": "sum(sin(n) * exp(-n / 1e7) + ln(n) * sqrt(n))"}}],
        },
        "table scan": {
            **upload,
            "steps": [
                {"filter": "price > 20 AND discount BETWEEN 0.02 AND 0.06 AND quantity < 24"},
                {"aggregate": {"revenue": "sum(price * discount)"}},
            ],
        },
        "group by": {
            **upload,
            "steps": [
                {
                    "aggregate": {"rows": "count(*)", "most": "max(price)", "all": "sum(quantity)"},
                    "by": ["key"],
                }
            ],
        },
        "group by text": {
            **upload,
            "steps": [{"aggregate": {"rows": "count(*)"}, "by": ["name"]}],
        },
        "text filter": {
            **upload,
            "steps": [
                {"filter": "lower(trim(name)) LIKE '%an%' OR length(name) > 14"},
                {"aggregate": {"letters": "sum(length(upper(name)))"}},
            ],
        },
        "pattern": {
            **upload,
            "steps": [{"filter": "regexp_matches(name, '[a-f]+[0-9]{2,}x?$')"}, count],
        },
    }.items():
        job = compiled({"name": name, "about": "A workload.", **document}, table)
        rows = _SLOW_ROWS if name == "primes" else _ROWS
        yield Workload(
            name=name,
            wasm=job.wasm,
            chunk=_chunk(job, table, rows),
            memory_bytes=job.plan.requirement.memory_bytes,
        )


def compiled(document: dict[str, Any], table: Path = Path()) -> jobspec.CompiledJob:
    return jobspec.check_document(json.dumps(document).encode(), lambda _: table)


def _chunk(job: jobspec.CompiledJob, table: Path, rows: int) -> bytes:
    if job.plan.axes:
        return jobspec.range_chunk(job.plan, 0, min(rows, job.plan.rows or rows))
    parts = jobspec.chunks(job.document, job.plan, lambda _: table, rows=rows, max_bytes=1 << 24)
    [part] = islice(parts, 1)
    return part.data


def _table(path: Path) -> Path:
    """Rows of a shop, always the same."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance = np.random.default_rng(7)
    numbers = chance.integers(0, 100_000, _ROWS)
    words = ["anchor", "Banana ", " cable", "fabric", "lantern", "Mandolin", "zebra face"]
    names = [f"{words[number % 7]}{number % 4001}" for number in numbers.tolist()]
    pq.write_table(
        pa.table(
            {
                "price": chance.uniform(1, 100, _ROWS),
                "discount": chance.uniform(0, 0.1, _ROWS),
                "quantity": chance.integers(1, 50, _ROWS),
                "key": numbers % 1000,
                "name": names,
            }
        ),
        path,
    )
    return path
