"""What a job asks of the hub about its running: until when, for whom first, what of bad rows; and
which of its volunteers it is for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, get_args

from jobspec.document_rules.refusals import refusal, shown
from jobspec.problems import near_miss

Strategy: TypeAlias = Literal["fastest", "least_loaded", "round_robin", "random", "nearest"]
OnError: TypeAlias = Literal["fail", "skip"]
Category: TypeAlias = Literal[
    "mathematics",
    "computing",
    "physics",
    "astronomy",
    "chemistry",
    "biology",
    "medicine",
    "earth",
    "humanities",
    "other",
]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
ON_ERROR: tuple[OnError, ...] = get_args(OnError)
CATEGORIES: tuple[Category, ...] = get_args(Category)

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<clock>[T ](?!24)[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?",
    re.IGNORECASE,
)
_HINT = "write it as 2030-01-31T12:00:00Z, or with an offset such as +01:00 in the place of Z"


def check_deadline(given: Any) -> Any:
    """The time that a text names, in UTC."""
    if given is None or isinstance(given, datetime):
        return given
    if not isinstance(given, str):
        raise refusal("wrong_type", "a deadline is a text", _HINT)
    found = _TIME.fullmatch(given[:1000])
    if found is None or found["clock"] is None:
        raise refusal("bad_value", f"{shown(given)} is not a time", _HINT)
    if found["offset"] is None:
        raise refusal("bad_value", f"{shown(given)} does not say in which time zone", _HINT)
    try:
        return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except OverflowError:
        raise refusal("bad_value", f"{shown(given)} is not in the years 1 to 9999", _HINT) from None
    except ValueError as error:
        raise refusal("bad_value", f"{shown(given)} is not a time: {error}", _HINT) from None


def check_strategy(given: Any) -> Any:
    return given if given is None else _check_word(given, "strategy", STRATEGIES)


def check_on_error(given: Any) -> Any:
    return _check_word(given, "way to treat errors", ON_ERROR)


def check_category(given: Any) -> Any:
    return _check_word(given, "category", CATEGORIES)


def _check_word(given: Any, what: str, words: Sequence[str]) -> Any:
    if not isinstance(given, str):
        raise refusal("wrong_type", f"a {what} is a text", f"one of: {', '.join(words)}")
    if given not in words:
        hint = near_miss(given, words)
        raise refusal("bad_value", f"there is no {what} {shown(given)}", hint)
    return given
