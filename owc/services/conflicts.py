"""What to do when the database ends a transaction so that another can go on: the whole again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from owc.errors import DatabaseConflict

ATTEMPTS: Final = 5

P = ParamSpec("P")
T = TypeVar("T")


def until_no_conflict(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it, again after each DatabaseConflict; the last one is raised."""
    for _ in range(ATTEMPTS - 1):
        try:
            return function(*args, **kwargs)
        except DatabaseConflict:
            continue  # another process was first
    return function(*args, **kwargs)
