"""What a web process does by itself: upkeep, news from Redis, storing results, telling pages.

Each duty is a loop around one pass, on its own background task; a pass that fails is logged and the
next one tried. Nothing here decides anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import socketio

from owc.errors import QueueUnavailable
from owc.services import upkeep
from owc.web.runtime import Runtime
from owc.web.volunteer_events import VolunteerEvents
from owc.web.watch_events import PAUSE_SECONDS, WatchEvents

_LISTEN_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_NUDGED_A_PASS = 64

_logger = logging.getLogger("owc.web")


class Background:
    """The background tasks of one web process."""

    def __init__(
        self,
        runtime: Runtime,
        server: socketio.Server,
        volunteers: VolunteerEvents,
        watchers: WatchEvents,
    ) -> None:
        self._runtime, self._server = runtime, server
        self._volunteers, self._watchers = volunteers, watchers
        self._going = False
        self._tasks: list[Any] = []
        settings = runtime.settings
        self._duties: list[tuple[Callable[[], object], float]] = [
            (self.feed_and_expire, settings.upkeep_seconds),
            (self.reconcile, settings.reconcile_seconds),
            (watchers.tell, PAUSE_SECONDS),
        ]

    def add(self, duty: Callable[[], object], pause_seconds: float) -> None:
        """One more duty to repeat; before `start`."""
        self._duties.append((duty, pause_seconds))

    def start(self) -> None:
        """Start all duties."""
        self._going = True
        start = self._server.start_background_task
        self._tasks = [start(self._volunteers.collector.run), start(self._listen)]
        self._tasks += [start(self._repeat, duty, pause) for duty, pause in self._duties]

    def stop(self) -> None:
        """End all duties and wait for them; results that have arrived are stored first."""
        self._going = False
        self._volunteers.collector.stop()
        for task in self._tasks:
            task.join()
        self._tasks = []

    def feed_and_expire(self) -> None:
        """Give back what ran out of time and top the queues up."""
        hub = self._runtime.hub
        self._runtime.write(upkeep.expire, hub)
        fed = self._runtime.write(upkeep.feed, hub)
        if fed.queued:
            # Who was told before may never have asked, and who asked may have missed the news.
            self._volunteers.nudge(_NUDGED_A_PASS)

    def reconcile(self) -> None:
        """Mend what Redis lost or kept too long."""
        self._runtime.write(upkeep.reconcile, self._runtime.hub)

    def _repeat(self, duty: Callable[[], object], pause_seconds: float) -> None:
        while self._going:
            try:
                duty()
            except Exception:
                _logger.exception("%s failed; trying again", duty.__name__)
            waited = 0.0
            while self._going and waited < pause_seconds:
                step = min(0.2, pause_seconds - waited)
                self._server.sleep(step)
                waited += step

    def _listen(self) -> None:
        subscription = self._runtime.hub.push.subscribe()
        while self._going:
            try:
                news = subscription.next(_LISTEN_SECONDS)
                if news is not None:
                    self._pass_on(news)
            except QueueUnavailable as error:
                _logger.warning("no news from Redis: %s", error)
                self._server.sleep(_RETRY_SECONDS)
            except Exception:
                _logger.exception("a piece of news could not be passed on")
        subscription.close()

    def _pass_on(self, news: dict[str, Any]) -> None:
        match news.get("topic"):
            case "work":
                self._volunteers.nudge()
            case "job":
                self._watchers.job_changed(news)
            case "revoke":
                reason = str(news.get("reason") or "The lease has ended.")
                self._volunteers.revoke(str(news["volunteer_id"]), str(news["lease_id"]), reason)
