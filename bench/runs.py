"""What the hub's own runs cost: in the process that asks, in a child one by one, in batches.

`python -m bench.runs` prints runs a second, and the time of the processor that one takes, which
says more on a machine that others use, too; and how long a child takes to start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jobspec
from bench import work
from owc.runs import Children, InProcess, Runs

SECONDS = 2.0
BATCH = 32
MEMORY_BYTES = 64 << 20


def main() -> None:
    children, here = Children(memory_bytes=MEMORY_BYTES), InProcess()
    kinds = _kinds()
    wasm, chunks, limits = kinds["no-op"]
    began = time.perf_counter()
    _one_by_one(children, wasm, chunks[:1], limits)
    print(f"a child is started and has compiled and run a program after {_ms(began):.0f} ms,")
    print(f"{_cpu_ms(children):.0f} ms of the processor")
    for name, (wasm, chunks, limits) in kinds.items():
        print(f"{name}: a program of {len(wasm):,} bytes, {limits['fuel_of_one']:,} fuel")
        arguments = wasm, chunks, limits
        _rate("in this process", partial(_one_by_one, here, *arguments), children)
        _rate("child, one by one", partial(_one_by_one, children, *arguments), children)
        _rate(f"child, in batches of {BATCH}", partial(_batched, children, *arguments), children)
    children.close()


Kind = tuple[bytes, Sequence[bytes], dict[str, Any]]


def _kinds() -> dict[str, Kind]:
    """Programs with chunks of theirs."""
    per_second = work.steps_per_second()
    documents = {
        "no-op": (work._document("No-op", BATCH * 10, 10, {"total": "sum(i)"}), 10),
        "10 ms": (work._busy_document(BATCH, 1, round(0.01 * per_second)), 1),
        "50 ms": (work._busy_document(BATCH, 1, round(0.05 * per_second)), 1),
    }
    return {name: _kind(*each) for name, each in documents.items()}


def _kind(document: dict[str, Any], rows: int) -> Kind:
    job = work.compile_document(document)
    chunks = [jobspec.range_chunk(job.plan, each * rows, rows) for each in range(BATCH)]
    memory_bytes = job.plan.requirement.memory_bytes
    run = jobspec.run_program(job.wasm, chunks[0], fuel=10**12, memory_bytes=memory_bytes)
    return job.wasm, chunks, {"memory_bytes": memory_bytes, "fuel_of_one": run.fuel_used or 0}


def _one_by_one(runs: Runs, wasm: bytes, chunks: Sequence[bytes], limits: dict[str, Any]) -> int:
    for chunk in chunks:
        runs.run(
            wasm,
            chunk,
            fuel=10**12,
            memory_bytes=limits["memory_bytes"],
            wall_seconds=60,
        )
    return len(chunks)


def _batched(runs: Runs, wasm: bytes, chunks: Sequence[bytes], limits: dict[str, Any]) -> int:
    found = runs.run_many(
        wasm, chunks, fuel=10**12, memory_bytes=limits["memory_bytes"], wall_seconds=60
    )
    return len(list(found))


def _rate(name: str, run: Callable[[], int], children: Children) -> None:
    run()  # started, compiled
    count, began = 0, time.perf_counter()
    here, there = time.process_time(), _cpu_ms(children)
    while time.perf_counter() - began < SECONDS:
        count += run()
    rate = 1000 * count / _ms(began)
    cpu = (1000 * (time.process_time() - here) + _cpu_ms(children) - there) / count
    print(f"  {name:26} {rate:10,.1f} runs/s {cpu:9.3f} ms of the processor each")


def _cpu_ms(children: Children) -> float:
    """What the children have worked so far."""
    fields = [
        Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children.pids()
    ]
    return sum(int(each[11]) + int(each[12]) for each in fields) * 1000 / os.sysconf("SC_CLK_TCK")


def _ms(began: float) -> float:
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
