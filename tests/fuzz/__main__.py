"""`python -m tests.fuzz --expressions 100000 --seed 7`: many expressions, told how it went."""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from tests.fuzz import dialect
from tests.fuzz.compare import Report, run


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--expressions", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    arguments.add_argument("--only", nargs="*", default=(), help="functions or operators")
    given = arguments.parse_args()
    print(f"seed {given.seed}")
    begun = time.monotonic()
    report = run(given.seed, given.expressions, only=given.only)
    show(report)
    print(f"{time.monotonic() - begun:.0f} s")
    return 1 if report.differences or (report.uncovered and not given.only) else 0


def show(report: Report) -> None:
    made, refused = report.coverage.made, report.coverage.refused
    for name in sorted(made, key=lambda name: made[name]):
        print(f"{made[name]:8} {name}" + (f"  ({refused[name]} refused)" if refused[name] else ""))
    for name, why in sorted(dialect.LEFT_OUT.items()):
        print(f"       - {name}: {why}")
    for why, count in report.refused_by_duckdb.most_common():
        print(f"{count:8} refused by DuckDB: {why}\n         {report.first_refused.get(why, '')}")
    for difference in report.differences:
        print(difference)
    print(
        f"{report.expressions:,} expressions, {report.values:,} values, {report.nulls:,} NULLs, "
        f"{report.traps:,} errors, {report.excused:,} excused, "
        f"{sum(report.refused_by_duckdb.values()):,} refused by DuckDB, "
        f"{len(report.differences)} differences"
    )
    if report.uncovered:
        print("not covered:", ", ".join(report.uncovered))


if __name__ == "__main__":
    sys.exit(main())
