"""Socket.IO namespace `/watch`: pages that follow jobs, told at most a few times a second."""

from __future__ import annotations

import socketio
from pydantic import ValidationError

from owc.errors import NotFound
from owc.services import catalogue
from owc.web.messages import WATCH_NAMESPACE, JobChanged, WatchJob, WatchJobs
from owc.web.runtime import Runtime

PAUSE_SECONDS = 0.4
_ALL_JOBS = "jobs"


class WatchEvents:
    """Rooms of watching pages, and the jobs that changed since they were last told."""

    def __init__(self, runtime: Runtime, server: socketio.Server) -> None:
        self._runtime = runtime
        self._server = server
        self._changed: dict[str, None] = {}

    def register(self) -> None:
        """Attach the handlers to the Socket.IO server."""
        self._server.on("connect", self._connect, namespace=WATCH_NAMESPACE)
        self._server.on("watch_jobs", self._watch_jobs, namespace=WATCH_NAMESPACE)
        self._server.on("watch_job", self._watch_job, namespace=WATCH_NAMESPACE)

    def job_changed(self, job_id: str) -> None:
        """Note that a job changed; `tell` passes it on."""
        self._changed[job_id] = None

    def tell(self) -> int:
        """One pass: emit the current summary of each changed job; returns how many were told."""
        changed, self._changed = self._changed, {}
        told = 0
        for job_id in changed:
            rooms = [room for room in (_ALL_JOBS, _room(job_id)) if self._has_watchers(room)]
            if not rooms:
                continue
            try:
                job = self._runtime.read(catalogue.job_summary, self._runtime.hub, job_id)
            except NotFound:
                continue
            known = {name: job.as_dict()[name] for name in JobChanged.model_fields}
            payload = JobChanged.model_validate(known).model_dump()
            for room in rooms:
                self._server.emit(
                    "job_changed", payload, to=room, namespace=WATCH_NAMESPACE, ignore_queue=True
                )
            told += 1
        return told

    def _connect(self, sid: str, *_: object) -> None:
        """Anyone may watch."""

    def _watch_jobs(self, sid: str, *args: object) -> None:
        try:
            WatchJobs.model_validate(args[0] if args else {})
        except ValidationError:
            self._server.disconnect(sid, namespace=WATCH_NAMESPACE, ignore_queue=True)
            return
        self._server.enter_room(sid, _ALL_JOBS, namespace=WATCH_NAMESPACE)

    def _watch_job(self, sid: str, *args: object) -> None:
        try:
            watched = WatchJob.model_validate(args[0] if args else {})
            self._runtime.read(catalogue.job_summary, self._runtime.hub, watched.job_id)
        except (ValidationError, NotFound):
            self._server.disconnect(sid, namespace=WATCH_NAMESPACE, ignore_queue=True)
            return
        self._server.enter_room(sid, _room(watched.job_id), namespace=WATCH_NAMESPACE)
        self.job_changed(watched.job_id)  # what happened between the page and its socket

    def _has_watchers(self, room: str) -> bool:
        rooms = self._server.manager.rooms.get(WATCH_NAMESPACE, {})
        return bool(rooms.get(room))


def _room(job_id: str) -> str:
    return f"job:{job_id}"
