"""Structured log events. Their names are API: listed here, and an unlisted one raises.

Each event is one record of the logger `owc` at INFO (or WARNING, see the table) whose message is
the name followed by `key=value` pairs, and whose `owc` attribute carries the pairs as a dict.
Nothing personal is ever a value: no addresses, no tokens, no bytes of jobs.
"""

import json
import logging
from typing import Final

EVENTS: Final[dict[str, int]] = {
    "blob_stored": logging.DEBUG,
    "check_done": logging.INFO,
    "delivery_failed": logging.WARNING,
    "expired": logging.INFO,
    "fed": logging.DEBUG,
    "hub_run_failed": logging.WARNING,
    "job_approved": logging.INFO,
    "job_cancelled": logging.INFO,
    "job_failed": logging.WARNING,
    "job_merged": logging.INFO,
    "job_split": logging.INFO,
    "job_submitted": logging.INFO,
    "lease_ended": logging.DEBUG,
    "lease_granted": logging.DEBUG,
    "reconciled": logging.WARNING,
    "results_taken": logging.DEBUG,
    "server_started": logging.INFO,
    "server_stopped": logging.INFO,
    "task_failed": logging.ERROR,
    "trust_lost": logging.WARNING,
    "volunteer_enrolled": logging.INFO,
}

_logger = logging.getLogger("owc")


def event(name: str, **values: object) -> None:
    """Log the event `name`. Raises KeyError for a name that is not in `EVENTS`."""
    level = EVENTS[name]
    if _logger.isEnabledFor(level):
        text = " ".join(f"{key}={json.dumps(value, default=str)}" for key, value in values.items())
        _logger.log(level, "%s %s", name, text, extra={"owc": {"event": name, **values}})
