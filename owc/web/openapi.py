"""What the hub answers over HTTP, as OpenAPI 3.1: written from the routes and the values they give.

A route without a row in the tables here is an error of `document`, so none is forgotten.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from werkzeug.routing import Map, Rule

import jobspec
from owc.services.values import JobSummary, SubJobView
from owc.web.problem_json import MIMETYPE

Schema = dict[str, Any]

_JSON = "application/json"
_BYTES = "application/octet-stream"
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 200}
_PATH: dict[str, Schema] = {
    "job_id": {"type": "string", "pattern": "^job_[a-z0-9]{1,40}$"},
    "sha256": _SHA256,
    "form": {"enum": ["csv", "ndjson", "parquet", "arrow", "png", "npy"]},
    "path": {"type": "string", "minLength": 1},
    "key": {"type": "string", "pattern": "^site_[a-z0-9]{1,27}$"},
    "version": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
}
_QUERY: dict[str, dict[str, Schema]] = {
    "jobs.index": {"limit": _LIMIT, "before": {"type": "string", "format": "date-time"}},
    "jobs.sub_jobs": {
        "limit": _LIMIT,
        "after": {"type": "integer", "minimum": -1, "maximum": 2**53},
    },
    "visitors.agent": {"lang": {"type": "string"}},
    "visitors.confirm": {"site": {"type": "string"}, "lang": {"type": "string"}},
    "visitors.frame": {
        "site": {"type": "string", "pattern": r"^[A-Za-z0-9._:\[\]-]{0,253}$"},
        "lang": {"type": "string"},
    },
    "visitors.panel": {"lang": {"type": "string"}, "categories": {"type": "string"}},
}
_BODIES: dict[str, tuple[str, Schema]] = {
    "jobs.create": (_JSON, {"$ref": "#/components/schemas/Document"}),
    "jobs.check": (_JSON, {"$ref": "#/components/schemas/Document"}),
    "blobs.upload": (_BYTES, {"type": "string", "format": "binary"}),
    "blobs.volunteer_token": (_JSON, {"const": {"kind": "native"}}),
    "blobs.volunteer_output": (_BYTES, {"type": "string", "format": "binary"}),
    "farewells.forget": ("text/plain", {"type": "string"}),
    "farewells.leave": ("text/plain", {"type": "string", "format": "binary"}),
}
_NEEDS_TOKEN = frozenset(
    {
        "blobs.upload",
        "blobs.volunteer_me",
        "blobs.volunteer_output",
        "jobs.cancel",
        "jobs.create",
        "jobs.pause",
        "jobs.resume",
    }
)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int = 200
    types: Mapping[str, Schema | None]


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


_TEXT: Schema = {"type": "string"}
_SUMMARY: Schema = {"$ref": "#/components/schemas/Job"}
_STATUS = _object(status={"const": "ok"})
_STORED = _object(sha256=_SHA256)


def _json(schema: Schema, status: int = 200, *, or_page: bool = False) -> _Answer:
    page: dict[str, Schema | None] = {"text/html": None} if or_page else {}
    return _Answer(status=status, types={_JSON: schema, **page})


def _file(*types: str, status: int = 200) -> _Answer:
    return _Answer(status=status, types=dict.fromkeys(types))


_ANSWERS: dict[str, _Answer] = {
    "assets.kept_loader": _file("text/javascript"),
    "assets.loader": _file("text/javascript"),
    "assets.static": _file("*/*"),
    "blobs.blob": _file(_BYTES),
    "blobs.upload": _json(_object(sha256=_SHA256, bytes={"type": "integer"}, url=_TEXT), 201),
    "blobs.volunteer_me": _json(
        _object(standing={"type": "object"}, jobs={"type": "array", "items": {"type": "object"}})
    ),
    "blobs.volunteer_output": _json(_STORED, 201),
    "blobs.volunteer_token": _json(_object(token=_TEXT)),
    "farewells.forget": _json(_object(forgotten={"const": True})),
    "farewells.leave": _json(
        _object(
            results={"type": "array", "items": _object(sub_job_id=_TEXT, status=_TEXT)},
        )
    ),
    "jobs.cancel": _json(_SUMMARY),
    "jobs.check": _json(
        _object(
            program_sha256=_SHA256,
            program_bytes={"type": "integer"},
            listing=_TEXT,
            finish_listing={"type": ["string", "null"]},
            verify_listing={"type": ["string", "null"]},
            result_columns={"type": "array", "items": _object(name=_TEXT, type=_TEXT)},
        )
    ),
    "jobs.create": _json(_SUMMARY, 201),
    "jobs.index": _json(
        _object(jobs={"type": "array", "items": _SUMMARY}, before={"type": ["string", "null"]}),
        or_page=True,
    ),
    "jobs.manifest": _json({"type": "object"}),
    "jobs.pause": _json(_SUMMARY),
    "jobs.program_txt": _file("text/plain"),
    "jobs.program_wasm": _file("application/wasm"),
    "jobs.program_wat": _file("text/plain"),
    "jobs.result": _file("*/*"),
    "jobs.resume": _json(_SUMMARY),
    "jobs.show": _json(_SUMMARY, or_page=True),
    "jobs.skipped": _file("application/x-ndjson"),
    "jobs.sub_jobs": _json(
        _object(
            sub_jobs={"type": "array", "items": {"$ref": "#/components/schemas/SubJob"}},
            after={"type": ["integer", "null"]},
        )
    ),
    "pages.front": _file("text/html", status=302),
    "pages.healthz": _json(_STATUS),
    "pages.openapi": _json({"type": "object"}),
    "pages.readyz": _json(_STATUS),
    "pages.schema": _Answer(types={"application/schema+json": {"type": "object"}}),
    "site_pages.show": _json(
        _object(key=_TEXT, name=_TEXT, rows={"type": "integer"}, days={"type": "array"}),
        or_page=True,
    ),
    "visitors.agent": _file("text/html"),
    "visitors.confirm": _file("text/html"),
    "visitors.frame": _file("text/html"),
    "visitors.manifest": _file("application/manifest+json"),
    "visitors.panel": _file("text/html"),
}


def document(routes: Map, views: Mapping[str, Callable[..., object]]) -> dict[str, Any]:
    """The description of these routes. Raises KeyError for one that the tables lack."""
    paths: dict[str, Any] = {}
    for rule in sorted(routes.iter_rules(), key=lambda rule: rule.rule):
        operations = paths.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operations[method.lower()] = _operation(rule, views[rule.endpoint])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Open Web Compute", "version": "0", "license": {"name": "MIT"}},
        "paths": paths,
        "components": {
            "schemas": dict(_schemas()),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(rule: Rule, view: Callable[..., object]) -> dict[str, Any]:
    endpoint = rule.endpoint
    answer = _ANSWERS[endpoint]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _PATH[name]}
        for name in sorted(rule.arguments)
    ]
    parameters += [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in _QUERY.get(endpoint, {}).items()
    ]
    operation: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": " ".join((inspect.getdoc(view) or "").split()),
        "parameters": parameters,
        "responses": {
            str(answer.status): _response("As asked.", answer.types),
            "default": _response("Anything else.", _PROBLEM),
        },
    }
    if body := _BODIES.get(endpoint):
        operation["requestBody"] = {"required": True, "content": {body[0]: {"schema": body[1]}}}
    if endpoint in _NEEDS_TOKEN:
        operation["security"] = [{"bearer": []}, {}]  # {}: the loopback rule
    return operation


_PROBLEM: dict[str, Schema | None] = {
    MIMETYPE: {"$ref": "#/components/schemas/Problem"},
    "text/html": None,  # a person's browser gets the same as a page
}


def _response(description: str, types: Mapping[str, Schema | None]) -> dict[str, Any]:
    content = {name: {} if schema is None else {"schema": schema} for name, schema in types.items()}
    return {"description": description, "content": content}


def _schemas() -> Iterable[tuple[str, Schema]]:
    whole = jobspec.document_schema()
    own = {**whole.pop("$defs", {}), "Document": whole}
    own["Document"].pop("$schema", None)
    yield from ((name, _moved(schema)) for name, schema in own.items())
    summary = TypeAdapter(JobSummary).json_schema(mode="serialization")
    yield from ((name, _moved(schema)) for name, schema in summary.pop("$defs", {}).items())
    del summary["properties"]["formats"]
    summary["properties"] |= {"url": _TEXT, "results": {"type": "object"}}
    summary["required"] = list(summary["properties"])
    yield "Job", _moved(summary)
    sub_job = TypeAdapter(SubJobView).json_schema(mode="serialization")
    yield from ((name, _moved(schema)) for name, schema in sub_job.pop("$defs", {}).items())
    yield "SubJob", _moved(sub_job)
    yield (
        "Problem",
        _object(type=_TEXT, title=_TEXT, status={"type": "integer"}, code=_TEXT, detail=_TEXT),
    )


def _moved(value: Any) -> Any:
    """A schema whose definitions are components."""
    if isinstance(value, dict):
        return {
            key: each.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref" and isinstance(each, str)
            else _moved(each)
            for key, each in value.items()
        }
    return [_moved(each) for each in value] if isinstance(value, list) else value
