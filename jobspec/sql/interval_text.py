"""Intervals as they are written: `1 year -2 months`, `01:30:00`, `3 days 04:00`, `2 weeks ago`.

Amounts are whole numbers, but for the seconds of a time of day. Not here: which units there are
(`jobspec.sql.intervals`).
"""

from __future__ import annotations

import re

from jobspec.sql import syntax
from jobspec.sql.tokens import RefusedError

_AMOUNT = re.compile(r"([+-]?)(\d{1,18})\s*([A-Za-z]+)\s*", re.ASCII)
_CLOCK = re.compile(r"([+-]?)(\d{1,9}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,6}))?)?\s*", re.ASCII)
_AGO = re.compile(r"ago\s*\Z", re.ASCII | re.IGNORECASE)


def read_interval(text: str, place: int) -> tuple[tuple[syntax.Syntax, str], ...]:
    """The amounts and units of an interval. Raises RefusedError if the text is none."""
    at = len(text) - len(text.lstrip())
    parts: list[tuple[int, str]] = []
    while at < len(text):
        found = _AMOUNT.match(text, at)
        clock = _CLOCK.match(text, at)
        if _AGO.match(text, at) and parts:
            parts = [(-amount, unit) for amount, unit in parts]
            break
        if found is not None:
            parts.append((int(found[1] + found[2]), found[3]))
            at = found.end()
        elif clock is not None:
            parts.append((_microseconds(clock), "microseconds"))
            at = clock.end()
        else:
            parts = []
            break
    if not parts:
        raise RefusedError(
            "bad_value",
            place,
            f"{text[:60]!r} is not an interval",
            "write whole numbers and units, such as INTERVAL '1 month 2 days'",
        )
    return tuple((_number(amount, place), unit) for amount, unit in parts)


def _microseconds(clock: re.Match[str]) -> int:
    seconds = (int(clock[2]) * 60 + int(clock[3])) * 60 + int(clock[4] or 0)
    micros = seconds * 1_000_000 + int((clock[5] or "").ljust(6, "0"))
    return -micros if clock[1] == "-" else micros


def _number(amount: int, place: int) -> syntax.Syntax:
    written = syntax.Number(place, str(abs(amount)))
    return syntax.Negative(place, written) if amount < 0 else written
