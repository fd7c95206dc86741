"""The plain results of one transaction: everything that they name is loaded at once, and written in
a statement for each kind of row.

Plain is an output of a sub-job that the volunteer has leased, of a job in which one word can be
enough: it is taken on that word, or goes to the hub's own run. What is not plain goes one by one
(`owc.services.collection`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, null, select, update

from owc.domain import sizing
from owc.domain.states import COMPUTING, LeaseState, Outcome, SubJobState
from owc.domain.trust import Standing
from owc.services import moves, opinions
from owc.services.aftermath import Change, Revoked
from owc.services.examining import Examined
from owc.services.granting import pace_key
from owc.services.values import Receipt, Report, receipt
from owc.store import LOCK, AnyRow, JobRow, LeaseRow, ResultRow, SubJobRow, VolunteerRow


@dataclass(slots=True)
class _Volunteer:
    """What a transaction makes of a volunteer."""

    standing: Standing
    speed: float
    paces: dict[str, float]


@dataclass(slots=True)
class _Counts:
    rows: int = 0
    sub_jobs: int = 0


@dataclass(slots=True)
class _Written:
    """Rows to be written, by statement."""

    results: list[dict[str, Any]] = field(default_factory=list)
    settled: list[dict[str, Any]] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)


class Taking:
    """The plain reports of one transaction: everything that they name, loaded at once."""

    def __init__(self, change: Change, reports: Sequence[Report]) -> None:
        self._change, self._hub = change, change.hub
        session = change.session
        ids = {report.sub_job_id for report in reports}
        self._sub_jobs = {
            row.id: row
            for row in session.execute(
                select(
                    SubJobRow.id,
                    SubJobRow.job_id,
                    SubJobRow.rows,
                    SubJobRow.state,
                    SubJobRow.lease_id,
                    SubJobRow.copy_lease_id,
                    SubJobRow.asks,
                )
                .where(SubJobRow.id.in_(ids))
                .order_by(SubJobRow.id)
                .with_for_update(**LOCK)
            )
        }
        self._leases = {
            row.id: row
            for row in session.execute(
                select(LeaseRow.id, LeaseRow.volunteer_id, LeaseRow.state, LeaseRow.entries)
                .where(LeaseRow.id.in_(self._lease_ids(reports)))
                .order_by(LeaseRow.id)
                .with_for_update(**LOCK)
            )
        }
        self._entries = {row.id: dict(row.entries) for row in self._leases.values()}
        job_ids = {row.job_id for row in self._sub_jobs.values()}
        self._jobs: dict[str, AnyRow] = {
            row.id: row
            for row in session.execute(
                select(
                    JobRow.id,
                    JobRow.state,
                    JobRow.row_seconds,
                    JobRow.program_sha256,
                    JobRow.quorum,
                    JobRow.spot_check,
                ).where(JobRow.id.in_(job_ids))
            )
        }
        self._volunteers = {
            row.id: _Volunteer(
                standing=Standing(agreed=row.agreed, disagreed=row.disagreed),
                speed=row.speed,
                paces=row.paces,
            )
            for row in session.execute(
                select(
                    VolunteerRow.id,
                    VolunteerRow.agreed,
                    VolunteerRow.disagreed,
                    VolunteerRow.speed,
                    VolunteerRow.paces,
                )
                .where(VolunteerRow.id.in_({report.volunteer_id for report in reports}))
                .order_by(VolunteerRow.id)
                .with_for_update(**LOCK)
            )
        }
        stored = session.execute(
            select(ResultRow.sub_job_id, ResultRow.volunteer_id).where(
                ResultRow.sub_job_id.in_(ids)
            )
        )
        self._stored = {(sub_job_id, volunteer_id) for sub_job_id, volunteer_id in stored}
        self._rows = _Written()
        self._counts: dict[str, _Counts] = defaultdict(_Counts)
        self._touched_leases: set[str] = set()
        self._not_needed: dict[str, list[str]] = defaultdict(list)
        self._touched_volunteers: set[str] = set()
        self._taken: set[str] = set()
        self._searches: set[str] = set()
        self._hub_has_room: bool | None = None

    def _lease_ids(self, reports: Sequence[Report]) -> set[str]:
        """Those that are reported in, and those of whoever has a copy."""
        ids = {report.lease_id for report in reports}
        for row in self._sub_jobs.values():
            if row.copy_lease_id is not None:
                ids |= {row.lease_id, row.copy_lease_id}
        return ids

    def take_plain(self, report: Report, found: Examined, draw: float) -> Receipt | None:
        """Note an ordinary result; None for whatever is not one. `draw`: decides whether it is
        checked."""
        sub_job = self._sub_jobs.get(report.sub_job_id)
        lease = self._leases.get(report.lease_id)
        volunteer = self._volunteers.get(report.volunteer_id)
        if sub_job is None or lease is None or volunteer is None:
            return None
        if (
            lease.volunteer_id != report.volunteer_id
            or lease.state is not LeaseState.ACTIVE
            or self._entries[lease.id].get(sub_job.id, Outcome.RETURNED) is not None
            or sub_job.state is not SubJobState.LEASED
            or lease.id not in (sub_job.lease_id, sub_job.copy_lease_id)
            or sub_job.asks
            or sub_job.id in self._taken
            or (sub_job.id, report.volunteer_id) in self._stored
            or report.error is not None
            or report.trap_site is not None
            or found.refusal is not None
            or found.ends
            or self._jobs[sub_job.job_id].state not in COMPUTING
            or self._jobs[sub_job.job_id].quorum > 1
        ):
            return None
        job, settings = self._jobs[sub_job.job_id], self._hub.settings
        is_drawn = opinions.is_drawn(settings, job, volunteer.standing, draw)
        must_run = found.is_doubtful or opinions.is_cheap(
            settings, job, rows=sub_job.rows, output_bytes=len(found.output)
        )
        if is_drawn and not must_run and not self._has_room():
            return None  # another volunteer is asked
        self._note(report, found, sub_job, volunteer, is_judged=is_drawn or must_run)
        return receipt(report, "stored", speed=volunteer.speed)

    def _has_room(self) -> bool:
        if self._hub_has_room is None:
            self._hub_has_room = opinions.hub_has_room(self._change.session, self._hub.settings)
        return self._hub_has_room

    def _note(
        self,
        report: Report,
        found: Examined,
        sub_job: AnyRow,
        volunteer: _Volunteer,
        *,
        is_judged: bool,
    ) -> None:
        job = self._jobs[sub_job.job_id]
        self._taken.add(sub_job.id)
        self._entries[report.lease_id][sub_job.id] = Outcome.RETURNED.value
        self._touched_leases.add(report.lease_id)
        self._end_copy(sub_job, report.lease_id)
        self._touched_volunteers.add(report.volunteer_id)
        volunteer.speed, volunteer.paces = paced(
            volunteer.speed, volunteer.paces, job, sub_job.rows, report.elapsed_seconds
        )
        self._rows.results.append(
            result_values(self._change, report, found, canonical=not is_judged, is_drawn=is_judged)
        )
        if is_judged:
            self._rows.judged.append(sub_job.id)
            self._change.aftermath.to_check.append(sub_job.id)
        else:
            self._change.credits[report.volunteer_id, job.id] += sub_job.rows
            counts = self._counts[job.id]
            counts.rows, counts.sub_jobs = counts.rows + sub_job.rows, counts.sub_jobs + 1
            self._rows.settled.append(
                {"of": sub_job.id, "sha256": found.sha256, "by": report.volunteer_id}
            )
        if found.ends is not None:
            self._searches.add(job.id)
        self._change.aftermath.finished.append(sub_job.id)
        self._change.aftermath.changed_jobs[job.id] = None

    def _end_copy(self, sub_job: AnyRow, lease_id: str) -> None:
        """Whoever else works on the sub-job need not go on."""
        if sub_job.copy_lease_id is None:
            return
        (other,) = {sub_job.lease_id, sub_job.copy_lease_id} - {lease_id}
        entries = self._entries.get(other, {})
        if sub_job.id in entries and entries[sub_job.id] is None:
            entries[sub_job.id] = Outcome.NOT_NEEDED.value
            self._touched_leases.add(other)
            self._not_needed[other].append(sub_job.id)

    def write(self) -> None:
        """Everything that was noted, a statement for each kind of row."""
        connection = self._change.session.connection()
        gone = {each: null() for each in ("queued_at", "lease_id", "copy_lease_id", "leased_at")}
        of_sub_job = update(SubJobRow).where(SubJobRow.id == bindparam("of"))
        if self._rows.results:
            connection.execute(insert(ResultRow), self._rows.results)
        if self._rows.settled:
            connection.execute(
                of_sub_job.values(
                    state=SubJobState.SETTLED,
                    result_sha256=bindparam("sha256"),
                    volunteer_id=bindparam("by"),
                    verdict=null(),
                    settled_at=self._change.now,
                    **gone,
                ),
                self._rows.settled,
            )
        if self._rows.judged:
            connection.execute(
                update(SubJobRow)
                .where(SubJobRow.id.in_(self._rows.judged))
                .values(state=SubJobState.JUDGING, **gone)
            )
        self._write_leases()
        self._write_volunteers()

    def _write_leases(self) -> None:
        open_ones: list[dict[str, Any]] = []
        ended: list[dict[str, Any]] = []
        for lease_id in sorted(self._touched_leases):
            entries = self._entries[lease_id]
            count = sum(outcome is None for outcome in entries.values())
            row = {"of": lease_id, "now": entries, "count": count}
            if count:
                open_ones.append(row)
            else:
                ended.append({**row, "how": moves.outcome_of(entries)})
            if gone := self._not_needed.get(lease_id):
                self._change.aftermath.revoked.append(
                    Revoked(
                        volunteer_id=self._leases[lease_id].volunteer_id,
                        lease_id=lease_id,
                        sub_job_ids=tuple(gone) if count else None,
                        reason=moves.ELSEWHERE,
                    )
                )
        connection = self._change.session.connection()
        statement = (
            update(LeaseRow)
            .where(LeaseRow.id == bindparam("of"))
            .values(
                entries=bindparam("now", type_=LeaseRow.entries.type),
                open_count=bindparam("count"),
            )
        )
        if open_ones:
            connection.execute(statement, open_ones)
        if ended:
            connection.execute(
                statement.values(
                    state=LeaseState.ENDED, outcome=bindparam("how"), ended_at=self._change.now
                ),
                ended,
            )

    def _write_volunteers(self) -> None:
        rows = [
            {
                "of": volunteer_id,
                "new_speed": volunteer.speed,
                "new_paces": volunteer.paces,
            }
            for volunteer_id in sorted(self._touched_volunteers)
            if (volunteer := self._volunteers[volunteer_id])
        ]
        if rows:
            self._change.session.connection().execute(
                update(VolunteerRow)
                .where(VolunteerRow.id == bindparam("of"))
                .values(
                    speed=bindparam("new_speed"),
                    paces=bindparam("new_paces", type_=VolunteerRow.paces.type),
                    last_seen_at=self._change.now,
                ),
                rows,
            )

    def complete(self) -> None:
        """Count what was settled, last of all, since it locks the jobs; those that are now whole
        go on to their merge."""
        session = self._change.session
        for job_id, counts in sorted(self._counts.items()):
            session.execute(
                update(JobRow)
                .where(JobRow.id == job_id)
                .values(
                    rows_settled=JobRow.rows_settled + counts.rows,
                    sub_jobs_settled=JobRow.sub_jobs_settled + counts.sub_jobs,
                ),
                execution_options={"synchronize_session": False},
            )
        is_whole = JobRow.rows_total == JobRow.rows_settled + JobRow.rows_skipped
        jobs = session.scalars(
            select(JobRow)
            .where(
                JobRow.id.in_(list(self._counts)),
                JobRow.state.in_(COMPUTING),
                is_whole | JobRow.id.in_(self._searches),
            )
            .order_by(JobRow.id)
            .with_for_update(**LOCK)
            .execution_options(populate_existing=True)
        )
        for job in jobs.all():
            moves.complete_if_settled(self._change, job)
            if job.id in self._searches:
                moves.fail_if_due(self._change, job)


def paced(
    speed: float,
    paces: dict[str, float],
    job: JobRow | AnyRow,
    rows: int,
    elapsed_seconds: float,
) -> tuple[float, dict[str, float]]:
    """A volunteer's speed in general and by program, after so many rows of a job."""
    key = pace_key(job.program_sha256)
    pace = sizing.next_speed(
        paces.get(key),
        reference_seconds=(job.row_seconds or 0.0) * rows,
        elapsed_seconds=elapsed_seconds,
    )
    if pace is None:
        return speed, paces
    known = sizing.next_speed(
        speed if paces else None,
        reference_seconds=(job.row_seconds or 0.0) * rows,
        elapsed_seconds=elapsed_seconds,
    )
    return known or speed, sizing.next_paces(paces, key, pace)


def result_values(
    change: Change, report: Report, found: Examined, *, canonical: bool, is_drawn: bool
) -> dict[str, Any]:
    """The columns of a report's row of `result`."""
    is_small = len(found.output) <= change.hub.settings.inline_result_bytes
    return {
        "sub_job_id": report.sub_job_id,
        "volunteer_id": report.volunteer_id,
        "lease_id": report.lease_id,
        "output": found.output if is_small else None,
        "output_sha256": found.sha256,
        "rows_done": found.rows_done,
        "trap_site": report.trap_site,
        "elapsed_seconds": report.elapsed_seconds,
        "verdict": None,
        "canonical": canonical,
        "is_drawn": is_drawn,
        "received_at": change.now,
    }
