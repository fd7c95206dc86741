"""Results come in: examined, stored in one group commit, settled or sent to the judge.

Nothing of a report is believed. Bytes are decoded by jobspec before they are stored; the lease, its
volunteer and its sub-jobs must belong together; the database's UNIQUE constraint decides about
duplicates. Every report is answered by a receipt, and a receipt is given after the commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import Row, select

import jobspec
from owc import telemetry
from owc.domain import sizing
from owc.domain.states import JobState, Outcome, SubJobState
from owc.domain.trust import needs_check
from owc.errors import BadDigest, NotFound
from owc.services import moves
from owc.services.aftermath import Change, begin_change
from owc.services.feeding import feed_queues
from owc.services.hub import Hub
from owc.services.plans import Verify, passes, read_plan, verify_of
from owc.services.values import Receipt, ReceiptStatus, Report
from owc.store import JobRow, LeaseRow, LeaseSubJobRow, ResultRow, SubJobRow, VolunteerRow

BATCH = 500
"""Reports in one transaction."""

ERROR_CHARS = 500


def store_output(hub: Hub, stream: BinaryIO) -> str:
    """Keep a large output, to be named by a Report; its SHA-256. Raises UploadTooLarge."""
    return hub.blobs.put_stream(stream, max_bytes=hub.settings.result_bytes).sha256


def take_results(hub: Hub, reports: Sequence[Report]) -> list[Receipt]:
    """Store what came back; receipts in the order of the reports."""
    receipts: list[Receipt] = []
    for start in range(0, len(reports), BATCH):
        receipts += _take_batch(hub, reports[start : start + BATCH])
    return receipts


@dataclass(frozen=True, kw_only=True, slots=True)
class _Examined:
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


def _take_batch(hub: Hub, reports: Sequence[Report]) -> list[Receipt]:
    examined = _examine_all(hub, reports)
    with begin_change(hub) as change:
        taking = _Taking(hub, change, reports)
        receipts = [
            taking.take(report, found) for report, found in zip(reports, examined, strict=True)
        ]
        taking.end_leases()
    statuses = [receipt.status for receipt in receipts]
    telemetry.event("results_taken", **{each: statuses.count(each) for each in set(statuses)})
    if change.aftermath.forgotten:
        feed_queues(hub)
    return receipts


def _examine_all(hub: Hub, reports: Sequence[Report]) -> list[_Examined]:
    """Decode outputs before the transaction: it takes time, and the lock is for short work."""
    ids = {report.sub_job_id for report in reports}
    with hub.database.read() as session:
        rows = session.execute(
            select(SubJobRow.id, SubJobRow.rows, SubJobRow.job_id, JobRow.plan)
            .join(JobRow, JobRow.id == SubJobRow.job_id)
            .where(SubJobRow.id.in_(ids))
        )
        known = {row.id: row for row in rows}
        verify = verify_of(session, {row.job_id for row in known.values()})
    return [
        _examine(hub, report, known[report.sub_job_id], verify)
        if report.error is None and report.sub_job_id in known
        else _Examined()
        for report in reports
    ]


def _examine(
    hub: Hub, report: Report, known: Row[str, int, str, str], verify: Mapping[str, Verify]
) -> _Examined:
    plan, rows = read_plan(known.plan), known.rows
    ends, is_doubtful = None, False
    try:
        output = _bytes_of(hub, report)
        if report.trap_site is not None:
            if not 0 <= report.trap_site < len(plan.traps) or not 0 <= report.rows_done < rows:
                return _Examined(refusal="The program cannot trap there.")
            rows_done = report.rows_done
        else:
            jobspec.output_table(plan, output)
            rows_done = jobspec.output_rows_done(output)
            if rows_done != rows:
                return _Examined(refusal=f"The output is of {rows_done} rows, not of {rows}.")
            ends = jobspec.output_ends(plan, output)
            condition = verify.get(known.job_id)
            is_doubtful = condition is not None and not passes(hub, condition, plan, output)
    except (jobspec.OutputError, NotFound, BadDigest) as error:
        return _Examined(refusal=f"The output is not one of this program: {error.message}")
    sha256 = hashlib.sha256(output).hexdigest()
    if len(output) > hub.settings.inline_result_bytes:
        hub.blobs.put(output)
    return _Examined(
        output=output, sha256=sha256, rows_done=rows_done, ends=ends, is_doubtful=is_doubtful
    )


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


class _Taking:
    """One transaction of `take_results`: everything the reports name, loaded at once."""

    def __init__(self, hub: Hub, change: Change, reports: Sequence[Report]) -> None:
        self._hub, self._change = hub, change
        session = change.session
        sub_job_ids = {report.sub_job_id for report in reports}
        entries = session.execute(
            select(LeaseSubJobRow, LeaseRow)
            .join(LeaseRow, LeaseRow.id == LeaseSubJobRow.lease_id)
            .where(
                LeaseSubJobRow.lease_id.in_({report.lease_id for report in reports}),
                LeaseSubJobRow.sub_job_id.in_(sub_job_ids),
            )
        )
        self._entries = {
            (entry.lease_id, entry.sub_job_id): (entry, lease) for entry, lease in entries
        }
        rows = session.execute(
            select(SubJobRow, JobRow)
            .join(JobRow, JobRow.id == SubJobRow.job_id)
            .where(SubJobRow.id.in_(sub_job_ids))
            .with_for_update()
        )
        self._sub_jobs = {sub_job.id: (sub_job, job) for sub_job, job in rows}
        stored = session.execute(
            select(ResultRow.sub_job_id, ResultRow.volunteer_id).where(
                ResultRow.sub_job_id.in_(sub_job_ids)
            )
        )
        self._stored = {(sub_job_id, volunteer_id) for sub_job_id, volunteer_id in stored}
        self._leases: dict[str, LeaseRow] = {}

    def take(self, report: Report, found: _Examined) -> Receipt:
        """Judge one report by itself; reports of one batch see those before them."""
        entry, lease = self._entries.get((report.lease_id, report.sub_job_id), (None, None))
        if entry is None or lease is None or lease.volunteer_id != report.volunteer_id:
            return _receipt(report, "refused", "This volunteer has no such sub-job in that lease.")
        sub_job, job = self._sub_jobs[report.sub_job_id]
        if (sub_job.id, report.volunteer_id) in self._stored:
            return _receipt(report, "duplicate", "This result was stored before.")
        volunteer = self._change.session.get_one(VolunteerRow, report.volunteer_id)
        volunteer.last_seen_at = self._change.now
        is_open = entry.outcome is None
        self._leases[lease.id] = lease
        if report.error is not None:
            return self._take_error(report, entry, sub_job, is_open)
        if found.refusal is not None:
            if is_open:
                self._errored(entry, sub_job, found.refusal)
                moves.lose_trust(self._change, volunteer)
            return _receipt(report, "refused", found.refusal)
        if job.state is not JobState.RUNNING or sub_job.state not in (
            SubJobState.WAITING,
            SubJobState.LEASED,
        ):
            entry.outcome = entry.outcome or Outcome.NOT_NEEDED
            return _receipt(report, "too_late", f"The sub-job is {sub_job.state} already.")
        entry.outcome = Outcome.RETURNED
        moves.not_needed_elsewhere(self._change, sub_job, lease.id)
        self._store(report, found, volunteer, job, sub_job)
        return _receipt(report, "stored", "")

    def end_leases(self) -> None:
        moves.end_leases_if_done(self._change, self._leases.values())
        for lease in self._leases.values():
            self._change.aftermath.changed_jobs[lease.job_id] = None

    def _take_error(
        self, report: Report, entry: LeaseSubJobRow, sub_job: SubJobRow, is_open: bool
    ) -> Receipt:
        if not is_open:
            return _receipt(report, "too_late", "The lease had ended.")
        self._errored(entry, sub_job, report.error or "")
        return _receipt(report, "stored", "The sub-job goes to another volunteer.")

    def _errored(self, entry: LeaseSubJobRow, sub_job: SubJobRow, message: str) -> None:
        entry.outcome, entry.message = Outcome.ERRORED, message[:ERROR_CHARS]
        if sub_job.lease_id == entry.lease_id:
            sub_job.failures += 1
            moves.return_sub_job(self._change, sub_job, self._hub.settings)

    def _store(
        self,
        report: Report,
        found: _Examined,
        volunteer: VolunteerRow,
        job: JobRow,
        sub_job: SubJobRow,
    ) -> None:
        is_small = len(found.output) <= self._hub.settings.inline_result_bytes
        result = ResultRow(
            sub_job_id=sub_job.id,
            volunteer_id=volunteer.id,
            lease_id=report.lease_id,
            output=found.output if is_small else None,
            output_sha256=found.sha256,
            rows_done=found.rows_done,
            trap_site=report.trap_site,
            elapsed_seconds=report.elapsed_seconds,
            canonical=False,
            received_at=self._change.now,
        )
        self._change.session.add(result)
        self._stored.add((sub_job.id, volunteer.id))
        self._change.aftermath.finished.append(sub_job.id)
        volunteer.speed = sizing.next_speed(
            volunteer.speed,
            reference_seconds=(job.row_seconds or 0.0) * sub_job.rows,
            elapsed_seconds=report.elapsed_seconds,
        )
        settings = self._hub.settings
        # What cancels other sub-jobs is never believed unseen.
        needs_run = report.trap_site is not None or found.ends or found.is_doubtful
        if needs_run or needs_check(
            moves.standing_of(volunteer),
            trust_after=settings.trust_after,
            spot_check=settings.spot_check,
            draw=self._hub.draw(),
        ):
            moves.move_sub_job(self._change, sub_job, SubJobState.JUDGING)
            self._change.aftermath.to_check.append(sub_job.id)
        else:
            volunteer.rows_settled += sub_job.rows
            moves.settle(self._change, job, sub_job, result, ends=found.ends)


def _receipt(report: Report, status: ReceiptStatus, message: str) -> Receipt:
    return Receipt(sub_job_id=report.sub_job_id, status=status, message=message)
