"""Volunteers come, lease sub-jobs, renew, release, leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain import sizing
from owc.domain.ids import new_id
from owc.domain.matching import Capabilities, queue_name, requirement_of, satisfies
from owc.domain.states import JobState, LeaseState, Outcome, SubJobState
from owc.errors import UnknownVolunteer
from owc.services import moves
from owc.services.aftermath import Change, begin_change
from owc.services.feeding import count_some, feed_queues, has_unqueued
from owc.services.hub import Hub
from owc.services.plans import chunk_of
from owc.services.values import LeaseOffer, OfferedSubJob, Renewal, VolunteerRecord
from owc.settings import Settings
from owc.store import JobRow, LeaseRow, LeaseSubJobRow, SubJobRow, VolunteerRow

STALE_POPS = 20
"""A lease looks at the queues at most this often: entries can be stale, but not endlessly."""


def enrol(
    hub: Hub, volunteer_id: str | None, kind: str, capabilities: Capabilities, network: str
) -> VolunteerRecord:
    """A known id resumes its record; None or an unknown one is a newcomer with a new id."""
    now = hub.clock.now()
    with hub.database.write() as session:
        row = session.get(VolunteerRow, volunteer_id) if volunteer_id else None
        if row is None:
            row = VolunteerRow(
                id=new_id("vol"),
                created_at=now,
                speed=1.0,
                agreed=0,
                disagreed=0,
                rows_settled=0,
            )
            session.add(row)
            telemetry.event("volunteer_enrolled", volunteer_id=row.id, kind=kind)
        row.kind, row.network, row.last_seen_at = kind, network, now
        row.capabilities = {**asdict(capabilities), "features": sorted(capabilities.features)}
        return record_of(row, sub_jobs_at_work=0)


def lease(hub: Hub, volunteer_id: str, sub_jobs: int) -> LeaseOffer | None:
    """Grant up to `sub_jobs` sub-jobs of one job, as many as suit the volunteer's speed.

    None: there is nothing for it now; topic `work` tells when to ask again.
    Raises UnknownVolunteer.
    """
    names = _queues_for(hub, volunteer_id)
    wanted = min(sub_jobs, hub.settings.lease_sub_jobs)
    if not names or wanted < 1:
        return None
    fed = False
    with hub.delivery("lease"):
        for _ in range(STALE_POPS):
            ids = _pop(hub, names, wanted)
            if ids:
                offer = _grant(hub, volunteer_id, ids)
                if offer is not None:
                    return offer
            elif fed or not feed_queues(hub):
                return None
            else:
                fed = True
    return None


def renew(hub: Hub, volunteer_id: str, lease_ids: Sequence[str]) -> Renewal:
    """Let leases live on; those that have ended, or were never this volunteer's, are gone."""
    now = hub.clock.now()
    with hub.database.write() as session:
        rows = session.scalars(
            select(LeaseRow).where(
                LeaseRow.id.in_(list(lease_ids)[: hub.settings.leases_per_volunteer]),
                LeaseRow.volunteer_id == volunteer_id,
                LeaseRow.state == LeaseState.ACTIVE,
            )
        ).all()
        for row in rows:
            row.expires_at = sizing.lease_ends(row.granted_at, now, row.seconds)
        _see(session, volunteer_id, now)
        sub_job_ids = session.scalars(
            select(LeaseSubJobRow.sub_job_id).where(
                LeaseSubJobRow.lease_id.in_([row.id for row in rows]),
                LeaseSubJobRow.outcome.is_(None),
            )
        ).all()
    seconds = min((row.seconds for row in rows), default=sizing.LEASE_MIN_SECONDS)
    with hub.delivery("renew"):
        hub.queue.renew(sub_job_ids, seconds)
    renewed = {row.id for row in rows}
    return Renewal(
        lease_seconds=seconds, gone=tuple(each for each in lease_ids if each not in renewed)
    )


def release(
    hub: Hub,
    volunteer_id: str,
    lease_id: str,
    sub_job_ids: Sequence[str] | None = None,
    outcome: Outcome = Outcome.RELEASED,
) -> int:
    """Give sub-jobs of a lease back (None: all of them). How many went back to waiting.

    A lease that has ended, or is someone else's, is left alone.
    """
    released = 0
    with begin_change(hub) as change:
        row = change.session.get(LeaseRow, lease_id)
        if row is not None and row.volunteer_id == volunteer_id:
            _see(change.session, volunteer_id, change.now)
            released = give_back(change, hub.settings, row, outcome, sub_job_ids)
    if released:
        feed_queues(hub)
    return released


