"""The judge: the hub runs sub-jobs itself and compares. Its own run is decisive.

Also the way of last resort for sub-jobs that volunteers could not run. Runs outside of any
transaction; each verdict is one short transaction, and finds out first whether it is still wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

import jobspec
from owc import telemetry
from owc.domain.states import JobState, SubJobState, Verdict
from owc.services import moves
from owc.services.aftermath import Change, begin_change
from owc.services.hub import Hub
from owc.services.plans import (
    Verify,
    chunk_of,
    describe_trap,
    fuel_for,
    passes,
    read_plan,
    verify_of,
)
from owc.store import JobRow, ResultRow, SubJobRow, VolunteerRow


def check_sub_jobs(hub: Hub, sub_job_ids: Sequence[str]) -> int:
    """The hub's own run of each that is judged, the verdict, settled. How many were settled."""
    return sum(_check(hub, sub_job_id) for sub_job_id in sub_job_ids)


def run_on_hub(hub: Hub, sub_job_id: str) -> bool:
    """Take a waiting sub-job out of the queue and run it here. Whether it was settled."""
    with begin_change(hub) as change:
        sub_job = change.session.get(SubJobRow, sub_job_id, with_for_update=True)
        if sub_job is None or sub_job.state is not SubJobState.WAITING:
            return False
        moves.move_sub_job(change, sub_job, SubJobState.JUDGING)
    return _check(hub, sub_job_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    job: JobRow
    sub_job: SubJobRow
    verify: Verify | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Finding:
    """What the hub's run gave: an output, a trap, or a reason why there is neither."""

    output: bytes = b""
    rows_done: int = 0
    trap_site: int | None = None
    elapsed_seconds: float = 0.0
    failure: str | None = None
    ends: bool | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.output).hexdigest()


def _check(hub: Hub, sub_job_id: str) -> bool:
    case = _begin(hub, sub_job_id)
    if case is None:
        return False
    finding = _run(hub, case)
    with begin_change(hub) as change:
        return _judge(change, hub, sub_job_id, finding)


def _begin(hub: Hub, sub_job_id: str) -> _Case | None:
    """Count the attempt first: a run that kills its process must not be tried for ever."""
    with begin_change(hub) as change:
        sub_job = change.session.get(SubJobRow, sub_job_id, with_for_update=True)
        if sub_job is None or sub_job.state is not SubJobState.JUDGING:
            return None
        job = change.session.get_one(JobRow, sub_job.job_id)
        sub_job.hub_runs += 1
        if sub_job.hub_runs <= hub.settings.task_attempts:
            verify = verify_of(change.session, [job.id]).get(job.id)
            return _Case(job=job, sub_job=sub_job, verify=verify)
        reason = (
            f"{_rows_of(sub_job)} could not be run on the hub: each of"
            f" {hub.settings.task_attempts} attempts ended its process."
        )
        moves.end_job(change, job, JobState.FAILED, reason)
    return None


def _run(hub: Hub, case: _Case) -> _Finding:
    started = hub.clock.monotonic()
    plan = read_plan(case.job.plan)
    try:
        run = jobspec.run_program(
            hub.blobs.read(case.job.program_sha256),
            chunk_of(hub, case.job, case.sub_job),
            fuel=fuel_for(hub.settings.hub_run_seconds),
            memory_bytes=plan.requirement.memory_bytes,
        )
    except jobspec.RunError as error:
        telemetry.event("hub_run_failed", sub_job_id=case.sub_job.id, code=error.code)
        return _Finding(failure=_describe_failure(hub, case.sub_job, error))
    verify = case.verify if run.trap_site is None else None
    if verify is not None and not passes(hub, verify, plan, run.output):
        reason = (
            "The condition of trust.verify is not true for every row that the hub itself computes"
            f" from {_rows_of(case.sub_job, begins=False)}."
        )
        return _Finding(failure=reason)
    return _Finding(
        output=run.output,
        rows_done=run.rows_done,
        trap_site=run.trap_site,
        elapsed_seconds=hub.clock.monotonic() - started,
        ends=jobspec.output_ends(plan, run.output),
    )


