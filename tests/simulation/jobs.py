"""The jobs of a run: a few documents in several sizes, whose answers are reckoned in plain Python.

Programs are compiled once an operating system process. What a row costs is said here, in virtual
seconds of the hub's machine.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import jobspec
from tests.simulation.computing import COMPUTER

ROWS: Final = 20
"""Of a sub-job."""

Answer = list[dict[str, Any]] | None
Made = tuple[dict[str, Any], Answer]


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedJob:
    """A document, compiled. `answer`: the rows of its result; None: it fails, and that is right.
    `replicas`: how many volunteers must agree, where the document says so."""

    kind: str
    raw: bytes
    compiled: jobspec.CompiledJob
    sub_jobs: int
    row_seconds: float
    answer: Answer
    replicas: int


def squares(rows: int) -> Made:
    document = {
        "name": "Squares",
        "steps": [
            {"derive": {"square": "n * n"}},
            {"aggregate": {"total": "sum(square)", "largest": "max(square)"}},
        ],
        "source": {"range": {"n": [0, rows]}},
    }
    answer = [{"total": sum(n * n for n in range(rows)), "largest": (rows - 1) ** 2}]
    return document, answer


def even_names(rows: int) -> Made:
    given = [{"n": n, "name": f"name {n % 97}"} for n in range(rows)]
    document = {
        "name": "Even names",
        "source": {"rows": given},
        "steps": [{"filter": "n % 2 = 0"}, {"derive": {"double": "n * 2"}}],
    }
    return document, [{**row, "double": row["n"] * 2} for row in given[::2]]


def groups(rows: int) -> Made:
    document = {
        "name": "Remainders",
        "source": {"range": {"n": [0, rows]}},
        "steps": [
            {"derive": {"rest": "n % 7"}},
            {"aggregate": {"rows": "count(*)", "total": "sum(n)"}, "by": ["rest"]},
        ],
        "finish": [{"sort": ["rest"], "limit": 5}],
    }
    by_rest = [range(rest, rows, 7) for rest in range(5)]
    answer = [
        {"rest": rest, "rows": len(each), "total": sum(each)} for rest, each in enumerate(by_rest)
    ]
    return document, answer


def search(rows: int) -> Made:
    found = rows * 5 // 8
    document = {
        "name": "A search",
        "source": {"range": {"n": [0, rows]}},
        "steps": [{"stop_when": f"n * n >= {found * found}"}],
    }
    return document, [{"n": found}]


def poisoned(rows: int) -> Made:
    bad = sorted({0, rows // 3, rows // 3 + 1, rows - 1})
    document = {
        "name": "Poisoned",
        "source": {"range": {"n": [0, rows]}},
        "functions": {"f": _failing(bad)},
        "steps": [{"aggregate": {"total": "sum(f(n))", "rows": "count(*)"}}],
        "on_error": "skip",
    }
    return document, [{"total": sum(set(range(rows)) - set(bad)), "rows": rows - len(bad)}]


def failing(rows: int) -> Made:
    document = {
        "name": "Failing",
        "source": {"range": {"n": [0, rows]}},
        "functions": {"f": _failing([rows * 3 // 4])},
        "steps": [{"aggregate": {"total": "sum(f(n))"}}],
    }
    return document, None


def witnesses(rows: int) -> Made:
    document = {
        "name": "Witnesses",
        "source": {"range": {"n": [0, rows]}},
        "steps": [{"filter": "n * n % 31 = 5"}],
        "trust": {"verify": "n * n % 31 = 5"},
    }
    return document, [{"n": n} for n in range(rows) if n * n % 31 == 5]


def agreed(rows: int) -> Made:
    document, answer = squares(rows)
    return {**document, "name": "Agreed squares", "trust": {"replicas": 2}}, answer


def _failing(bad: list[int]) -> str:
    condition = " or ".join(f"n == {row}" for row in bad)
    return f"def f(n: i64) -> i64:\n    if {condition}:\n        return n // (n - n)\n    return n"


KINDS: Final[dict[str, tuple[Callable[[int], Made], float]]] = {
    "squares": (squares, 0.25),
    "even_names": (even_names, 0.1),
    "groups": (groups, 0.3),
    "search": (search, 0.2),
    "poisoned": (poisoned, 0.15),
    "failing": (failing, 0.2),
    "witnesses": (witnesses, 0.5),
    "agreed": (agreed, 0.25),
}
"""By name: what makes the document of so many rows, and the seconds of a sub-job."""


@functools.cache
def job(kind: str, sub_jobs: int) -> SimulatedJob | None:
    """A job of so many sub-jobs; None where this version of the language does not know what it
    asks for."""
    make, seconds = KINDS[kind]
    document, answer = make(sub_jobs * ROWS)
    document["split"] = {"rows": ROWS}
    raw = json.dumps(document).encode()
    try:
        compiled = jobspec.check_document(raw, None, jobspec.Limits())
    except jobspec.DocumentError:
        if kind != "agreed":
            raise
        return None
    COMPUTER.row_seconds[compiled.program_sha256] = seconds / ROWS
    return SimulatedJob(
        kind=kind,
        raw=raw,
        compiled=compiled,
        sub_jobs=sub_jobs,
        row_seconds=seconds / ROWS,
        answer=answer,
        replicas=2 if kind == "agreed" else 1,
    )


@functools.cache
def true_sha256(job: SimulatedJob, first_row: int, rows: int) -> str:
    """Of the output that a sub-job of these rows has."""
    plan = job.compiled.plan
    if plan.axes:
        chunk = jobspec.range_chunk(plan, first_row, rows)
    else:
        chunk = jobspec.slice_chunk(plan, _whole(job), first_row, rows)
    run = COMPUTER.run(job.compiled.wasm, chunk, plan.requirement.memory_bytes, whole=True)
    return hashlib.sha256(run.output).hexdigest()


@functools.cache
def _whole(job: SimulatedJob) -> bytes:
    """The source of a table in one chunk."""
    document, plan = job.compiled.document, job.compiled.plan
    (chunk,) = jobspec.chunks(document, plan, _no_upload, rows=1 << 20, max_bytes=1 << 28)
    return chunk.data


def _no_upload(sha256: str) -> Any:
    raise LookupError(sha256)
