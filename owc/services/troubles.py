"""A volunteer could not run a sub-job, or sent what is no output of it.

Running out of time or memory, or an output that is too large, says little about the sub-job at
first: it goes to another volunteer. If that one fares no better it is halved, since fewer rows need
less of all three. What cannot be halved is run by the hub in the end, which decides.
"""

from __future__ import annotations

from typing import Final

from owc import telemetry
from owc.domain.states import Outcome, SubJobState
from owc.services import moves, replacing
from owc.services.aftermath import Change
from owc.services.values import Receipt, Report, receipt
from owc.store import JobRow, LeaseRow, SubJobRow

TOO_MUCH: Final = ("out_of_memory", "step_too_long", "result_too_large")
"""How the text of an error begins that fewer rows may mend."""

HALVED_AFTER: Final = 2
ERROR_CHARS: Final = 500


def take_trouble(
    change: Change,
    report: Report,
    *,
    refusal: str | None,
    lease: LeaseRow,
    job: JobRow,
    sub_job: SubJobRow,
) -> Receipt:
    """End the sub-job in that lease and let it go on elsewhere. `refusal`: why its bytes were no
    output; else the report says what was the matter."""
    text = (refusal or report.error or "")[:ERROR_CHARS]
    if lease.entries[sub_job.id] is None:
        moves.end_entries(change, lease, [sub_job.id], Outcome.ERRORED)
        telemetry.event("sub_job_errored", sub_job_id=sub_job.id, lease_id=lease.id, error=text)
        if sub_job.state is SubJobState.LEASED:
            sub_job.failures += 1
            if not moves.another_holds(change, sub_job, lease.id):
                _move_on(change, job, sub_job, text)
    elif refusal is None:
        return receipt(report, "too_late", "The lease had ended.")
    if refusal is not None:
        return receipt(report, "refused", refusal)
    return receipt(report, "stored", "The sub-job goes to another volunteer.")


def _move_on(change: Change, job: JobRow, sub_job: SubJobRow, text: str) -> None:
    is_too_much = text.startswith(TOO_MUCH) and sub_job.failures >= HALVED_AFTER
    is_too_much = is_too_much and sub_job.asks is None  # somebody has done it
    if not (is_too_much and replacing.halve(change, job, sub_job)):
        moves.return_sub_job(change, sub_job)
