"""Names of columns and functions, titles and prose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from jobspec.document_rules.refusals import refusal, shown
from jobspec.json_text import Json
from jobspec.problems import ProblemList, pointer
from jobspec.sql import is_built_in, is_callable_name

NAME_CHARS = 63
NAME_PATTERN = f"^[A-Za-z_][A-Za-z0-9_]{{0,{NAME_CHARS - 1}}}$"
NAMES_PATTERN = f"{NAME_PATTERN[:-1]}(\\s*,\\s*{NAME_PATTERN[1:-1]})*$"
COLUMN_NAME_CHARS = 128
TITLE_CHARS = 100
_HIDDEN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
"""Controls, and what turns the direction of writing: a visitor should read what is written."""


def check_name(name: str) -> str:
    if re.fullmatch(NAME_PATTERN[1:-1], name):
        return name
    mended = re.sub(r"\W", "_", name[:NAME_CHARS], flags=re.ASCII)
    if mended[:1].isdigit():
        mended = "_" + mended[: NAME_CHARS - 1]
    raise refusal(
        "bad_name",
        f"{shown(name)} is not a plain name",
        f"use letters, digits and _, at most {NAME_CHARS}"
        + (f", such as {mended!r}" if mended.strip("_") else ""),
    )


def check_names(names: str) -> str:
    """One name, or several with commas between them."""
    if "," not in names:
        return check_name(names)
    check_distinct([check_name(name.strip()) for name in names.split(",")])
    return names


def check_column_name(name: str) -> str:
    if name and len(name) <= COLUMN_NAME_CHARS and name.isprintable():
        return name
    raise refusal(
        "bad_name",
        f"{shown(name)} cannot be a column name",
        f"use 1 to {COLUMN_NAME_CHARS} printable characters",
    )


def check_prose(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if (found := _HIDDEN.search(text)) is None:
        return text
    raise refusal(
        "bad_value",
        f"the character U+{ord(found[0]):04X} cannot be seen",
        "leave out control characters and those that turn the direction of writing",
    )


def check_title(title: str) -> str:
    if title.strip() and len(title) <= TITLE_CHARS and title.isprintable():
        return title
    raise refusal(
        "bad_value",
        "the name of a job is one line of text",
        f"use 1 to {TITLE_CHARS} printable characters; 'about' has room for more",
    )


def check_distinct(names: list[str]) -> list[str]:
    for name, count in Counter(names).items():
        if count > 1:
            raise refusal("duplicate_name", f"{shown(name)} stands twice", "keep one of them")
    return names


def check_new_names(renamed: dict[str, str]) -> dict[str, str]:
    for name, count in Counter(renamed.values()).items():
        if count > 1:
            raise refusal(
                "duplicate_name", f"two columns would be named {name!r}", "name one differently"
            )
    return renamed


def check_function_names(tree: Mapping[str, Json], problems: ProblemList) -> None:
    """Functions do not hide those of SQL, and can be called."""
    functions = tree.get("functions")
    for name in functions if isinstance(functions, dict) else ():
        if not re.fullmatch(NAME_PATTERN[1:-1], name):
            continue  # the model reports it
        if is_built_in(name.lower()) or not is_callable_name(name):
            problems.add(
                "function_name",
                pointer("functions", name),
                f"SQL has a meaning for {name!r} already",
                f"name it my_{name[: NAME_CHARS - 3]}, say",
            )
