"""Volunteers ask for work, many at a time: one look at the queues and one transaction serve all who
ask within a few milliseconds.

A lease has sub-jobs of one job. How many is for the volunteer's measured speed on that job's
program; towards a job's end it is one, and nobody is given work ahead. Where nothing waits, those
who are idle get copies (`owc.services.copies`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from owc import telemetry
from owc.domain.matching import queue_name, requirement_of, satisfies
from owc.domain.states import JobState, LeaseState
from owc.domain.trust import Status
from owc.errors import UnknownVolunteer
from owc.queue import Popped
from owc.services.aftermath import begin_change
from owc.services.conflicts import until_no_conflict
from owc.services.copies import copies_for
from owc.services.feeding import feed_queues, waits
from owc.services.granting import (
    Asking,
    count_connected,
    grant,
    offer_of,
    read_jobs,
    read_said,
    read_waiting,
    share_out,
    started,
)
from owc.services.hub import Hub
from owc.services.standing import status_of
from owc.services.values import Ask, LeaseOffer
from owc.store import JobRow, LeaseRow, ResultRow, VolunteerRow, listed

ROUNDS = 6
"""A call looks at the queues at most this often: entries can be stale, but not endlessly."""

AHEAD = 4
"""Who has emptied a queue asks again soon: so many times what they ask for now is fed to it."""

FRUITLESS = 2
"""So often a queue may give nothing that anybody here can have before the others get their turn."""


_QUEUES = (
    select(JobRow.requirement_key, JobRow.priority)
    .where(JobRow.state == JobState.RUNNING)
    .distinct()
    .order_by(JobRow.priority.desc(), JobRow.requirement_key)
)
_VOLUNTEERS = select(
    VolunteerRow.id,
    VolunteerRow.network,
    VolunteerRow.capabilities,
    VolunteerRow.speed,
    VolunteerRow.paces,
    VolunteerRow.agreed,
    VolunteerRow.disagreed,
    VolunteerRow.barred_until,
    VolunteerRow.banned_at,
).where(VolunteerRow.id.in_(listed("ids")))
_HELD = (
    select(
        LeaseRow.volunteer_id,
        func.count().label("leases"),
        func.sum(LeaseRow.open_count).label("sub_jobs"),
    )
    .where(LeaseRow.volunteer_id.in_(listed("ids")), LeaseRow.state == LeaseState.ACTIVE)
    .group_by(LeaseRow.volunteer_id)
)
_UNJUDGED = (
    select(ResultRow.volunteer_id, func.count().label("number"))
    .where(
        ResultRow.volunteer_id.in_(listed("ids")),
        ResultRow.verdict.is_(None),
        ~ResultRow.canonical,
    )
    .group_by(ResultRow.volunteer_id)
)


def lease(hub: Hub, volunteer_id: str, sub_jobs: int) -> LeaseOffer | None:
    """`lease_many` for one volunteer. Raises UnknownVolunteer."""
    (offer,) = lease_many(hub, [Ask(volunteer_id=volunteer_id, sub_jobs=sub_jobs)])
    if isinstance(offer, UnknownVolunteer):
        raise offer
    return offer


def lease_many(hub: Hub, asks: Sequence[Ask]) -> list[LeaseOffer | UnknownVolunteer | None]:
    """Grant each volunteer up to so many sub-jobs of one job, as many as suit its speed.

    In the order of the asks. None: there is nothing for it now; topic `work` tells when to ask
    again. UnknownVolunteer is given, not raised: it is the answer to one of many.
    """
    known = _read_asking(hub, asks)
    offers: dict[str, LeaseOffer] = {}
    groups: dict[tuple[str, ...], list[Asking]] = defaultdict(list)
    for asking in known.values():
        if asking.most > 0 and asking.queues:
            groups[asking.queues].append(asking)
    with hub.delivery("lease"):
        for queues, members in groups.items():
            _serve(hub, queues, members, offers)
        idle = [
            asking
            for asking in known.values()
            if asking.at_work == 0 and asking.most > 0 and asking.volunteer_id not in offers
        ]
        offers |= until_no_conflict(copies_for, hub, idle)
    return [
        offers.get(ask.volunteer_id) if ask.volunteer_id in known else UnknownVolunteer()
        for ask in asks
    ]


def _read_asking(hub: Hub, asks: Sequence[Ask]) -> dict[str, Asking]:
    """What SQL knows of those who ask; unknown ones are left out."""
    settings = hub.settings
    wanted = {ask.volunteer_id: min(ask.sub_jobs, settings.lease_sub_jobs) for ask in asks}
    with hub.database.read() as session:
        queues = session.execute(_QUEUES).all()
        volunteers = session.execute(_VOLUNTEERS, {"ids": list(wanted)}).all()
        held = session.execute(_HELD, {"ids": list(wanted)})
        at_work = {row.volunteer_id: (row.leases, int(row.sub_jobs)) for row in held}
        unproven = [row.id for row in volunteers if row.agreed < settings.trust_after]
        unjudged = _unjudged(session, unproven)
    needed = [(queue_name(key, priority), requirement_of(key)) for key, priority in queues]
    asking = {}
    for row in volunteers:
        held_leases, held_sub_jobs = at_work.get(row.id, (0, 0))
        status = status_of(settings, row, hub.clock.now())
        most = wanted[row.id] if held_leases < settings.leases_per_volunteer else 0
        if status in (Status.BARRED, Status.BANNED):
            most = 0
        elif status is not Status.TRUSTED:
            pending = held_sub_jobs + unjudged.get(row.id, 0)
            most = min(most, max(settings.unproven_sub_jobs - pending, 0))
        asking[row.id] = Asking(
            volunteer_id=row.id,
            network=row.network,
            queues=tuple(name for name, each in needed if satisfies(row.capabilities, each)),
            most=most,
            capabilities=row.capabilities,
            speed=row.speed,
            paces=row.paces,
            at_work=held_sub_jobs,
            is_trusted=status is Status.TRUSTED,
        )
    return asking


def _unjudged(session: Session, volunteer_ids: Sequence[str]) -> dict[str, int]:
    """How many results of each have no verdict yet: a newcomer's word is worth nothing before."""
    if not volunteer_ids:
        return {}
    rows = session.execute(_UNJUDGED, {"ids": volunteer_ids})
    return {row.volunteer_id or "": row.number for row in rows}


