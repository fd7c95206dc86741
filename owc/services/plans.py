"""A stored job's plan, program and chunks, ready to use."""

from __future__ import annotations

import functools

import jobspec
from owc.services.hub import Hub
from owc.store import JobRow, SubJobRow


def limits(hub: Hub) -> jobspec.Limits:
    """How large a job may be on this hub."""
    settings = hub.settings
    return jobspec.Limits(
        document_bytes=settings.document_bytes,
        memory_bytes=settings.memory_bytes,
        result_bytes=settings.result_bytes,
    )


@functools.lru_cache(maxsize=64)
def read_plan(text: str) -> jobspec.ProgramPlan:
    """The plan that `to_json` wrote. Plans are immutable, and many calls are about few jobs."""
    return jobspec.ProgramPlan.from_json(text)


def describe_trap(plan: jobspec.ProgramPlan, trap_site: int, row: int) -> str:
    """Why a job fails at a row of its source, as a sentence."""
    site = plan.traps[trap_site]
    place = f"{site.pointer}, line {site.line}" if site.line else site.pointer
    return f"Row {row:,} of the source failed: {site.message} ({site.code}) at {place}."


def chunk_of(hub: Hub, job: JobRow, sub_job: SubJobRow) -> bytes:
    """The input of a sub-job: a blob, or, for a range, its header made anew."""
    if sub_job.chunk_sha256 is not None:
        return hub.blobs.read(sub_job.chunk_sha256)
    return jobspec.range_chunk(read_plan(job.plan), sub_job.first_row, sub_job.rows)
