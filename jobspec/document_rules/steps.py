"""Steps: which there are, in which order, and the small languages inside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jobspec.document_rules.keywords import CLOSING_STEPS, STEPS, check_keyword, keyword_of
from jobspec.document_rules.refusals import refusal, shown
from jobspec.json_text import Json
from jobspec.problems import ProblemList, pointer

_ORDER = re.compile(
    r'\s*(?:"((?:[^"]|"")+)"|([^\s"]+))(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*',
    re.IGNORECASE,
)


def step_keyword(step: Any) -> str:
    return keyword_of(step, STEPS)


def check_step_keyword(step: Any) -> Any:
    return check_keyword(step, "a step", STEPS, {})


def read_order(text: str) -> tuple[str, bool, bool]:
    """A column of an order, whether it falls, whether NULLs come first: "height desc nulls first".

    As in SQL a name with spaces stands in double quotes, and NULLs come last unless it is said.
    """
    match = _ORDER.fullmatch(text[:1000])
    if match is None:
        raise refusal(
            "bad_value",
            f"{shown(text)} is not a column to sort by",
            'write "name", "name desc", or "name desc nulls first"',
        )
    quoted, plain, direction, nulls = match.groups()
    name = quoted.replace('""', '"') if quoted else plain
    return name, (direction or "").lower() == "desc", (nulls or "").lower() == "first"


def check_order(text: str) -> str:
    read_order(text)
    return text


def check_distinct_of(value: Any) -> Any:
    if value is True or isinstance(value, list):
        return value
    raise refusal(
        "wrong_type",
        "distinct takes the names of columns, or true for all of them",
        'write true or ["a", "b"]',
    )


def distinct_kind(value: Any) -> str:
    return "all" if value is True else "some"


def check_sample(value: Any) -> Any:
    """One of `fraction` and `rows`; a number alone is a fraction."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = {"fraction": value}
    if not isinstance(value, dict) or ("fraction" in value) == ("rows" in value):
        raise refusal(
            "choose_one",
            "a sample is a fraction of the rows, or a number of rows",
            'write 0.01, {"fraction": 0.01, "seed": 7} or {"rows": 1000}',
        )
    return value


def check_join_on(value: Any) -> Any:
    """Names that both sides have, or a mapping from the job's to the table's."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = {name: name for name in value}
    return value


def check_step_order(tree: Mapping[str, Json], problems: ProblemList) -> None:
    """Nothing follows a closing step."""
    for part in ("steps", "finish"):
        closing = ""
        steps = tree.get(part)
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            keyword = keyword_of(step, STEPS) if isinstance(step, dict) else ""
            if closing and keyword:
                hint = f"move it before {closing!r}"
                hint += ", or into 'finish', which sees the merged result" * (part == "steps")
                if (closing, keyword) == ("sort", "limit"):
                    hint = 'make one step of both: {"sort": ["a desc"], "limit": 10}'
                message = f"{keyword!r} follows {closing!r}, which closes the steps"
                problems.add("step_order", pointer(part, index), message, hint)
            if _closes(step, keyword):
                closing = closing or keyword
    _check_sorts(tree.get("steps"), problems)


def _closes(step: Json, keyword: str) -> bool:
    if keyword != "sample":
        return keyword in CLOSING_STEPS
    sample = step.get("sample") if isinstance(step, dict) else None
    return isinstance(sample, dict) and "rows" in sample


def _check_sorts(steps: Json, problems: ProblemList) -> None:
    """All rows are sorted in one place only, and that is the hub."""
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict) and "sort" in step and "limit" not in step:
            problems.add(
                "missing_key",
                pointer("steps", index, "limit"),
                "a sort says how many of the first rows are kept",
                "add 'limit', or sort in 'finish', which sees the merged result",
            )
