"""Steps: which there are, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobspec.document_rules.keywords import (
    CLOSING_STEPS,
    NOT_YET_STEPS,
    STEPS,
    check_keyword,
    keyword_of,
)
from jobspec.json_text import Json
from jobspec.problems import ProblemList, pointer


def step_keyword(step: Any) -> str:
    return keyword_of(step, STEPS)


def check_step_keyword(step: Any) -> Any:
    return check_keyword(step, "a step", STEPS, NOT_YET_STEPS)


def check_step_order(tree: Mapping[str, Json], problems: ProblemList) -> None:
    """Nothing follows a closing step."""
    closing = ""
    steps = tree.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        keyword = keyword_of(step, (*STEPS, *NOT_YET_STEPS)) if isinstance(step, dict) else ""
        if closing and keyword:
            problems.add(
                "step_order",
                pointer("steps", index),
                f"{keyword!r} follows {closing!r}, which closes the steps",
                f"move it before {closing!r}, or do it with the downloaded result",
            )
        if keyword in CLOSING_STEPS:
            closing = closing or keyword
