"""What anyone may read. SQL and blobs only, never the queues."""

from datetime import datetime
from pathlib import Path
from typing import Any

from owc.services.hub import Hub
from owc.services.values import JobSummary, JobView, SubJobView, VolunteerRecord


def list_jobs(hub: Hub, before: datetime | None = None, limit: int = 50) -> tuple[JobSummary, ...]:
    """Newest first; `before`: created_at of the last one of the page before."""
    raise NotImplementedError


def job_summary(hub: Hub, job_id: str) -> JobSummary:
    raise NotImplementedError


def job_view(hub: Hub, job_id: str) -> JobView:
    """Raises NotFound, Removed."""
    raise NotImplementedError


def sub_jobs(
    hub: Hub, job_id: str, after_seq: int = -1, limit: int = 200
) -> tuple[SubJobView, ...]:
    raise NotImplementedError


def manifest(hub: Hub, job_id: str) -> dict[str, Any]:
    raise NotImplementedError


def result_file(hub: Hub, job_id: str) -> Path:
    """The result as Parquet. Raises NotFound, ResultNotReady."""
    raise NotImplementedError


def program(hub: Hub, job_id: str) -> bytes:
    raise NotImplementedError


def public_blob(hub: Hub, sha256: str) -> Path:
    """A program, chunk or source of a public job. Raises NotFound, Removed, BadDigest."""
    raise NotImplementedError


def volunteers(hub: Hub, limit: int = 100) -> tuple[VolunteerRecord, ...]:
    """Latest seen first."""
    raise NotImplementedError