def leave(hub: Hub, volunteer_id: str, keep: Sequence[str] = ()) -> int:
    """A volunteer is gone: all its leases end now, but for those that it came back with (`keep`).

    Returns how many sub-jobs went back to waiting.
    """
    with begin_change(hub) as change:
        leases = change.session.scalars(
            select(LeaseRow).where(
                LeaseRow.volunteer_id == volunteer_id,
                LeaseRow.state == LeaseState.ACTIVE,
                LeaseRow.id.not_in(keep),
            )
        ).all()
        released = sum(give_back(change, hub.settings, row, Outcome.RELEASED) for row in leases)
    if released:
        feed_queues(hub)
    return released


def give_back(
    change: Change,
    settings: Settings,
    row: LeaseRow,
    outcome: Outcome,
    sub_job_ids: Sequence[str] | None = None,
) -> int:
    """Inside a Change: end open entries of an active lease, and the lease with its last."""
    if row.state is not LeaseState.ACTIVE:
        return 0
    entries = change.session.execute(
        select(LeaseSubJobRow, SubJobRow)
        .join(SubJobRow, SubJobRow.id == LeaseSubJobRow.sub_job_id)
        .where(LeaseSubJobRow.lease_id == row.id, LeaseSubJobRow.outcome.is_(None))
    ).all()
    released = 0
    for entry, sub_job in entries:
        if sub_job_ids is not None and sub_job.id not in sub_job_ids:
            continue
        entry.outcome = outcome
        if sub_job.lease_id == row.id:
            moves.return_sub_job(change, sub_job, settings)
            released += 1
    if moves.end_leases_if_done(change, [row]):
        telemetry.event("lease_ended", lease_id=row.id, outcome=row.outcome)
    change.aftermath.changed_jobs[row.job_id] = None
    return released


def record_of(row: VolunteerRow, sub_jobs_at_work: int) -> VolunteerRecord:
    return VolunteerRecord(
        id=row.id,
        kind=row.kind,
        capabilities=capabilities_of(row),
        agreed=row.agreed,
        disagreed=row.disagreed,
        speed=row.speed,
        rows_settled=row.rows_settled,
        sub_jobs_at_work=sub_jobs_at_work,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )


def capabilities_of(row: VolunteerRow) -> Capabilities:
    return Capabilities(**{**row.capabilities, "features": frozenset(row.capabilities["features"])})


def _see(session: Session, volunteer_id: str, now: datetime) -> None:
    volunteer = session.get(VolunteerRow, volunteer_id)
    if volunteer is not None:
        volunteer.last_seen_at = now


def _queues_for(hub: Hub, volunteer_id: str) -> list[str]:
    """The queues of running jobs that this volunteer satisfies, the most urgent first."""
    with hub.database.read() as session:
        volunteer = session.get(VolunteerRow, volunteer_id)
        if volunteer is None:
            raise UnknownVolunteer
        active = session.scalar(
            select(func.count())
            .select_from(LeaseRow)
            .where(LeaseRow.volunteer_id == volunteer_id, LeaseRow.state == LeaseState.ACTIVE)
        )
        if (active or 0) >= hub.settings.leases_per_volunteer:
            return []
        capabilities = capabilities_of(volunteer)
        queues = session.execute(
            select(JobRow.requirement_key, JobRow.priority)
            .where(JobRow.state == JobState.RUNNING)
            .distinct()
            .order_by(JobRow.priority.desc(), JobRow.requirement_key)
        )
        return [
            queue_name(key, priority)
            for key, priority in queues
            if satisfies(capabilities, requirement_of(key))
        ]


def _pop(hub: Hub, names: Sequence[str], count: int) -> list[str]:
    """From the most urgent queue that has any. One that ran dry while its jobs have more is fed
    first: its window is small, and what is less urgent must not slip by until the next pass."""
    for name in names:
        ids = hub.queue.pop([name], count)
        if not ids and has_unqueued(hub, name):
            feed_queues(hub)
            ids = hub.queue.pop([name], count)
        if ids:
            return ids
    return []


@dataclass(frozen=True, kw_only=True, slots=True)
class _Granted:
    lease: LeaseRow
    job: JobRow
    sub_jobs: list[SubJobRow]


