"""What whoever needs runs of programs asks for, and the plain way to do them: in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, Required, TypeAlias, TypedDict, Unpack

import jobspec

Outcome: TypeAlias = jobspec.Run | jobspec.RunError


class Limits(TypedDict, total=False):
    """Of a run: fuel (None: no bound, and a faster program), memory and wall time. `whole_rows` and
    `twice` are those of `jobspec.run_program`."""

    fuel: Required[int | None]
    memory_bytes: Required[int]
    wall_seconds: Required[float]
    whole_rows: bool
    twice: bool


class Runs(Protocol):
    """Runs of programs within limits. Safe to share between threads."""

    def run(self, wasm: bytes, chunk: bytes, **limits: Unpack[Limits]) -> jobspec.Run:
        """As `jobspec.run_program`, whose RunError it raises; further codes are `wall_time`, where
        the run took longer than `wall_seconds`, and `process_died`, where it ended its process.

        Raises RunsUnavailable where there is no process to run it.
        """

    def run_many(
        self,
        wasm: bytes,
        chunks: Iterable[bytes],
        *,
        begin_seconds: float | None = None,
        **limits: Unpack[Limits],
    ) -> Iterator[Outcome]:
        """The same for many chunks of one program: what became of each, in their order, as they are
        done; the limits hold for each of them.

        No run begins later than `begin_seconds` after the first, so there may be fewer outcomes
        than chunks; there is one at least. Raises RunsUnavailable.
        """

    def close(self) -> None:
        """End what was started. Again is no error; there are no runs after it."""


class InProcess:
    """Runs in this very process and thread: for tests and rehearsals. The wall has no limit here,
    and a program that ends its process ends this one."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        """`monotonic`: the clock of a rehearsal, by which runs take their time, too."""
        self._monotonic = monotonic

    def run(self, wasm: bytes, chunk: bytes, **limits: Unpack[Limits]) -> jobspec.Run:
        began = self._now()
        run = jobspec.run_program(
            wasm,
            chunk,
            fuel=limits["fuel"],
            memory_bytes=limits["memory_bytes"],
            whole_rows=limits.get("whole_rows", False),
            twice=limits.get("twice", False),
        )
        return run if self._monotonic is None else replace(run, cpu_seconds=self._now() - began)

    def run_many(
        self,
        wasm: bytes,
        chunks: Iterable[bytes],
        *,
        begin_seconds: float | None = None,
        **limits: Unpack[Limits],
    ) -> Iterator[Outcome]:
        began = self._now()
        for chunk in chunks:
            try:
                yield self.run(wasm, chunk, **limits)
            except jobspec.RunError as error:
                yield error
            if begin_seconds is not None and self._now() - began >= begin_seconds:
                return

    def close(self) -> None:
        pass

    def _now(self) -> float:
        return time.monotonic() if self._monotonic is None else self._monotonic()
