"""Waiting sub-jobs become leases: shared out among those who ask, written, and put into words.

Sharing is in the order of asking; a volunteer is preferably given what its last program can
compute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TypeAlias

from sqlalchemy import bindparam, func, insert, null, select, update
from sqlalchemy.orm import Session

import jobspec
from owc.domain import sizing
from owc.domain.ids import new_ids
from owc.domain.matching import Capabilities, queue_name
from owc.domain.quorum import Next, may_add
from owc.domain.states import JobState, LeaseState, SubJobState
from owc.queue import StartedSubJob
from owc.services.aftermath import Change
from owc.services.hub import Hub
from owc.services.opinions import opinions_on
from owc.services.plans import read_plan
from owc.services.values import LeaseOffer, OfferedSubJob
from owc.settings import Settings
from owc.store import LOCK, AnyRow, JobRow, LeaseRow, SubJobRow, VolunteerRow, listed

INLINE_BYTES = 256 * 1024
"""Chunks of one offer that travel with it; what is beyond is fetched."""

JOB_COLUMNS = (
    JobRow.id,
    JobRow.name,
    JobRow.about,
    JobRow.plan,
    JobRow.program_sha256,
    JobRow.requirement,
    JobRow.requirement_key,
    JobRow.priority,
    JobRow.strategy,
    JobRow.row_seconds,
    JobRow.rows_per_sub_job,
    JobRow.next_row,
    JobRow.rows_ready,
)

SUB_JOB_COLUMNS = (
    SubJobRow.id,
    SubJobRow.job_id,
    SubJobRow.first_row,
    SubJobRow.rows,
    SubJobRow.chunk_sha256,
    SubJobRow.chunk_bytes,
    SubJobRow.lease_id,
    SubJobRow.asks,
)


_WAITING = (
    select(*SUB_JOB_COLUMNS)
    .where(SubJobRow.id.in_(listed("ids")), SubJobRow.state == SubJobState.WAITING)
    .with_for_update(skip_locked=True, **LOCK)
)
_RUNNING = select(*JOB_COLUMNS).where(
    JobRow.id.in_(listed("ids")), JobRow.state == JobState.RUNNING
)
_CONNECTED = select(func.count()).where(VolunteerRow.process_id.is_not(None))
_ADD_LEASES = insert(LeaseRow)
_LEASE = (
    update(SubJobRow)
    .where(SubJobRow.id == bindparam("of"))
    .values(
        state=SubJobState.LEASED,
        queued_at=null(),
        lease_id=bindparam("lease"),
        leased_at=bindparam("at"),
        leases=SubJobRow.leases + 1,
    )
)
_COPY = (
    update(SubJobRow)
    .where(SubJobRow.id == bindparam("of"))
    .values(copy_lease_id=bindparam("lease"), leases=SubJobRow.leases + 1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """A volunteer that asks, with what SQL knows of it. `queues`: those that it satisfies, the most
    urgent first; `most`: how many sub-jobs it may get; `at_work`: how many it has; `is_trusted`:
    its results need not all be checked."""

    volunteer_id: str
    network: str
    queues: tuple[str, ...]
    most: int
    capabilities: Capabilities
    speed: float
    paces: Mapping[str, float]
    at_work: int
    is_trusted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """Sub-jobs of one job for one volunteer; `speed`: on that job's program."""

    volunteer_id: str
    job: AnyRow
    sub_jobs: tuple[AnyRow, ...]
    speed: float


Said: TypeAlias = Mapping[str, Sequence[tuple[str, str]]]
"""By sub-job: the volunteers, with their networks, whose results are there already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """A lease that was made of a share."""

    lease_id: str
    seconds: int
    share: Share


def pace_key(program_sha256: str) -> str:
    """How a program is named in a volunteer's paces."""
    return program_sha256[:16]