def _grant(hub: Hub, volunteer_id: str, ids: Sequence[str]) -> LeaseOffer | None:
    """Lease what is really waiting among these popped ids; the rest goes back to its queue.

    None if all of them were stale.
    """
    with begin_change(hub) as change:
        granted, unused = _choose(change, hub, volunteer_id, ids)
    if granted is None:
        return None
    job, row = granted.job, granted.lease
    name = queue_name(job.requirement_key, job.priority)
    with hub.delivery("start"):
        hub.queue.put_back(name, unused)
        hub.queue.start(
            [sub_job.id for sub_job in granted.sub_jobs],
            worker_name=volunteer_id,
            seconds=row.seconds,
        )
    telemetry.event("lease_granted", lease_id=row.id, sub_jobs=len(granted.sub_jobs))
    return LeaseOffer(
        lease_id=row.id,
        lease_seconds=row.seconds,
        job_id=job.id,
        job_name=job.name,
        about=job.about,
        program_sha256=job.program_sha256,
        memory_bytes=job.requirement["memory_bytes"],
        sub_jobs=tuple(_offered(hub, job, sub_job) for sub_job in granted.sub_jobs),
    )


def _choose(
    change: Change, hub: Hub, volunteer_id: str, ids: Sequence[str]
) -> tuple[_Granted | None, list[str]]:
    """The lease, and the ids that still wait but are not in it: of other jobs, or too many."""
    session = change.session
    rows = session.execute(
        select(SubJobRow, JobRow)
        .join(JobRow, JobRow.id == SubJobRow.job_id)
        .where(
            SubJobRow.id.in_(ids),
            SubJobRow.state == SubJobState.WAITING,
            JobRow.state == JobState.RUNNING,
        )
        .with_for_update()
    ).all()
    by_id = {sub_job.id: (sub_job, job) for sub_job, job in rows}
    waiting = [by_id[each] for each in dict.fromkeys(ids) if each in by_id]
    if not waiting:
        return None, []
    job = waiting[0][1]
    volunteer = session.get_one(VolunteerRow, volunteer_id)
    capabilities = capabilities_of(volunteer)
    count = sizing.sub_jobs_per_lease(
        sub_job_seconds=(job.row_seconds or 0.0) * waiting[0][0].rows,
        speed=volunteer.speed,
        cores=capabilities.cores,
        target_seconds=hub.settings.lease_target_seconds,
        waiting=count_some(
            session,
            job.id,
            SubJobRow.state == SubJobState.WAITING,
            2 * hub.settings.lease_sub_jobs,
        ),
        most=len(ids),
    )
    chosen = [sub_job for sub_job, each in waiting if each.id == job.id][:count]
    taken = {sub_job.id for sub_job in chosen}
    unused = [sub_job.id for sub_job, _ in waiting if sub_job.id not in taken]
    rows_in_lease = sum(sub_job.rows for sub_job in chosen)
    seconds = (job.row_seconds or 0.0) * rows_in_lease / volunteer.speed
    volunteer.last_seen_at = change.now
    change.aftermath.changed_jobs[job.id] = None
    row = LeaseRow(
        id=new_id("lease"),
        job_id=job.id,
        volunteer_id=volunteer_id,
        state=LeaseState.ACTIVE,
        seconds=sizing.lease_seconds(seconds),
        granted_at=change.now,
        expires_at=change.now + timedelta(seconds=sizing.lease_seconds(seconds)),
    )
    session.add(row)
    session.flush()
    for sub_job in chosen:
        moves.move_sub_job(change, sub_job, SubJobState.LEASED)
        sub_job.lease_id = row.id
        sub_job.leases += 1
        session.add(LeaseSubJobRow(lease_id=row.id, sub_job_id=sub_job.id))
    return _Granted(lease=row, job=job, sub_jobs=chosen), unused


def _offered(hub: Hub, job: JobRow, sub_job: SubJobRow) -> OfferedSubJob:
    is_large = sub_job.chunk_bytes > hub.settings.inline_chunk_bytes  # never so of a range
    return OfferedSubJob(
        sub_job_id=sub_job.id,
        first_row=sub_job.first_row,
        rows=sub_job.rows,
        chunk_sha256=sub_job.chunk_sha256,
        chunk=None if is_large else chunk_of(hub, job, sub_job),
    )
