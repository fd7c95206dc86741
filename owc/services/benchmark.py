"""How fast a core of this machine is, by the program that measures those of volunteers.

The program and its input are files of `static/`, the same for everybody. A score is how many rows a
core does in a millisecond, at its best: that of a machine that is busy with something else is about
the same.
"""

from __future__ import annotations

import contextlib
import threading
import time
from itertools import pairwise

import jobspec
from owc.assets import asset

_MEMORY_BYTES = 64 << 20
_SLICE_ROWS = 4096
_LEAST_SLICES = 8
_SECONDS = 0.1

_measuring = threading.Lock()
_known: list[float] = []


class _Enough(Exception):  # noqa: N818 - it ends a run, and is no error
    """The run has been watched for long enough."""


def known_score() -> float | None:
    """This process's score, if it has been measured."""
    return _known[0] if _known else None


def measure_score() -> float:
    """This process's score; measured once, which takes a tenth of a second and is no call for an
    event loop."""
    with _measuring:
        if not _known:
            _known.append(score())
        return _known[0]


def score() -> float:
    """Rows a millisecond of one core now."""
    folder = asset("static")
    ends: list[float] = []

    def note(_: jobspec.Between) -> None:
        ends.append(time.perf_counter())
        if len(ends) > _LEAST_SLICES and ends[-1] - ends[0] > _SECONDS:
            raise _Enough

    with contextlib.suppress(_Enough):
        jobspec.run_program(
            (folder / "benchmark.wasm").read_bytes(),
            (folder / "benchmark.chunk").read_bytes(),
            fuel=None,
            memory_bytes=_MEMORY_BYTES,
            slice_rows=_SLICE_ROWS,
            after_slice=note,
        )
    best = min(after - before for before, after in pairwise(ends))
    return _SLICE_ROWS / (1000 * max(best, 1e-9))
