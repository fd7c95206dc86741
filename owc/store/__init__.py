"""The truth: SQLAlchemy models, transactions and migrations."""

from __future__ import annotations

from owc.store.adding import added
from owc.store.database import LOCK, Database
from owc.store.migrate import migrate
from owc.store.models import (
    PAGE,
    AuditRow,
    Base,
    ChunkRow,
    ContributionRow,
    DoubtRow,
    HubProgramRow,
    JobRow,
    LeaseRow,
    ResultFileRow,
    ResultRow,
    SegmentRow,
    SharedFileRow,
    SkippedRow,
    SubJobRow,
    TokenRow,
    UploadRow,
    VolunteerRow,
    WebProcessRow,
)
from owc.store.site_tables import LoaderRow, SiteContributionRow, SiteDayRow, SiteRow
from owc.store.types import AnyRow, listed

__all__ = [
    "LOCK",
    "PAGE",
    "AnyRow",
    "AuditRow",
    "Base",
    "ChunkRow",
    "ContributionRow",
    "Database",
    "DoubtRow",
    "HubProgramRow",
    "JobRow",
    "LeaseRow",
    "LoaderRow",
    "ResultFileRow",
    "ResultRow",
    "SegmentRow",
    "SharedFileRow",
    "SiteContributionRow",
    "SiteDayRow",
    "SiteRow",
    "SkippedRow",
    "SubJobRow",
    "TokenRow",
    "UploadRow",
    "VolunteerRow",
    "WebProcessRow",
    "added",
    "listed",
    "migrate",
]
