"""The rules of a document's shape that its model cannot say with types.

Validators raise `PydanticCustomError` whose type is a problem code; `check_*(tree, ...)` look at
the whole parsed document and add problems. Not here: the model itself (`jobspec.document`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal, TypeAlias

from pydantic_core import PydanticCustomError

from jobspec.json_text import Json
from jobspec.limits import Limits
from jobspec.problems import ProblemList, near_miss, pointer
from jobspec.sql import BUILT_IN_NAMES, is_callable_name

Range = range  # the model has a field of this name
Format: TypeAlias = Literal["csv", "ndjson", "parquet"]

_WORD = re.compile(r"\w+|[^\w\s]")
NAME_CHARS = 63
NAME_PATTERN = f"^[A-Za-z_][A-Za-z0-9_]{{0,{NAME_CHARS - 1}}}$"
COLUMN_NAME_CHARS = 128
TITLE_CHARS = 100
_HIDDEN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
"""Controls, and what turns the direction of writing: a visitor should read what is written."""

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
    "plugins",
    "deadline",
)
"""The keys of a document, those of NOT_YET_MEMBERS included."""
SOURCES = ("rows", "upload", "range")
SPLITS = ("rows", "seconds")
STEPS = ("filter", "derive", "select", "drop", "rename", "aggregate", "limit")
CLOSING_STEPS = ("aggregate", "limit")
COMPANIONS = {"upload": ("format", "columns"), "rows": ("columns",), "aggregate": ("by",)}
"""Keys that may stand beside a keyword in the same object."""

NOT_YET_SOURCES = {
    "url": "fetch the file and send it by POST /upload",
    "stream": "send what there is by POST /upload",
}
NOT_YET_STEPS = {
    "sample": "filter on a column instead",
    "join": "join the tables before the upload",
    "distinct": "use 'aggregate' with 'by' and a count",
    "sort": "sort the downloaded result",
    "stop_when": "use 'filter', or 'aggregate' with min or max",
}
_MEANT = {
    **dict.fromkeys(("csv", "file", "json", "ndjson", "parquet", "path"), NOT_YET_SOURCES["url"]),
    **dict.fromkeys(("count", "group", "group_by", "groupby"), "use 'aggregate' with 'by'"),
    **dict.fromkeys(("compute", "map", "mutate", "with_column"), "use 'derive'"),
    **dict.fromkeys(("order", "order_by"), NOT_YET_STEPS["sort"]),
    **dict.fromkeys(("head", "top"), "use 'limit'"),
    "where": "use 'filter'",
}
"""What sources and steps are called elsewhere."""
NOT_YET_MEMBERS = {
    "finish": "do it with the downloaded result",
    "shared": "write the values into a function or derive them",
    "plugins": "write a function",
    "deadline": "use 'priority'",
}


# --- names ----------------------------------------------------------------------------------------


def check_name(name: str) -> str:
    if re.fullmatch(NAME_PATTERN[1:-1], name):
        return name
    mended = re.sub(r"\W", "_", name[:NAME_CHARS], flags=re.ASCII)
    if mended[:1].isdigit():
        mended = "_" + mended[: NAME_CHARS - 1]
    raise _error(
        "bad_name",
        f"{shown(name)} is not a plain name",
        f"use letters, digits and _, at most {NAME_CHARS}"
        + (f", such as {mended!r}" if mended.strip("_") else ""),
    )


def check_column_name(name: str) -> str:
    if name and len(name) <= COLUMN_NAME_CHARS and name.isprintable():
        return name
    raise _error(
        "bad_name",
        f"{shown(name)} cannot be a column name",
        f"use 1 to {COLUMN_NAME_CHARS} printable characters",
    )


def check_prose(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if (found := _HIDDEN.search(text)) is None:
        return text
    raise _error(
        "bad_value",
        f"the character U+{ord(found[0]):04X} cannot be seen",
        "leave out control characters and those that turn the direction of writing",
    )


def check_title(title: str) -> str:
    if title.strip() and len(title) <= TITLE_CHARS and title.isprintable():
        return title
    raise _error(
        "bad_value",
        "the name of a job is one line of text",
        f"use 1 to {TITLE_CHARS} printable characters; 'about' has room for more",
    )


def check_distinct(names: list[str]) -> list[str]:
    for name, count in Counter(names).items():
        if count > 1:
            raise _error("duplicate_name", f"{shown(name)} stands twice", "keep one of them")
    return names


def check_new_names(renamed: dict[str, str]) -> dict[str, str]:
    for name, count in Counter(renamed.values()).items():
        if count > 1:
            raise _error(
                "duplicate_name", f"two columns would be named {name!r}", "name one differently"
            )
    return renamed


# --- source ---------------------------------------------------------------------------------------


def source_keyword(source: Any) -> str:
    return _keyword(source, SOURCES)


def check_source_keyword(source: Any) -> Any:
    return _check_keyword(source, "a source", SOURCES, NOT_YET_SOURCES)


def check_scalar(value: Any) -> Any:
    if isinstance(value, list | dict):
        raise _error(
            "wrong_type",
            "a row's value is a number, a text, true, false or null",
            "give each part a column of its own",
        )
    return value


def check_bounds(bounds: list[int]) -> list[int]:
    if len(bounds) not in {2, 3}:
        raise _error(
            "bad_value",
            f"an axis has two or three bounds, not {len(bounds)}",
            "write [start, stop] or [start, stop, step]",
        )
    if any(abs(bound) >= 2**63 for bound in bounds):
        raise _error("number_out_of_range", "a bound does not fit i64", "stay below 2**63")
    if bounds[2:] == [0]:
        raise _error("bad_value", "the step of a range is zero", "use 1, or leave it out")
    if not Range(*bounds):
        raise _error(
            "bad_value",
            f"the range {bounds} is empty",
            "it begins at start and ends before stop, as in Python",
        )
    return bounds


def check_one_axis(axes: dict[str, list[int]]) -> dict[str, list[int]]:
    if len(axes) == 1:
        return axes
    if not axes:
        raise _error("bad_value", "a range needs an axis", 'write {"n": [start, stop]}')
    raise _error(
        "not_supported_yet",
        "ranges of several axes are not supported yet",
        "use one axis and derive the others with // and %",
    )


def refuse_arrow(given: Any) -> Any:
    if given == "arrow":
        raise _error(
            "not_supported_yet", "the format 'arrow' is not supported yet", "use 'parquet'"
        )
    return given


# --- steps ----------------------------------------------------------------------------------------


def step_keyword(step: Any) -> str:
    return _keyword(step, STEPS)


def check_step_keyword(step: Any) -> Any:
    return _check_keyword(step, "a step", STEPS, NOT_YET_STEPS)


def check_step_order(tree: Mapping[str, Json], problems: ProblemList) -> None:
    """Nothing follows a closing step."""
    closing = ""
    steps = tree.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        keyword = _keyword(step, (*STEPS, *NOT_YET_STEPS)) if isinstance(step, dict) else ""
        if closing and keyword:
            problems.add(
                "step_order",
                pointer("steps", index),
                f"{keyword!r} follows {closing!r}, which closes the steps",
                f"move it before {closing!r}, or do it with the downloaded result",
            )
        if keyword in CLOSING_STEPS:
            closing = closing or keyword


# --- the rest -------------------------------------------------------------------------------------


def refuse_formats(formats: Any) -> Any:
    for name in formats if isinstance(formats, list) else ():
        if name in ("arrow", "npy", "image") or isinstance(name, dict):
            raise _error(
                "not_supported_yet",
                "only tables can be downloaded so far",
                "use 'csv', 'ndjson' or 'parquet'",
            )
    if isinstance(formats, dict):
        raise _error(
            "not_supported_yet", "images are not supported yet", 'write ["csv", "parquet"]'
        )
    return formats


def check_split(split: Any) -> Any:
    return split if split is None else _check_keyword(split, "split", SPLITS, {})


def refuse_trust(trust: Any) -> Any:
    if isinstance(trust, dict):
        raise _error(
            "not_supported_yet",
            "rules of trust for one job are not supported yet",
            "leave 'trust' out: the hub runs samples itself",
        )
    return trust


def check_function_names(tree: Mapping[str, Json], problems: ProblemList) -> None:
    """Functions do not hide those of SQL, and can be called."""
    functions = tree.get("functions")
    for name in functions if isinstance(functions, dict) else ():
        if not re.fullmatch(NAME_PATTERN[1:-1], name):
            continue  # the model reports it
        if name.lower() in BUILT_IN_NAMES or not is_callable_name(name):
            problems.add(
                "function_name",
                pointer("functions", name),
                f"SQL has a meaning for {name!r} already",
                f"name it my_{name[: NAME_CHARS - 3]}, say",
            )


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
    steps = tree.get("steps")
    check(steps, limits.steps, "steps", "steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        for key, value in step.items() if isinstance(step, dict) else ():
            if not isinstance(value, str):  # of expressions, the characters are limited elsewhere
                check(value, limits.columns, "columns", "steps", index, key)
    source = tree.get("source")
    if isinstance(source, dict):
        rows = source.get("rows")
        check(rows, limits.rows_inline, "rows", "source", "rows")
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            check(row, limits.columns, "columns", "source", "rows", index)
        check(source.get("columns"), limits.columns, "columns", "source", "columns")
        _check_range(source.get("range"), limits, problems)


def check_words(tree: Mapping[str, Json], limits: Limits, problems: ProblemList) -> bool:
    """Whether compiling the expressions and functions stays cheap, however they are spread.

    Each is short enough by itself (others are not compiled), but there can be a megabyte of them.
    """
    words = sum(len(_WORD.findall(text)) for text in _code(tree, limits))
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


def _code(tree: Mapping[str, Json], limits: Limits) -> Iterator[str]:
    functions, steps = tree.get("functions"), tree.get("steps")
    groups = [(functions, limits.function_chars)]
    for step in steps if isinstance(steps, list) else ():
        members = step.values() if isinstance(step, dict) else ()
        groups += [(member, limits.expression_chars) for member in members]
    for group, most in groups:
        texts = group.values() if isinstance(group, dict) else (group,)
        yield from (text for text in texts if isinstance(text, str) and len(text) <= most)


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

    kept = {key: cut(value) for key, value in islice(tree.items(), most) if key != "source"}
    source = tree.get("source")
    if isinstance(source, dict) and isinstance(source.get("rows"), list):
        rows: Any = source["rows"]
        members = {key: cut(value) for key, value in source.items() if key != "rows"}
        kept["source"] = {"rows": [cut(row) for row in rows[: limits.rows_inline]], **members}
    elif "source" in tree:
        kept["source"] = cut(source)
    return kept


def _check_range(axes: Json, limits: Limits, problems: ProblemList) -> None:
    for axis, bounds in axes.items() if isinstance(axes, dict) else ():
        try:
            values = Range(*check_bounds(list(bounds)))  # type: ignore[arg-type]  # may be anything
        except (TypeError, ValueError):
            continue  # the model reports it
        rows = -((values.start - values.stop) // values.step)  # len() ends at 2**63
        if rows > limits.rows:
            problems.add(
                "too_long",
                pointer("source", "range", axis),
                f"{rows:,} rows; at most {limits.rows:,} are taken",
                "make several jobs of it",
            )


def _keyword(given: Any, keywords: Sequence[str]) -> str:
    """The one keyword in an object, "" where there is none or several."""
    if isinstance(given, dict):
        found = [key for key in keywords if key in given]
    else:  # a model that is being serialised
        found = [key for key in keywords if hasattr(given, key)]
    return found[0] if len(found) == 1 else ""


def _check_keyword(
    given: Any, what: str, keywords: Sequence[str], not_yet: Mapping[str, str]
) -> Any:
    """Refuse whatever is not an object with exactly one keyword and its companions."""
    if not isinstance(given, dict):
        raise _error(
            "wrong_type", f"{what} is an object with one key", f"one of: {', '.join(keywords)}"
        )
    for key in given:
        if key in not_yet:
            raise _error("not_supported_yet", f"{key!r} is not supported yet", not_yet[key])
    found = [key for key in keywords if key in given]
    if len(found) > 1:
        raise _error(
            "choose_one",
            f"{what} has one key, not {' and '.join(repr(key) for key in found)}",
            "give each an object of its own" if what == "a step" else "keep one of them",
        )
    companions = {key for keys in COMPANIONS.values() for key in keys}
    unknown = [key for key in given if key not in companions]
    if not found and unknown:
        raise _error(
            "unknown_key",
            f"{what} has no key {shown(unknown[0])}",
            _MEANT.get(unknown[0].lower()) or near_miss(unknown[0], (*keywords, *not_yet)),
        )
    if not found:
        raise _error("choose_one", f"{what} needs one of: {', '.join(keywords)}", "add one")
    return given


def shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _error(code: str, message: str, hint: str) -> PydanticCustomError:
    # The message goes in by the context: as a template its braces would be taken for fields.
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})
