"""How volunteers stand: trust earned and lost, and the credit that is theirs.

Losing trust reopens what rests on the volunteer's word alone. The rules are `owc.domain.trust`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import Function

from owc import telemetry
from owc.domain import trust
from owc.domain.states import COMPUTING, JobState, SubJobState
from owc.domain.trust import Standing, Status
from owc.services import moves
from owc.services.aftermath import Change, doubt_task
from owc.services.hub import Hub
from owc.services.values import HelpedJob, VolunteerStanding
from owc.settings import Settings
from owc.store import (
    LOCK,
    AnyRow,
    ContributionRow,
    DoubtRow,
    JobRow,
    SegmentRow,
    SubJobRow,
    VolunteerRow,
)

JOBS_SHOWN = 50


def checks_of(volunteer: VolunteerRow | AnyRow) -> Standing:
    return Standing(agreed=volunteer.agreed, disagreed=volunteer.disagreed)


def earn_trust(change: Change, volunteer: VolunteerRow) -> None:
    """A result of it was checked, and is right."""
    _judge(change, volunteer, agreed=True)


def lose_trust(change: Change, volunteer: VolunteerRow) -> None:
    """A volunteer was caught: its standing falls, and what rests on its word alone, in jobs that
    are not finished, is checked by the hub after all. What of it lies in segments is looked for by
    a task; until that is done, none of these jobs can succeed."""
    _judge(change, volunteer, agreed=False)
    bar = trust.bar_after(checks_of(volunteer))
    if bar is not None:
        volunteer.barred_until = change.now + bar
    reopened = reopen_word(change, volunteer.id)
    telemetry.event("trust_lost", volunteer_id=volunteer.id, reopened=reopened)


def standings(hub: Hub, volunteer_ids: Collection[str]) -> Mapping[str, VolunteerStanding]:
    """How each of them stands; unknown ones are left out."""
    with hub.database.read() as session:
        rows = session.scalars(select(VolunteerRow).where(VolunteerRow.id.in_(volunteer_ids))).all()
        earned = credits_of(session, [row.id for row in rows])
    return {row.id: standing_of(hub, row, earned.get(row.id, 0)) for row in rows}


def jobs_helped(hub: Hub, volunteer_id: str) -> Sequence[HelpedJob]:
    """The jobs to which a volunteer has contributed, the newest first."""
    with hub.database.read() as session:
        rows = session.execute(
            select(JobRow.id, JobRow.name, JobRow.state, ContributionRow.rows)
            .join(ContributionRow, ContributionRow.job_id == JobRow.id)
            .where(
                ContributionRow.volunteer_id == volunteer_id,
                ContributionRow.rows > 0,
                JobRow.state != JobState.REMOVED,
            )
            .order_by(JobRow.created_at.desc())
            .limit(JOBS_SHOWN)
        )
        return [
            HelpedJob(job_id=row.id, name=row.name, state=row.state, rows=row.rows) for row in rows
        ]


def credits_of(session: Session, volunteer_ids: Collection[str]) -> Mapping[str, int]:
    """Credit in fuel: settled rows, each worth what a row of its job takes the hub on average."""
    rows = session.execute(
        select(
            ContributionRow.volunteer_id,
            fuel_of_rows(ContributionRow.rows).label("fuel"),
        )
        .join(JobRow, JobRow.id == ContributionRow.job_id)
        .where(ContributionRow.volunteer_id.in_(volunteer_ids))
        .group_by(ContributionRow.volunteer_id)
    )
    return {row.volunteer_id: max(round(row.fuel), 0) for row in rows}


def fuel_of_rows(rows: InstrumentedAttribute[int]) -> Function[Any]:
    """The sum of what these settled rows are worth, in a query that joins their jobs."""
    a_row = JobRow.fuel * 1.0 / func.nullif(JobRow.fuel_rows, 0)
    return func.sum(rows * func.coalesce(a_row, 0.0))


def status_of(settings: Settings, volunteer: VolunteerRow | AnyRow, now: datetime) -> Status:
    return trust.status_of(
        checks_of(volunteer),
        trust_after=settings.trust_after,
        barred_until=volunteer.barred_until,
        is_banned=volunteer.banned_at is not None,
        now=now,
    )


def standing_of(hub: Hub, row: VolunteerRow, credit: int) -> VolunteerStanding:
    """How a volunteer with that credit stands now, in words for itself."""
    settings = hub.settings
    status = status_of(settings, row, hub.clock.now())
    until = row.barred_until if status is Status.BARRED else None
    return VolunteerStanding(
        volunteer_id=row.id,
        status=status,
        message=_message(settings, row, status),
        credit=credit,
        agreed=row.agreed,
        needed=settings.trust_after,
        until=until,
    )


def _judge(change: Change, volunteer: VolunteerRow, *, agreed: bool) -> None:
    settings = change.hub.settings
    before = status_of(settings, volunteer, change.now)
    record = checks_of(volunteer).after(agreed=agreed)
    volunteer.agreed, volunteer.disagreed = record.agreed, record.disagreed
    if not agreed or status_of(settings, volunteer, change.now) is not before:
        change.aftermath.standings[volunteer.id] = None


def reopen_word(change: Change, volunteer_id: str) -> int:
    """How many sub-jobs that rested on the volunteer's word are judged again; those in segments,
    which a task looks for, are not counted."""
    unfinished = {*COMPUTING, JobState.MERGING}
    rows = change.session.execute(
        select(SubJobRow, JobRow)
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .where(
            SubJobRow.volunteer_id == volunteer_id,
            SubJobRow.state == SubJobState.SETTLED,
            SubJobRow.verdict.is_(None),
            JobRow.state.in_(unfinished),
            # what lies behind the end of the result is not needed
            (JobRow.rows_total.is_(None)) | (SubJobRow.first_row < JobRow.rows_total),
        )
        .with_for_update(**LOCK)  # what is being moved into a segment meanwhile is found there
    ).all()
    for sub_job, job in rows:
        moves.move_sub_job(change, sub_job, SubJobState.JUDGING)
        moves.reopen(change, job, sub_job)
    with_segments = change.session.scalars(
        select(JobRow.id).where(
            JobRow.state.in_(unfinished),
            select(SegmentRow.job_id).where(SegmentRow.job_id == JobRow.id).exists(),
        )
    )
    for job_id in with_segments.all():
        change.session.merge(DoubtRow(job_id=job_id, volunteer_id=volunteer_id))
        change.aftermath.tasks.append(doubt_task(job_id))
    return len(rows)


def _message(settings: Settings, row: VolunteerRow, status: Status) -> str:
    """Why it stands so, and what to do about it."""
    needed = settings.trust_after
    match status:
        case Status.BANNED:
            return f"The hub's operator has banned this device: {row.ban_reason}"
        case Status.BARRED:
            return (
                f"Results of this device were wrong {row.disagreed} times. It gets no work until"
                f" {row.barred_until:%Y-%m-%d %H:%M} UTC; after that its results are checked again,"
                f" and count by themselves once {needed} in a row were right. Memory that fails,"
                " overclocking and heat are what makes a device compute wrongly."
            )
        case Status.LIMITED:
            return (
                "A result of this device was not the same as that of the hub. All of its results"
                f" are checked until {needed} in a row were right; so far {row.agreed} were."
            )
        case Status.NEW:
            return (
                f"The results of a new device are all checked, until {needed} in a row were right;"
                f" so far {row.agreed} were."
            )
    return "The results of this device count; some of them are checked."
