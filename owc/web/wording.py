"""A job's document as its page shows it: its steps and shared inputs in lines, its JSON in few.

Documents have been checked when they come here. Not here: HTML, which is the templates' business.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from owc.domain.states import JobState, SubJobState
from owc.services.values import JobView, SubJobView

TOLD_FIRST = {
    None: "as this hub is set",
    "fastest": "the fastest volunteer",
    "least_loaded": "the volunteer with the least at work",
    "round_robin": "the volunteer that was told longest ago",
    "random": "any volunteer, drawn by chance",
    "nearest": "the volunteer whose answers take the shortest time",
}
"""What the job's `strategy` means, None for the hub's own."""
BAD_ROWS = {
    "fail": "end the job",
    "skip": "are left out of the result",
}
"""What the job's `on_error` does with rows that cannot be computed."""
LINE_CHARS = 56
"""What fits into a line of the document, with its indentation, stays in one."""


def functions(document: Mapping[str, Any]) -> dict[str, str]:
    """The text of each function; of a WebAssembly module what it is, not its code."""
    return {
        name: given if isinstance(given, str) else _module(name, given)
        for name, given in document.get("functions", {}).items()
    }


def steps(given: Sequence[Mapping[str, Any]]) -> list[list[tuple[str, list[str]]]]:
    """Steps as their keys, such as `filter` and `by`, each with the lines of its value."""
    return [[(key, _lines(key, value)) for key, value in step.items()] for step in given]


def shared(document: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    """What each shared input is, in words, and the SHA-256 of its file if it has one."""
    return {
        name: (_input(given), given.get("upload"))
        for name, given in document.get("shared", {}).items()
    }


def believed(job: JobView) -> str:
    """When a result of the job is believed."""
    if job.quorum > 1:
        words = f"when {job.quorum} volunteers on different networks agree"
        if job.replicas > job.quorum:
            words += f", of {job.replicas} at most"
    else:
        words = "when the hub, or a volunteer that has earned it, says so"
    if job.spot_check:
        words += f"; {job.spot_check:.0%} at least are run again"
    return words


def audit(job: JobView) -> str:
    """What the audit at a job's end looked at."""
    is_over = job.state in (JobState.SUCCEEDED, JobState.REMOVED)
    count = f"{job.audited:,} sub-job{'' if job.audited == 1 else 's'}"
    return f"{count} run again at the end" if is_over else f"{count} being run again"


def verdict(sub_job: SubJobView) -> str:
    """What was found of a sub-job's result; "on its word" where it was not checked."""
    if sub_job.verdict is None and sub_job.state == SubJobState.SETTLED:
        return "on its word"
    return sub_job.verdict or "–"


def verify(document: Mapping[str, Any]) -> str | None:
    """The condition that the hub checks, if there is one."""
    trust = document.get("trust")
    return trust.get("verify") if isinstance(trust, Mapping) else None


def text(value: object, indent: str = "", before: int = 0) -> str:
    """JSON text whose lists and objects stand in one line where they fit.

    `before` characters of the line are taken, beside the indentation. Reads back as `value`.
    """
    flat = json.dumps(value, ensure_ascii=False)
    room = LINE_CHARS - len(indent) - before
    if not value or not isinstance(value, dict | list) or len(flat) <= room:
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        parts, (opening, closing) = [text(item, inner) for item in value], "[]"
    else:
        names = [(json.dumps(key, ensure_ascii=False) + ": ", item) for key, item in value.items()]
        parts = [name + text(item, inner, len(name)) for name, item in names]
        opening, closing = "{}"
    body = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{body}\n{indent}{closing}"


def _lines(key: str, value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case list() if all(isinstance(item, str) for item in value):
            return [", ".join(value)]
        case dict() if key in ("derive", "aggregate"):
            return [f"{name} = {expression}" for name, expression in value.items()]
        case dict() if key == "rename":
            return [f"{old} → {new}" for old, new in value.items()]
        case dict() if key == "join":
            return [_join(value)]
        case _:
            return [json.dumps(value, ensure_ascii=False)]


def _join(given: Mapping[str, Any]) -> str:
    on = given["on"]
    pairs = on.items() if isinstance(on, Mapping) else [(name, name) for name in on]
    columns = f", columns {', '.join(given['columns'])}" if "columns" in given else ""
    matched = " and ".join(f"{mine} = {table}" for mine, table in pairs)
    return f"{given['table']} on {matched}{columns}, {given.get('how', 'inner')}"


def _input(given: Mapping[str, Any]) -> str:
    if "values" in given:
        values = given["values"]
        sizes = [len(values)]
        if values and isinstance(values[0], list):
            sizes.append(len(values[0]))
        return f"array of {' × '.join(f'{size:,}' for size in sizes)}"
    if "rows" in given:
        names = dict.fromkeys(name for row in given["rows"] for name in row)
        count = len(given["rows"])
        return f"table of {count:,} row{'s' if count != 1 else ''}: {', '.join(names)}"
    array = given.get("array")
    taken = ", ".join(array) if isinstance(array, list) else array
    return f"{given['format']} file" + (f", array of {taken}" if taken else "")


def _module(name: str, given: Mapping[str, Any]) -> str:
    wasm = base64.b64decode(given["wasm"])
    taken, result = ", ".join(given.get("params", ())), given["result"]
    return (
        f"{name}({taken}) -> {result}: export {given['export']} of a WebAssembly module\n"
        f"{len(wasm):,} bytes, SHA-256 {hashlib.sha256(wasm).hexdigest()}"
    )
