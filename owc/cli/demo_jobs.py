"""The two demo jobs and, for each, its answer computed another way, with nothing of the compiler.

(a) A table of every assigned character, as this Python's `unicodedata` knows it: filter, derive,
group. The other way: plain Python over `unicodedata`. (b) The longest Collatz flight below three
million, by a Python function of the job. The other way: numpy, which follows each flight only until
it falls below its start, where the answer is known.
"""

from __future__ import annotations

import csv
import io
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

COLLATZ_STOP = 3_000_000
COLLATZ_ROWS = 100_000
UNICODE_ROWS = 10_000

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoJob:
    """A job, its answer computed another way, and what of the answer to show."""

    document: dict[str, Any]
    answer: Callable[[], list[Row]]
    shown: tuple[str, ...]
    largest: str
    """The column by which the rows to show are chosen."""


def demo_jobs(unicode_sha256: str) -> tuple[DemoJob, DemoJob]:
    """Both jobs; the table was uploaded before."""
    return (
        DemoJob(
            document=unicode_document(unicode_sha256),
            answer=unicode_answer,
            shown=("script", "kind", "characters", "largest_value"),
            largest="characters",
        ),
        DemoJob(
            document=collatz_document(),
            answer=collatz_answer,
            shown=("longest", "start", "all_steps"),
            largest="longest",
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Character:
    """One row of the table; what a character does not have (controls have no name) is None."""

    code_point: int
    name: str | None
    category: str
    bidirectional: str
    combining: int
    mirrored: bool
    numeric: float | None
    decimal: int | None


def characters() -> Iterator[Character]:
    """Every assigned character, about 150,000: no surrogates, nothing of private use."""
    for code_point in range(sys.maxunicode + 1):
        text = chr(code_point)
        category = unicodedata.category(text)
        if category not in {"Cn", "Co", "Cs"}:
            yield Character(
                code_point=code_point,
                name=unicodedata.name(text, None),
                category=category,
                bidirectional=unicodedata.bidirectional(text),
                combining=unicodedata.combining(text),
                mirrored=bool(unicodedata.mirrored(text)),
                numeric=unicodedata.numeric(text, None),
                decimal=unicodedata.decimal(text, None),
            )


def unicode_csv() -> bytes:
    """The table as CSV with a header; a missing value is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Character.__dataclass_fields__)
    for each in characters():
        writer.writerow(
            [
                each.code_point,
                "" if each.name is None else each.name,
                each.category,
                each.bidirectional,
                each.combining,
                str(each.mirrored).lower(),
                "" if each.numeric is None else repr(each.numeric),
                "" if each.decimal is None else each.decimal,
            ]
        )
    return text.getvalue().encode()


def unicode_document(sha256: str) -> dict[str, Any]:
    """The job over the uploaded table: letters and numbers, by the first word of their name."""
    return {
        "name": "Letters and numbers of all scripts",
        "about": "Counts the letters, digits and other numbers of every script in Unicode.",
        "purpose": "A demo of table work, checked against plain Python.",
        "licence": "Unicode License v3",
        "source": {
            "upload": sha256,
            "format": "csv",
            "columns": {
                "code_point": "i64",
                "name": "string",
                "category": "string",
                "bidirectional": "string",
                "combining": "i64",
                "mirrored": "bool",
                "numeric": "f64",
                "decimal": "i64",
            },
        },
        "steps": [
            {"filter": "category LIKE 'L%' OR category LIKE 'N%'"},
            {
                "derive": {
                    "script": "left(name, strpos(concat(name, ' '), ' ') - 1)",
                    "kind": "CASE WHEN category LIKE 'L%' THEN 'letter' ELSE 'number' END",
                    "name_length": "length(name)",
                }
            },
            {
                "aggregate": {
                    "characters": "count(*)",
                    "decimal_digits": "count(decimal)",
                    "largest_value": "max(numeric)",
                    "first_code_point": "min(code_point)",
                    "last_code_point": "max(code_point)",
                    "longest_name": "arg_max(name, name_length)",
                },
                "by": ["script", "kind"],
            },
        ],
        "split": {"rows": UNICODE_ROWS},
    }


def unicode_answer() -> list[Row]:
    """The same table of groups by plain Python, in order of first appearance."""
    groups: dict[tuple[str | None, str], Row] = {}
    for each in characters():
        if each.category[0] not in "LN":
            continue
        script = None if each.name is None else each.name.split(" ", 1)[0]
        kind = "letter" if each.category[0] == "L" else "number"
        group = groups.setdefault(
            (script, kind),
            {
                "script": script,
                "kind": kind,
                "characters": 0,
                "decimal_digits": 0,
                "largest_value": None,
                "first_code_point": each.code_point,
                "last_code_point": each.code_point,
                "longest_name": each.name,
            },
        )
        group["characters"] += 1
        group["decimal_digits"] += each.decimal is not None
        group["last_code_point"] = each.code_point
        if each.numeric is not None:
            known = group["largest_value"]
            group["largest_value"] = each.numeric if known is None else max(known, each.numeric)
        if each.name and len(each.name) > len(group["longest_name"]):
            group["longest_name"] = each.name
    return list(groups.values())


def collatz_document(*, stop: int = COLLATZ_STOP, rows: int = COLLATZ_ROWS) -> dict[str, Any]:
    """The job that follows every number below `stop` down to one."""
    flight = (
        "def flight(n: i64) -> i32:\n"
        "    steps = 0\n"
        "    while n != 1:\n"
        "        n = n // 2 if n % 2 == 0 else 3 * n + 1\n"
        "        steps += 1\n"
        "    return steps"
    )
    return {
        "name": "Longest Collatz flight",
        "about": f"Halve it or triple it and add one: which number below {stop:,} flies longest?",
        "purpose": "A demo of computing, checked against numpy.",
        "source": {"range": {"n": [1, stop]}},
        "functions": {"flight": flight},
        "steps": [
            {"derive": {"steps": "flight(n)"}},
            {
                "aggregate": {
                    "longest": "max(steps)",
                    "start": "arg_max(n, steps)",
                    "all_steps": "sum(steps)",
                }
            },
        ],
        "split": {"rows": rows},
    }


def collatz_answer(*, stop: int = COLLATZ_STOP) -> list[Row]:
    """The same by numpy: each flight until it is below its start, then the rest is looked up."""
    import numpy as np

    fallen = np.zeros(stop, dtype=np.int64)  # steps until a flight is below its start
    below = np.zeros(stop, dtype=np.int64)  # and where it is then
    flying = np.arange(2, stop, dtype=np.int64)
    height = flying.copy()
    steps = 0
    while flying.size:
        height = np.where(height % 2 == 0, height // 2, 3 * height + 1)
        steps += 1
        low = height < flying
        fallen[flying[low]] = steps
        below[flying[low]] = height[low]
        flying, height = flying[~low], height[~low]
    total = fallen.tolist()
    for start, rest in enumerate(below.tolist()):
        if rest:
            total[start] += total[rest]
    longest = max(total)
    return [{"longest": longest, "start": total.index(longest), "all_steps": sum(total)}]


def differences(got: list[Row], expected: list[Row]) -> list[str]:
    """Where two tables differ, as sentences; none if they are equal, row order included."""
    if len(got) != len(expected):
        return [f"{len(got)} rows instead of {len(expected)}"]
    return [
        f"row {index}: {mine!r} instead of {other!r}"
        for index, (mine, other) in enumerate(zip(got, expected, strict=True))
        if mine != other
    ]
