"""One task that does small things later, for all connections: pings, and looking for the pongs.

Accurate to a quarter of a second, and gone while there is nothing to do.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

from owc.web.websocket.driver import Tasks

_TICK_SECONDS = 0.25

_logger = logging.getLogger("owc.web")


class Heartbeat:
    """Calls what it was given when it is due; the calls must not block."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._turn = threading.Lock()
        self._runs = False

    def after(self, seconds: float, call: Callable[[], object]) -> None:
        """Call it in so many seconds, on the heartbeat's own task."""
        entry = (time.monotonic() + seconds, next(self._order), call)
        with self._turn:
            heapq.heappush(self._due, entry)
            if self._runs:
                return
            self._runs = True
        self._tasks.start(self._run)

    def _run(self) -> None:
        while self._has_more():
            self._tasks.sleep(_TICK_SECONDS)
            for call in self._take_due():
                try:
                    call()
                except Exception:
                    _logger.exception("a heartbeat failed")

    def _has_more(self) -> bool:
        with self._turn:
            self._runs = bool(self._due)
            return self._runs

    def _take_due(self) -> list[Callable[[], object]]:
        taken, now = [], time.monotonic()
        with self._turn:
            while self._due and self._due[0][0] <= now:
                taken.append(heapq.heappop(self._due)[2])
        return taken
