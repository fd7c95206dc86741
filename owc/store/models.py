"""The tables. Columns and constraints only; what moves when is for services.

Constraints decide what code might get wrong: one result a volunteer and sub-job, one canonical
result a sub-job, one sub-job a place in its job.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
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

from owc.domain.states import JobState, LeaseState, Outcome, SubJobState, Verdict
from owc.store.types import AwareTime, StateText

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
    `formats`: those in which the result is offered."""

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
    rows_per_sub_job: Mapped[int | None]
    row_seconds: Mapped[float | None]
    rows_total: Mapped[int | None]
    sub_jobs_total: Mapped[int | None]
    rows_settled: Mapped[int] = mapped_column(default=0)
    sub_jobs_settled: Mapped[int] = mapped_column(default=0)

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


class SubJobRow(Base):
    """A fixed range of a job's rows. `queued_at`: when it entered Redis, if it is there;
    `failure`: the trap that ends the job unless the result ends before it."""

    __tablename__ = "sub_job"
    __table_args__ = (
        Index("uq_sub_job_job_id_seq", "job_id", "seq", unique=True),
        Index("ix_sub_job_job_id_state_seq", "job_id", "state", "seq"),
        Index("ix_sub_job_state_queued", "state", "queued_at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id"))
    seq: Mapped[int]
    first_row: Mapped[int]
    rows: Mapped[int]
    chunk_sha256: Mapped[str | None] = mapped_column(Digest, index=True)
    chunk_bytes: Mapped[int] = mapped_column(default=0)
    state: Mapped[SubJobState]
    queued_at: Mapped[datetime | None]
    lease_id: Mapped[str | None] = mapped_column(Id, index=True)
    leases: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    hub_runs: Mapped[int] = mapped_column(default=0)
    result_sha256: Mapped[str | None] = mapped_column(Digest)
    volunteer_id: Mapped[str | None] = mapped_column(Id, index=True)
    verdict: Mapped[Verdict | None]
    settled_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)


class VolunteerRow(Base):
    """A volunteer. `network` is a prefix under a daily key, never an address."""

    __tablename__ = "volunteer"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    network: Mapped[str] = mapped_column(String(64))
    capabilities: Mapped[dict[str, Any]]
    speed: Mapped[float] = mapped_column(default=1.0)
    agreed: Mapped[int] = mapped_column(default=0)
    disagreed: Mapped[int] = mapped_column(default=0)
    rows_settled: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)


class LeaseRow(Base):
    """Sub-jobs of one job granted to one volunteer until `expires_at`."""

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
    seconds: Mapped[int]
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class LeaseSubJobRow(Base):
    """One sub-job of a lease, and how that ended."""

    __tablename__ = "lease_sub_job"

    lease_id: Mapped[str] = mapped_column(ForeignKey("lease.id"), primary_key=True)
    sub_job_id: Mapped[str] = mapped_column(ForeignKey("sub_job.id"), primary_key=True, index=True)
    outcome: Mapped[Outcome | None]
    message: Mapped[str | None] = mapped_column(Text)


class ResultRow(Base):
    """What came back for a sub-job: from a volunteer, or (None) from the hub's own run.

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
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    sub_job_id: Mapped[str] = mapped_column(ForeignKey("sub_job.id"))
    volunteer_id: Mapped[str | None] = mapped_column(ForeignKey("volunteer.id"))
    lease_id: Mapped[str | None] = mapped_column(ForeignKey("lease.id"))
    output: Mapped[bytes | None] = mapped_column(LargeBinary)
    output_sha256: Mapped[str] = mapped_column(Digest)
    rows_done: Mapped[int]
    trap_site: Mapped[int | None]
    elapsed_seconds: Mapped[float]
    verdict: Mapped[Verdict | None]
    canonical: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime]
