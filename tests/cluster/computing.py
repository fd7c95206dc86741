"""What a volunteer of a test does with what it is offered: runs it, in the wire's words."""

from __future__ import annotations

from typing import Any

import jobspec


def computed(program: bytes, offer: dict[str, Any]) -> tuple[list[dict[str, Any]], bytes]:
    """`results` and `outputs` of the report of a whole lease."""
    results, outputs, place = [], b"", 0
    memory_bytes = offer["program"]["memory_bytes"]
    for sub_job in offer["sub_jobs"]:
        stop = place + sub_job["chunk_bytes"]
        chunk = offer["chunks"][place:stop]
        run = jobspec.run_program(program, chunk, fuel=None, memory_bytes=memory_bytes)
        place = stop
        outputs += run.output
        result = {
            "sub_job_id": sub_job["sub_job_id"],
            "output_bytes": len(run.output),
            "output_sha256": None,
            "rows_done": run.rows_done,
            "trap_site": None,
            "error": None,
            "elapsed_ms": 1.0,
        }
        results.append(result)
    return results, outputs
