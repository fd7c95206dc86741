"""The tables. Columns and constraints only; what moves when is for services.

Constraints decide what code might get wrong: one result a volunteer and sub-job, one canonical
result a sub-job, one sub-job a place in its job.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from owc.domain.matching import Capabilities
from owc.domain.states import JobState, LeaseState, Outcome, SubJobState, Verdict
from owc.store.types import AwareTime, CapabilitiesJson, StateText

Id = String(32)
Digest = String(64)

PAGE = "page"
"""The group of a job's large columns: loaded for its page, not for each of its leases."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: AwareTime(),
        float: Double(),
        int: BigInteger().with_variant(Integer(), "sqlite"),
        JobState: StateText(JobState),
        SubJobState: StateText(SubJobState),
        LeaseState: StateText(LeaseState),
        Outcome: StateText(Outcome),
        Verdict: StateText(Verdict),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }


class TokenRow(Base):
    """A submitter's token; only its digest is kept."""

    __tablename__ = "token"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(Digest, unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class UploadRow(Base):
    """A blob that someone uploaded as a job's input."""

    __tablename__ = "upload"

    sha256: Mapped[str] = mapped_column(Digest, primary_key=True)
    bytes: Mapped[int]
    created_at: Mapped[datetime]


class JobRow(Base):
    """A job. `task_token` names the one split or merge whose writes count; `attempts` counts the
    starts of that task; `history` is one line a move; `row_seconds`: time of a row on the hub;
    `formats`: those in which the result is offered.

    Its source is cut into sub-jobs up to the cursor `next_row`, and can be cut up to `rows_ready`;
    `level_seconds`: the work it was given, of which fair shares are reckoned. The results of
    `segment_rows` rows at a time are kept together in files; `sub_jobs_more`: how many more
    sub-jobs there are for some having been replaced.

    `replicas`, `quorum`, `spot_check`: what it asks of results; `fuel` is what `fuel_rows` of its
    rows took in the hub's own runs; `audited`: sub-jobs that the audit of what is settled now runs
    again, None before it is drawn; `audits_failed`: audits that found something."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state_created", "state", "created_at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    licence: Mapped[str] = mapped_column(Text)
    submitter: Mapped[str] = mapped_column(Text)
    state: Mapped[JobState]
    history: Mapped[list[Any]]
    failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]

    document: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_group=PAGE)
    plan: Mapped[str] = mapped_column(Text)
    listing: Mapped[str] = mapped_column(Text, deferred=True, deferred_group=PAGE)
    versions: Mapped[dict[str, Any]]
    program_sha256: Mapped[str] = mapped_column(Digest, index=True)
    program_bytes: Mapped[int]
    requirement: Mapped[dict[str, Any]]
    requirement_key: Mapped[str] = mapped_column(String(120))
    priority: Mapped[int]
    formats: Mapped[list[Any]]
    source_kind: Mapped[str] = mapped_column(String(16))
    source_sha256: Mapped[str | None] = mapped_column(Digest, index=True)

    task_token: Mapped[str | None] = mapped_column(Id)
    attempts: Mapped[int] = mapped_column(default=0)
    deadline_at: Mapped[datetime | None]
    on_error: Mapped[str] = mapped_column(String(8), default="fail")
    strategy: Mapped[str | None] = mapped_column(String(16))
    replicas: Mapped[int] = mapped_column(default=1)
    quorum: Mapped[int] = mapped_column(default=1)
    spot_check: Mapped[float | None]
    rows_per_sub_job: Mapped[int | None]
    row_seconds: Mapped[float | None]
    segment_rows: Mapped[int | None]
    next_row: Mapped[int] = mapped_column(default=0)
    rows_ready: Mapped[int] = mapped_column(default=0)
    level_seconds: Mapped[float] = mapped_column(default=0.0)
    rows_total: Mapped[int | None]
    sub_jobs_total: Mapped[int | None]
    sub_jobs_more: Mapped[int] = mapped_column(default=0)
    rows_settled: Mapped[int] = mapped_column(default=0)
    rows_skipped: Mapped[int] = mapped_column(default=0)
    sub_jobs_settled: Mapped[int] = mapped_column(default=0)
    fuel: Mapped[int] = mapped_column(default=0)
    fuel_rows: Mapped[int] = mapped_column(default=0)
    audited: Mapped[int | None]
    audits_failed: Mapped[int] = mapped_column(default=0)

    input_preview: Mapped[dict[str, Any] | None] = mapped_column(deferred=True, deferred_group=PAGE)
    result_preview: Mapped[dict[str, Any] | None] = mapped_column(
        deferred=True, deferred_group=PAGE
    )
    result_columns: Mapped[list[Any] | None]
    result_sha256: Mapped[str | None] = mapped_column(Digest)
    result_rows: Mapped[int | None]


class HubProgramRow(Base):
    """A program that the hub runs itself for a job: `role` is "finish" or "verify"."""

    __tablename__ = "hub_program"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    program_sha256: Mapped[str] = mapped_column(Digest, index=True)
    program_bytes: Mapped[int]
    plan: Mapped[str] = mapped_column(Text)
    listing: Mapped[str] = mapped_column(Text, deferred=True, deferred_group=PAGE)


class SharedFileRow(Base):
    """An upload that a job shares with all of its sub-jobs, by the name it has there."""

    __tablename__ = "shared_file"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    sha256: Mapped[str] = mapped_column(Digest, index=True)


class ResultFileRow(Base):
    """A file that was made of a job's result, such as its picture: a blob, or why there is none.

    `form` ends its name; `about` is what pages say of it, such as the picture's size.
    """

    __tablename__ = "result_file"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    form: Mapped[str] = mapped_column(String(16), primary_key=True)
    sha256: Mapped[str | None] = mapped_column(Digest)
    problem: Mapped[str | None] = mapped_column(Text)
    about: Mapped[dict[str, Any]]


class ChunkRow(Base):
    """The stored bytes of some rows of a job's source, in the order of which sub-jobs are cut;
    `is_part`: made of another chunk, for a sub-job that replaces a longer one."""

    __tablename__ = "chunk"
    __table_args__ = (Index("ix_chunk_job_id_first_row", "job_id", "is_part", "first_row"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    first_row: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(Digest, index=True)
    bytes: Mapped[int]
    is_part: Mapped[bool] = mapped_column(default=False)


class SubJobRow(Base):
    """A fixed range of a job's rows, while it is in the job's window. `queued_at`: when it entered
    Redis, if it is there; `lease_id`: the latest lease of it, `copy_lease_id`: one beside it;
    `failure`: the trap that ends the job unless the result ends before it.

    `asks`: a result is there, and another volunteer's is wanted since `asked_at`: "any" or
    "trusted". Settled, it rests on `volunteer_id`'s word alone where `verdict` is None."""

    __tablename__ = "sub_job"
    __table_args__ = (
        Index(
            "uq_sub_job_job_id_first_row",
            "job_id",
            "first_row",
            unique=True,
            sqlite_where=text("state != 'replaced'"),
            postgresql_where=text("state != 'replaced'"),
        ),
        Index("ix_sub_job_job_id_state_first_row", "job_id", "state", "first_row"),
        Index(
            "ix_sub_job_word",
            "volunteer_id",
            sqlite_where=text("state = 'settled' AND verdict IS NULL"),
            postgresql_where=text("state = 'settled' AND verdict IS NULL"),
        ),
        Index(
            "ix_sub_job_judging",
            "job_id",
            sqlite_where=text("state = 'judging'"),
            postgresql_where=text("state = 'judging'"),
        ),
        Index(
            "ix_sub_job_asked",
            "asked_at",
            sqlite_where=text("asked_at IS NOT NULL"),
            postgresql_where=text("asked_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"))
    first_row: Mapped[int]
    rows: Mapped[int]
    chunk_sha256: Mapped[str | None] = mapped_column(Digest)
    chunk_bytes: Mapped[int] = mapped_column(default=0)
    state: Mapped[SubJobState]
    queued_at: Mapped[datetime | None]
    lease_id: Mapped[str | None] = mapped_column(Id)
    leased_at: Mapped[datetime | None]
    copy_lease_id: Mapped[str | None] = mapped_column(Id)
    leases: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    hub_runs: Mapped[int] = mapped_column(default=0)
    asks: Mapped[str | None] = mapped_column(String(8))
    asked_at: Mapped[datetime | None]
    result_sha256: Mapped[str | None] = mapped_column(Digest)
    volunteer_id: Mapped[str | None] = mapped_column(Id)
    verdict: Mapped[Verdict | None]
    settled_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)


class SegmentRow(Base):
    """Settled sub-jobs of the rows [first_row, end_row), kept in one blob (`owc.blobs.segments`);
    `rows` and `sub_jobs` count those that are in it: one that was reopened is not."""

    __tablename__ = "segment"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    first_row: Mapped[int] = mapped_column(primary_key=True)
    end_row: Mapped[int]
    rows: Mapped[int]
    sub_jobs: Mapped[int]
    sha256: Mapped[str] = mapped_column(Digest, index=True)
    bytes: Mapped[int]


class SkippedRow(Base):
    """A row of the source that fails, and is left out of the result."""

    __tablename__ = "skipped_row"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)


