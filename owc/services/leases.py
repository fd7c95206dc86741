"""Leases live by renewal, and are given back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from owc.domain import sizing
from owc.domain.states import LeaseState, Outcome
from owc.queue import Checkpoint, StartedSubJob
from owc.services.aftermath import begin_change
from owc.services.feeding import feed_queues
from owc.services.giving_back import give_back
from owc.services.hub import Hub
from owc.services.moves import open_entries
from owc.services.replacing import checkpoints_of
from owc.services.values import Renewal, Returning
from owc.store import LOCK, LeaseRow, VolunteerRow


def renew(hub: Hub, volunteer_id: str, lease_ids: Sequence[str]) -> Renewal:
    """Let leases live on; those that have ended, or were never this volunteer's, are gone."""
    return renew_many(hub, [(volunteer_id, lease_ids)])[0]


def renew_many(hub: Hub, asked: Sequence[tuple[str, Sequence[str]]]) -> list[Renewal]:
    """`renew` for many volunteers at once; in their order."""
    now, most = hub.clock.now(), hub.settings.leases_per_volunteer
    owners = {
        lease_id: volunteer_id
        for volunteer_id, lease_ids in asked
        for lease_id in list(lease_ids)[:most]
    }
    with hub.database.write() as session:
        found = session.execute(
            select(
                LeaseRow.id,
                LeaseRow.volunteer_id,
                LeaseRow.seconds,
                LeaseRow.granted_at,
                LeaseRow.entries,
            )
            .where(LeaseRow.id.in_(list(owners)), LeaseRow.state == LeaseState.ACTIVE)
            .order_by(LeaseRow.id)
            .with_for_update(**LOCK)
        )
        rows = [row for row in found if owners[row.id] == row.volunteer_id]
        if rows:
            session.connection().execute(
                update(LeaseRow)
                .where(LeaseRow.id == bindparam("of"))
                .values(expires_at=bindparam("until")),
                [
                    {"of": row.id, "until": sizing.lease_ends(row.granted_at, now, row.seconds)}
                    for row in rows
                ],
            )
        _see(session, [volunteer_id for volunteer_id, _ in asked], now)
    with hub.delivery("renew"):
        hub.queue.renew(
            StartedSubJob(
                id=sub_job_id, lease_id=row.id, volunteer_id=row.volunteer_id, seconds=row.seconds
            )
            for row in rows
            for sub_job_id, outcome in row.entries.items()
            if outcome is None
        )
    seconds = {(row.volunteer_id, row.id): row.seconds for row in rows}
    return [
        Renewal(
            lease_seconds=min(
                (seconds[volunteer_id, each] for each in ids if (volunteer_id, each) in seconds),
                default=sizing.LEASE_MIN_SECONDS,
            ),
            gone=tuple(each for each in ids if (volunteer_id, each) not in seconds),
        )
        for volunteer_id, ids in asked
    ]


def release(
    hub: Hub,
    volunteer_id: str,
    lease_id: str,
    sub_job_ids: Collection[str] | None = None,
) -> int:
    """`release_many` for one volunteer."""
    named = None if sub_job_ids is None else tuple(sub_job_ids)
    returning = Returning(volunteer_id=volunteer_id, lease_id=lease_id, sub_job_ids=named)
    return release_many(hub, [returning])


def release_many(hub: Hub, returned: Sequence[Returning]) -> int:
    """Give sub-jobs of leases back. How many nobody works on now.

    A lease that has ended, or is someone else's, is left alone.
    """
    ids = {each.lease_id for each in returned}
    with hub.database.read() as session:
        known = session.scalars(
            select(LeaseRow).where(LeaseRow.id.in_(ids), LeaseRow.state == LeaseState.ACTIVE)
        ).all()
    if not known:
        return 0
    checkpoints = checkpoints_of(hub, [each for row in known for each in open_entries(row)])
    released = 0
    with begin_change(hub) as change:
        rows = {
            row.id: row
            for row in change.session.scalars(
                select(LeaseRow)
                .where(LeaseRow.id.in_([row.id for row in known]))
                .order_by(LeaseRow.id)
                .with_for_update(**LOCK)
            )
        }
        for each in returned:
            row = rows.get(each.lease_id)
            if row is not None and row.volunteer_id == each.volunteer_id:
                released += give_back(
                    change, row, Outcome.RELEASED, each.sub_job_ids, checkpoints=checkpoints
                )
        _see(change.session, {each.volunteer_id for each in returned}, change.now)
    if released:
        feed_queues(hub)
    return released


def keep_checkpoints(hub: Hub, sent: Sequence[tuple[str, Sequence[Checkpoint]]]) -> int:
    """Keep what volunteers (by id) sent of sub-jobs that they hold; how many. Of the others, which
    anyone could send, nothing is kept."""
    ids = {each.lease_id for _, checkpoints in sent for each in checkpoints}
    with hub.database.read() as session:
        found = session.execute(
            select(LeaseRow.id, LeaseRow.volunteer_id, LeaseRow.entries).where(
                LeaseRow.id.in_(ids), LeaseRow.state == LeaseState.ACTIVE
            )
        )
        held = {
            (row.volunteer_id, row.id, sub_job_id)
            for row in found
            for sub_job_id, outcome in row.entries.items()
            if outcome is None
        }
    kept = [
        each
        for volunteer_id, checkpoints in sent
        for each in checkpoints
        if (volunteer_id, each.lease_id, each.sub_job_id) in held
    ]
    if kept:
        with hub.delivery("checkpoints"):
            hub.queue.keep_checkpoints(kept)
    return len(kept)


def _see(session: Session, volunteer_ids: Collection[str], now: datetime) -> None:
    session.execute(
        update(VolunteerRow).where(VolunteerRow.id.in_(volunteer_ids)).values(last_seen_at=now),
        execution_options={"synchronize_session": False},
    )
