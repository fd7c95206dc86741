"""The judge: the hub runs sub-jobs itself and compares. Its own run is decisive.

Also the way of last resort for sub-jobs that volunteers could not run. Runs outside of any
transaction; each verdict is one short transaction, and finds out first whether it is still wanted.

A check task runs for `CHECK_SECONDS` and leaves the rest to a task at the end of the queue, so that
jobs take turns. Programs run in other processes (`owc.runs`): one that ends its process is tried
again, by a task of its own, until the attempts are used up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select, update
from sqlalchemy.orm import Session

import jobspec
from owc import telemetry
from owc.domain.states import COMPUTING, JobState, SubJobState, Verdict
from owc.errors import RunsUnavailable
from owc.runs import Outcome
from owc.services import moves, replacing, skipping, standing
from owc.services.aftermath import Aftermath, Change, begin_change, check_tasks
from owc.services.conflicts import until_no_conflict
from owc.services.feeding import feed_queues
from owc.services.hub import Hub
from owc.services.plans import (
    Verify,
    chunk_of,
    describe_site,
    describe_trap,
    fuel_for,
    passes,
    read_plan,
    verify_of,
    wall_seconds,
)
from owc.store import LOCK, JobRow, ResultRow, SubJobRow, VolunteerRow

CHECK_SECONDS = 2.0
"""After so long a task begins no more runs."""

JUDGE_SECONDS = 0.5
"""A verdict waits at most about this long for those of other runs."""


def check_sub_jobs(hub: Hub, sub_job_ids: Sequence[str]) -> int:
    """The hub's own run of each that is judged, the verdicts, settled. How many were settled.

    Together they take few transactions: on SQLite each holds back whoever else writes. Those for
    which there is no time are left to another task.
    """
    return _check(hub, _begin(hub, sub_job_ids))


def run_on_hub(hub: Hub, sub_job_id: str) -> bool:
    """Take a waiting sub-job out of the queue and run it here. Whether it was settled."""
    with begin_change(hub) as change:
        sub_job = change.session.get(SubJobRow, sub_job_id, with_for_update=LOCK)
        if sub_job is None or sub_job.state is not SubJobState.WAITING:
            return False
        moves.move_sub_job(change, sub_job, SubJobState.JUDGING)
    return check_sub_jobs(hub, [sub_job_id]) == 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    job: JobRow
    sub_job: SubJobRow
    verify: Verify | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Finding:
    """What the hub's run gave: an output, a trap, or a reason why there is neither. `is_too_much`:
    fewer rows might do."""

    output: bytes = b""
    rows_done: int = 0
    trap_site: int | None = None
    elapsed_seconds: float = 0.0
    fuel: int = 0
    failure: str | None = None
    is_too_much: bool = False
    ends: bool | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.output).hexdigest()


def _check(hub: Hub, cases: Sequence[_Case]) -> int:
    """Run them, and judge what has been run whenever that took a while."""
    settled, findings = 0, {}
    left = {case.sub_job.id: None for case in cases}
    again: list[str] = []
    since = hub.clock.monotonic()
    try:
        for case, outcome in _runs(hub, cases):
            del left[case.sub_job.id]
            if isinstance(outcome, jobspec.RunError) and outcome.code == "process_died":
                again.append(case.sub_job.id)
            else:
                findings[case.sub_job.id] = _find(hub, case, outcome)
            # what was begun before may end this process, too: what is done is done
            if case.sub_job.hub_runs > 1 or hub.clock.monotonic() - since >= JUDGE_SECONDS:
                settled += _judge_all(hub, findings)
                since, findings = hub.clock.monotonic(), {}
    except RunsUnavailable:
        until_no_conflict(_not_begun, hub, list(left))
        raise  # `upkeep.reconcile` begins them again
    settled += _judge_all(hub, findings)
    until_no_conflict(_not_begun, hub, list(left))
    Aftermath(tasks=check_tasks([*left, *again])).deliver(hub)
    return settled


def _runs(hub: Hub, cases: Sequence[_Case]) -> Iterator[tuple[_Case, Outcome]]:
    """What became of each, as they are done; fewer where the time of the task is over."""
    ends_at = hub.clock.monotonic() + CHECK_SECONDS
    for _, group in groupby(cases, lambda case: case.job.id):
        of_job = list(group)
        if of_job[0] is not cases[0] and hub.clock.monotonic() >= ends_at:
            return
        job = of_job[0].job
        outcomes = hub.runs.run_many(
            hub.blobs.read(job.program_sha256),
            (chunk_of(hub, job, case.sub_job) for case in of_job),
            fuel=fuel_for(hub.settings.hub_run_seconds),
            memory_bytes=read_plan(job.plan).requirement.memory_bytes,
            whole_rows=job.on_error == "skip",
            wall_seconds=wall_seconds(hub.settings),
            begin_seconds=max(0.0, ends_at - hub.clock.monotonic()),
        )
        yield from zip(of_job, outcomes, strict=False)


def _not_begun(hub: Hub, sub_job_ids: Sequence[str]) -> None:
    """Take back that an attempt was counted."""
    if sub_job_ids:
        with begin_change(hub) as change:
            change.session.execute(
                update(SubJobRow)
                .where(SubJobRow.id.in_(sub_job_ids), SubJobRow.state == SubJobState.JUDGING)
                .values(hub_runs=SubJobRow.hub_runs - 1)
            )


def _judge_all(hub: Hub, findings: Mapping[str, _Finding]) -> int:
    if not findings:
        return 0
    settled, feeds = until_no_conflict(_conclude, hub, findings)
    if feeds:
        feed_queues(hub)
    return settled


def _conclude(hub: Hub, findings: Mapping[str, _Finding]) -> tuple[int, bool]:
    """How many were settled, and whether something waits now.

    In row order: of two rows that end a search, the first then cancels the sub-job of the other.
    """
    with begin_change(hub) as change:
        sub_jobs, volunteers = _lock(change.session, findings)
        in_row_order = sorted(sub_jobs, key=lambda each: (each.job_id, each.first_row))
        settled = sum(_judge(change, each.id, findings[each.id]) for each in in_row_order)
        del volunteers  # until here, so that what is locked is not read again
    return settled, change.aftermath.feeds


def _begin(hub: Hub, sub_job_ids: Sequence[str]) -> list[_Case]:
    """Count the attempt first: a run that kills its process must not be tried for ever."""
    cases = []
    with begin_change(hub) as change:
        rows = change.session.execute(
            select(SubJobRow, JobRow)
            .join(JobRow, JobRow.id == SubJobRow.job_id)
            .where(SubJobRow.id.in_(sub_job_ids), SubJobRow.state == SubJobState.JUDGING)
            .order_by(SubJobRow.job_id, SubJobRow.first_row)
            .with_for_update(of=SubJobRow, **LOCK)
        ).all()
        verify = verify_of(change.session, {job.id for _, job in rows})
        for sub_job, job in rows:
            sub_job.hub_runs += 1
            if sub_job.hub_runs <= hub.settings.task_attempts:
                cases.append(_Case(job=job, sub_job=sub_job, verify=verify.get(job.id)))
            elif job.state in COMPUTING:
                reason = (
                    f"{_rows_of(sub_job)} could not be run on the hub: each of"
                    f" {hub.settings.task_attempts} attempts ended its process."
                )
                moves.end_job(change, job, JobState.FAILED, reason)
    return sorted(cases, key=lambda case: case.sub_job.hub_runs > 1)


def _find(hub: Hub, case: _Case, run: Outcome) -> _Finding:
    plan = read_plan(case.job.plan)
    if isinstance(run, jobspec.RunError):
        telemetry.event("hub_run_failed", sub_job_id=case.sub_job.id, code=run.code)
        return _Finding(
            failure=_describe_failure(hub, case.sub_job, run),
            is_too_much=run.code in ("fuel_exhausted", "memory", "wall_time"),
        )
    if run.trap_site is not None and plan.traps[run.trap_site].code == "out_of_memory":
        reason = describe_trap(plan, run.trap_site, case.sub_job.first_row + run.rows_done)
        return _Finding(failure=reason, is_too_much=True)
    if len(run.output) > hub.settings.result_bytes:
        reason = (
            f"{_rows_of(case.sub_job)} give more than the {hub.settings.result_bytes:,} bytes that"
            " the output of a sub-job may have. Set split.rows to fewer rows."
        )
        return _Finding(failure=reason, is_too_much=True)
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
        elapsed_seconds=run.cpu_seconds,
        fuel=run.fuel_used or 0,
        ends=jobspec.output_ends(plan, run.output),
    )


def _judge(change: Change, sub_job_id: str, finding: _Finding) -> bool:
    session = change.session
    sub_job = session.get(SubJobRow, sub_job_id, with_for_update=LOCK)
    if sub_job is None or sub_job.state is not SubJobState.JUDGING:
        return False
    results = session.scalars(
        select(ResultRow).where(
            ResultRow.sub_job_id == sub_job_id, ResultRow.volunteer_id.is_not(None)
        )
    ).all()
    job = session.get_one(JobRow, sub_job.job_id, with_for_update=LOCK)
    if job.state not in COMPUTING:
        return False
    job.fuel, job.fuel_rows = job.fuel + finding.fuel, job.fuel_rows + finding.rows_done
    if finding.failure is not None:
        for result in results:
            result.verdict = Verdict.INCONCLUSIVE
        _do_without(change, job, sub_job, finding)
        return False
    agreeing = [result for result in results if _agrees(result, finding)]
    for result in results:
        volunteer = session.get_one(VolunteerRow, result.volunteer_id)
        if result in agreeing:
            result.verdict = Verdict.AGREED
            change.credits[volunteer.id, job.id] += sub_job.rows
            # what had been believed, and is judged because its volunteer was caught since, must
            # not make it trusted again at once
            if sub_job.settled_at is None or result.received_at > sub_job.settled_at:
                standing.earn_trust(change, volunteer)
        else:
            result.verdict = Verdict.DISAGREED
            standing.lose_trust(change, volunteer)
    telemetry.event("check_done", sub_job_id=sub_job_id, agreed=len(agreeing), of=len(results))
    if finding.trap_site is not None:
        plan, row = read_plan(job.plan), sub_job.first_row + finding.rows_done
        reason = describe_trap(plan, finding.trap_site, row)
        if job.on_error == "skip":
            code = plan.traps[finding.trap_site].code
            message = describe_site(plan, finding.trap_site)
            before = skipping.skip(change, job, sub_job, row, code=code, message=message)
            if before is not None:
                result = _hub_result(change, before, finding)
                moves.settle(change, job, before, result, ends=finding.ends)
        elif finding.ends is None:
            moves.end_job(change, job, JobState.FAILED, reason)
        else:
            moves.fail_sub_job(change, job, sub_job, reason)
        return False
    canonical = agreeing[0] if agreeing else _hub_result(change, sub_job, finding)
    moves.settle(change, job, sub_job, canonical, ends=finding.ends)
    return True


def _do_without(change: Change, job: JobRow, sub_job: SubJobRow, finding: _Finding) -> None:
    """The hub has no output either: fewer rows may do, or one row is left out, or the job fails."""
    reason = finding.failure or ""
    if finding.is_too_much and replacing.halve(change, job, sub_job):
        change.aftermath.feeds = True
    elif job.on_error == "skip" and sub_job.rows == 1:
        skipping.skip(change, job, sub_job, sub_job.first_row, code="too_much", message=reason)
    else:
        moves.end_job(change, job, JobState.FAILED, reason)


def _lock(
    session: Session, sub_job_ids: Iterable[str]
) -> tuple[Sequence[SubJobRow], Sequence[VolunteerRow]]:
    """Sub-jobs and the volunteers who sent results of them, all before any job, as where results
    are taken: then nobody waits in a circle, and no standing is lost that another process writes.
    """
    sub_jobs = session.scalars(
        select(SubJobRow)
        .where(SubJobRow.id.in_(list(sub_job_ids)))
        .order_by(SubJobRow.id)
        .with_for_update(**LOCK)
    ).all()
    sent = select(ResultRow.volunteer_id).where(
        ResultRow.sub_job_id.in_([sub_job.id for sub_job in sub_jobs])
    )
    volunteers = session.scalars(
        select(VolunteerRow)
        .where(VolunteerRow.id.in_(sent))
        .order_by(VolunteerRow.id)
        .with_for_update(**LOCK)
    ).all()
    return sub_jobs, volunteers


def _agrees(result: ResultRow, finding: _Finding) -> bool:
    if finding.trap_site is not None or result.trap_site is not None:
        return (result.trap_site, result.rows_done) == (finding.trap_site, finding.rows_done)
    return result.output_sha256 == finding.sha256


def _hub_result(change: Change, sub_job: SubJobRow, finding: _Finding) -> ResultRow:
    result = replacing.keep_output(
        change,
        sub_job,
        finding.output,
        rows_done=finding.rows_done,
        elapsed_seconds=finding.elapsed_seconds,
        volunteer_id=None,
        lease_id=None,
    )
    result.verdict = Verdict.AGREED
    return result


def _describe_failure(hub: Hub, sub_job: SubJobRow, error: jobspec.RunError) -> str:
    if error.code in ("fuel_exhausted", "wall_time"):
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
