"""What is added to sites by a change: rows by day and job, and a volunteer's first of a day.

Part of the transaction that adds to contributions (`owc.services.aftermath`), so that a site's sum
is that of its volunteers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from owc.store import SiteContributionRow, SiteDayRow, VolunteerRow, added, listed

_SITES = select(VolunteerRow.id, VolunteerRow.site_id, VolunteerRow.site_counted_on).where(
    VolunteerRow.id.in_(listed("ids")), VolunteerRow.site_id.is_not(None)
)


def count_for_sites(
    session: Session, credited: Mapping[tuple[str, str], int], now: datetime, *, is_sqlite: bool
) -> None:
    """`credited`: rows by volunteer and job, added or taken back."""
    day = now.date()
    sites = {
        row.id: row
        for row in session.execute(
            _SITES, {"ids": list({volunteer_id for volunteer_id, _ in credited})}
        )
    }
    if not sites:
        return
    rows: Counter[tuple[str, str]] = Counter()
    for (volunteer_id, job_id), count in credited.items():
        if volunteer_id in sites:
            rows[sites[volunteer_id].site_id, job_id] += count
    counted = [
        {"site_id": site_id, "day": day, "job_id": job_id, "rows": count}
        for (site_id, job_id), count in sorted(rows.items())
        if count
    ]
    came = {
        volunteer_id
        for (volunteer_id, _), count in credited.items()
        if count > 0 and volunteer_id in sites and sites[volunteer_id].site_counted_on != day
    }
    connection = session.connection()
    if came:
        connection.execute(
            update(VolunteerRow).where(VolunteerRow.id.in_(came)).values(site_counted_on=day)
        )
        first = Counter(sites[volunteer_id].site_id for volunteer_id in came)
        connection.execute(
            added(SiteDayRow, "volunteers", is_sqlite=is_sqlite),
            [
                {"site_id": site_id, "day": day, "volunteers": count}
                for site_id, count in sorted(first.items())
            ],
        )
    if counted:
        connection.execute(added(SiteContributionRow, "rows", is_sqlite=is_sqlite), counted)
