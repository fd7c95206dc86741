"""When a volunteer's word is enough. Trust is rooted in the hub's own runs. Pure rules.

A newcomer's results are all checked. After `trust_after` agreements in a row a volunteer is
trusted: its results are drawn for a check with a probability that falls with its record and never
reaches zero. One disagreement starts it over; after several it gets no work for a while. What is
promised of results, `wrong_row_bound`, follows from these rules; docs/trust.md derives it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

RECEIVE_BYTES_PER_SECOND: Final = 100_000_000
"""How fast the hub takes in the bytes of a result: hashed, decoded, stored."""

BARRED_AFTER: Final = 3
"""Disagreements that a volunteer has at most before it is barred for a while."""

FIRST_BAR: Final = timedelta(hours=1)
LONGEST_BAR: Final = timedelta(days=30)

FORGIVEN_AFTER: Final = 100
"""Agreements in a row after which earlier disagreements no longer count."""

LONGEST_RECORD: Final = 100_000
"""Agreements up to which a liar's patience is looked at for the bound."""


class Status(StrEnum):
    """How a volunteer stands, as it is told itself."""

    NEW = "new"
    TRUSTED = "trusted"
    LIMITED = "limited"
    BARRED = "barred"
    BANNED = "banned"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A volunteer's record: agreements since the last disagreement, disagreements that count."""

    agreed: int = 0
    disagreed: int = 0

    def after(self, *, agreed: bool) -> Standing:
        """Agreement is earned one by one, and lost all at once."""
        if not agreed:
            return Standing(agreed=0, disagreed=self.disagreed + 1)
        forgiven = self.agreed + 1 >= FORGIVEN_AFTER
        return replace(self, agreed=self.agreed + 1, disagreed=0 if forgiven else self.disagreed)

    def is_trusted(self, trust_after: int) -> bool:
        return self.agreed >= trust_after


def check_rate(agreed: int, *, trust_after: int, spot_check: float) -> float:
    """The probability with which a result of a volunteer with so many agreements is checked.

    1 for a newcomer; then it falls as its record grows, down to `spot_check`.
    """
    if agreed < trust_after:
        return 1.0
    return min(1.0, max(spot_check, trust_after / (agreed + 1)))


def needs_check(standing: Standing, *, trust_after: int, spot_check: float, draw: float) -> bool:
    """Whether this result is checked. `draw` is uniform in [0, 1), and nobody's but the hub's."""
    return draw < check_rate(standing.agreed, trust_after=trust_after, spot_check=spot_check)


def is_cheaper_to_recompute(
    *, run_seconds: float, output_bytes: int, receive_seconds: float
) -> bool:
    """Whether the hub computes a sub-job in less time than it takes to receive its result.

    `receive_seconds`: what one costs apart from its bytes; 0: never.
    """
    if receive_seconds <= 0:
        return False
    return run_seconds <= receive_seconds + output_bytes / RECEIVE_BYTES_PER_SECOND


def bar_after(standing: Standing) -> timedelta | None:
    """For how long a volunteer that was just wrong gets no work; None: it goes on, checked."""
    over = standing.disagreed - BARRED_AFTER
    if over < 0:
        return None
    return min(FIRST_BAR * (1 << min(over, 20)), LONGEST_BAR)


def status_of(
    standing: Standing,
    *,
    trust_after: int,
    barred_until: datetime | None,
    is_banned: bool,
    now: datetime,
) -> Status:
    if is_banned:
        return Status.BANNED
    if barred_until is not None and barred_until > now:
        return Status.BARRED
    if standing.is_trusted(trust_after):
        return Status.TRUSTED
    return Status.LIMITED if standing.disagreed else Status.NEW


def audit_size(
    *, sub_jobs: int, fraction: float, failed: int, sub_job_seconds: float, seconds: float
) -> int:
    """How many of the sub-jobs that rest on one word each the hub runs before a job succeeds.

    At least one, `fraction` of them, as far as they take about `seconds`; twice as many for each
    audit of the job that found something.
    """
    if fraction <= 0 or sub_jobs <= 0:
        return 0
    wanted = math.ceil(fraction * sub_jobs)
    affordable = int(seconds / sub_job_seconds) if sub_job_seconds > 0 else wanted
    return min(sub_jobs, max(1, min(wanted, affordable)) * (1 << min(failed, 30)))


def wrong_row_bound(
    *, liars: float, sub_jobs: int, audited: int, trust_after: int, spot_check: float
) -> float:
    """The probability that a row of a finished job is wrong is at most this.

    `liars`: the share of the work that is given to volunteers that lie, whatever they do and
    however many they are; `sub_jobs` of the job rest on one word each, of which `audited` (at least
    one) are run again at the end. The smaller of two bounds, each of which holds by itself: what a
    record lets its owner get through before it is caught, and what an audit lets pass.
    """
    patience = liars * most_wrong_share(trust_after, spot_check)
    return min(patience, _passes_audits(sub_jobs, audited, spot_check), liars)


@lru_cache(maxsize=64)
def most_wrong_share(trust_after: int, spot_check: float) -> float:
    """The largest share of its results that a volunteer can have believed wrongly, on average over
    its life, however patiently it earns trust first.

    It is honest until it has n agreements, which takes H(n) results, since of a trusted volunteer's
    only those that are checked count; from then on it lies until it is caught, which takes L(n)
    results that are not checked. The largest L / (H + L) over all n.
    """
    honest, worst = 0.0, 0.0
    for agreed in range(LONGEST_RECORD):
        rate = check_rate(agreed, trust_after=trust_after, spot_check=spot_check)
        if rate <= 0:
            return 1.0
        lies = (1 - rate) / rate
        worst = max(worst, lies / (honest + lies) if lies else 0.0)
        if rate == spot_check and agreed > trust_after:
            break  # more patience costs more, and lets no more through
        honest += 1 / rate
    return worst


def _passes_audits(sub_jobs: int, audited: int, spot_check: float) -> float:
    """max over w of w (1-w)^n (1-s)^(wS), twice, since each audit that fails doubles the next n:
    the sum of the maxima of all rounds is below twice the first."""
    if audited <= 0:
        return 1.0
    survives = math.log1p(-min(spot_check, 0.999))
    worst = max(
        share * math.exp(audited * math.log1p(-share) + share * sub_jobs * survives)
        for share in (step / 1000 for step in range(1, 1000))
    )
    return min(1.0, 2 * worst)
