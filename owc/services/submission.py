"""Jobs and uploads come in: compile, hold or start, approve, cancel."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import update

import jobspec
from owc import telemetry
from owc.domain.ids import new_id
from owc.domain.matching import Requirement, requirement_key
from owc.domain.states import JOB_MOVES, JobState, SubJobState
from owc.errors import BadDigest, NotFound, Refused
from owc.services import moves
from owc.services.aftermath import Change, begin_change, split_task
from owc.services.feeding import make_room
from owc.services.hub import Hub
from owc.services.plans import limits
from owc.services.values import Submitter, Upload
from owc.store import LOCK, HubProgramRow, JobRow, SharedFileRow, SubJobRow, UploadRow


def check(hub: Hub, raw: bytes) -> jobspec.CompiledJob:
    """Compile without making a job. Raises jobspec.DocumentError with every problem."""
    return jobspec.check_document(raw, lambda sha256: upload_path(hub, sha256), limits(hub))


def submit(
    hub: Hub, raw: bytes, submitter: Submitter, compiled: jobspec.CompiledJob | None = None
) -> str:
    """Compile, store and start a job, or hold it if its submitter is not trusted. Its id.

    `compiled`: what `check` made of these very bytes, for callers that compile elsewhere.
    Raises jobspec.DocumentError with every problem.
    """
    compiled = compiled or check(hub, raw)
    program = hub.blobs.put(compiled.wasm)
    own = [
        _hub_program_row(hub, role, made)
        for role, made in (("finish", compiled.finish), ("verify", compiled.verify))
        if made is not None
    ]
    now = hub.clock.now()
    deadline_at = compiled.document.deadline
    if deadline_at is not None and deadline_at <= now:
        raise Refused(f"The deadline {deadline_at.isoformat()} has passed.")
    state = JobState.COMPILED if submitter.trusted else JobState.HELD
    job = _job_row(compiled, raw, submitter.name)
    job.state, job.created_at, job.program_bytes = state, now, program.bytes
    for row in own:
        row.job_id = job.id
    job.history = [f"{state} at {now.isoformat(timespec='seconds')}"]
    with begin_change(hub) as change:
        change.session.add(job)
        change.session.flush()
        change.session.add_all(own)
        change.session.add_all(_shared_files(job.id, compiled.document))
        change.aftermath.changed_jobs[job.id] = None
        if state is JobState.COMPILED:
            change.aftermath.tasks.append(split_task(job.id))
    telemetry.event("job_submitted", job_id=job.id, state=state, program=program.sha256)
    return job.id


def url_to_fetch(hub: Hub, raw: bytes) -> jobspec.UrlSource | None:
    """The source of a document whose file is elsewhere and not known here yet.

    None for documents with problems too: these are for `check` to tell.
    """
    try:
        source = jobspec.parse_document(raw, limits(hub)).source
    except jobspec.DocumentError:
        return None
    if not isinstance(source, jobspec.UrlSource):
        return None
    if source.sha256 is not None:
        with contextlib.suppress(LookupError):
            upload_path(hub, source.sha256)
            return None
    return source


def with_sha256(raw: bytes, sha256: str) -> bytes:
    """The document, saying what the file of its source is."""
    document = json.loads(raw)
    document["source"]["sha256"] = sha256
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def approve(hub: Hub, job_id: str) -> None:
    """Let a held job begin. Raises NotFound; Refused if it is not held."""
    with begin_change(hub) as change:
        job = _get(change, job_id)
        if job.state is not JobState.HELD:
            raise Refused(f"The job is not held, it is {job.state}.")
        moves.move_job(change, job, JobState.COMPILED)
        change.aftermath.tasks.append(split_task(job_id))
    telemetry.event("job_approved", job_id=job_id)


def cancel(hub: Hub, job_id: str, reason: str) -> JobState:
    """End a job at whatever point it is; one that has finished stays as it is.

    Returns the state afterwards. Raises NotFound.
    """
    with begin_change(hub) as change:
        job = _get(change, job_id)
        if JobState.CANCELLED in JOB_MOVES[job.state]:
            moves.end_job(change, job, JobState.CANCELLED, reason)
    return job.state


def pause(hub: Hub, job_id: str) -> None:
    """Hand out nothing more of a job for a while; what volunteers hold may still come back.

    Raises NotFound; Refused if it does not run.
    """
    with begin_change(hub) as change:
        job = _get(change, job_id)
        if job.state is not JobState.RUNNING:
            raise Refused(f"Only a job that runs can be paused; this one is {job.state}.")
        moves.move_job(change, job, JobState.PAUSED)
        queued = change.session.scalars(
            update(SubJobRow)
            .where(
                SubJobRow.job_id == job_id,
                SubJobRow.state == SubJobState.WAITING,
                SubJobRow.queued_at.is_not(None),
            )
            .values(queued_at=None)
            .returning(SubJobRow.id)
        )
        change.aftermath.withdrawn[moves.queue_of(job)] = list(queued)
    telemetry.event("job_paused", job_id=job_id)


def resume(hub: Hub, job_id: str) -> None:
    """Go on with a paused job, in fair turns with those that run. Raises NotFound; Refused if it is
    not paused."""
    with begin_change(hub) as change:
        job = _get(change, job_id)
        if job.state is not JobState.PAUSED:
            raise Refused(f"Only a paused job can be resumed; this one is {job.state}.")
        job.level_seconds = moves.first_level_of(change.session, job)
        moves.move_job(change, job, JobState.RUNNING)
        if job.rows_total is None:
            change.aftermath.tasks.append(split_task(job_id))
        name = moves.queue_of(job)
    telemetry.event("job_resumed", job_id=job_id)
    make_room(hub, name)


def _get(change: Change, job_id: str) -> JobRow:
    job = change.session.get(JobRow, job_id, with_for_update=LOCK)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    return job


def store_upload(hub: Hub, stream: BinaryIO, max_bytes: int | None = None) -> Upload:
    """Keep a file that jobs can name by its SHA-256. Raises UploadTooLarge, keeping nothing."""
    limit = hub.settings.upload_bytes if max_bytes is None else max_bytes
    record = hub.blobs.put_stream(stream, max_bytes=limit)
    with hub.database.write() as session:
        known = session.get(UploadRow, record.sha256, with_for_update=LOCK)
        if known is not None:
            known.created_at = hub.clock.now()  # as its file: it must not go before a job names it
        else:
            session.add(
                UploadRow(sha256=record.sha256, bytes=record.bytes, created_at=hub.clock.now())
            )
    telemetry.event("blob_stored", sha256=record.sha256, bytes=record.bytes)
    return Upload(sha256=record.sha256, bytes=record.bytes)


def upload_path(hub: Hub, sha256: str) -> Path:
    """Where an upload is, for jobspec. Raises LookupError: not every blob is an upload."""
    with hub.database.read() as session:
        known = session.get(UploadRow, sha256) is not None
    if not known:
        raise LookupError(sha256)
    try:
        return hub.blobs.path(sha256)
    except (NotFound, BadDigest):
        raise LookupError(sha256) from None


def _hub_program_row(hub: Hub, role: str, program: jobspec.Program) -> HubProgramRow:
    blob = hub.blobs.put(program.wasm)
    return HubProgramRow(
        role=role,
        program_sha256=blob.sha256,
        program_bytes=blob.bytes,
        plan=program.plan.to_json(),
        listing=program.listing,
    )


def _shared_files(job_id: str, document: jobspec.JobDocument) -> list[SharedFileRow]:
    return [
        SharedFileRow(job_id=job_id, name=name, sha256=given.upload)
        for name, given in document.shared.items()
        if isinstance(given, jobspec.SharedUpload)
    ]


def _job_row(compiled: jobspec.CompiledJob, raw: bytes, submitter: str) -> JobRow:
    document, plan = compiled.document, compiled.plan
    needed = Requirement(
        memory_bytes=plan.requirement.memory_bytes,
        features=frozenset(plan.requirement.features),
        mobile=plan.requirement.mobile,
        score=plan.requirement.score,
        category=document.category,
    )
    source = document.source.model_dump(mode="json", exclude_none=True)
    kind = next(kind for kind in ("rows", "upload", "url", "range") if kind in source)
    return JobRow(
        id=new_id("job"),
        name=document.name,
        about=document.about,
        purpose=document.purpose,
        contact=document.contact,
        licence=document.licence,
        submitter=submitter,
        document=raw,
        plan=plan.to_json(),
        listing=compiled.listing,
        versions={
            **jobspec.plugin_packages(),
            "language": jobspec.LANGUAGE_VERSION,
            "openwebcompute": _version(),
        },
        program_sha256=compiled.program_sha256,
        requirement={
            "memory_bytes": needed.memory_bytes,
            "features": sorted(needed.features),
            "mobile": needed.mobile,
            "score": needed.score,
            "category": needed.category,
        },
        requirement_key=requirement_key(needed),
        priority=document.priority,
        deadline_at=document.deadline,
        on_error=document.on_error,
        strategy=document.strategy,
        replicas=document.rules.asked,
        quorum=document.rules.agreeing,
        spot_check=document.rules.spot_check,
        formats=list(document.formats),
        source_kind=kind,
        source_sha256=source.get("upload") or source.get("sha256"),
        next_row=0,
        rows_ready=0,
        level_seconds=0.0,
        sub_jobs_more=0,
        rows_settled=0,
        rows_skipped=0,
        sub_jobs_settled=0,
        fuel=0,
        fuel_rows=0,
        audits_failed=0,
        attempts=0,
    )


def _version() -> str:
    try:
        return importlib.metadata.version("openwebcompute")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
