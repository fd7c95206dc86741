"""Dates and timestamps that are written in expressions, read when the job is compiled.

The same texts are read from columns by the kernels `date_parse` and `timestamp_parse`; a test
holds the two together.
"""

from __future__ import annotations

import re
from datetime import date

from jobspec.types import ValueType

_DAY = 86_400_000_000
_TEXT = re.compile(
    r"""\s*
    (?P<year>\d{1,9})(?P<separator>[-/\\ ])(?P<month>\d{1,2})(?P=separator)(?P<day>\d{1,2})(?!\d)
    (?: (?P<spaces>\s*)\Z
    | [ T]?\s*(?P<hour>\d{1,9}):
      (?: (?P<minute>\d{1,2}) | (?!\d) )
      (?: : (?: (?P<second>\d{1,2})(?: \.(?P<fraction>\d*))? | (?!\d) ) )?
      (?: Z | [+-]\d\d(?: :?\d\d){0,2} | [ ][A-Za-z0-9_/+-]* )?
      \s*\Z
    )""",
    re.ASCII | re.VERBOSE,
)


def is_time(type_: ValueType) -> bool:
    """Whether values are dates or timestamps."""
    return type_ is ValueType.DATE or type_ is ValueType.TIMESTAMP


def time_literal(text: str, type_: ValueType) -> int | None:
    """The days or microseconds since 1970-01-01 that a text says; None if it does not."""
    found = _TEXT.match(text)
    if found is None or (type_ is ValueType.TIMESTAMP and found["spaces"]):
        return None
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    try:
        days = (date(year, month, day) - date(1970, 1, 1)).days
    except (ValueError, OverflowError):
        return None
    clock = _clock(found)
    if clock is None or not ValueType.TIMESTAMP.minimum <= days * _DAY + clock:
        return None
    if days * _DAY + clock > ValueType.TIMESTAMP.maximum:
        return None
    return days if type_ is ValueType.DATE else days * _DAY + clock


def _clock(found: re.Match[str]) -> int | None:
    """The microseconds of the time of day; None past 24:00."""
    if found["hour"] is None:
        return 0
    hour, minute, second = int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0)
    fraction = int((found["fraction"] or "").ljust(6, "0")[:6])
    micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    return micros if minute < 60 and second < 60 and micros <= _DAY else None
