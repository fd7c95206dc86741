"""Many runs in one table: what was accepted that is wrong, how sure that is, and what it all cost.

The rate of wrong rows is that of merged sub-jobs, of which one lie makes one wrong. Sub-jobs of a
job share their volunteers, so they are not independent: jobs are clusters. The variance is that of
a ratio over clusters; it gives the number of independent sub-jobs that would tell as much, and with
that number goes a Wilson interval. Beside it stands an exact interval (Clopper and Pearson) for the
share of jobs with any wrong sub-job, for which jobs need only be independent of each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

Z: Final = 1.959964
"""Of 95 %."""

Interval = tuple[float, float]


def wilson(share: float, trials: float) -> Interval:
    """Of a share of so many trials, which need not be whole."""
    if trials <= 0:
        return 0.0, 1.0
    middle = share + Z * Z / (2 * trials)
    reach = Z * math.sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
    whole = 1 + Z * Z / trials
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)


def clopper_pearson(hits: int, trials: int, alpha: float = 0.05) -> Interval:
    """The exact interval of so many hits."""
    if trials == 0:
        return 0.0, 1.0
    low = 0.0 if hits == 0 else _root(lambda p: 1 - _at_most(hits - 1, trials, p) - alpha / 2)
    high = 1.0 if hits == trials else _root(lambda p: alpha / 2 - _at_most(hits, trials, p))
    return low, high


def _at_most(hits: int, trials: int, p: float) -> float:
    """The probability of at most so many hits."""
    if p <= 0.0 or p >= 1.0:
        return 1.0 if p <= 0.0 or hits >= trials else 0.0
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(p)
        + (trials - k) * math.log1p(-p)
        for k in range(hits + 1)
    )
    return min(1.0, sum(map(math.exp, logs)))


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Wrong sub-jobs among merged ones, over jobs. `trials`: independent sub-jobs that would tell
    as much; `bound`: the published one, the mean over the same jobs by sub-jobs."""

    jobs: int
    sub_jobs: int
    wrong: int
    share: float
    trials: float
    interval: Interval
    jobs_wrong: int
    jobs_interval: Interval
    bound: float

    @property
    def keeps_bound(self) -> bool:
        """Whether the share is at most what was published."""
        return self.share <= self.bound


def rate_of(jobs: Sequence[Mapping[str, Any]]) -> Rate:
    """Of jobs that succeeded, as `JobOutcome` has them."""
    pairs = [(job["wrong"], job["sub_jobs"]) for job in jobs]
    wrong, sub_jobs = sum(w for w, _ in pairs), sum(n for _, n in pairs)
    share = wrong / sub_jobs if sub_jobs else 0.0
    variance = 0.0
    if len(pairs) > 1 and wrong:
        residuals = sum((w - share * n) ** 2 for w, n in pairs)
        variance = residuals * len(pairs) / (len(pairs) - 1) / sub_jobs**2
    trials = min(share * (1 - share) / variance, sub_jobs) if variance > 0 else float(len(pairs))
    hit = sum(w > 0 for w, _ in pairs)
    return Rate(
        jobs=len(pairs),
        sub_jobs=sub_jobs,
        wrong=wrong,
        share=share,
        trials=trials,
        interval=wilson(share, trials),
        jobs_wrong=hit,
        jobs_interval=clopper_pearson(hit, len(pairs)),
        bound=sum(job["bound"] * job["sub_jobs"] for job in jobs) / max(sub_jobs, 1),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """`overhead`: seconds that volunteers and the hub spent over those that the results needed, of
    all runs with their faults."""

    runs: int
    violations: Mapping[int, str]
    virtual_hours: float
    events: int
    volunteers: int
    liars: Mapping[str, int]
    states: Mapping[str, int]
    adaptive: Rate
    quorum: Rate
    wrong_by: Mapping[str, int]
    overhead: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report_of(outcomes: Iterable[Mapping[str, Any]]) -> Report:
    """Of runs, as `RunOutcome` has them."""
    runs = list(outcomes)
    jobs = [job for run in runs for job in run["jobs"]]
    done = [job for job in jobs if job["state"] == "succeeded"]
    liars: Counter[str] = Counter()
    wrong_by: Counter[str] = Counter()
    for run in runs:
        liars.update(run["liars"])
    for job in done:
        wrong_by.update(job["wrong_by"])
    spent = sum(job["spent"] for job in jobs) + sum(run["hub_seconds"] for run in runs)
    return Report(
        runs=len(runs),
        violations={run["seed"]: run["violation"] for run in runs if run["violation"]},
        virtual_hours=sum(run["virtual_seconds"] for run in runs) / 3600,
        events=sum(run["events"] for run in runs),
        volunteers=sum(run["volunteers"] for run in runs),
        liars=dict(sorted(liars.items())),
        states=dict(Counter(job["state"] for job in jobs)),
        adaptive=rate_of([job for job in done if job["replicas"] == 1]),
        quorum=rate_of([job for job in done if job["replicas"] > 1]),
        wrong_by=dict(wrong_by.most_common()),
        overhead=spent / max(sum(job["needed"] for job in done), 1e-9),
    )


def as_text(report: Report) -> str:
    """A table to read."""
    lines = [
        (
            f"runs                {report.runs:,} ({report.virtual_hours:,.1f} virtual hours,"
            f" {report.events:,} events)"
        ),
        f"volunteers          {report.volunteers:,}, of whom lie {sum(report.liars.values()):,}",
        f"jobs                {_pairs(report.states)}",
        f"liars               {_pairs(report.liars)}",
        *_rate_lines("adaptive", report.adaptive),
        *_rate_lines("quorum of two", report.quorum),
        f"wrong by            {_pairs(report.wrong_by) or '-'}",
        f"overhead            {report.overhead:.2f}, with all faults and from the first result on",
        f"violations          {len(report.violations)}",
    ]
    lines += [f"  seed {seed}: {text.splitlines()[-1]}" for seed, text in report.violations.items()]
    return "\n".join(lines)


def _rate_lines(name: str, rate: Rate) -> list[str]:
    low, high = rate.interval
    jobs_low, jobs_high = rate.jobs_interval
    return [
        (
            f"{name:<19} {rate.wrong} of {rate.sub_jobs:,} merged sub-jobs are wrong:"
            f" {rate.share:.5f}, 95 % [{low:.5f}, {high:.5f}]"
            f" as of {rate.trials:,.0f} independent ones;"
            f" published bound {rate.bound:.5f}"
        ),
        (
            f"{'':<19} {rate.jobs_wrong} of {rate.jobs:,} jobs have a wrong one,"
            f" 95 % [{jobs_low:.5f}, {jobs_high:.5f}]"
        ),
    ]


def _pairs(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
