"""Between outputs and chunks as they are and the binaries of messages, where they are joined.

Pure. A message holds only so many parts and bytes, whatever has piled up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

MOST_PARTS = 50
MOST_BYTES = 512 * 1024


def chunks_of(offer: dict[str, Any]) -> Iterator[bytes | None]:
    """The inline chunk of each sub-job of a `lease_offer`; None where it is to be fetched."""
    chunks, start = offer["chunks"] or b"", 0
    for sub_job in offer["sub_jobs"]:
        length = sub_job["chunk_bytes"]
        yield None if length is None else chunks[start : start + length]
        start += length or 0


def result_reports(results: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The `results` and `outputs` of as many `result_report`s as these results need.

    A result here has its `output` (bytes or None) where the wire has `output_bytes`.
    """
    for part in _parts(results):
        yield {"results": [_measured(**each) for each in part], "outputs": _joined(part)}


def checkpoint_reports(checkpoints: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same for checkpoints, of which each has its `output`."""
    for part in _parts(checkpoints):
        yield {"checkpoints": [_measured(**each) for each in part], "outputs": _joined(part)}


def _parts(items: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    size = 0
    for item in items:
        weight = len(item["output"] or b"")
        if part and (size + weight > MOST_BYTES or len(part) >= MOST_PARTS):
            yield part
            part, size = [], 0
        part.append(item)
        size += weight
    if part:
        yield part


def _joined(items: Sequence[dict[str, Any]]) -> bytes | None:
    outputs = [item["output"] for item in items if item["output"] is not None]
    return b"".join(outputs) if outputs else None


def _measured(*, output: bytes | None, **rest: Any) -> dict[str, Any]:
    return {**rest, "output_bytes": None if output is None else len(output)}
