"""What programs compute, and how long that takes here: real outputs, virtual time.

An output is computed once by wasmtime and then known to every run of this operating system process,
whoever it is that computes it there: a volunteer, the hub, or whoever judges the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, Unpack

import jobspec
from owc.runs import Limits, Outcome
from tests.simulation.world import World

FUEL: Final = 60_000_000_000
START_SECONDS: Final = 0.001


class Computer:
    """Runs programs; `row_seconds`: of a row on the hub's machine, by the program's SHA-256."""

    def __init__(self) -> None:
        self.row_seconds: dict[str, float] = {}
        self._runs: dict[tuple[str, bytes, bool], jobspec.Run] = {}
        self._names: dict[bytes, str] = {}

    def name_of(self, wasm: bytes) -> str:
        name = self._names.get(wasm)
        if name is None:
            name = self._names[wasm] = hashlib.sha256(wasm).hexdigest()
        return name

    def run(self, wasm: bytes, chunk: bytes, memory_bytes: int, *, whole: bool) -> jobspec.Run:
        """The truth. Raises jobspec.RunError."""
        key = (self.name_of(wasm), chunk, whole)
        found = self._runs.get(key)
        if found is None:
            found = self._runs[key] = jobspec.run_program(
                wasm, chunk, fuel=FUEL, memory_bytes=memory_bytes, whole_rows=whole
            )
        return found

    def seconds(self, program_sha256: str, rows: int) -> float:
        """How long so many rows take the hub's machine."""
        return START_SECONDS + rows * self.row_seconds.get(program_sha256, 0.0)


class SimulatedRuns:
    """The hub's own runs, as `owc.runs.Runs` has them: they take virtual time, and may die. What
    they took is added up in `spent`, in seconds of the hub's machine by program."""

    def __init__(self, world: World, computer: Computer) -> None:
        self._world, self._computer = world, computer
        self.spent: dict[str, float] = {}
        self.dying = 0.0
        """The share of runs that end their process."""

    def run(self, wasm: bytes, chunk: bytes, **limits: Unpack[Limits]) -> jobspec.Run:
        memory_bytes, whole = limits["memory_bytes"], limits.get("whole_rows", False)
        run = self._computer.run(wasm, chunk, memory_bytes, whole=whole)
        name = self._computer.name_of(wasm)
        seconds = self._computer.seconds(name, run.rows_done)
        self.spent[name] = self.spent.get(name, 0.0) + seconds
        self._world.sleep(seconds)
        return replace(run, cpu_seconds=seconds)

    def run_many(
        self,
        wasm: bytes,
        chunks: Iterable[bytes],
        *,
        begin_seconds: float | None = None,
        **limits: Unpack[Limits],
    ) -> Iterator[Outcome]:
        began = self._world.now
        for chunk in chunks:
            if self._world.rng.random() < self.dying:
                self._world.note("a run ends its process")
                yield jobspec.RunError("process_died", "the process that ran the program died")
                return
            try:
                yield self.run(wasm, chunk, **limits)
            except jobspec.RunError as error:
                yield error
            if begin_seconds is not None and self._world.now - began >= begin_seconds:
                return

    def close(self) -> None:
        pass


COMPUTER: Final = Computer()
"""One for all runs: what was computed once is not computed again."""
