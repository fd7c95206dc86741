"""Jobs over HTTP: posted, looked at, paused, cancelled, and their parts and results fetched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_file, url_for

import jobspec
from owc.services import catalogue, skipping, submission
from owc.services.hub import Hub
from owc.services.values import JobSummary, JobView, Submitter
from owc.web import wording
from owc.web.bodies import read_body, require_type
from owc.web.fetched import with_fetched_source
from owc.web.lanes import each
from owc.web.problem_json import RequestRefusedError
from owc.web.rendering import page, varying, wants_page
from owc.web.runtime import runtime
from owc.web.submitters import client_address, rate_key, submitter

blueprint = Blueprint("jobs", __name__)

RESULT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "png": "image/png",
    "npy": "application/octet-stream",
}
_WRITERS: dict[str, Callable[[Path], Iterator[bytes]]] = {
    "csv": jobspec.result_csv,
    "ndjson": jobspec.result_ndjson,
    "arrow": jobspec.result_arrow,
}
_MOST_LISTED = 200


@blueprint.post("/job")
def create() -> tuple[Response, int, dict[str, str]]:
    """Take a job document: 201 with the job's address, or 400 with all problems."""
    state = runtime()
    asker = submitter()
    state.rates.take("submit", rate_key(asker.name))
    require_type("application/json")
    raw = with_fetched_source(read_body(state.settings.document_bytes))
    compiled = state.compute(submission.check, state.hub, raw)
    job_id = state.write(submission.submit, state.hub, raw, asker, compiled)
    summary = state.read(catalogue.job_summary, state.hub, job_id)
    location = url_for("jobs.show", job_id=job_id)
    return jsonify(_with_links(summary)), 201, {"Location": location}


@blueprint.post("/check")
def check() -> Response:
    """Compile a document without making a job: its listing, or 400 with all problems."""
    state = runtime()
    state.rates.take("check", client_address())
    require_type("application/json")
    raw = read_body(state.settings.document_bytes)
    compiled = state.compute(submission.check, state.hub, raw)
    columns = [{"name": column.name, "type": column.type} for column in compiled.result]
    return jsonify(
        program_sha256=compiled.program_sha256,
        program_bytes=len(compiled.wasm),
        listing=compiled.listing,
        finish_listing=compiled.finish.listing if compiled.finish is not None else None,
        verify_listing=compiled.verify.listing if compiled.verify is not None else None,
        result_columns=columns,
    )


@blueprint.get("/list")
def index() -> Response:
    """The newest jobs, as a page or as JSON."""
    state = runtime()
    jobs = state.read(catalogue.list_jobs, state.hub, _before(), _limit(50))
    if wants_page():
        return page("list.html", jobs=jobs)
    more = jobs[-1].created_at.isoformat() if jobs else None
    return varying(jsonify(jobs=[_with_links(job) for job in jobs], before=more))


@blueprint.get("/job/<job_id>")
def show(job_id: str) -> Response:
    """One job, as a page or as JSON."""
    state = runtime()
    job = state.read(catalogue.job_view, state.hub, job_id)
    if wants_page():
        document = json.loads(job.document)
        return page("job.html", job=job, document=document, wording=wording)
    return varying(jsonify(_with_links(job)))


@blueprint.delete("/job/<job_id>")
def cancel(job_id: str) -> Response:
    """Cancel a job: allowed to who posted it and to trusted submitters."""
    asker = _entitled(job_id)
    return _changed(job_id, submission.cancel, f"cancelled by {asker.name}")


@blueprint.post("/job/<job_id>/pause")
def pause(job_id: str) -> Response:
    """Give nobody new work of a job; allowed to those who may cancel it. 403 if it does not run."""
    _entitled(job_id)
    return _changed(job_id, submission.pause)


@blueprint.post("/job/<job_id>/resume")
def resume(job_id: str) -> Response:
    """Let a paused job go on; allowed to those who may cancel it. 403 if it is not paused."""
    _entitled(job_id)
    return _changed(job_id, submission.resume)


@blueprint.get("/job/<job_id>/result.<form>")
def result(job_id: str, form: str) -> Response:
    """The merged result in one of the formats that the job offers."""
    state = runtime()
    offered = state.read(catalogue.job_summary, state.hub, job_id).formats
    if form not in offered:
        detail = f"The result of this job comes as {', '.join(offered)}."
        raise RequestRefusedError(404, "unknown_format", detail)
    kept = form not in _WRITERS
    path: Path = state.read(catalogue.result_file, state.hub, job_id, form if kept else "parquet")
    name = f"{job_id}.{form}"
    if kept:
        return send_file(
            path,
            mimetype=RESULT_TYPES[form],
            as_attachment=form != "png",
            download_name=name,
            max_age=0,
        )
    parts = _WRITERS[form](path)
    disposition = {"Content-Disposition": f"attachment; filename={name}"}
    stream: Iterator[bytes] = each(state.reader, iter(parts))
    return Response(stream, content_type=RESULT_TYPES[form], headers=disposition)


