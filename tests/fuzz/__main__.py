"""`python -m tests.fuzz expressions 100000 --seed 7`: many cases, and told how it went.

`expressions` are compared with DuckDB, `functions` with CPython, `jobs` with themselves in other
partitions, `frames` of WebSockets with wsproto, and `documents` are compiled (`documents --guided`:
atheris looks for ones that reach new parts of the compiler).
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.fuzz import compare, compiling, dialect, frames, functions, jobs

CASES = {
    "expressions": 100_000,
    "functions": 5_000,
    "frames": 20_000,
    "jobs": 5_000,
    "documents": 20_000,
}


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kind", choices=CASES)
    arguments.add_argument("cases", type=int, nargs="?")
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    arguments.add_argument("--only", nargs="*", default=(), help="functions or operators")
    arguments.add_argument("--guided", action="store_true", help="let atheris guide")
    given = arguments.parse_args()
    cases = given.cases or CASES[given.kind]
    if given.guided:
        return compiling.guided(cases)
    print(f"{given.kind}, seed {given.seed}")
    begun = time.monotonic()
    match given.kind:
        case "expressions":
            failed = _expressions(given.seed, cases, given.only)
        case "functions":
            failed = _functions(given.seed, cases)
        case "frames":
            frames.run(given.seed, cases)
            failed = False  # it raises
        case "jobs":
            failed = _jobs(given.seed, cases)
        case _:
            failed = _documents(given.seed, cases)
    print(f"{time.monotonic() - begun:.0f} s")
    return int(failed)


def _expressions(seed: int, cases: int, only: list[str]) -> bool:
    each = partial(compare.run, only=only)
    reports = _in_processes(each, seed, cases)
    made: Counter[str] = sum((report.coverage.made for report in reports), Counter())
    refused: Counter[str] = sum((report.refused_by_duckdb for report in reports), Counter())
    _show_counts(made)
    for name, why in sorted(dialect.LEFT_OUT.items()):
        print(f"       - {name}: {why}")
    for why, count in refused.most_common():
        print(f"{count:8} refused by DuckDB: {why}")
        print(next((r.first_refused[why] for r in reports if why in r.first_refused), ""))
    differences = [one for report in reports for one in report.differences]
    print(*differences, sep="\n")
    uncovered = set.intersection(*(set(report.uncovered) for report in reports))
    print(
        f"{sum(r.expressions for r in reports):,} expressions, "
        f"{sum(r.values for r in reports):,} values, {sum(r.nulls for r in reports):,} NULLs, "
        f"{sum(r.traps for r in reports):,} errors, {sum(r.excused for r in reports):,} excused, "
        f"{sum(refused.values()):,} refused by DuckDB, {len(differences)} differences"
    )
    return bool(differences) or _missing(uncovered, only)


def _functions(seed: int, cases: int) -> bool:
    reports = _in_processes(functions.run, seed, cases)
    _show_counts(sum((report.outcomes for report in reports), Counter()))
    differences = [one for report in reports for one in report.differences]
    print(*differences, sep="\n")
    print(f"{sum(r.functions for r in reports):,} functions, {len(differences)} differences")
    return bool(differences)


def _jobs(seed: int, cases: int) -> bool:
    reports = _in_processes(jobs.run, seed, cases)
    _show_counts(sum((report.made for report in reports), Counter()))
    refused: Counter[str] = sum((report.refused for report in reports), Counter())
    for why, count in refused.most_common(20):
        print(f"{count:8} refused: {why}")
    differences = [one for report in reports for one in report.differences]
    print(*differences, sep="\n")
    print(
        f"{sum(r.jobs for r in reports):,} jobs, "
        f"{sum(r.partitions for r in reports):,} partitions, "
        f"{sum(refused.values()):,} refused, {len(differences)} differences"
    )
    uncovered = set.intersection(*(set(report.uncovered) for report in reports))
    return bool(differences) or _missing(uncovered, [])


def _documents(seed: int, cases: int) -> bool:
    reports = _in_processes(compiling.run, seed, cases)
    failures = [one for report in reports for one in report.failures]
    print(*failures, sep="\n")
    print(
        f"{sum(r.documents for r in reports):,} documents, "
        f"{sum(r.programs for r in reports):,} programs, {len(failures)} failures; "
        f"at most {max(r.seconds for r in reports):.2f} s "
        f"and {max(r.grown_bytes for r in reports) >> 20} MiB"
    )
    return bool(failures)


def _in_processes(run, seed: int, cases: int):  # type: ignore[no-untyped-def]  # any kind of report
    """A report of each processor; the same seed and processors give the same cases."""
    count = os.cpu_count() or 1
    with ProcessPoolExecutor(count) as pool:
        futures = [pool.submit(run, seed + number, -(-cases // count)) for number in range(count)]
        return [future.result() for future in futures]


def _show_counts(made: Counter[str]) -> None:
    for name in sorted(made, key=lambda name: made[name]):
        print(f"{made[name]:8} {name}")


def _missing(uncovered: set[str], only: list[str]) -> bool:
    if uncovered and not only:
        print("not covered:", ", ".join(sorted(uncovered)))
    return bool(uncovered) and not only


if __name__ == "__main__":
    sys.exit(main())
