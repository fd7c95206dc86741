"""Objects that say by one key what they are: sources, steps, splits.

The keys of the document itself are here too. Not here: what the values mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from jobspec.document_rules.refusals import refusal, shown
from jobspec.problems import near_miss

MEMBERS = (
    "name",
    "about",
    "source",
    "functions",
    "steps",
    "output",
    "split",
    "requires",
    "trust",
    "priority",
    "purpose",
    "contact",
    "licence",
    "finish",
    "shared",
    "deadline",
    "strategy",
    "on_error",
)
"""The keys of a document."""
SOURCES = ("rows", "upload", "url", "range")
SHARED = ("values", "rows", "upload")
SPLITS = ("rows", "seconds")
STEPS = (
    "filter",
    "derive",
    "select",
    "drop",
    "rename",
    "sample",
    "join",
    "aggregate",
    "distinct",
    "sort",
    "limit",
    "stop_when",
)
CLOSING_STEPS = ("aggregate", "distinct", "sort", "limit", "stop_when")
"""Those that are always closing; `sample` is if it takes a number of rows."""
COMPANIONS = {
    "upload": ("format", "columns", "array"),
    "url": ("format", "columns", "sha256"),
    "values": ("type",),
    "rows": ("columns",),
    "aggregate": ("by",),
    "sort": ("limit",),
}
"""Keys that may stand beside a keyword in the same object."""

NOT_YET_SOURCES = {
    "stream": "send what there is by POST /upload",
}
_MEANT = {
    **dict.fromkeys(
        ("csv", "file", "json", "ndjson", "parquet", "path"),
        "send the file by POST /upload, or name its 'url'",
    ),
    **dict.fromkeys(("count", "group", "group_by", "groupby"), "use 'aggregate' with 'by'"),
    **dict.fromkeys(("compute", "map", "mutate", "with_column"), "use 'derive'"),
    **dict.fromkeys(("order", "order_by"), "use 'sort' with a 'limit'"),
    **dict.fromkeys(("head", "top"), "use 'limit'"),
    **dict.fromkeys(("merge", "lookup"), "use 'join' with a table of 'shared'"),
    **dict.fromkeys(("dedupe", "drop_duplicates", "unique"), "use 'distinct'"),
    **dict.fromkeys(("search", "find", "first"), "use 'stop_when'"),
    "where": "use 'filter'",
}
"""What sources and steps are called elsewhere."""
MEANT_MEMBERS = {
    **dict.fromkeys(("due", "until", "timeout"), "use 'deadline', a time with its zone"),
    **dict.fromkeys(("scheduling", "dispatch", "nudge"), "use 'strategy'"),
    **dict.fromkeys(("errors", "ignore_errors", "skip_errors"), "use 'on_error': \"skip\""),
    "plugins": "a hub's plugins need no mention: call their functions",
}
"""Keys that are looked for in vain in a document, and what to do instead."""


def keyword_of(given: Any, keywords: Sequence[str]) -> str:
    """The one keyword in an object, "" where there is none or several."""
    if isinstance(given, dict):
        found = _found(keywords, given)
    else:  # a model that is being serialised
        found = _found(keywords, [key for key in keywords if hasattr(given, key)])
    return found[0] if len(found) == 1 else ""


def _found(keywords: Sequence[str], keys: Collection[str]) -> list[str]:
    """The keywords among the keys, less those that belong to another one."""
    found = [key for key in keywords if key in keys]
    return [key for key in found if not any(key in COMPANIONS.get(other, ()) for other in found)]


def check_keyword(
    given: Any, what: str, keywords: Sequence[str], not_yet: Mapping[str, str]
) -> Any:
    """Refuse whatever is not an object with exactly one keyword and its companions."""
    if not isinstance(given, dict):
        raise refusal(
            "wrong_type", f"{what} is an object with one key", f"one of: {', '.join(keywords)}"
        )
    for key in given:
        if key in not_yet:
            raise refusal("not_supported_yet", f"{key!r} is not supported yet", not_yet[key])
    found = _found(keywords, given)
    if len(found) > 1:
        raise refusal(
            "choose_one",
            f"{what} has one key, not {' and '.join(repr(key) for key in found)}",
            "give each an object of its own" if what == "a step" else "keep one of them",
        )
    companions = {key for keys in COMPANIONS.values() for key in keys}
    unknown = [key for key in given if key not in companions]
    if not found and unknown:
        raise refusal(
            "unknown_key",
            f"{what} has no key {shown(unknown[0])}",
            _MEANT.get(unknown[0].lower()) or near_miss(unknown[0], (*keywords, *not_yet)),
        )
    if not found:
        raise refusal("choose_one", f"{what} needs one of: {', '.join(keywords)}", "add one")
    return given
