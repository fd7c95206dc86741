"""A stored job's plan, program and chunks, ready to use."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

import jobspec
from owc.services.hub import Hub
from owc.settings import Settings
from owc.store import AuditRow, HubProgramRow, JobRow, SubJobRow, listed


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


VERIFY_SECONDS = 2
"""Longest evaluation of `verify` over one output (enforced as fuel): others wait for it."""


_NUMBERS = 1 << 53
"""From so many the first row's number is drawn: `hub.draw` gives no more bits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verify:
    """A job's `verify` program."""

    program_sha256: str
    plan: str


_VERIFY = select(HubProgramRow.job_id, HubProgramRow.program_sha256, HubProgramRow.plan).where(
    HubProgramRow.job_id.in_(listed("job_ids")), HubProgramRow.role == "verify"
)


def verify_of(session: Session, job_ids: Collection[str]) -> dict[str, Verify]:
    """The `verify` programs of those of the jobs that have one."""
    rows = session.execute(_VERIFY, {"job_ids": list(job_ids)})
    return {row.job_id: Verify(program_sha256=row.program_sha256, plan=row.plan) for row in rows}


def passes(hub: Hub, verify: Verify, plan: jobspec.ProgramPlan, output: bytes) -> bool:
    """Whether the condition is true for every row of an output's own result.

    `random()` in the condition is drawn here, when the output can no longer be changed. Raises
    jobspec.OutputError for what is no output. One that cannot be evaluated does not pass.
    """
    try:
        failing = jobspec.failing_rows(
            hub.blobs.read(verify.program_sha256),
            read_plan(verify.plan),
            jobspec.merge(plan, [output]),
            fuel=fuel_for(VERIFY_SECONDS),
            first_number=int(hub.draw() * _NUMBERS),
        )
    except jobspec.MergeError:
        return False
    return failing == 0


FUEL_PER_SECOND = 1_000_000_000
"""Wasmtime's fuel is about one a WebAssembly instruction; a slow machine does this many."""


def fuel_for(seconds: float) -> int:
    return int(seconds * FUEL_PER_SECOND)


WALL_FACTOR = 3
"""How much longer than its fuel would last a run may take: it gives way to other processes."""


def wall_seconds(settings: Settings) -> float:
    """The time after which a run is ended that should have run out of fuel."""
    return WALL_FACTOR * settings.hub_run_seconds


def describe_trap(plan: jobspec.ProgramPlan, trap_site: int, row: int) -> str:
    """Why a job fails at a row of its source, as a sentence."""
    site = plan.traps[trap_site]
    place = _place(plan, trap_site)
    return f"Row {row:,} of the source failed: {site.message} ({site.code}) at {place}."


def describe_site(plan: jobspec.ProgramPlan, trap_site: int) -> str:
    """What is wrong and where, in words that stand beside a row's number and a code."""
    return f"{plan.traps[trap_site].message} at {_place(plan, trap_site)}"


def _place(plan: jobspec.ProgramPlan, trap_site: int) -> str:
    site = plan.traps[trap_site]
    return f"{site.pointer}, line {site.line}" if site.line else site.pointer


def chunk_of(hub: Hub, job: JobRow, sub_job: SubJobRow | AuditRow) -> bytes:
    """The input of a sub-job: a blob, or, for a range, its header made anew."""
    if sub_job.chunk_sha256 is not None:
        return hub.blobs.read(sub_job.chunk_sha256)
    return jobspec.range_chunk(read_plan(job.plan), sub_job.first_row, sub_job.rows)
