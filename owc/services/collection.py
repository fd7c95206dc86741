"""Results come in: examined, stored in one group commit, settled or sent to the judge.

The lease, its volunteer and its sub-jobs must belong together; the database's UNIQUE constraint
decides about duplicates. Every report is answered by a receipt, and a receipt is given after the
commit.

Most reports are plain, and written many at a time (`owc.services.taking`). Whatever is not plain
goes one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from sqlalchemy import select

from owc import telemetry
from owc.domain.states import COMPUTING, Outcome, SubJobState
from owc.services import moves, opinions, standing
from owc.services.aftermath import Change, begin_change
from owc.services.examining import Examined, examine_all
from owc.services.feeding import feed_queues
from owc.services.hub import Hub
from owc.services.taking import Taking, paced, result_values
from owc.services.troubles import take_trouble
from owc.services.values import Receipt, Report, receipt
from owc.store import LOCK, JobRow, LeaseRow, ResultRow, SubJobRow, VolunteerRow

BATCH = 500
"""Reports in one transaction."""

_UNJUDGED = (SubJobState.WAITING, SubJobState.LEASED)


def store_output(hub: Hub, stream: BinaryIO) -> str:
    """Keep a large output, to be named by a Report; its SHA-256. Raises UploadTooLarge."""
    return hub.blobs.put_stream(stream, max_bytes=hub.settings.result_bytes).sha256


def take_results(hub: Hub, reports: Sequence[Report]) -> list[Receipt]:
    """Store what came back; receipts in the order of the reports."""
    receipts: list[Receipt] = []
    for start in range(0, len(reports), BATCH):
        receipts += _take_batch(hub, reports[start : start + BATCH])
    return receipts


def _take_batch(hub: Hub, reports: Sequence[Report]) -> list[Receipt]:
    examined = examine_all(hub, reports)
    with begin_change(hub) as change:
        taking = Taking(change, reports)
        drawn = [hub.draw() for _ in reports]  # once each, whichever way a report goes
        plain = [
            taking.take_plain(report, found, draw)
            for report, found, draw in zip(reports, examined, drawn, strict=True)
        ]
        taking.write()
        receipts = [
            taken or _take_other(change, report, found, draw)
            for taken, report, found, draw in zip(plain, reports, examined, drawn, strict=True)
        ]
        taking.complete()
    statuses = [receipt.status for receipt in receipts]
    telemetry.event("results_taken", **{each: statuses.count(each) for each in set(statuses)})
    if change.aftermath.forgotten:
        feed_queues(hub)
    return receipts


def _take_other(change: Change, report: Report, found: Examined, draw: float) -> Receipt:
    """One report by itself, whatever it is; it sees those before it."""
    session = change.session
    sub_job = session.get(SubJobRow, report.sub_job_id, with_for_update=LOCK)
    lease = session.get(LeaseRow, report.lease_id, with_for_update=LOCK)
    if (
        lease is None
        or lease.volunteer_id != report.volunteer_id
        or report.sub_job_id not in lease.entries
    ):
        return receipt(report, "refused", "This volunteer has no such sub-job in that lease.")
    if sub_job is None:
        return receipt(report, "too_late", "The sub-job is settled already.")
    already = select(ResultRow.id).where(
        ResultRow.sub_job_id == sub_job.id, ResultRow.volunteer_id == report.volunteer_id
    )
    if session.scalar(already) is not None:
        return receipt(report, "duplicate", "This result was stored before.")
    job = session.get_one(JobRow, sub_job.job_id, with_for_update=LOCK)
    volunteer = session.get_one(VolunteerRow, report.volunteer_id, with_for_update=LOCK)
    volunteer.last_seen_at = change.now
    if report.error is not None or found.refusal is not None:
        if found.refusal is not None and lease.entries[sub_job.id] is None:
            standing.lose_trust(change, volunteer)
        return take_trouble(
            change, report, refusal=found.refusal, lease=lease, job=job, sub_job=sub_job
        )
    if job.state not in COMPUTING or sub_job.state not in _UNJUDGED:
        if lease.entries[sub_job.id] is None:
            moves.end_entries(change, lease, [sub_job.id], Outcome.NOT_NEEDED)
        return receipt(report, "too_late", f"The sub-job is {sub_job.state} already.")
    moves.end_entries(change, lease, [sub_job.id], Outcome.RETURNED)
    _store(change, report, found, draw, volunteer=volunteer, job=job, sub_job=sub_job)
    return receipt(report, "stored", speed=volunteer.speed)


def _store(
    change: Change,
    report: Report,
    found: Examined,
    draw: float,
    *,
    volunteer: VolunteerRow,
    job: JobRow,
    sub_job: SubJobRow,
) -> None:
    settings = change.hub.settings
    is_drawn = opinions.is_drawn(settings, job, standing.checks_of(volunteer), draw)
    result = ResultRow(**result_values(change, report, found, canonical=False, is_drawn=is_drawn))
    change.session.add(result)
    volunteer.speed, volunteer.paces = paced(
        volunteer.speed, volunteer.paces, job, sub_job.rows, report.elapsed_seconds
    )
    # What cancels other sub-jobs is never believed unseen.
    must_run = report.trap_site is not None or bool(found.ends) or found.is_doubtful
    must_run = must_run or opinions.is_cheap(
        settings, job, rows=sub_job.rows, output_bytes=len(found.output)
    )
    opinions.consider(change, job, sub_job, ends=found.ends, must_run=must_run)
