"""Structured log events. Their names are API: listed here, and an unlisted one raises.

Each event is one record of the logger `owc`, at the level of the table, whose message is the name
followed by `key=value` pairs, and whose `owc` attribute carries the pairs as a dict.
Nothing personal is ever a value: no addresses, no tokens, no bytes of jobs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Event:
    """How loud an event is, and what it says."""

    level: int
    says: str


EVENTS: Final[Mapping[str, Event]] = {
    "blob_stored": Event(logging.DEBUG, "an upload was stored"),
    "check_done": Event(
        logging.INFO, "the hub ran a sub-job itself: how many of its results agreed"
    ),
    "checkpoint_taken": Event(
        logging.INFO, "a volunteer went, and the rows that it had done of a sub-job were kept"
    ),
    "copies_granted": Event(
        logging.DEBUG, "idle volunteers got copies of what has been running longest"
    ),
    "delivery_failed": Event(logging.WARNING, "Redis was away; reconcile will mend what this lost"),
    "doubts_settled": Event(
        logging.WARNING,
        "what a caught volunteer had left in a job's segments was looked for, and reopened",
    ),
    "expired": Event(logging.INFO, "leases ran out, and how many sub-jobs wait again"),
    "fed": Event(logging.DEBUG, "sub-jobs entered the queues"),
    "hub_run_failed": Event(
        logging.WARNING, "the hub's own run of a sub-job ended without an output"
    ),
    "job_approved": Event(logging.INFO, "an operator let a held job begin"),
    "job_cancelled": Event(logging.INFO, "a job was cancelled, and why"),
    "job_failed": Event(logging.WARNING, "a job failed, and why"),
    "job_audited": Event(logging.INFO, "results of a job were run again before its end"),
    "job_merged": Event(logging.INFO, "a job succeeded: rows of its result"),
    "job_paused": Event(logging.INFO, "a job was paused"),
    "job_resumed": Event(logging.INFO, "a paused job goes on"),
    "job_split": Event(logging.INFO, "all sub-jobs of a job are there"),
    "job_stopped": Event(logging.INFO, "a job's result was found; what comes after is not needed"),
    "job_submitted": Event(logging.INFO, "a document was compiled and stored as a job"),
    "lease_ended": Event(logging.DEBUG, "a lease was given back or ran out"),
    "leases_granted": Event(logging.DEBUG, "volunteers got sub-jobs"),
    "process_lost": Event(logging.WARNING, "a web process died; its volunteers were given up"),
    "pruned": Event(
        logging.DEBUG, "settled sub-jobs went into segments; leases and rows that had served went"
    ),
    "quorum_reached": Event(logging.DEBUG, "enough volunteers agreed on a sub-job"),
    "reconciled": Event(logging.WARNING, "Redis did not agree with SQL, and was mended"),
    "results_taken": Event(logging.DEBUG, "one commit of results: how many of each status"),
    "retained": Event(logging.INFO, "old results, volunteers and blobs were removed"),
    "row_skipped": Event(logging.INFO, "a row fails, and was left out of its job's result"),
    "segment_written": Event(
        logging.DEBUG, "settled sub-jobs of neighbouring rows became one file"
    ),
    "server_started": Event(logging.INFO, "the embedded Redis-protocol server answers"),
    "server_stopped": Event(logging.INFO, "the embedded Redis-protocol server was stopped"),
    "run_process_lost": Event(
        logging.WARNING, "a process that ran a program died, or was killed after its time, and why"
    ),
    "site_added": Event(logging.INFO, "the operator registered an embedding site"),
    "site_refused": Event(
        logging.WARNING, "the frame was asked for by a page that may not embed it, and why"
    ),
    "site_removed": Event(logging.WARNING, "the operator took an embedding site off the register"),
    "sub_job_errored": Event(logging.INFO, "a volunteer could not run a sub-job, and why"),
    "sub_job_halved": Event(
        logging.INFO, "a sub-job turned out too long or too large, and became two"
    ),
    "task_failed": Event(logging.ERROR, "a task raised what nobody expected"),
    "trust_lost": Event(logging.WARNING, "a volunteer was caught; how many results were reopened"),
    "volunteer_banned": Event(logging.WARNING, "the operator banned a volunteer"),
    "volunteer_enrolled": Event(logging.INFO, "a new volunteer said hello"),
    "volunteer_unbanned": Event(logging.INFO, "the operator let a volunteer in again"),
}

_logger = logging.getLogger("owc")


def event(name: str, **values: object) -> None:
    """Log the event `name`. Raises KeyError for a name that is not in `EVENTS`."""
    level = EVENTS[name].level
    if _logger.isEnabledFor(level):
        text = " ".join(f"{key}={json.dumps(value, default=str)}" for key, value in values.items())
        _logger.log(level, "%s %s", name, text, extra={"owc": {"event": name, **values}})
