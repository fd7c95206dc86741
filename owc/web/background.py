"""What a web process does by itself: upkeep, news from Redis, storing results, telling pages.

Each duty is a loop around one pass, on its own background task; a pass that fails is logged and the
next one tried. Nothing here decides anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import socketio

from owc.domain.nudging import share
from owc.errors import OwcError, QueueUnavailable
from owc.queue import Task
from owc.services import copies, openings, presence, upkeep
from owc.services.hub import Hub
from owc.services.openings import Opening
from owc.web.runtime import Runtime
from owc.web.volunteer_events import VolunteerEvents
from owc.web.watch_events import PAUSE_SECONDS, WatchEvents

_LISTEN_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_NUDGED_A_PASS = 64
_TAIL_SECONDS = 0.3

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
        self._connected = 0  # to all processes, at the last beat
        settings = runtime.settings
        self._duties: list[tuple[Callable[[], object], float]] = [
            (self.feed_and_expire, settings.upkeep_seconds),
            (self.copy_tails, _TAIL_SECONDS),
            (self.beat, presence.BEAT_SECONDS),
            (self.prune, settings.prune_seconds),
            (self.reconcile, settings.reconcile_seconds),
            (self.retain, settings.retain_seconds),
            (watchers.tell, PAUSE_SECONDS),
        ]

    def add(self, duty: Callable[[], object], pause_seconds: float) -> None:
        """One more duty to repeat; before `start`."""
        self._duties.append((duty, pause_seconds))

    def start(self) -> None:
        """Start all duties."""
        self._going = True
        start = self._server.start_background_task
        self._tasks = [start(self._volunteers.exchange.run), start(self._listen)]
        self._tasks += [start(self._repeat, duty, pause) for duty, pause in self._duties]

    def stop(self) -> None:
        """End all duties and wait for them; results that have arrived are stored first."""
        self._going = False
        self._volunteers.exchange.stop()
        for task in self._tasks:
            task.join()
        self._tasks = []
        try:
            self._runtime.write(presence.part, self._runtime.hub, self._runtime.process_id)
        except OwcError:
            _logger.warning("the database is away; others will find this process gone")

    def feed_and_expire(self) -> None:
        """Give back what ran out of time, take on what takes too long or waits for a second
        opinion in vain, top the queues up."""
        hub = self._runtime.hub
        self._runtime.write(upkeep.expire, hub)
        self._runtime.write(upkeep.relieve, hub)
        self._runtime.write(upkeep.arbitrate, hub)
        self._runtime.write(upkeep.feed, hub)
        # Who was told before may never have asked, and who asked may have missed the news.
        if self._volunteers.connections.waiting:
            self._tell(self._runtime.read(openings.queued, hub))

    def copy_tails(self) -> None:
        """Tell idle volunteers of what they could copy: a tail is short, and each second of it is
        waited for by a whole job."""
        if idle := self._volunteers.connections.waiting:
            most = min(idle, _NUDGED_A_PASS)
            self._tell(self._runtime.read(copies.tails, self._runtime.hub, most))

    def beat(self) -> None:
        """Say that this process lives; give up the volunteers of those that do not, and count those
        that are connected."""
        self._runtime.write(presence.beat, self._runtime.hub, self._runtime.process_id)
        self._connected = self._runtime.read(presence.connected, self._runtime.hub)

    def prune(self) -> None:
        """Have a worker put away what is settled: files are written, which takes a while."""
        self._runtime.write(
            _order, self._runtime.hub, "prune", self._runtime.settings.prune_seconds
        )

    def retain(self) -> None:
        """Have a worker remove what has been kept long enough."""
        seconds = self._runtime.settings.retain_seconds
        self._runtime.write(_order, self._runtime.hub, "retain", seconds)

    def reconcile(self) -> None:
        """Mend what Redis lost or kept too long."""
        self._runtime.write(upkeep.reconcile, self._runtime.hub)

    def pass_on(self, news: dict[str, Any]) -> None:
        """Do what a piece of news from Redis asks for."""
        volunteers = self._volunteers
        match news:
            case {"topic": "work", "queue": str(queue), "sub_jobs": int(count)}:
                here = volunteers.connections.volunteers
                told = share(count, here=here, everywhere=self._connected)
                volunteers.nudge(told, queue, news.get("strategy"))
            case {"topic": "jobs", "job_ids": list(job_ids)}:
                self._watchers.jobs_changed(job_ids)
            case {"topic": "arrived", "volunteer_id": str(who), "process_id": str(where)}:
                volunteers.arrived(who, where)
            case {"topic": "standing", "volunteer_ids": list(volunteer_ids)}:
                volunteers.stand(volunteer_ids)
            case {"topic": "revoke", "volunteer_id": str(who), "lease_id": str(lease_id)}:
                reason = str(news.get("reason") or "The lease has ended.")
                volunteers.revoke(who, lease_id, news.get("sub_job_ids"), reason)

    def _tell(self, found: Iterable[Opening]) -> None:
        for each in found:
            most = min(each.sub_jobs, _NUDGED_A_PASS)
            self._volunteers.nudge(most, each.queue, each.strategy)

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
                    self.pass_on(news)
            except QueueUnavailable as error:
                _logger.warning("no news from Redis: %s", error)
                self._server.sleep(_RETRY_SECONDS)
            except Exception:
                _logger.exception("a piece of news could not be passed on")
        subscription.close()


def _order(hub: Hub, name: str, seconds: float) -> None:
    """Let one of all web processes order a task, once in so many seconds."""
    with hub.delivery(name):
        hub.queue.enqueue_task_once(Task(id=name, function=name, args=()), seconds=seconds)
