"""The one hub of this process: opened by the first task, from the environment or by the worker."""

from __future__ import annotations

import threading

from owc.services.hub import Hub, open_hub
from owc.settings import Settings

_lock = threading.Lock()
_hub: Hub | None = None


def process_hub() -> Hub:
    """The hub of this process; opened from OWC_* if `use_hub` was not called before."""
    global _hub  # noqa: PLW0603 - one hub a process is the point
    with _lock:
        if _hub is None:
            _hub = open_hub(Settings.from_env())
        return _hub


def use_hub(hub: Hub | None) -> None:
    """Let the tasks of this process use this hub."""
    global _hub  # noqa: PLW0603 - one hub a process is the point
    with _lock:
        _hub = hub
