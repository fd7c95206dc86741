"""What services take and give: frozen values without behaviour, known to the web and to tasks.

Times are aware. Bytes are bytes; text is never HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from owc.domain.matching import Capabilities
from owc.domain.states import JobState, SubJobState, Verdict
from owc.domain.trust import Status

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
class VolunteerStanding:
    """How a volunteer stands, in words for itself. `credit`: in fuel; `agreed` of `needed` checks
    in a row were right; `until`: when a bar ends."""

    volunteer_id: str
    status: Status
    message: str
    credit: int
    agreed: int
    needed: int
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VolunteerRecord:
    """One consenting browser or native process. `speed` is a multiple of the hub's machine."""

    id: str
    kind: str
    capabilities: Capabilities
    agreed: int
    disagreed: int
    speed: float
    standing: VolunteerStanding
    sub_jobs_at_work: int
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpedJob:
    """A job of which a volunteer computed settled rows."""

    job_id: str
    name: str
    state: JobState
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A registered embedding site. `categories`: of jobs that it helps; none: all."""

    key: str
    name: str
    origins: tuple[str, ...]
    categories: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteDay:
    """What a site gave on a day (of UTC): settled rows, the fuel that they are worth, and how many
    volunteers did it, as a span."""

    day: date
    rows: int
    fuel: int
    volunteers: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteView:
    """What a site has given, in all and by day, the oldest first."""

    site: Site
    rows: int
    fuel: int
    volunteers: str
    days: tuple[SiteDay, ...]
    jobs: tuple[HelpedJob, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolment:
    """A volunteer says hello, at that socket of that web process; `volunteer_id`: who it was.

    `speed`: what is assumed of a newcomer until its first result; `site_id`: the registered site by
    way of which it comes, unless it `keeps_site`, the one by which it came before.
    """

    volunteer_id: str | None
    kind: str
    capabilities: Capabilities
    network: str
    process_id: str | None
    socket: str | None
    speed: float = 1.0
    site_id: str | None = None
    keeps_site: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Returning:
    """A volunteer gives back sub-jobs of a lease; None: all of them."""

    volunteer_id: str
    lease_id: str
    sub_job_ids: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """The socket of a volunteer is closed; it may be back."""

    volunteer_id: str
    socket: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """A volunteer is gone, unless it is at another socket than this one (None: wherever it is);
    `keep`: leases that go on."""

    volunteer_id: str
    socket: str | None
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A volunteer asks for a lease of at most so many sub-jobs."""

    volunteer_id: str
    sub_jobs: int


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
    """A lease in words for its volunteer. `queue`, `strategy`: of its job, which decide who else is
    told that there is work (None: the hub's own)."""

    lease_id: str
    lease_seconds: int
    job_id: str
    job_name: str
    about: str
    program_sha256: str
    memory_bytes: int
    sub_jobs: tuple[OfferedSubJob, ...]
    queue: str
    strategy: str | None


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
    """`speed`: of the volunteer after this result; None where it changed nothing."""

    sub_job_id: str
    status: ReceiptStatus
    message: str = ""
    speed: float | None = None


def receipt(
    report: Report, status: ReceiptStatus, message: str = "", *, speed: float | None = None
) -> Receipt:
    """The answer to a report."""
    return Receipt(sub_job_id=report.sub_job_id, status=status, message=message, speed=speed)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSummary:
    """`formats`: those in which the result is offered, of which answers give the addresses."""

    id: str
    name: str
    about: str
    state: JobState
    submitter: str
    priority: int
    strategy: str | None
    on_error: str
    created_at: datetime
    finished_at: datetime | None
    deadline_at: datetime | None
    rows_total: int | None
    rows_settled: int
    rows_skipped: int
    sub_jobs_total: int | None
    sub_jobs_settled: int
    volunteers_at_work: int
    formats: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: times as ISO 8601."""
        values = asdict(self)
        del values["formats"]
        for name in ("created_at", "finished_at", "deadline_at"):
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
class SkippedSourceRow:
    """A row of the source that fails and was left out of the result."""

    row: int
    code: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SubJobView:
    """`volunteer`: whose word it rests on; "hub" for the hub's own run."""

    id: str
    first_row: int
    rows: int
    state: SubJobState
    chunk_sha256: str | None
    result_sha256: str | None
    volunteer: str | None
    verdict: Verdict | None
    leases: int
    failures: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView(JobSummary):
    """Everything that a job's page shows. `unmet`: why nobody who is connected can run it;
    `audited`: sub-jobs that were, or are, run again at its end, None before."""

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
    replicas: int
    quorum: int
    spot_check: float | None
    audited: int | None
    audits_failed: int
    unmet: tuple[str, ...] = ()
    skipped_rows: tuple[SkippedSourceRow, ...] = ()
    result_columns: tuple[ResultColumn, ...] = ()
    input_preview: Preview | None = None
    result_preview: Preview | None = None
    sub_jobs: tuple[SubJobView, ...] = field(default=())
    hub_programs: tuple[HubProgram, ...] = ()
    result_files: tuple[ResultFile, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        values = JobSummary.as_dict(self)
        values["requirement"] = dict(self.requirement)
        values["unmet"] = list(self.unmet)
        return values


@dataclass(frozen=True, kw_only=True, slots=True)
class Fed:
    """What a pass of `upkeep.feed` did: sub-jobs that entered queues."""

    sub_jobs: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Expired:
    """What a pass of `upkeep.expire` did: leases that ran out, jobs whose deadline passed."""

    leases: int = 0
    sub_jobs: int = 0
    jobs: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    """What a pass of `upkeep.prune` put away: sub-jobs into segments; leases and sub-jobs that
    nobody needs any more."""

    sub_jobs: int = 0
    leases: int = 0
    unneeded: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Retained:
    """What a pass of `upkeep.retain` removed."""

    results: int = 0
    volunteers: int = 0
    blobs: int = 0
    bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciled:
    """What a pass of `upkeep.reconcile` mended."""

    sub_jobs_requeued: int = 0
    marks_removed: int = 0
    tasks_requeued: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.sub_jobs_requeued or self.marks_removed or self.tasks_requeued)
