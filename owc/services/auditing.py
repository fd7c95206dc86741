"""The final audit: before a job succeeds, the hub runs a random sample of what rests on one word.

The sample is drawn when everything is settled, so that no volunteer can know what will be looked
at, and is kept in SQL, so that a task that dies costs nothing. One wrong result reopens all that
rests on its volunteer's word; what is settled after that is audited anew, with twice the sample.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

import jobspec
from owc import telemetry
from owc.blobs.segments import HUB, SettledSubJob
from owc.domain.states import JobState
from owc.domain.trust import audit_size
from owc.runs import Outcome
from owc.services import standing
from owc.services.aftermath import Change, audit_task, begin_change, merge_task
from owc.services.checking import CHECK_SECONDS
from owc.services.hub import Hub
from owc.services.plans import chunk_of, fuel_for, read_plan, wall_seconds
from owc.services.settled import settled_sub_jobs
from owc.store import LOCK, AuditRow, JobRow, VolunteerRow


def sample(hub: Hub, job: JobRow) -> list[SettledSubJob]:
    """The sub-jobs of a settled job that are to be run again, in row order."""
    settings = hub.settings
    with hub.database.read() as session:
        count = sum(1 for _ in _on_one_word(session, hub, job))
        size = audit_size(
            sub_jobs=count,
            fraction=settings.audit,
            failed=job.audits_failed,
            sub_job_seconds=(job.row_seconds or 0.0) * (job.rows_per_sub_job or 1),
            seconds=settings.audit_seconds,
        )
        chosen = _chosen(count, size, hub.draw)
        return [
            each
            for place, each in enumerate(_on_one_word(session, hub, job) if chosen else ())
            if place in chosen
        ]


def begin_audit(change: Change, job: JobRow, sampled: list[SettledSubJob]) -> None:
    """Have these run before the job can succeed."""
    job.audited = len(sampled)
    for each in sampled:
        change.session.add(
            AuditRow(
                job_id=job.id,
                first_row=each.first_row,
                rows=each.rows,
                chunk_sha256=each.chunk_sha256,
                result_sha256=each.result_sha256,
                volunteer_id=each.volunteer,
            )
        )
    if sampled:
        change.aftermath.tasks.append(audit_task(job.id, sampled[0].first_row))


def audit_job(hub: Hub, job_id: str) -> int:
    """Run what is left of a job's sample, for about `CHECK_SECONDS`; the rest is another task, and
    after the last the job is merged. How many were wrong."""
    with hub.database.read() as session:
        job = session.get(JobRow, job_id)
        if job is None or job.state is not JobState.MERGING:
            return 0
        rows = session.scalars(
            select(AuditRow).where(AuditRow.job_id == job_id).order_by(AuditRow.first_row)
        ).all()
    outcomes = hub.runs.run_many(
        hub.blobs.read(job.program_sha256),
        (chunk_of(hub, job, row) for row in rows),
        fuel=fuel_for(hub.settings.hub_run_seconds),
        memory_bytes=read_plan(job.plan).requirement.memory_bytes,
        wall_seconds=wall_seconds(hub.settings),
        begin_seconds=CHECK_SECONDS,
    )
    is_right = [_is_right(row, outcome) for row, outcome in zip(rows, outcomes, strict=False)]
    done, left = list(rows[: len(is_right)]), rows[len(is_right) :]
    wrong = [row for row, right in zip(done, is_right, strict=True) if not right]
    _conclude(hub, job_id, done, wrong, next_row=left[0].first_row if left else None)
    telemetry.event("job_audited", job_id=job_id, sub_jobs=len(done), wrong=len(wrong))
    return len(wrong)


def _conclude(
    hub: Hub, job_id: str, done: list[AuditRow], wrong: list[AuditRow], *, next_row: int | None
) -> None:
    with begin_change(hub) as change:
        job = change.session.get_one(JobRow, job_id, with_for_update=LOCK)
        if job.state is not JobState.MERGING:
            return
        change.session.execute(
            delete(AuditRow).where(
                AuditRow.job_id == job_id, AuditRow.first_row.in_([row.first_row for row in done])
            )
        )
        if wrong:
            job.audits_failed += 1
            job.audited = None
            for volunteer_id in sorted({row.volunteer_id for row in wrong}):
                _expose(change, volunteer_id)
        elif next_row is not None:
            change.aftermath.tasks.append(audit_task(job_id, next_row))
        else:
            change.aftermath.tasks.append(merge_task(job_id))


def _expose(change: Change, volunteer_id: str) -> None:
    volunteer = change.session.get(VolunteerRow, volunteer_id, with_for_update=LOCK)
    if volunteer is not None:
        standing.lose_trust(change, volunteer)
    else:  # it was forgotten, having been away for long; its word is not
        standing.reopen_word(change, volunteer_id)


def _is_right(row: AuditRow, run: Outcome) -> bool:
    """What the hub cannot run itself is not held against anybody."""
    if isinstance(run, jobspec.RunError):
        place = f"{row.job_id} from row {row.first_row}"
        telemetry.event("hub_run_failed", sub_job_id=place, code=run.code)
        return True
    is_output = run.trap_site is None
    return is_output and hashlib.sha256(run.output).hexdigest() == row.result_sha256


def _on_one_word(session: Session, hub: Hub, job: JobRow) -> Iterator[SettledSubJob]:
    end = job.rows_total or 0
    return (
        each
        for each in settled_sub_jobs(session, hub.blobs, job.id)
        if each.verdict is None and each.volunteer != HUB and each.first_row < end
    )


def _chosen(count: int, size: int, draw: Callable[[], float]) -> set[int]:
    """`size` different places of `count`, each as likely (Floyd's sampling)."""
    chosen: set[int] = set()
    for place in range(count - size, count):
        drawn = int(draw() * (place + 1))
        chosen.add(place if drawn in chosen else drawn)
    return chosen