def read_waiting(session: Session, ids: Sequence[str]) -> list[AnyRow]:
    """Which of these really wait, locked, in the order of `ids`."""
    rows = session.execute(_WAITING, {"ids": list(ids)})
    by_id = {row.id: row for row in rows}
    return [by_id[each] for each in dict.fromkeys(ids) if each in by_id]


def read_jobs(session: Session, job_ids: Iterable[str]) -> dict[str, AnyRow]:
    """Those of the jobs that run."""
    rows = session.execute(_RUNNING, {"ids": list(set(job_ids))})
    return {row.id: row for row in rows}


def count_connected(session: Session) -> int:
    """Among how many volunteers a job's end is shared."""
    found = session.scalar(_CONNECTED)
    return max(found or 0, 1)


def share_out(
    settings: Settings,
    members: Sequence[Asking],
    waiting: Sequence[AnyRow],
    jobs: Mapping[str, AnyRow],
    said: Said,
    *,
    left: int,
    volunteers: int,
) -> tuple[list[Share], list[str]]:
    """Who gets what of these waiting sub-jobs, and the ids that nobody gets now.

    `left`: how many more wait in their queue; `volunteers`: how many share what remains.
    """
    pending: dict[str, dict[str, AnyRow]] = defaultdict(dict)
    for sub_job in waiting:
        if sub_job.job_id in jobs:
            pending[sub_job.job_id][sub_job.id] = sub_job
    shares = []
    for asking in members:
        if not pending:
            break
        job, fitting = _choose(asking, pending, jobs, said)
        if job is None:
            continue
        remaining = len(pending[job.id]) + left
        count, speed = _count(
            settings, asking, job, fitting, remaining=remaining, volunteers=volunteers
        )
        taken = tuple(fitting[:count])
        if not taken:
            continue
        for sub_job in taken:
            del pending[job.id][sub_job.id]
        if not pending[job.id]:
            del pending[job.id]
        shares.append(Share(volunteer_id=asking.volunteer_id, job=job, sub_jobs=taken, speed=speed))
    unused = {sub_job_id for sub_jobs in pending.values() for sub_job_id in sub_jobs}
    return shares, [sub_job.id for sub_job in waiting if sub_job.id in unused]


def read_said(session: Session, waiting: Iterable[AnyRow]) -> Said:
    """Who has said something of those that ask for another volunteer."""
    asking = [sub_job.id for sub_job in waiting if sub_job.asks]
    return opinions_on(session, asking) if asking else {}


def _choose(
    asking: Asking,
    pending: Mapping[str, Mapping[str, AnyRow]],
    jobs: Mapping[str, AnyRow],
    said: Said,
) -> tuple[AnyRow | None, list[AnyRow]]:
    """A job, and the first of it that this volunteer may be given, as many as it may have;
    preferably of the job of its last program."""
    last = next(reversed(list(asking.paces)), None)
    by_preference = sorted(
        pending, key=lambda job_id: pace_key(jobs[job_id].program_sha256) != last
    )
    for job_id in by_preference:
        all_fitting = (each for each in pending[job_id].values() if _may_have(asking, each, said))
        if fitting := list(islice(all_fitting, asking.most)):
            return jobs[job_id], fitting
    return None, []


def _may_have(asking: Asking, sub_job: AnyRow, said: Said) -> bool:
    if sub_job.asks is None:
        return True
    if sub_job.asks == Next.TRUSTED and not asking.is_trusted:
        return False
    return may_add(asking.network, asking.volunteer_id, said.get(sub_job.id, ()))


