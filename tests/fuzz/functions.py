"""Generated functions, some with arrays and calls of each other, against CPython."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.jobspec.test_functions_arrays_differential import documents
from tests.jobspec.test_functions_differential import cases, compare


@dataclass(slots=True)
class Report:
    """What a run found: how often each outcome was met, and the first difference of each kind."""

    functions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def run(seed: int, functions: int) -> Report:
    """Compare so many functions, half of them with arrays."""
    report = Report()
    for strategy in (cases().map(lambda case: ({"f": case[0]}, case[1])), documents()):

        @seeded(seed)
        @settings(
            max_examples=-(-functions // 2),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def each(case: tuple[dict[str, str], list[list[Any]]]) -> None:
            report.functions += 1
            report.outcomes += compare(*case)

        try:
            each()
        except AssertionError as difference:
            report.differences.append(str(difference))
    return report