class DoubtRow(Base):
    """What is in a job's segments on this volunteer's word alone is still to be reopened."""

    __tablename__ = "doubt"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    volunteer_id: Mapped[str] = mapped_column(Id, primary_key=True)


class AuditRow(Base):
    """A settled sub-job that the hub is to run again before its job can succeed."""

    __tablename__ = "audit"

    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True)
    first_row: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[int]
    chunk_sha256: Mapped[str | None] = mapped_column(Digest)
    result_sha256: Mapped[str] = mapped_column(Digest)
    volunteer_id: Mapped[str] = mapped_column(Id)


class WebProcessRow(Base):
    """A web process that holds sockets of volunteers."""

    __tablename__ = "web_process"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    seen_at: Mapped[datetime]


class VolunteerRow(Base):
    """A volunteer. `network` is a prefix under a daily key, never an address; `process_id` and
    `socket`: where it is connected, if it is; `paces`: its speed by program, the latest last.
    `agreed`, `disagreed`: its record (`owc.domain.trust`); `banned_at`: by the operator, for
    `ban_reason`; `barred_until`: by the rules. `site_id`: the registered site by way of which it
    came last; `site_counted_on`: the last day on which that site was given a volunteer for it."""

    __tablename__ = "volunteer"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    network: Mapped[str] = mapped_column(String(64))
    capabilities: Mapped[Capabilities] = mapped_column(CapabilitiesJson)
    speed: Mapped[float] = mapped_column(default=1.0)
    paces: Mapped[dict[str, Any]] = mapped_column(default=dict)
    agreed: Mapped[int] = mapped_column(default=0)
    disagreed: Mapped[int] = mapped_column(default=0)
    barred_until: Mapped[datetime | None]
    banned_at: Mapped[datetime | None]
    ban_reason: Mapped[str | None] = mapped_column(Text)
    process_id: Mapped[str | None] = mapped_column(Id, index=True)
    socket: Mapped[str | None] = mapped_column(String(64))
    site_id: Mapped[str | None] = mapped_column(Id, index=True)
    site_counted_on: Mapped[date | None] = mapped_column(Date())
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)


