"""The truth: SQLAlchemy models, transactions and migrations."""

from __future__ import annotations

from owc.store.database import Database
from owc.store.migrate import migrate
from owc.store.models import (
    PAGE,
    Base,
    HubProgramRow,
    JobRow,
    LeaseRow,
    LeaseSubJobRow,
    ResultFileRow,
    ResultRow,
    SharedFileRow,
    SubJobRow,
    TokenRow,
    UploadRow,
    VolunteerRow,
)

__all__ = [
    "PAGE",
    "Base",
    "Database",
    "HubProgramRow",
    "JobRow",
    "LeaseRow",
    "LeaseSubJobRow",
    "ResultFileRow",
    "ResultRow",
    "SharedFileRow",
    "SubJobRow",
    "TokenRow",
    "UploadRow",
    "VolunteerRow",
    "migrate",
]
