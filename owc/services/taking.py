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
from owc.store import (
    LOCK,
    AnyRow,
    JobRow,
    LeaseRow,
    ResultRow,
    SubJobRow,
    VolunteerRow,
    listed,
)

# Made once: to build them for every turn took a quarter of its time.
_SUB_JOBS = (
    select(
        SubJobRow.id,
        SubJobRow.job_id,
        SubJobRow.rows,
        SubJobRow.state,
        SubJobRow.lease_id,
        SubJobRow.copy_lease_id,
        SubJobRow.asks,
    )
    .where(SubJobRow.id.in_(listed("ids")))
    .order_by(SubJobRow.id)
    .with_for_update(**LOCK)
)
_LEASES = (
    select(LeaseRow.id, LeaseRow.volunteer_id, LeaseRow.state, LeaseRow.entries)
    .where(LeaseRow.id.in_(listed("ids")))
    .order_by(LeaseRow.id)
    .with_for_update(**LOCK)
)
_JOBS = select(
    JobRow.id,
    JobRow.state,
    JobRow.row_seconds,
    JobRow.program_sha256,
    JobRow.quorum,
    JobRow.spot_check,
).where(JobRow.id.in_(listed("ids")))
_VOLUNTEERS = (
    select(
        VolunteerRow.id,
        VolunteerRow.agreed,
        VolunteerRow.disagreed,
        VolunteerRow.speed,
        VolunteerRow.paces,
    )
    .where(VolunteerRow.id.in_(listed("ids")))
    .order_by(VolunteerRow.id)
    .with_for_update(**LOCK)
)
_STORED = select(ResultRow.sub_job_id, ResultRow.volunteer_id).where(
    ResultRow.sub_job_id.in_(listed("ids"))
)
_ADD_RESULTS = insert(ResultRow)
_GONE = {each: null() for each in ("queued_at", "lease_id", "copy_lease_id", "leased_at")}
_SETTLE = (
    update(SubJobRow)
    .where(SubJobRow.id == bindparam("of"))
    .values(
        state=SubJobState.SETTLED,
        result_sha256=bindparam("sha256"),
        volunteer_id=bindparam("by"),
        verdict=null(),
        settled_at=bindparam("at"),
        **_GONE,
    )
)
_JUDGE = (
    update(SubJobRow)
    .where(SubJobRow.id.in_(listed("ids")))
    .values(state=SubJobState.JUDGING, **_GONE)
)
_WRITE_LEASES = (
    update(LeaseRow)
    .where(LeaseRow.id == bindparam("of"))
    .values(entries=bindparam("now", type_=LeaseRow.entries.type), open_count=bindparam("count"))
)
_END_LEASES = _WRITE_LEASES.values(
    state=LeaseState.ENDED, outcome=bindparam("how"), ended_at=bindparam("at")
)
_WRITE_VOLUNTEERS = (
    update(VolunteerRow)
    .where(VolunteerRow.id == bindparam("of"))
    .values(
        speed=bindparam("new_speed"),
        paces=bindparam("new_paces", type_=VolunteerRow.paces.type),
        last_seen_at=bindparam("at"),
    )
)
_COUNT = (
    update(JobRow)
    .where(JobRow.id == bindparam("of"))
    .values(
        rows_settled=JobRow.rows_settled + bindparam("more_rows"),
        sub_jobs_settled=JobRow.sub_jobs_settled + bindparam("more_sub_jobs"),
    )
)
_WHOLE_JOBS = (
    select(JobRow)
    .where(
        JobRow.id.in_(listed("ids")),
        JobRow.state.in_(COMPUTING),
        (JobRow.rows_total == JobRow.rows_settled + JobRow.rows_skipped)
        | JobRow.id.in_(listed("searches")),
    )
    .order_by(JobRow.id)
    .with_for_update(**LOCK)
    .execution_options(populate_existing=True)
)


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
        read = change.session.connection().execute
        ids = list({report.sub_job_id for report in reports})
        self._sub_jobs = {row.id: row for row in read(_SUB_JOBS, {"ids": ids})}
        self._leases = {row.id: row for row in read(_LEASES, {"ids": self._lease_ids(reports)})}
        self._entries = {row.id: dict(row.entries) for row in self._leases.values()}
        job_ids = list({row.job_id for row in self._sub_jobs.values()})
        self._jobs: dict[str, AnyRow] = {row.id: row for row in read(_JOBS, {"ids": job_ids})}
        volunteer_ids = list({report.volunteer_id for report in reports})
        self._volunteers = {
            row.id: _Volunteer(
                standing=Standing(agreed=row.agreed, disagreed=row.disagreed),
                speed=row.speed,
                paces=row.paces,
            )
            for row in read(_VOLUNTEERS, {"ids": volunteer_ids})
        }
        self._stored = {(row.sub_job_id, row.volunteer_id) for row in read(_STORED, {"ids": ids})}
        self._rows = _Written()
        self._counts: dict[str, _Counts] = defaultdict(_Counts)
        self._touched_leases: set[str] = set()
        self._not_needed: dict[str, list[str]] = defaultdict(list)
        self._touched_volunteers: set[str] = set()
        self._taken: set[str] = set()
        self._searches: set[str] = set()
        self._hub_has_room: bool | None = None

    def _lease_ids(self, reports: Sequence[Report]) -> list[str]:
        """Those that are reported in, and those of whoever has a copy."""
        ids = {report.lease_id for report in reports}
        for row in self._sub_jobs.values():
            if row.copy_lease_id is not None:
                ids |= {row.lease_id, row.copy_lease_id}
        return list(ids)

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
                {
                    "of": sub_job.id,
                    "sha256": found.sha256,
                    "by": report.volunteer_id,
                    "at": self._change.now,
                }
            )
        if found.ends is not None:
            self._searches.add(job.id)
        self._change.aftermath.finished.append(sub_job.id)
        self._change.aftermath.changed_jobs[job.id] = None

    def _end_copy(self, sub_job: AnyRow, lease_id: str) -> None:
        """Whoever else works on the sub-job need not go on."""
        if sub_job.copy_lease_id is None:
            return
        for other in {sub_job.lease_id, sub_job.copy_lease_id} - {lease_id}:
            entries = self._entries.get(other, {})
            if sub_job.id in entries and entries[sub_job.id] is None:
                entries[sub_job.id] = Outcome.NOT_NEEDED.value
                self._touched_leases.add(other)
                self._not_needed[other].append(sub_job.id)

    def write(self) -> None:
        """Everything that was noted, a statement for each kind of row."""
        connection = self._change.session.connection()
        if self._rows.results:
            connection.execute(_ADD_RESULTS, self._rows.results)
        if self._rows.settled:
            connection.execute(_SETTLE, self._rows.settled)
        if self._rows.judged:
            connection.execute(_JUDGE, {"ids": self._rows.judged})
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
                how = moves.outcome_of(entries)
                ended.append({**row, "how": how, "at": self._change.now})
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
        if open_ones:
            connection.execute(_WRITE_LEASES, open_ones)
        if ended:
            connection.execute(_END_LEASES, ended)

    def _write_volunteers(self) -> None:
        rows = [
            {
                "of": volunteer_id,
                "new_speed": volunteer.speed,
                "new_paces": volunteer.paces,
                "at": self._change.now,
            }
            for volunteer_id in sorted(self._touched_volunteers)
            if (volunteer := self._volunteers[volunteer_id])
        ]
        if rows:
            self._change.session.connection().execute(_WRITE_VOLUNTEERS, rows)

    def complete(self) -> None:
        """Count what was settled, last of all, since it locks the jobs; those that are now whole
        go on to their merge."""
        session = self._change.session
        totals = [
            {"of": job_id, "more_rows": counts.rows, "more_sub_jobs": counts.sub_jobs}
            for job_id, counts in sorted(self._counts.items())
        ]
        if totals:
            session.flush()  # what was done one by one has counted already
            session.connection().execute(_COUNT, totals)
        jobs = session.scalars(
            _WHOLE_JOBS, {"ids": list(self._counts), "searches": list(self._searches)}
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
