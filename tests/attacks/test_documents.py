"""Documents that make a parser, a pattern or the compiler think: refused or compiled within bounds.

What they cost is measured in a process of their own. Random documents: `tests/fuzz` (documents).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jobspec
from tests.web.served import ROOT

MOST_SECONDS = 5.0
MOST_BYTES = 500 << 20

Document = dict[str, Any]


def job(**parts: Any) -> Document:
    return {
        "name": "x",
        "source": {"range": {"n": [0, 100]}},
        "steps": [{"derive": {"y": "n"}}],
        **parts,
    }


def sql(text: str, *, times: int = 1) -> Document:
    """The expression over a number n and a text s."""
    steps = [{"derive": {f"y{number}": text}} for number in range(times)]
    return job(source={"rows": [{"n": 1, "s": "a" * 50}]}, steps=steps)


def function(body: str, head: str = "def f(n: i64) -> i64:\n") -> Document:
    return job(functions={"f": head + body}, steps=[{"derive": {"y": "f(n)"}}])


def pattern(text: str, *, times: int = 1) -> Document:
    return sql(f"regexp_matches(s, '{text}')", times=times)


HOSTILE: dict[str, Callable[[], Document]] = {
    "brackets": lambda: sql("(" * 4000 + "n" + ")" * 4000),
    "open brackets": lambda: sql("(" * 9000),
    "signs": lambda: sql("- " * 4900 + "n"),
    "NOT": lambda: sql("NOT " * 2400 + "true"),
    "a sum": lambda: sql("+".join(["n"] * 4900)),
    "ORs": lambda: sql(" OR ".join(["n = 1"] * 1000)),
    "a list": lambda: sql("n IN (" + ",".join(map(str, range(2000))) + ")"),
    "a list of texts": lambda: sql("s IN (" + ",".join(f"'{n}'" for n in range(1300)) + ")"),
    "CASEs": lambda: sql("CASE WHEN n = 1 THEN " * 350 + "1" + " END" * 350),
    "casts": lambda: sql("n" + "::i64" * 1900),
    "calls": lambda: sql("abs(" * 2000 + "n" + ")" * 2000),
    "queries": lambda: sql("(SELECT " * 800 + "1" + ")" * 800),
    "quotes": lambda: sql("'" * 9999),
    "comments": lambda: sql("/*" * 4900),
    "dots": lambda: sql("a." * 4900 + "a"),
    "texts that double": lambda: job(
        source={"rows": [{"t0": "a"}]},
        steps=[{"derive": {f"t{n + 1}": f"t{n} || t{n}"}} for n in range(60)],
    ),
    "numbers that double": lambda: job(
        source={"rows": [{"t0": 1}]},
        steps=[{"derive": {f"t{n + 1}": f"t{n} * t{n}"}} for n in range(60)],
    ),
    "a long text": lambda: sql("repeat(repeat(repeat('aaaaaaaaaa', 10000), 10000), 10000)"),
    "a long number": lambda: sql("9" * 9000),
    "a long exponent": lambda: sql("1e" + "9" * 5000),
    "LIKE": lambda: sql("s LIKE '" + "%a_" * 2500 + "'"),
    "LIKE without an end": lambda: sql("s LIKE '" + "%" * 9000 + "b'"),
    "pattern: repeats of repeats": lambda: pattern("(a{1,1000}){1,1000}"),
    "pattern: stars of stars": lambda: pattern("(a*)*" * 400),
    "pattern: a choice that doubles": lambda: pattern("(a|b)*a" + "(a|b)" * 18),
    "pattern: backtracking": lambda: pattern("(x+x+)+y" * 150),
    "pattern: a wide gap": lambda: pattern(".{0,800}x"),
    "pattern: brackets": lambda: pattern("(" * 3000 + "a" + ")" * 3000),
    "pattern: many": lambda: pattern("(.*a.{12}){2}", times=60),
    "pattern: classes": lambda: pattern(r"(\p{L}|\p{N}|\p{S}|\p{P}){0,400}"),
    "function: brackets": lambda: function("    return " + "(" * 9000 + "n" + ")" * 9000),
    "function: signs": lambda: function("    return " + "-" * 18_000 + "n"),
    "function: powers": lambda: function("    return 9 ** 9 ** 9 ** 9"),
    "function: shifts": lambda: function("    return 1 << 99999999999"),
    "function: digits": lambda: function("    return " + "9" * 19_000),
    "function: a text times": lambda: function("    return 'a' * 99999999999"),
    "function: a list times": lambda: function("    x = [0.0] * 99999999999\n    return n"),
    "function: comparisons": lambda: function(
        "    return " + "<".join(["n"] * 8000), "def f(n: i64) -> bool:\n"
    ),
    "function: nesting": lambda: function(
        "".join("    " * depth + "while n:\n" for depth in range(1, 60)) + "    " * 60 + "n = 1"
    ),
    "function: decorators": lambda: function("    return n", "@a\n" * 5000 + "def f(n: i64):\n"),
    "function: null": lambda: function("    return n\0"),
    "functions: calls": lambda: job(
        functions={
            f"call{n}": f"def call{n}(n: i64) -> i64:\n    return "
            + (" + ".join([f"call{n - 1}(n)"] * 50) if n else "n")
            for n in range(60)
        },
        steps=[{"derive": {"y": "call59(n)"}}],
    ),
    "wide rows": lambda: job(source={"rows": [{f"k{n}": 1 for n in range(70_000)}]}),
    "many rows": lambda: job(source={"rows": [{"a": n} for n in range(80_000)]}),
    "rows of other keys": lambda: job(source={"rows": [{f"k{n}": 1} for n in range(60_000)]}),
    "many problems": lambda: job(steps=[{"filter": "zz"}] * 9000),
    "near misses": lambda: job(
        source={"rows": [{f"{n:03d}" * 40: 1 for n in range(256)}]},
        steps=[{"select": [f"{n:04d}" * 30 for n in range(5000)]}],
    ),
    "a wide product": lambda: job(source={"range": {f"a{n}": [0, 10**6] for n in range(8)}}),
    "many shared tables": lambda: job(
        shared={f"s{n}": {"rows": [{"a": m} for m in range(900)]} for n in range(60)}
    ),
    "many aggregates": lambda: job(
        steps=[{"aggregate": {f"a{n}": "approx_count_distinct(n)" for n in range(250)}}]
    ),
    "templates": lambda: job(name="{{ 7 * 7 }}{% for x in range(9**9) %}", about="{{ config }}"),
    "half characters": lambda: job(name="\ud800"),
}


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """What each cost: processor seconds, and by how much it raised the peak of memory."""
    command = [sys.executable, "-m", "tests.attacks.test_documents"]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=250, check=False
    )
    assert run.returncode == 0, run.stdout[-300:] + run.stderr[-2000:]
    return {found["name"]: found for found in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_document_costs_more_than_it_may(measured: dict[str, dict[str, Any]], name: str) -> None:
    assert measured[name]["seconds"] < MOST_SECONDS, measured[name]
    assert measured[name]["bytes"] < MOST_BYTES, measured[name]


def measure(name: str) -> dict[str, Any]:
    """Compile it here."""
    raw = json.dumps(HOSTILE[name]()).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    try:
        outcome = f"{len(jobspec.check_document(raw, unknown, jobspec.Limits()).wasm)} bytes"
    except jobspec.DocumentError as error:
        outcome = error.problems[0].code
    return {
        "name": name,
        "seconds": time.process_time() - begun,
        "bytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024,
        "outcome": outcome,
    }


def unknown(sha256: str) -> Path:
    raise LookupError(sha256)


if __name__ == "__main__":
    assert jobspec.check_document(json.dumps(job()).encode(), unknown, jobspec.Limits()).wasm
    for each in HOSTILE:
        sys.stdout.write(json.dumps(measure(each)) + "\n")
