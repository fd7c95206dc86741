"""Socket.IO namespace `/watch`: pages that follow jobs, told at most a few times a second."""

from __future__ import annotations

from collections.abc import Iterable

import socketio
from pydantic import ValidationError

from owc.errors import NotFound
from owc.services import catalogue
from owc.web.messages import WATCH_NAMESPACE, JobChanged, WatchJob, WatchJobs
from owc.web.runtime import Runtime

PAUSE_SECONDS = 0.4
_ALL_JOBS = "jobs"
_MOST_A_PASS = 200
_WISHES = 100  # of a page, in its whole life: each asks the database


class WatchEvents:
    """Rooms of watching pages, and the jobs that changed since they were last told."""

    def __init__(self, runtime: Runtime, server: socketio.Server) -> None:
        self._runtime = runtime
        self._server = server
        self._changed: dict[str, None] = {}  # in the order in which they changed
        self._watching: dict[str, int] = {}  # by socket, how many wishes it has left

    def register(self) -> None:
        """Attach the handlers to the Socket.IO server."""
        self._server.on("connect", self._connect, namespace=WATCH_NAMESPACE)
        self._server.on("disconnect", self._disconnect, namespace=WATCH_NAMESPACE)
        self._server.on("watch_jobs", self._watch_jobs, namespace=WATCH_NAMESPACE)
        self._server.on("watch_job", self._watch_job, namespace=WATCH_NAMESPACE)

    def jobs_changed(self, job_ids: Iterable[str]) -> None:
        """Note that these changed; `tell` looks at them."""
        if self._watching:
            self._changed.update(dict.fromkeys(job_ids))

    def tell(self) -> int:
        """One pass: emit the summary of each changed job; returns how many were told."""
        changed = list(self._changed)[:_MOST_A_PASS]
        for job_id in changed:
            del self._changed[job_id]
        if not changed:
            return 0
        for summary in self._runtime.read(catalogue.job_summaries, self._runtime.hub, changed):
            values = summary.as_dict()
            message = JobChanged.model_validate(
                {name: values[name] for name in JobChanged.model_fields}
            ).model_dump()
            for room in (_ALL_JOBS, _room(summary.id)):
                self._server.emit(
                    "job_changed", message, to=room, namespace=WATCH_NAMESPACE, ignore_queue=True
                )
        return len(changed)

    def _connect(self, sid: str, *_: object) -> None:
        """Anyone may watch."""
        self._watching[sid] = _WISHES

    def _disconnect(self, sid: str, *_: object) -> None:
        self._watching.pop(sid, None)

    def _watch_jobs(self, sid: str, *args: object) -> None:
        try:
            self._count(sid)
            WatchJobs.model_validate(args[0] if args else {})
        except (ValidationError, _TooManyWishesError):
            self._server.disconnect(sid, namespace=WATCH_NAMESPACE, ignore_queue=True)
            return
        self._server.enter_room(sid, _ALL_JOBS, namespace=WATCH_NAMESPACE)

    def _watch_job(self, sid: str, *args: object) -> None:
        try:
            self._count(sid)
            watched = WatchJob.model_validate(args[0] if args else {})
            job = self._runtime.read(catalogue.job_summary, self._runtime.hub, watched.job_id)
        except (ValidationError, NotFound, _TooManyWishesError):
            self._server.disconnect(sid, namespace=WATCH_NAMESPACE, ignore_queue=True)
            return
        self._server.enter_room(sid, _room(watched.job_id), namespace=WATCH_NAMESPACE)
        self.jobs_changed([job.id])  # what happened between the page and its socket

    def _count(self, sid: str) -> None:
        left = self._watching.get(sid, 0)
        if not left:
            raise _TooManyWishesError
        self._watching[sid] = left - 1


class _TooManyWishesError(Exception):
    """A page follows a job or all of them, and says so again when it has lost its connection."""


def _room(job_id: str) -> str:
    return f"job:{job_id}"
