"""Runs one sub-job in a worker thread: gets what it needs, computes, and makes a result of the end.

On the way it shows the output so far now and then, as a checkpoint.

What the program did (a trap, too much memory or time, too large an output) is a result; what could
not be fetched or sent is a FetchError, and nothing against the sub-job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jobspec
from owc.volunteer.checkpoints import CheckpointPace
from owc.volunteer.desk import Assignment
from owc.volunteer.hub_files import FetchError, HubFiles

_SLICE_SECONDS = 0.05  # a stop waits at most about this long
_FUEL = 10**12  # some minutes: a program that never ends must not hold a worker for ever
_ERRORS = {"memory": "out_of_memory", "fuel_exhausted": "step_too_long"}
"""The wire's words for those of jobspec's errors that a program is to blame for."""


class StoppedError(Exception):
    """The sub-job is no longer wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What the hub's last welcome says about results, and the token to send them with."""

    token: str
    inline_result_bytes: int
    result_bytes: int
    checkpoint_bytes: int


def run_sub_job(
    assignment: Assignment,
    files: HubFiles,
    *,
    terms: Callable[[], Terms],
    is_wanted: Callable[[], bool],
    show: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """The result, and to `show` checkpoints, with their `output` instead of `output_bytes`.

    Raises FetchError, and StoppedError soon after `is_wanted` says no.
    """
    result: dict[str, Any] = {
        "sub_job_id": assignment.sub_job_id,
        "output": None,
        "output_sha256": None,
        "rows_done": 0,
        "trap_site": None,
        "error": None,
        "elapsed_ms": 0.0,
    }
    if not is_wanted():
        raise StoppedError
    program = files.blob(assignment.program_url, assignment.program_sha256)
    chunk = _chunk(assignment, files)
    started = time.perf_counter()
    pace = CheckpointPace(terms().checkpoint_bytes)

    def after_slice(between: jobspec.Between) -> None:
        if not is_wanted():
            raise StoppedError
        begun = time.perf_counter() - started
        if between.rows_left == 0 or not pace.is_due(begun):
            return
        output = between.output(pace.most_bytes)
        pace.made(begun, time.perf_counter() - started, too_large=output is None)
        if output is not None:
            show(_checkpoint(assignment, output, begun))

    try:
        run = jobspec.run_program(
            program,
            chunk,
            fuel=_FUEL,
            memory_bytes=assignment.memory_bytes,
            slice_seconds=_SLICE_SECONDS,
            after_slice=after_slice,
        )
    except jobspec.RunError as error:
        result["error"] = f"{_ERRORS.get(error.code, error.code)}: {error}"[:500]
    else:
        result["output"] = run.output if run.trap_site is None else None
        result["rows_done"] = run.rows_done
        result["trap_site"] = run.trap_site
    result["elapsed_ms"] = (time.perf_counter() - started) * 1000
    return _sendable(result, files, terms())


def _checkpoint(assignment: Assignment, output: bytes, seconds: float) -> dict[str, Any]:
    return {
        "sub_job_id": assignment.sub_job_id,
        "output": output,
        "rows_done": jobspec.output_rows_done(output),
        "elapsed_ms": seconds * 1000,
    }


def _chunk(assignment: Assignment, files: HubFiles) -> bytes:
    if assignment.chunk is not None:
        return assignment.chunk
    if assignment.chunk_url is None or assignment.chunk_sha256 is None:
        raise FetchError("the offer names no chunk")
    return files.blob(assignment.chunk_url, assignment.chunk_sha256)


def _sendable(result: dict[str, Any], files: HubFiles, terms: Terms) -> dict[str, Any]:
    """The result as it can go by the socket: a large output by HTTP first, none too large."""
    size = len(result["output"] or b"")
    if size > terms.result_bytes:
        error = f"result_too_large: {size} bytes, and the hub takes {terms.result_bytes}"
        return {**result, "output": None, "error": error}
    if size <= terms.inline_result_bytes:
        return result
    sha256 = files.send_output(result["output"], terms.token)
    return {**result, "output": None, "output_sha256": sha256}