class ContributionRow(Base):
    """How many settled rows of a job a volunteer computed: its credit, in rows."""

    __tablename__ = "contribution"

    volunteer_id: Mapped[str] = mapped_column(Id, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"), primary_key=True, index=True)
    rows: Mapped[int]


class LeaseRow(Base):
    """Sub-jobs of one job granted to one volunteer until `expires_at`. `entries`: its sub-jobs, and
    how each ended; None: not yet. `open_count`: how many have not."""

    __tablename__ = "lease"
    __table_args__ = (
        Index("ix_lease_state_expires", "state", "expires_at"),
        Index("ix_lease_volunteer_state", "volunteer_id", "state"),
        Index("ix_lease_job_state", "job_id", "state"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"))
    volunteer_id: Mapped[str] = mapped_column(ForeignKey("volunteer.id"))
    state: Mapped[LeaseState]
    outcome: Mapped[Outcome | None]
    entries: Mapped[dict[str, Any]]
    open_count: Mapped[int]
    seconds: Mapped[int]
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ResultRow(Base):
    """What came back for a sub-job: from a volunteer, or (None) from the hub's own run. `is_drawn`:
    it was drawn for a check.

    The lease in which it came may be forgotten before it is.
    The bytes are here while they are small (`output`), else in the blob `output_sha256`.
    """

    __tablename__ = "result"
    __table_args__ = (
        Index("uq_result_sub_job_id_volunteer_id", "sub_job_id", "volunteer_id", unique=True),
        Index(
            "uq_result_canonical",
            "sub_job_id",
            unique=True,
            sqlite_where=text("canonical"),
            postgresql_where=text("canonical"),
        ),
        Index(
            "ix_result_unjudged",
            "volunteer_id",
            sqlite_where=text("verdict IS NULL AND NOT canonical"),
            postgresql_where=text("verdict IS NULL AND NOT canonical"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    sub_job_id: Mapped[str] = mapped_column(ForeignKey("sub_job.id"))
    volunteer_id: Mapped[str | None] = mapped_column(ForeignKey("volunteer.id"))
    # no foreign key: leases that have served go before the results that came of them
    lease_id: Mapped[str | None] = mapped_column(Id)
    output: Mapped[bytes | None] = mapped_column(LargeBinary)
    output_sha256: Mapped[str] = mapped_column(Digest)
    rows_done: Mapped[int]
    trap_site: Mapped[int | None]
    elapsed_seconds: Mapped[float]
    verdict: Mapped[Verdict | None]
    canonical: Mapped[bool] = mapped_column(default=False)
    is_drawn: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime]
