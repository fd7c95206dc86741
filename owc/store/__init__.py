"""The truth: SQLAlchemy models, transactions and migrations."""

from __future__ import annotations

from owc.store.database import Database
from owc.store.migrate import migrate
from owc.store.models import (
    PAGE,
    Base,
    JobRow,
    LeaseRow,
    LeaseSubJobRow,
    ResultRow,
    SubJobRow,
    TokenRow,
    UploadRow,
    VolunteerRow,
)

__all__ = [
    "PAGE",
    "Base",
    "Database",
    "JobRow",
    "LeaseRow",
    "LeaseSubJobRow",
    "ResultRow",
    "SubJobRow",
    "TokenRow",
    "UploadRow",
    "VolunteerRow",
    "migrate",
]
