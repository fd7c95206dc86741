"""Which volunteers are connected, and to which web process: they come, come back, and leave.

SQL knows it, since a hub can have several web processes: a volunteer that lost its socket here may
be back over there, and the volunteers of a process that died are given up together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain.ids import new_id
from owc.domain.matching import Capabilities
from owc.domain.states import LeaseState, Outcome
from owc.services.aftermath import begin_change
from owc.services.feeding import feed_queues
from owc.services.giving_back import give_back
from owc.services.hub import Hub
from owc.services.replacing import checkpoints_of
from owc.services.standing import credits_of, standing_of
from owc.services.values import Enrolment, Leaving, Lost, VolunteerRecord
from owc.store import LOCK, LeaseRow, SubJobRow, VolunteerRow, WebProcessRow

DEAD_AFTER = timedelta(seconds=15)
"""A web process that has not said for so long that it lives does not."""

BEAT_SECONDS = 4.0
MOST_LEAVING = 100
"""Volunteers that one transaction gives up: others wait for its rows."""


def enrol(
    hub: Hub,
    volunteer_id: str | None,
    kind: str,
    capabilities: Capabilities,
    network: str,
    *,
    process_id: str | None = None,
    socket: str | None = None,
) -> VolunteerRecord:
    """`enrol_many` for one volunteer, which keeps all its leases."""
    enrolment = Enrolment(
        volunteer_id=volunteer_id,
        kind=kind,
        capabilities=capabilities,
        network=network,
        process_id=process_id,
        socket=socket,
    )
    return enrol_many(hub, [enrolment])[0]


def enrol_many(hub: Hub, enrolments: Sequence[Enrolment]) -> list[VolunteerRecord]:
    """A known id resumes its record; None or an unknown one is a newcomer with a new id.

    From now on each volunteer is at its socket of its web process, and nowhere else.
    """
    now = hub.clock.now()
    records, moved = [], []
    with hub.database.write() as session:
        ids = [each.volunteer_id for each in enrolments if each.volunteer_id]
        known = {
            row.id: row
            for row in session.scalars(
                select(VolunteerRow)
                .where(VolunteerRow.id.in_(ids))
                .order_by(VolunteerRow.id)
                .with_for_update(**LOCK)
            )
        }
        earned = credits_of(session, list(known)) if known else {}
        for each in enrolments:
            row = known.get(each.volunteer_id or "")
            if row is None:
                row = _newcomer(each, now)
                session.add(row)
            elif row.process_id is not None and row.process_id != each.process_id:
                moved.append((row.id, each))
            row.kind, row.network, row.last_seen_at = each.kind, each.network, now
            row.process_id, row.socket = each.process_id, each.socket
            if not each.keeps_site:
                row.site_id = each.site_id
            row.capabilities = each.capabilities
            records.append(record_of(hub, row, credit=earned.get(row.id, 0)))
    for volunteer_id, each in moved:
        news = {"volunteer_id": volunteer_id, "process_id": each.process_id}
        hub.push.publish("arrived", news)
    return records


def _newcomer(enrolment: Enrolment, now: datetime) -> VolunteerRow:
    volunteer_id = new_id("vol")
    telemetry.event("volunteer_enrolled", volunteer_id=volunteer_id, kind=enrolment.kind)
    return VolunteerRow(
        id=volunteer_id,
        created_at=now,
        speed=enrolment.speed,
        paces={},
        agreed=0,
        disagreed=0,
    )


def drop_others(hub: Hub, volunteer_id: str, keep: Sequence[str]) -> int:
    """Give up the leases that a volunteer has not come back with."""
    with hub.database.read() as session:
        held = session.scalars(
            select(LeaseRow.id).where(
                LeaseRow.volunteer_id == volunteer_id, LeaseRow.state == LeaseState.ACTIVE
            )
        ).all()
    return leave(hub, volunteer_id, keep) if set(held) - set(keep) else 0


def lost(hub: Hub, volunteer_id: str, socket: str) -> None:
    """`lost_many` for one volunteer."""
    lost_many(hub, [Lost(volunteer_id=volunteer_id, socket=socket)])


def lost_many(hub: Hub, lost: Sequence[Lost]) -> None:
    """Sockets are closed; their volunteers keep their leases for a while, but are not connected."""
    with hub.database.write() as session:
        session.connection().execute(
            update(VolunteerRow)
            .where(VolunteerRow.id == bindparam("who"), VolunteerRow.socket == bindparam("where"))
            .values(process_id=None, last_seen_at=hub.clock.now()),
            [
                {"who": each.volunteer_id, "where": each.socket}
                for each in sorted(lost, key=lambda each: each.volunteer_id)
            ],
        )


def leave(
    hub: Hub, volunteer_id: str, keep: Sequence[str] = (), *, socket: str | None = None
) -> int:
    """`leave_many` for one volunteer."""
    return leave_many(hub, [Leaving(volunteer_id=volunteer_id, socket=socket, keep=tuple(keep))])


def leave_many(hub: Hub, leaving: Sequence[Leaving]) -> int:
    """Volunteers are gone: all their leases end now, but for those that one came back with.

    Who has been seen at another socket since is left alone. How many sub-jobs nobody works on now.
    """
    return _leave_all(hub, leaving)[1]


def _leave_all(hub: Hub, leaving: Sequence[Leaving]) -> tuple[int, int]:
    """How many of them were still there, and how many sub-jobs nobody works on now."""
    gone = released = 0
    for start in range(0, len(leaving), MOST_LEAVING):
        left, returned = _leave(hub, leaving[start : start + MOST_LEAVING])
        gone, released = gone + left, released + returned
    if released:
        feed_queues(hub)
    return gone, released


def _leave(hub: Hub, leaving: Sequence[Leaving]) -> tuple[int, int]:
    sockets: dict[str, set[str | None]] = {each.volunteer_id: set() for each in leaving}
    for each in leaving:
        sockets[each.volunteer_id].add(each.socket)
    checkpoints = checkpoints_of(hub, _at_work(hub, list(sockets)))
    with begin_change(hub) as change:
        gone = []
        for volunteer in change.session.scalars(
            select(VolunteerRow)
            .where(VolunteerRow.id.in_(list(sockets)))
            .order_by(VolunteerRow.id)
            .with_for_update(**LOCK)
        ):
            if None not in sockets[volunteer.id]:
                if volunteer.socket not in sockets[volunteer.id]:
                    continue
                volunteer.process_id = volunteer.socket = None
            gone.append(volunteer.id)
        kept = {lease_id for each in leaving for lease_id in each.keep}
        released = sum(
            give_back(change, lease, Outcome.RELEASED, checkpoints=checkpoints)
            for lease in _lock_leases(change.session, gone)
            if lease.volunteer_id in gone and lease.id not in kept
        )
    return len(gone), released


def _lock_leases(session: Session, volunteer_ids: Sequence[str]) -> Sequence[LeaseRow]:
    """The active leases of these volunteers and those in which others have the same sub-jobs as
    copies, all of them in one order: where many leave at several processes, each would else hold
    what another waits for."""
    own = select(LeaseRow.id).where(
        LeaseRow.volunteer_id.in_(volunteer_ids), LeaseRow.state == LeaseState.ACTIVE
    )
    ids = set(session.scalars(own))
    shared = select(SubJobRow.lease_id, SubJobRow.copy_lease_id).where(
        SubJobRow.copy_lease_id.is_not(None),
        SubJobRow.lease_id.in_(ids) | SubJobRow.copy_lease_id.in_(ids),
    )
    ids.update(lease_id for pair in session.execute(shared) for lease_id in pair if lease_id)
    return session.scalars(
        select(LeaseRow).where(LeaseRow.id.in_(ids)).order_by(LeaseRow.id).with_for_update(**LOCK)
    ).all()


def forget(hub: Hub, volunteer_id: str) -> None:
    """A volunteer wants to be forgotten: its work goes back, and what is known of its device and
    its speed goes. Its number stays under the results that it gave, and names nobody."""
    leave(hub, volunteer_id)
    with hub.database.write() as session:
        session.execute(
            update(VolunteerRow)
            .where(VolunteerRow.id == volunteer_id)
            .values(
                network="",
                capabilities=Capabilities(),
                speed=1.0,
                paces={},
                agreed=0,
            )
        )


def beat(hub: Hub, process_id: str) -> int:
    """One pass: say that this web process lives, and give up the volunteers of those that do not.
    How many volunteers.

    Who has not said so in time itself, since it is new or the database was away, cannot tell who
    else lives before they had time to say it.
    """
    now = hub.clock.now()
    with hub.database.write() as session:
        before = session.get(WebProcessRow, process_id)
        is_late = before is None or before.seen_at < now - DEAD_AFTER
        session.merge(WebProcessRow(id=process_id, seen_at=now))
        if is_late:
            return 0
        dead = session.scalars(
            select(WebProcessRow.id).where(WebProcessRow.seen_at < now - DEAD_AFTER)
        ).all()
        orphans = session.execute(
            select(VolunteerRow.id, VolunteerRow.socket).where(
                VolunteerRow.process_id.is_not(None),
                VolunteerRow.last_seen_at < now - DEAD_AFTER,  # a process may be as new as they are
                VolunteerRow.process_id.not_in(
                    select(WebProcessRow.id).where(WebProcessRow.seen_at >= now - DEAD_AFTER)
                ),
            )
        ).all()
    gone, _ = _leave_all(hub, [Leaving(volunteer_id=row.id, socket=row.socket) for row in orphans])
    forgotten: Sequence[str] = ()
    if dead:
        with hub.database.write() as session:
            # no more than one of those that notice at once forgets it
            forgotten = session.scalars(
                delete(WebProcessRow)
                .where(WebProcessRow.id.in_(dead), WebProcessRow.seen_at < now - DEAD_AFTER)
                .returning(WebProcessRow.id)
            ).all()
    if forgotten or gone:
        telemetry.event("process_lost", processes=len(forgotten), volunteers=gone)
    return gone


def part(hub: Hub, process_id: str) -> None:
    """A web process ends in order; its volunteers will be back elsewhere, or their leases
    expire."""
    with hub.database.write() as session:
        session.execute(
            update(VolunteerRow)
            .where(VolunteerRow.process_id == process_id)
            .values(process_id=None)
        )
        session.execute(delete(WebProcessRow).where(WebProcessRow.id == process_id))


def connected(hub: Hub) -> int:
    """How many volunteers are connected to the hub, by SQL's word."""
    with hub.database.read() as session:
        return session.scalar(select(func.count()).where(VolunteerRow.process_id.is_not(None))) or 0


def record_of(
    hub: Hub, row: VolunteerRow, *, credit: int, sub_jobs_at_work: int = 0
) -> VolunteerRecord:
    return VolunteerRecord(
        id=row.id,
        kind=row.kind,
        capabilities=row.capabilities,
        agreed=row.agreed,
        disagreed=row.disagreed,
        speed=row.speed,
        standing=standing_of(hub, row, credit),
        sub_jobs_at_work=sub_jobs_at_work,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )


def _at_work(hub: Hub, volunteer_ids: Sequence[str]) -> list[str]:
    with hub.database.read() as session:
        leases = session.scalars(
            select(LeaseRow.entries).where(
                LeaseRow.volunteer_id.in_(volunteer_ids), LeaseRow.state == LeaseState.ACTIVE
            )
        )
        return [
            sub_job_id
            for entries in leases
            for sub_job_id, outcome in entries.items()
            if outcome is None
        ]
