"""Embedding sites: registered, listed, removed, found by their key; what each has given.

A key names a site in its pages, for everybody to read. It is no secret and opens nothing: what it
does is to let the frame be embedded by the origins of its site and by no others, and to count what
comes that way for the site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import jobspec
from owc import telemetry
from owc.domain import coarse
from owc.domain.ids import new_id
from owc.domain.states import JobState
from owc.errors import NotFound, Refused
from owc.services.hub import Hub
from owc.services.standing import fuel_of_rows
from owc.services.values import HelpedJob, Site, SiteDay, SiteView
from owc.store import JobRow, SiteContributionRow, SiteDayRow, SiteRow, VolunteerRow

DAYS_SHOWN = 90
JOBS_SHOWN = 50
_MOST_ORIGINS = 50
_MOST_NAME = 80
_KEY = re.compile(r"site_[a-z0-9]{1,27}")
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?")


def is_key(text: str) -> bool:
    """Whether this can be a site's key; names of machines never are."""
    return _KEY.fullmatch(text) is not None


def add_site(hub: Hub, name: str, origins: Iterable[str], categories: Iterable[str] = ()) -> Site:
    """Register a site; its key is new. No categories: all. Raises Refused."""
    name = name.strip()
    if not name or len(name) > _MOST_NAME:
        raise Refused(f"A site needs a name of at most {_MOST_NAME} characters.")
    given = tuple(dict.fromkeys(origin.strip().lower().removesuffix("/") for origin in origins))
    if not 1 <= len(given) <= _MOST_ORIGINS:
        raise Refused(f"A site has 1 to {_MOST_ORIGINS} origins.")
    for origin in given:
        if not _ORIGIN.fullmatch(origin):
            raise Refused(
                f"{origin!r} is no origin: write it as https://www.example.org, with the port if"
                " the address has one; https://*.example.org stands for every name below it."
            )
    wanted = tuple(dict.fromkeys(categories))
    for category in wanted:
        if category not in jobspec.CATEGORIES:
            known = ", ".join(jobspec.CATEGORIES)
            raise Refused(f"{category!r} is no category of jobs: there are {known}.")
    row = SiteRow(
        id=new_id("site"),
        name=name,
        origins=list(given),
        categories=list(wanted),
        created_at=hub.clock.now(),
    )
    with hub.database.write() as session:
        session.add(row)
        site = _site(row)
    telemetry.event("site_added", site=site.key, origins=list(given))
    return site


def list_sites(hub: Hub) -> tuple[Site, ...]:
    """All that are registered, the oldest first."""
    with hub.database.read() as session:
        rows = session.scalars(
            select(SiteRow)
            .where(SiteRow.removed_at.is_(None))
            .order_by(SiteRow.created_at, SiteRow.id)
        )
        return tuple(_site(row) for row in rows)


def remove_site(hub: Hub, key: str) -> None:
    """From now on the frame opens in none of its pages; what it gave stays counted. Raises
    NotFound."""
    with hub.database.write() as session:
        row = _registered(session, key)
        row.removed_at = hub.clock.now()
    telemetry.event("site_removed", site=key)


def find_site(hub: Hub, key: str) -> Site | None:
    """The registered site of this key."""
    if not is_key(key):
        return None
    with hub.database.read() as session:
        row = session.get(SiteRow, key)
        return _site(row) if row is not None and row.removed_at is None else None


def site_of(hub: Hub, volunteer_id: str) -> Site | None:
    """The registered site by way of which a volunteer came last."""
    with hub.database.read() as session:
        row = session.scalar(
            select(SiteRow)
            .join(VolunteerRow, VolunteerRow.site_id == SiteRow.id)
            .where(VolunteerRow.id == volunteer_id, SiteRow.removed_at.is_(None))
        )
        return _site(row) if row is not None else None


def origins(hub: Hub) -> frozenset[str]:
    """Those of all registered sites."""
    return frozenset(origin for site in list_sites(hub) for origin in site.origins)


def is_origin_of(origins: Iterable[str], origin: str) -> bool:
    """Whether `origin` is one of these, or below one that begins with `*.`."""
    scheme, _, place = origin.lower().rpartition("://")
    for each in origins:
        of_scheme, _, of_place = each.rpartition("://")
        if of_scheme and of_scheme != scheme:
            continue
        if of_place == place or (of_place.startswith("*.") and place.endswith(of_place[1:])):
            return True
    return False


def site_view(hub: Hub, key: str) -> SiteView:
    """What a site has given, in all and by day. Raises NotFound."""
    today = hub.clock.now().date()
    with hub.database.read() as session:
        site = _site(_registered(session, key))
        of_site = SiteContributionRow.site_id == key
        job = (SiteContributionRow.job_id == JobRow.id) & of_site
        rows, fuel = func.sum(SiteContributionRow.rows), fuel_of_rows(SiteContributionRow.rows)
        total = session.execute(select(rows.label("rows"), fuel.label("fuel")).where(job)).one()
        since = today - timedelta(days=DAYS_SHOWN - 1)
        by_day = {
            row.day: row
            for row in session.execute(
                select(SiteContributionRow.day, rows.label("rows"), fuel.label("fuel"))
                .where(job, SiteContributionRow.day >= since)
                .group_by(SiteContributionRow.day)
            )
        }
        came = {
            row.day: row.volunteers
            for row in session.scalars(
                select(SiteDayRow).where(SiteDayRow.site_id == key, SiteDayRow.day >= since)
            )
        }
        jobs = session.execute(
            select(JobRow.id, JobRow.name, JobRow.state, rows.label("rows"))
            .where(job, JobRow.state != JobState.REMOVED)
            .group_by(JobRow.id, JobRow.name, JobRow.state, JobRow.created_at)
            .having(rows > 0)
            .order_by(JobRow.created_at.desc(), JobRow.id)
            .limit(JOBS_SHOWN)
        ).all()
        volunteers = session.scalar(select(func.count()).where(VolunteerRow.site_id == key)) or 0
    return SiteView(
        site=site,
        rows=_count(total.rows),
        fuel=_count(total.fuel),
        volunteers=coarse.crowd(volunteers),
        days=tuple(
            SiteDay(
                day=day,
                rows=_count(by_day[day].rows) if day in by_day else 0,
                fuel=_count(by_day[day].fuel) if day in by_day else 0,
                volunteers=coarse.crowd(came.get(day, 0)),
            )
            for day in _days(since, today)
            if day >= site.created_at.date()
        ),
        jobs=tuple(
            HelpedJob(job_id=row.id, name=row.name, state=row.state, rows=row.rows) for row in jobs
        ),
    )


def _registered(session: Session, key: str) -> SiteRow:
    row = session.get(SiteRow, key) if is_key(key) else None
    if row is None or row.removed_at is not None:
        raise NotFound(f"There is no site {key}.")
    return row


def _site(row: SiteRow) -> Site:
    return Site(
        key=row.id,
        name=row.name,
        origins=tuple(row.origins),
        categories=tuple(row.categories),
        created_at=row.created_at,
    )


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _count(number: float | None) -> int:
    """What was taken back later may be more than a day has given: that is shown as nothing."""
    return max(round(number or 0), 0)
