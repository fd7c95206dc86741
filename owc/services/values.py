"""What services take and give: frozen values without behaviour, known to the web and to tasks.

Times are aware. Bytes are bytes; text is never HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from owc.domain.matching import Capabilities
from owc.domain.states import JobState, SubJobState, Verdict

ReceiptStatus = Literal["stored", "duplicate", "too_late", "refused"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitter:
    """Who posts a job. Jobs of those who are not trusted are held until approved."""

    name: str
    trusted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A submitter's token, without its secret."""

    id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class VolunteerRecord:
    """One consenting browser or native process. `speed` is a multiple of the hub's machine."""

    id: str
    kind: str
    capabilities: Capabilities
    agreed: int
    disagreed: int
    speed: float
    rows_settled: int
    sub_jobs_at_work: int
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedSubJob:
    """A chunk is inline (`chunk`), or a blob to fetch (`chunk` None); ranges are always inline."""

    sub_job_id: str
    first_row: int
    rows: int
    chunk_sha256: str | None
    chunk: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseOffer:
    lease_id: str
    lease_seconds: int
    job_id: str
    job_name: str
    about: str
    program_sha256: str
    memory_bytes: int
    sub_jobs: tuple[OfferedSubJob, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """`lease_seconds`: until when renewed leases live; `gone`: those that could not be renewed."""

    lease_seconds: int
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a volunteer says of one sub-job of its lease.

    `output`: the program's table bytes, or `output_sha256` of those sent before; `trap_site`: the
    site of a trap after `rows_done` rows; `error`: the volunteer could not run it (memory, time).
    """

    volunteer_id: str
    lease_id: str
    sub_job_id: str
    output: bytes | None = None
    output_sha256: str | None = None
    trap_site: int | None = None
    rows_done: int = 0
    elapsed_seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    sub_job_id: str
    status: ReceiptStatus
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSummary:
    """`formats`: those in which the result is offered, of which answers give the addresses."""

    id: str
    name: str
    about: str
    state: JobState
    submitter: str
    priority: int
    created_at: datetime
    finished_at: datetime | None
    rows_total: int | None
    rows_settled: int
    sub_jobs_total: int | None
    sub_jobs_settled: int
    volunteers_at_work: int
    formats: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: times as ISO 8601."""
        values = asdict(self)
        del values["formats"]
        for name in ("created_at", "finished_at"):
            values[name] = values[name].isoformat() if values[name] else None
        return values


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """The first rows of a table as text; None is NULL."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultColumn:
    name: str
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HubProgram:
    """A program that the hub runs itself for a job; `role`: finish or verify."""

    role: str
    sha256: str
    bytes: int
    listing: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultFile:
    """A file made of a job's result, such as `png`; `problem`: why there is none."""

    form: str
    sha256: str | None
    problem: str | None
    about: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class SubJobView:
    """`volunteer`: whose word it rests on; "hub" for the hub's own run."""

    id: str
    seq: int
    first_row: int
    rows: int
    state: SubJobState
    chunk_sha256: str | None
    chunk_bytes: int
    result_sha256: str | None
    volunteer: str | None
    verdict: Verdict | None
    leases: int
    failures: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView(JobSummary):
    """Everything that a job's page shows."""

    purpose: str
    contact: str
    licence: str
    document: str
    listing: str
    program_sha256: str
    program_bytes: int
    requirement: Mapping[str, Any]
    source_kind: str
    source_sha256: str | None
    failure: str | None
    result_sha256: str | None
    result_rows: int | None
    result_columns: tuple[ResultColumn, ...] = ()
    input_preview: Preview | None = None
    result_preview: Preview | None = None
    sub_jobs: tuple[SubJobView, ...] = field(default=())
    hub_programs: tuple[HubProgram, ...] = ()
    result_files: tuple[ResultFile, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        values = JobSummary.as_dict(self)
        values["requirement"] = dict(self.requirement)
        return values


@dataclass(frozen=True, kw_only=True, slots=True)
class Fed:
    """What a pass of `upkeep.feed` did; `queued`: what the queues hold after it."""

    sub_jobs: int = 0
    queued: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Expired:
    """What a pass of `upkeep.expire` did."""

    leases: int = 0
    sub_jobs: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciled:
    """What a pass of `upkeep.reconcile` mended."""

    sub_jobs_requeued: int = 0
    marks_removed: int = 0
    tasks_requeued: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.sub_jobs_requeued or self.marks_removed or self.tasks_requeued)
