"""The files of the corpus: from jobs to programs, chunks and digests, and back from the folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from jobspec import CompiledJob, check_document, chunks, range_chunk
from tests.corpus import instructions
from tests.jobspec.jobs import Program

FILES = Path(__file__).parent / "files"
UPLOAD = "table.parquet"
"""Names of files stand for the SHA-256 of uploads in the jobs of the corpus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One program, its inputs, and the job that it was made from (None for the instructions)."""

    name: str
    wasm: bytes
    chunks: tuple[bytes, ...]
    job: dict[str, Any] | None


def made(jobs: Sequence[dict[str, Any]]) -> Iterator[Case]:
    """What today's compiler makes of the jobs."""
    for number, job in enumerate(jobs):
        compiled, data = compile_(job)
        yield Case(name=f"{number:03}", wasm=compiled.wasm, chunks=tuple(data), job=job)
    yield Case(
        name="instructions",
        wasm=instructions.program(),
        chunks=(instructions.chunk(),),
        job=None,
    )


def compile_(job: dict[str, Any], folder: Path = FILES) -> tuple[CompiledJob, list[bytes]]:
    """The job, and some of its chunks: the first ones, and one of one row."""
    uploads: dict[str, Path] = {}
    document = json.dumps(_with_hashes(job, uploads, folder)).encode()
    compiled = check_document(document, uploads.__getitem__)
    rows = compiled.plan.rows or 0
    if compiled.plan.axes:
        places = [(first, min(33, rows - first)) for first in (0, 33, 66) if first < rows]
        return compiled, [range_chunk(compiled.plan, *at) for at in (*places, (rows - 1, 1))]
    found: list[bytes] = []
    for size, count in ((40, 2), (1, 1)):
        given = chunks(
            compiled.document, compiled.plan, uploads.__getitem__, rows=size, max_bytes=1 << 24
        )
        found += [chunk.data for chunk in islice(given, count)]
    return compiled, found


def _with_hashes(job: dict[str, Any], uploads: dict[str, Path], folder: Path) -> Any:
    """The job with uploads named as jobs name them; their files are noted in `uploads`."""

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: named(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [named(part) for part in value]
        if isinstance(value, str) and value.endswith(".parquet"):
            sha256 = hashlib.sha256(value.encode()).hexdigest()
            uploads[sha256] = folder / value
            return sha256
        return value

    return named(job)


def write(jobs: Sequence[dict[str, Any]]) -> None:
    """Put the corpus of these jobs into the folder."""
    for path in (*FILES.glob("*.wasm"), *FILES.glob("*.chunk")):
        path.unlink()
    entries = []
    for case in made(jobs):
        (FILES / f"{case.name}.wasm").write_bytes(case.wasm)
        listed = []
        for number, chunk in enumerate(case.chunks):
            file = f"{case.name}.{number}.chunk"
            (FILES / file).write_bytes(chunk)
            listed.append({"file": file, "ends": ended(Program(case.wasm), chunk)})
        entries.append({"program": f"{case.name}.wasm", "chunks": listed, "job": case.job})
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    (FILES / "corpus.json").write_text(f"[\n{lines}\n]\n")


def read() -> list[dict[str, Any]]:
    """The entries of `corpus.json`."""
    found: list[dict[str, Any]] = json.loads((FILES / "corpus.json").read_text())
    return found


def jobs() -> list[dict[str, Any]]:
    return [entry["job"] for entry in read() if entry["job"] is not None]


def ended(program: Program, chunk: bytes) -> str:
    """How a run ends: the SHA-256 of the output, after the trap if there was one."""
    program.input(chunk)
    left = program.step(1 << 30)
    digest = hashlib.sha256(program.output()).hexdigest()
    return f"trap {left} {digest}" if left < 0 else digest