def _count(
    settings: Settings,
    asking: Asking,
    job: AnyRow,
    fitting: Sequence[AnyRow],
    *,
    remaining: int,
    volunteers: int,
) -> tuple[int, float]:
    """How many of these sub-jobs of a job a volunteer gets, and its speed on that program.
    `remaining`: how many wait and are cut already."""
    known = asking.paces.get(pace_key(job.program_sha256))
    speed, cores = known or asking.speed, asking.capabilities.cores
    uncut = max(job.rows_ready - job.next_row, 0) // (job.rows_per_sub_job or 1)
    remaining += uncut
    if not sizing.may_prefetch(
        at_work=asking.at_work, cores=cores, remaining=remaining, volunteers=volunteers
    ):
        return 0, speed
    count = sizing.sub_jobs_per_lease(
        sub_job_seconds=(job.row_seconds or 0.0) * fitting[0].rows,
        speed=speed,
        cores=cores,
        target_seconds=sizing.target_seconds(
            settings.lease_target_seconds, mobile=asking.capabilities.mobile
        ),
        remaining=remaining,
        volunteers=volunteers,
        # the first lease of a program only measures
        most=min(asking.most, cores) if known is None and job.row_seconds else asking.most,
    )
    return min(count, len(fitting)), speed


def grant(change: Change, shares: Sequence[Share], *, copies: bool = False) -> list[Granted]:
    """Write the leases; `copies`: of sub-jobs that others have already."""
    if not shares:
        return []
    granted = []
    lease_rows, sub_job_rows = [], []
    now = {} if copies else {"at": change.now}
    for lease_id, share in zip(new_ids("lease", len(shares)), shares, strict=True):
        rows = sum(sub_job.rows for sub_job in share.sub_jobs)
        predicted = (share.job.row_seconds or 0.0) * rows / max(share.speed, 1e-6)
        seconds = sizing.lease_seconds(predicted)
        granted.append(Granted(lease_id=lease_id, seconds=seconds, share=share))
        lease_rows.append(
            {
                "id": lease_id,
                "job_id": share.job.id,
                "volunteer_id": share.volunteer_id,
                "state": LeaseState.ACTIVE,
                "entries": {sub_job.id: None for sub_job in share.sub_jobs},
                "open_count": len(share.sub_jobs),
                "seconds": seconds,
                "granted_at": change.now,
                "expires_at": change.now + timedelta(seconds=seconds),
            }
        )
        sub_job_rows += [{"of": sub_job.id, "lease": lease_id, **now} for sub_job in share.sub_jobs]
        change.aftermath.changed_jobs[share.job.id] = None
    connection = change.session.connection()
    connection.execute(_ADD_LEASES, lease_rows)
    connection.execute(_COPY if copies else _LEASE, sub_job_rows)
    return granted


def started(granted: Iterable[Granted]) -> list[StartedSubJob]:
    """What RQ is to show of these leases."""
    return [
        StartedSubJob(
            id=sub_job.id,
            lease_id=each.lease_id,
            volunteer_id=each.share.volunteer_id,
            seconds=each.seconds,
        )
        for each in granted
        for sub_job in each.share.sub_jobs
    ]


def offer_of(hub: Hub, granted: Granted) -> LeaseOffer:
    """The lease in words for its volunteer; small chunks are in it, larger ones to be fetched."""
    job = granted.share.job
    room = INLINE_BYTES
    offered = []
    for sub_job in granted.share.sub_jobs:
        chunk = None
        if sub_job.chunk_sha256 is None:
            chunk = jobspec.range_chunk(read_plan(job.plan), sub_job.first_row, sub_job.rows)
        elif sub_job.chunk_bytes <= min(hub.settings.inline_chunk_bytes, room):
            chunk = hub.blobs.read(sub_job.chunk_sha256)
        room -= len(chunk or b"")
        offered.append(
            OfferedSubJob(
                sub_job_id=sub_job.id,
                first_row=sub_job.first_row,
                rows=sub_job.rows,
                chunk_sha256=sub_job.chunk_sha256,
                chunk=chunk,
            )
        )
    return LeaseOffer(
        lease_id=granted.lease_id,
        lease_seconds=granted.seconds,
        job_id=job.id,
        job_name=job.name,
        about=job.about,
        program_sha256=job.program_sha256,
        memory_bytes=job.requirement["memory_bytes"],
        sub_jobs=tuple(offered),
        queue=queue_name(job.requirement_key, job.priority),
        strategy=job.strategy,
    )