def _serve(
    hub: Hub, queues: Sequence[str], members: Sequence[Asking], offers: dict[str, LeaseOffer]
) -> None:
    """Serve volunteers that satisfy the same queues, until all have a lease or nothing is left."""
    unserved, open_queues = list(members), list(queues)
    dry: set[str] = set()
    fruitless: Counter[str] = Counter()
    for _ in range(ROUNDS):
        popped = _pop(hub, open_queues, sum(each.most for each in unserved), dry)
        if not popped.ids:
            return
        # begun again here: what was popped, and what was granted before, is in our hands alone
        found, unused = until_no_conflict(_grant, hub, unserved, popped)
        offers |= found
        unserved = [each for each in unserved if each.volunteer_id not in found]
        if not unserved:
            return
        fruitless[popped.queue] += not found
        # what nobody here may have must not keep them from what stands in another queue
        if (unused and not found) or (
            fruitless[popped.queue] >= FRUITLESS and len(open_queues) > 1
        ):
            open_queues.remove(popped.queue)
            if not open_queues:
                return


def _pop(hub: Hub, names: Sequence[str], count: int, dry: set[str]) -> Popped:
    """From the most urgent queue that has any; of equally urgent ones, from that whose next job was
    served least. One that ran dry while its jobs have more is fed first: its window is small, and
    what is less urgent must not slip by until the next pass. `dry`: those that have been looked
    into in vain; it grows."""
    while True:
        popped = hub.queue.pop(names, count, dry=dry)
        if not popped.empty:
            return popped
        dry.update(popped.empty)
        if popped.forgotten or waits(hub, popped.empty):
            feed_queues(hub, least=AHEAD * count)


def _grant(
    hub: Hub, members: Sequence[Asking], popped: Popped
) -> tuple[dict[str, LeaseOffer], int]:
    """Lease what is really waiting among these popped ids; the rest goes back to its queue. How
    many of it anybody could have had."""
    with begin_change(hub) as change:
        waiting = read_waiting(change.session, popped.ids)
        shares, unused = share_out(
            hub.settings,
            members,
            waiting,
            read_jobs(change.session, (each.job_id for each in waiting)),
            read_said(change.session, waiting),
            left=popped.left,
            volunteers=count_connected(change.session),
        )
        granted = grant(change, shares)
    asking = {each.id for each in waiting if each.asks}
    free = [each for each in unused if each not in asking]
    with hub.delivery("start"):
        # what asks for somebody else must not stand in the way of what anybody may have
        hub.queue.put_back(popped.queue, free)
        hub.queue.put_behind(popped.queue, [each for each in unused if each in asking])
        hub.queue.start(started(granted))
    if granted:
        sub_jobs = sum(len(each.share.sub_jobs) for each in granted)
        telemetry.event("leases_granted", leases=len(granted), sub_jobs=sub_jobs)
    return {each.share.volunteer_id: offer_of(hub, each) for each in granted}, len(free)
