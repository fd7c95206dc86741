"""The tables of embedding sites: who they are, and what came by way of them, day by day.

Nothing here names a volunteer.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from owc.store.models import Base, Id


class SiteRow(Base):
    """A registered site. `id` is its key, which stands in its pages: a name, not a secret."""

    __tablename__ = "site"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    origins: Mapped[list[Any]]
    categories: Mapped[list[Any]]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class SiteContributionRow(Base):
    """Settled rows of a job that a site's volunteers computed on a day (of UTC); what is taken back
    later is taken from the day on which that happens."""

    __tablename__ = "site_contribution"

    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date(), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True, index=True)
    rows: Mapped[int]


class SiteDayRow(Base):
    """How many of a site's volunteers computed something that counts on a day."""

    __tablename__ = "site_day"

    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date(), primary_key=True)
    volunteers: Mapped[int]


class LoaderRow(Base):
    """A loader that this hub has served: pages that pin its digest go on being served it."""

    __tablename__ = "loader"

    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    script: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