@blueprint.get("/job/<job_id>/skipped.ndjson")
def skipped(job_id: str) -> Response:
    """The rows that a job leaves out, in their order, each with the code and words of its trap."""
    state = runtime()
    state.read(catalogue.job_summary, state.hub, job_id)  # which knows of jobs that are not public
    stream: Iterator[str] = each(state.reader, _skipped_lines(state.hub, job_id))
    disposition = {"Content-Disposition": f"attachment; filename={job_id}-skipped.ndjson"}
    return Response(stream, content_type=RESULT_TYPES["ndjson"], headers=disposition)


@blueprint.get("/job/<job_id>/program.wasm")
def program_wasm(job_id: str) -> Response:
    """The program's bytes."""
    state = runtime()
    response = Response(state.read(catalogue.program, state.hub, job_id))
    response.mimetype = "application/wasm"
    response.headers["Content-Disposition"] = f"attachment; filename={job_id}.wasm"
    return _etagged(response)


@blueprint.get("/job/<job_id>/program.txt")
def program_txt(job_id: str) -> Response:
    """The program's listing, as pseudo-code."""
    state = runtime()
    job = state.read(catalogue.job_view, state.hub, job_id)
    return _etagged(Response(job.listing, mimetype="text/plain"))


@blueprint.get("/job/<job_id>/program.wat")
def program_wat(job_id: str) -> Response:
    """The program's disassembly."""
    state = runtime()
    wasm = state.read(catalogue.program, state.hub, job_id)
    return _etagged(Response(state.compute(jobspec.disassemble, wasm), mimetype="text/plain"))


@blueprint.get("/job/<job_id>/manifest.json")
def manifest(job_id: str) -> Response:
    """What made the result: versions, hashes, the partition."""
    state = runtime()
    return jsonify(state.read(catalogue.manifest, state.hub, job_id))


@blueprint.get("/job/<job_id>/sub-jobs")
def sub_jobs(job_id: str) -> Response:
    """Sub-jobs in row order, `limit` of them, which begin after the row `after`."""
    state = runtime()
    after = _number("after", -1, -1, 2**53)
    found = state.read(catalogue.sub_jobs, state.hub, job_id, after, _limit(_MOST_LISTED))
    return jsonify(
        sub_jobs=[asdict(sub_job) for sub_job in found],
        after=found[-1].first_row if found else None,
    )


def _skipped_lines(hub: Hub, job_id: str) -> Iterator[str]:
    """As NDJSON, so many rows at a time as a service gives."""
    after = -1
    while rows := skipping.skipped_rows(hub, job_id, after, skipping.PAGE_MOST):
        yield "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
        after = rows[-1].row


def _entitled(job_id: str) -> Submitter:
    """Who asks, if the job is theirs to change; raises RequestRefusedError (401, 403)."""
    state = runtime()
    asker = submitter()
    summary = state.read(catalogue.job_summary, state.hub, job_id)
    if not asker.trusted and summary.submitter != asker.name:
        detail = "A job is paused, resumed and cancelled by who posted it, and by a trusted token."
        raise RequestRefusedError(403, "not_yours", detail)
    return asker


def _changed(job_id: str, change: Callable[..., object], *arguments: str) -> Response:
    """The job after a change of its state."""
    state = runtime()
    state.write(change, state.hub, job_id, *arguments)
    return jsonify(_with_links(state.read(catalogue.job_summary, state.hub, job_id)))


def _with_links(job: JobSummary) -> dict[str, Any]:
    values = job.as_dict()
    if isinstance(job, JobView):
        values["document"] = json.loads(job.document)
    url = url_for("jobs.show", job_id=job.id)
    values["url"] = url
    values["results"] = (
        {form: f"{url}/result.{form}" for form in job.formats} if job.state == "succeeded" else {}
    )
    return values


def _etagged(response: Response) -> Response:
    response.add_etag()
    response.make_conditional(request)
    return response


def _before() -> datetime | None:
    text = request.args.get("before")
    if text is None:
        return None
    try:
        before = datetime.fromisoformat(text)
        if before.tzinfo is not None:
            before = before.astimezone(UTC)  # the first and the last day may not have one
    except (ValueError, OverflowError):
        before = None
    if before is None or before.tzinfo is None:
        detail = "'before' is a time with its offset, such as 2030-01-31T12:00:00+00:00."
        raise RequestRefusedError(400, "bad_parameter", detail)
    return before


def _limit(default: int) -> int:
    return _number("limit", default, 1, _MOST_LISTED)


def _number(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        number = int(text[:20])
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        detail = f"{name!r} is a whole number from {least} to {most}."
        raise RequestRefusedError(400, "bad_parameter", detail)
    return number
