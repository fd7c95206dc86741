"""A lease brings nothing more: its open sub-jobs go back, or on from their volunteer's checkpoints.

Inside a Change that someone else began. Leases are ended by their volunteers (release), by their
absence (leave), by time (expire).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select

from owc import telemetry
from owc.domain.sizing import is_long
from owc.domain.states import COMPUTING, LeaseState, Outcome, SubJobState
from owc.queue import Checkpoint
from owc.services import moves, replacing
from owc.services.aftermath import Change
from owc.store import LOCK, JobRow, LeaseRow, SubJobRow


def give_back(
    change: Change,
    lease: LeaseRow,
    outcome: Outcome,
    sub_job_ids: Collection[str] | None = None,
    *,
    checkpoints: Mapping[str, Checkpoint],
) -> int:
    """End open entries of an active lease (None: all), and the lease with its last. How many
    sub-jobs nobody works on now.

    Where the volunteer left a checkpoint, only the rest of the sub-job waits again. One that had
    its time and more, and did not end, is halved.
    """
    if lease.state is not LeaseState.ACTIVE:
        return 0
    gone = [
        each for each in moves.open_entries(lease) if sub_job_ids is None or each in sub_job_ids
    ]
    if not gone:
        return 0
    rows = change.session.execute(
        select(SubJobRow, JobRow)
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .where(SubJobRow.id.in_(gone))
        .order_by(JobRow.id, SubJobRow.id)
        .with_for_update(**LOCK)
    ).all()
    moves.end_entries(change, lease, gone, outcome)
    returned = 0
    for sub_job, job in rows:
        if sub_job.state is SubJobState.LEASED and job.state in COMPUTING:
            checkpoint = checkpoints.get(sub_job.id)
            returned += _return(change, job, sub_job, lease, outcome=outcome, checkpoint=checkpoint)
    if lease.ended_at is not None:
        telemetry.event("lease_ended", lease_id=lease.id, outcome=lease.outcome)
    change.aftermath.changed_jobs[lease.job_id] = None
    return returned


def _return(
    change: Change,
    job: JobRow,
    sub_job: SubJobRow,
    lease: LeaseRow,
    *,
    outcome: Outcome,
    checkpoint: Checkpoint | None,
) -> bool:
    if moves.another_holds(change, sub_job, lease.id):
        return False
    if checkpoint is not None and replacing.take_checkpoint(
        change, job, sub_job, lease, checkpoint
    ):
        return True
    leased_at = sub_job.leased_at or lease.granted_at
    is_too_long = outcome is Outcome.EXPIRED and is_long(
        elapsed_seconds=(change.now - leased_at).total_seconds(),
        sub_job_seconds=(job.row_seconds or 0.0) * sub_job.rows,
    )
    # one that expired once may just have lost its volunteer, and what asks for another's result
    # has been done by somebody
    may_halve = is_too_long and sub_job.leases > 1 and sub_job.asks is None
    if not (may_halve and replacing.halve(change, job, sub_job)):
        moves.return_sub_job(change, sub_job)
    return True
