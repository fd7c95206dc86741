"""Compiles generated documents: a program or problems, soon, in little memory, whatever comes."""

from __future__ import annotations

import resource
import secrets
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from jobspec import DocumentError, check_document
from tests.fuzz.documents import document

SECONDS = 5.0
MEMORY_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What compiling one document took."""

    compiled: bool
    seconds: float
    grown_bytes: int
    """By how much the process' peak of memory went up."""


def compile_(raw: bytes) -> Cost:
    """Compile a document. Raises whatever the compiler raises but DocumentError."""
    before, peak = time.process_time(), _peak_bytes()
    compiled = True
    try:
        check_document(raw, _no_upload)
    except DocumentError as error:
        compiled = False
        if not all(problem.code and problem.message for problem in error.problems):
            raise AssertionError("a problem without words") from error
    return Cost(compiled, time.process_time() - before, _peak_bytes() - peak)


def check(raw: bytes) -> Cost:
    """The cost of a document, which is within the limits. Raises AssertionError if it is not."""
    cost = compile_(raw)
    assert cost.seconds < SECONDS, f"{cost.seconds:.1f} s: {raw!r}"
    assert cost.grown_bytes < MEMORY_BYTES, f"{cost.grown_bytes >> 20} MiB: {raw!r}"
    return cost


def _no_upload(sha256: str) -> Any:
    raise LookupError(sha256)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


@dataclass(slots=True)
class Report:
    """What a run found."""

    documents: int = 0
    programs: int = 0
    seconds: float = 0
    grown_bytes: int = 0
    failures: list[str] = field(default_factory=list)


def run(seed: int, documents: int) -> Report:
    """Compile so many documents; the same seed gives the same ones."""
    report = Report()
    for number in range(documents):
        rng = Random(f"{seed}/{number}")
        raw = document(partial(_below, rng))
        report.documents += 1
        try:
            cost = check(raw)
        except Exception as error:  # noqa: BLE001  (what is looked for)
            told = f"seed {seed}, document {number}: {type(error).__name__}: {error}"
            report.failures.append(f"{told}\n  {raw[:3000]!r}")
            continue
        report.programs += cost.compiled
        report.seconds = max(report.seconds, cost.seconds)
        report.grown_bytes = max(report.grown_bytes, cost.grown_bytes)
    return report


def _below(rng: Random, stop: int) -> int:
    return rng.randrange(stop) if stop else 0


def guided(documents: int) -> int:
    """Let atheris look for documents that reach new parts of the compiler; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["jobspec"]):
        for name in [name for name in sys.modules if name.partition(".")[0] == "jobspec"]:
            del sys.modules[name]
        import jobspec

    def one(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        raw = document(lambda below: provider.ConsumeIntInRange(0, max(below - 1, 0)))
        with suppress(jobspec.DocumentError):
            jobspec.check_document(raw, _no_upload)

    # Long random inputs to begin with: short ones make every choice the first.
    with tempfile.TemporaryDirectory() as folder:
        for number in range(200):
            (Path(folder) / str(number)).write_bytes(secrets.token_bytes(400))
        limits = ["-max_len=800", "-len_control=0", "-timeout=10", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], folder, f"-runs={documents}", *limits], one)
        atheris.Fuzz()
    return 0
