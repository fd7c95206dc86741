"""The operator bans volunteers, and lets them in again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain.states import LeaseState, Outcome
from owc.errors import NotFound
from owc.services import moves, standing
from owc.services.aftermath import begin_change
from owc.services.feeding import feed_queues
from owc.services.giving_back import give_back
from owc.services.hub import Hub
from owc.store import LOCK, LeaseRow, VolunteerRow


def ban(hub: Hub, volunteer_id: str, reason: str) -> int:
    """Give a volunteer no work any more, take back what it has, and check what rests on its word.
    How many sub-jobs were reopened. Raises NotFound."""
    with begin_change(hub) as change:
        volunteer = _get(change.session, volunteer_id)
        volunteer.banned_at, volunteer.ban_reason = change.now, reason
        volunteer.agreed = 0
        leases = change.session.scalars(
            select(LeaseRow)
            .where(LeaseRow.volunteer_id == volunteer_id, LeaseRow.state == LeaseState.ACTIVE)
            .order_by(LeaseRow.id)
            .with_for_update(**LOCK)
        ).all()
        for lease in leases:
            give_back(change, lease, Outcome.RELEASED, checkpoints={})
            moves.revoke(change, lease, "The operator has banned this volunteer.")
        reopened = standing.reopen_word(change, volunteer_id)
        change.aftermath.standings[volunteer_id] = None
    feed_queues(hub)
    telemetry.event("volunteer_banned", volunteer_id=volunteer_id, reopened=reopened)
    return reopened


def unban(hub: Hub, volunteer_id: str) -> None:
    """Let a volunteer in again, as a newcomer; a bar by the rules ends too. Raises NotFound."""
    with begin_change(hub) as change:
        volunteer = _get(change.session, volunteer_id)
        volunteer.banned_at = volunteer.ban_reason = volunteer.barred_until = None
        volunteer.agreed = volunteer.disagreed = 0
        change.aftermath.standings[volunteer_id] = None
    telemetry.event("volunteer_unbanned", volunteer_id=volunteer_id)


def _get(session: Session, volunteer_id: str) -> VolunteerRow:
    volunteer = session.get(VolunteerRow, volunteer_id, with_for_update=LOCK)
    if volunteer is None:
        raise NotFound(f"There is no volunteer {volunteer_id}.")
    return volunteer
