"""Sizes that depend on the hub's limits, checked over the whole parsed document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from jobspec.document_rules.sources import Range, check_bounds, values_of
from jobspec.json_text import Json
from jobspec.limits import CELLS_INLINE, Limits
from jobspec.problems import ProblemList, pointer

_WORD = re.compile(r"\w+|[^\w\s]")
_PATTERN = re.compile(r"\bregexp_|\bsimilar\b|(?<!~)~(?!~)", re.IGNORECASE)
_WORDS_OF_PATTERN = 400
"""What a regular expression counts for: the dearest take a quarter of a second to compile."""


def check_limits(tree: Mapping[str, Json], limits: Limits, problems: ProblemList) -> None:
    """The lengths that depend on the hub's limits."""

    def check(value: Json, limit: int, what: str, *path: str | int) -> None:
        if isinstance(value, str | list | dict) and len(value) > limit:
            problems.add(
                "too_long",
                pointer(*path),
                f"{len(value):,} {what}; at most {limit:,} are taken",
                "make it shorter",
            )

    for key in ("about", "purpose", "contact", "licence"):
        check(tree.get(key), limits.text_chars, "characters", key)
    functions = tree.get("functions")
    check(functions, limits.functions, "functions", "functions")
    for name, text in functions.items() if isinstance(functions, dict) else ():
        check(text, limits.function_chars, "characters", "functions", name)
    check(_modules(functions), limits.wasm_chars, "characters of WebAssembly", "functions")
    for part in ("steps", "finish"):
        steps = tree.get(part)
        check(steps, limits.steps, "steps", part)
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            for key, value in step.items() if isinstance(step, dict) else ():
                if not isinstance(value, str):  # of expressions, characters are limited elsewhere
                    check(value, limits.columns, "columns", part, index, key)
    shared = tree.get("shared")
    check(shared, limits.shared, "shared inputs", "shared")
    source = tree.get("source")
    for place, given in _inputs(tree):
        rows = given.get("rows")
        check(rows, limits.rows_inline, "rows", *place, "rows")
        names: set[str] = set()  # each row has a cell for every column of any
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            check(row, limits.columns, "columns", *place, "rows", index)
            if isinstance(row, dict) and len(row) <= limits.columns:
                names.update(row)
        check(list(names), limits.columns, "columns", *place, "rows")
        cells = len(names) * len(rows) if isinstance(rows, list) else 0
        if cells > CELLS_INLINE and len(names) <= limits.columns:
            problems.add(
                "too_long",
                pointer(*place, "rows"),
                f"{cells:,} cells, most of them empty; at most {CELLS_INLINE:,} are taken",
                "send sparse rows by POST /upload, or as one row for each value",
            )
        check(given.get("columns"), limits.columns, "columns", *place, "columns")
        check(given.get("array"), limits.columns, "columns", *place, "array")
    if isinstance(source, dict):
        _check_range(source.get("range"), limits, problems)


def _inputs(tree: Mapping[str, Json]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Json]]]:
    """Where rows are given, and what is given there: the source, and the shared inputs."""
    source, shared = tree.get("source"), tree.get("shared")
    if isinstance(source, dict):
        yield ("source",), source
    for name, given in shared.items() if isinstance(shared, dict) else ():
        if isinstance(given, dict):
            yield ("shared", name), given


def _modules(functions: Json) -> str:
    """All WebAssembly modules of the document, one after the other."""
    entries = functions.values() if isinstance(functions, dict) else ()
    modules = (entry.get("wasm") for entry in entries if isinstance(entry, dict))
    return "".join(module for module in modules if isinstance(module, str))


def check_words(tree: Mapping[str, Json], limits: Limits, problems: ProblemList) -> bool:
    """Whether compiling the expressions and functions stays cheap, however they are spread.

    Each is short enough by itself (others are not compiled), but there can be a megabyte of them.
    """
    expressions = list(_expressions(tree, limits))
    functions = _texts(tree.get("functions"), limits.function_chars)
    words = sum(len(_WORD.findall(text)) for text in (*expressions, *functions))
    words += sum(_WORDS_OF_PATTERN * len(_PATTERN.findall(text)) for text in expressions)
    if words <= limits.words:
        return True
    problems.add(
        "too_many_words",
        "",
        f"the expressions and functions have {words:,} names, numbers and signs in all;"
        f" at most {limits.words:,} are taken",
        "make several jobs of it, or keep long lists of values as columns of the source",
    )
    return False


def _expressions(tree: Mapping[str, Json], limits: Limits) -> Iterator[str]:
    yield from _texts(tree.get("trust"), limits.expression_chars)
    for part in ("steps", "finish"):
        steps = tree.get(part)
        for step in steps if isinstance(steps, list) else ():
            for member in step.values() if isinstance(step, dict) else ():
                yield from _texts(member, limits.expression_chars)


def _texts(group: Json, most: int) -> Iterator[str]:
    """A text, or those of an object, of at most so many characters."""
    texts = group.values() if isinstance(group, dict) else (group,)
    return (text for text in texts if isinstance(text, str) and len(text) <= most)


def cut_to_limits(tree: Mapping[str, Json], limits: Limits) -> dict[str, Json]:
    """The document without what is far past the limits, so that validating it costs little.

    Whatever is cut has a problem already, or stands beside something that will get one.
    """
    most = limits.columns + 1

    def cut(value: Json) -> Json:
        match value:
            case dict():
                return {key: cut(member) for key, member in islice(value.items(), most)}
            case list():
                return [cut(member) for member in value[:most]]
        return value

    def cut_input(given: Json) -> Json:
        if not isinstance(given, dict):
            return cut(given)
        members = {key: cut(value) for key, value in islice(given.items(), most)}
        rows = given.get("rows")
        if isinstance(rows, list):
            members["rows"] = [cut(row) for row in rows[: limits.rows_inline]]
        if "values" in given:  # whose elements are no dearer than the document's bytes
            members["values"] = given["values"]
        return members

    kept: dict[str, Json] = {key: cut(value) for key, value in islice(tree.items(), most)}
    shared = tree.get("shared")
    if "source" in tree:
        kept["source"] = cut_input(tree["source"])
    if isinstance(shared, dict):
        kept["shared"] = {
            name: cut_input(given) for name, given in islice(shared.items(), limits.shared)
        }
    return kept


def _check_range(axes: Json, limits: Limits, problems: ProblemList) -> None:
    rows = 1
    if not isinstance(axes, dict):
        return
    for bounds in axes.values():
        try:
            values = Range(*check_bounds(list(bounds)))  # type: ignore[arg-type]  # may be anything
        except (TypeError, ValueError):
            return  # the model reports it
        rows *= values_of(values)
    if rows > limits.rows:
        problems.add(
            "too_long",
            pointer("source", "range", *(axes if len(axes) == 1 else ())),
            f"{rows:,} rows; at most {limits.rows:,} are taken",
            "make several jobs of it",
        )
