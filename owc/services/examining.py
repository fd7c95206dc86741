"""What the hub itself finds in reports, before any transaction: decoding takes time, locks are
short.

Nothing of a report is believed. Bytes are decoded by jobspec before they are stored.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

import jobspec
from owc.errors import BadDigest, NotFound
from owc.services.hub import Hub
from owc.services.plans import Verify, passes, read_plan, verify_of
from owc.services.values import Report
from owc.store import AnyRow, JobRow, SubJobRow, listed

SMALL_BYTES = 1024
"""Outputs of which it is remembered whether they are well formed."""


_SUB_JOBS = select(SubJobRow.id, SubJobRow.first_row, SubJobRow.rows, SubJobRow.job_id).where(
    SubJobRow.id.in_(listed("ids"))
)
_PLANS = select(JobRow.id, JobRow.plan).where(JobRow.id.in_(listed("ids")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What the hub itself found in a report.

    `refusal`: why its bytes are not an output; `ends`: nothing after it is needed, if it is right;
    `is_doubtful`: the job's own condition is not true of it.
    """

    output: bytes = b""
    sha256: str = ""
    rows_done: int = 0
    refusal: str | None = None
    ends: bool | None = None
    is_doubtful: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """What an output says, whoever sent it."""

    rows_done: int
    ends: bool | None
    refusal: str | None = None


def examine_all(hub: Hub, reports: Sequence[Report]) -> list[Examined]:
    """In the order of the reports. What names no sub-job of ours, or an error, is not looked at."""
    ids = list({report.sub_job_id for report in reports})
    with hub.database.read() as session:
        known = {row.id: row for row in session.execute(_SUB_JOBS, {"ids": ids})}
        job_ids = list({row.job_id for row in known.values()})
        plans = {row.id: str(row.plan) for row in session.execute(_PLANS, {"ids": job_ids})}
        verify = verify_of(session, job_ids)
    return [
        _examine(hub, report, known[report.sub_job_id], plans, verify)
        if report.error is None and report.sub_job_id in known
        else Examined()
        for report in reports
    ]


def _examine(
    hub: Hub,
    report: Report,
    known: AnyRow,
    plans: Mapping[str, str],
    verify: Mapping[str, Verify],
) -> Examined:
    text = plans[known.job_id]
    try:
        output = _bytes_of(hub, report)
    except (jobspec.OutputError, NotFound, BadDigest) as error:
        return Examined(refusal=f"The output is not one of this program: {error.message}")
    sha256 = hashlib.sha256(output).hexdigest()
    if report.trap_site is not None:
        sites = len(read_plan(text).traps)
        if not 0 <= report.trap_site < sites or not 0 <= report.rows_done < known.rows:
            return Examined(refusal="The program cannot trap there.")
        return Examined(output=output, sha256=sha256, rows_done=report.rows_done)
    shape = _shape(text, output)
    if shape.refusal is not None:
        return Examined(refusal=shape.refusal)
    if shape.rows_done != known.rows:
        return Examined(refusal=f"The output is of {shape.rows_done} rows, not of {known.rows}.")
    first_row = jobspec.output_first_row(output)
    if first_row != known.first_row:
        refusal = f"The output is of the rows from {first_row} on, not from {known.first_row} on."
        return Examined(refusal=refusal)
    condition = verify.get(known.job_id)
    is_doubtful = condition is not None and not passes(hub, condition, read_plan(text), output)
    if len(output) > hub.settings.inline_result_bytes:
        hub.blobs.put(output)
    return Examined(
        output=output,
        sha256=sha256,
        rows_done=shape.rows_done,
        ends=shape.ends,
        is_doubtful=is_doubtful,
    )


@functools.lru_cache(maxsize=1024)
def _shape_of_small(plan: str, output: bytes) -> _Shape:
    return _decode(plan, output)


def _shape(plan: str, output: bytes) -> _Shape:
    # searches and counts send the same few bytes again and again, but for where they are from
    if len(output) > SMALL_BYTES:
        return _decode(plan, output)
    return _shape_of_small(plan, jobspec.without_place(output))


def _decode(text: str, output: bytes) -> _Shape:
    plan = read_plan(text)
    try:
        jobspec.output_table(plan, output)
        rows_done = jobspec.output_rows_done(output)
    except jobspec.OutputError as error:
        refusal = f"The output is not one of this program: {error.message}"
        return _Shape(rows_done=0, ends=None, refusal=refusal)
    return _Shape(rows_done=rows_done, ends=jobspec.output_ends(plan, output))


def _bytes_of(hub: Hub, report: Report) -> bytes:
    """Raises OutputError, NotFound, BadDigest."""
    if report.output is not None:
        output = report.output
    elif report.output_sha256 is not None:
        path = hub.blobs.path(report.output_sha256)
        if path.stat().st_size > hub.settings.result_bytes:
            raise jobspec.OutputError("it is too large")
        output = path.read_bytes()
    elif report.trap_site is not None:
        return b""
    else:
        raise jobspec.OutputError("there is none")
    if len(output) > hub.settings.result_bytes:
        raise jobspec.OutputError(
            f"it has {len(output):,} bytes, and the limit is {hub.settings.result_bytes:,}"
        )
    return output