def _judge(change: Change, hub: Hub, sub_job_id: str, finding: _Finding) -> bool:
    session = change.session
    sub_job = session.get_one(SubJobRow, sub_job_id, with_for_update=True)
    job = session.get_one(JobRow, sub_job.job_id, with_for_update=True)
    if sub_job.state is not SubJobState.JUDGING or job.state is not JobState.RUNNING:
        return False
    results = session.scalars(
        select(ResultRow).where(
            ResultRow.sub_job_id == sub_job_id, ResultRow.volunteer_id.is_not(None)
        )
    ).all()
    if finding.failure is not None:
        for result in results:
            result.verdict = Verdict.INCONCLUSIVE
        moves.end_job(change, job, JobState.FAILED, finding.failure)
        return False
    agreeing = [result for result in results if _agrees(result, finding)]
    for result in results:
        volunteer = session.get_one(VolunteerRow, result.volunteer_id)
        if result in agreeing:
            result.verdict = Verdict.AGREED
            volunteer.rows_settled += sub_job.rows
            moves.earn_trust(volunteer)
        else:
            result.verdict = Verdict.DISAGREED
            moves.lose_trust(change, volunteer)
    telemetry.event("check_done", sub_job_id=sub_job_id, agreed=len(agreeing), of=len(results))
    if finding.trap_site is not None:
        row = sub_job.first_row + finding.rows_done
        reason = describe_trap(read_plan(job.plan), finding.trap_site, row)
        if finding.ends is None:
            moves.end_job(change, job, JobState.FAILED, reason)
        else:
            moves.fail_sub_job(change, job, sub_job, reason)
        return False
    canonical = agreeing[0] if agreeing else _hub_result(change, hub, sub_job, finding)
    moves.settle(change, job, sub_job, canonical, ends=finding.ends)
    return True


def _agrees(result: ResultRow, finding: _Finding) -> bool:
    if finding.trap_site is not None or result.trap_site is not None:
        return (result.trap_site, result.rows_done) == (finding.trap_site, finding.rows_done)
    return result.output_sha256 == finding.sha256


def _hub_result(change: Change, hub: Hub, sub_job: SubJobRow, finding: _Finding) -> ResultRow:
    is_small = len(finding.output) <= hub.settings.inline_result_bytes
    if not is_small:
        hub.blobs.put(finding.output)
    result = ResultRow(
        sub_job_id=sub_job.id,
        volunteer_id=None,
        lease_id=None,
        output=finding.output if is_small else None,
        output_sha256=finding.sha256,
        rows_done=finding.rows_done,
        trap_site=None,
        elapsed_seconds=finding.elapsed_seconds,
        verdict=Verdict.AGREED,
        canonical=False,
        received_at=change.now,
    )
    change.session.add(result)
    return result


def _describe_failure(hub: Hub, sub_job: SubJobRow, error: jobspec.RunError) -> str:
    if error.code == "fuel_exhausted":
        return (
            f"{_rows_of(sub_job)} take longer than the {hub.settings.hub_run_seconds} seconds that"
            " a sub-job may run on the hub, so their result cannot be checked. Make a row's work"
            " smaller, or set split.rows to fewer rows."
        )
    if error.code == "memory":
        return (
            f"{_rows_of(sub_job)} need more memory than the program may have."
            " Set split.rows to fewer rows, or group into fewer groups."
        )
    return f"{_rows_of(sub_job)} could not be run: {error.message}"


def _rows_of(sub_job: SubJobRow, *, begins: bool = True) -> str:
    """The rows in words, at the beginning of a sentence or not."""
    if sub_job.rows == 1:
        text = f"row {sub_job.first_row:,} of the source"
    else:
        last = sub_job.first_row + sub_job.rows - 1
        text = f"rows {sub_job.first_row:,} to {last:,} of the source"
    return text[0].upper() + text[1:] if begins else text
