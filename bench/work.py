"""Jobs whose right outputs are known without running them: the sum of the row numbers.

A sub-job counts for nothing until the hub has its right bytes, and the job's result is right only
if each row counts once: what is lost, doubled or misplaced changes the sum. `noop` rows cost
nothing; `busy` rows take a time that was measured here first, so that the hub's own probe agrees
with how long the swarm pretends to compute.
"""

from __future__ import annotations

import base64
import functools
import json
import struct
import time
from dataclasses import dataclass
from typing import Any

import jobspec

_LIMITS = jobspec.Limits(document_bytes=1_000_000, memory_bytes=2**26, result_bytes=2**23)
_FUEL = 10**11
_PROBED = ((0, 1), (20, 10), (990, 7), (123_456, 300))
_BUSY = """def busy(i: i64) -> i64:
    total = i
    for step in range({steps}):
        total += step ^ (i & 1)
    for step in range({steps}):
        total -= step ^ (i & 1)
    return total"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A job document and how to answer its sub-jobs."""

    document: dict[str, Any]
    program_sha256: str
    template: dict[str, Any]
    rows: int

    @property
    def result(self) -> int:
        """The right answer of the whole job."""
        return self.rows * (self.rows - 1) // 2


def noop(sub_jobs: int, *, rows_each: int = 10, name: str = "No-op") -> Work:
    """A job whose sub-jobs cost a volunteer nothing."""
    return _work(_document(name, sub_jobs * rows_each, rows_each, {"total": "sum(i)"}))


def busy(sub_jobs: int, *, rows_each: int, row_seconds: float) -> Work:
    """A job whose rows take about `row_seconds` on this machine."""
    return _work(
        _busy_document(
            sub_jobs * rows_each, rows_each, max(1, round(row_seconds * steps_per_second()))
        )
    )


@functools.cache
def steps_per_second() -> float:
    """How fast `busy` runs here, in its own steps."""
    steps = 1_000_000
    compiled = compile_document(_busy_document(8, 8, steps))
    best = min(_seconds(compiled) for _ in range(3))
    return 8 * steps / best


def _seconds(compiled: jobspec.CompiledJob) -> float:
    begun = time.perf_counter()
    run(compiled, 0, 8)
    return time.perf_counter() - begun


def _document(name: str, rows: int, rows_each: int, aggregate: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "about": "A benchmark of this hub.",
        "source": {"range": {"i": [0, rows]}},
        "steps": [{"aggregate": aggregate}],
        "split": {"rows": rows_each},
    }


def _busy_document(rows: int, rows_each: int, steps: int) -> dict[str, Any]:
    document = _document("Busy", rows, rows_each, {"total": "sum(busy(i))"})
    return {**document, "functions": {"busy": _BUSY.format(steps=steps)}}


def compile_document(document: dict[str, Any]) -> jobspec.CompiledJob:
    return jobspec.check_document(json.dumps(document).encode(), _no_upload, _LIMITS)


def _no_upload(sha256: str) -> Any:
    raise LookupError(sha256)


def run(compiled: jobspec.CompiledJob, first_row: int, rows: int) -> bytes:
    chunk = jobspec.range_chunk(compiled.plan, first_row, rows)
    memory_bytes = compiled.plan.requirement.memory_bytes
    return jobspec.run_program(compiled.wasm, chunk, fuel=_FUEL, memory_bytes=memory_bytes).output


def _work(document: dict[str, Any]) -> Work:
    compiled = compile_document(document)
    rows = document["source"]["range"]["i"][1]
    template = _template(compiled, rows)
    return Work(
        document=document, program_sha256=compiled.program_sha256, template=template, rows=rows
    )


def _template(compiled: jobspec.CompiledJob, rows: int) -> dict[str, Any]:
    """Where sum and counts stand in an output; proved on ranges that differ in both."""
    pattern = run(compiled, 0, min(5, rows))
    count = min(5, rows)
    words = [
        (offset, struct.unpack_from("<q", pattern, offset)[0])
        for offset in range(128, len(pattern) - 7, 64)
    ]
    sums = [offset for offset, word in words if word == count * (count - 1) // 2]
    counts = [offset for offset, word in words if word == count]
    template = {"bytes": base64.b64encode(pattern).decode(), "sum": sums[0], "rows": counts}
    for first_row, size in _PROBED:
        if first_row + size <= rows and fill(template, first_row, size) != run(
            compiled, first_row, size
        ):
            raise AssertionError("the outputs of this program cannot be made from a template")
    return template


def fill(template: dict[str, Any], first_row: int, rows: int) -> bytes:
    """The output of rows [first_row, first_row + rows), as the swarm makes it too."""
    output = bytearray(base64.b64decode(template["bytes"]))
    struct.pack_into("<I", output, 16, rows)
    struct.pack_into("<q", output, 24, first_row)
    struct.pack_into("<q", output, template["sum"], rows * first_row + rows * (rows - 1) // 2)
    for offset in template["rows"]:
        struct.pack_into("<q", output, offset, rows)
    return bytes(output)
