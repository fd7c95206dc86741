"""The program that measures cores: what it computes, and what this machine's score is."""

from __future__ import annotations

import json
import time

import jobspec
from owc.assets import asset
from owc.services import benchmark

MEMORY_BYTES = 64 << 20


def stored(name: str) -> bytes:
    return (asset("static") / f"benchmark.{name}").read_bytes()


def test_the_stored_program_is_that_of_the_job_that_anybody_can_read() -> None:
    # Not the same bytes: the compiler goes on, the benchmark stays, so that scores compare.
    today = jobspec.check_document(stored("json"))
    chunk = jobspec.range_chunk(today.plan, 0, 3000)
    outputs = {
        jobspec.run_program(wasm, chunk, fuel=None, memory_bytes=MEMORY_BYTES).output
        for wasm in (stored("wasm"), today.wasm)
    }
    assert len(outputs) == 1


def test_its_input_lasts_longer_than_any_core_is_measured() -> None:
    first_row, rows = jobspec.chunk_rows(stored("chunk"))
    assert first_row == 0
    assert rows * 50e-9 > 0.2, "on a machine that is ten times faster than today's"
    start, stop = json.loads(stored("json"))["source"]["range"]["n"]
    assert rows <= stop - start


def test_a_score_is_measured_once_in_a_moment() -> None:
    began = time.monotonic()
    found = benchmark.measure_score()
    assert found > 10
    assert time.monotonic() - began < 5
    assert benchmark.known_score() == found == benchmark.measure_score()
