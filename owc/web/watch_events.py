"""Socket.IO namespace `/watch`: pages that follow jobs, told at most a few times a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
        self._changed: dict[str, dict[str, Any]] = {}

    def register(self) -> None:
        """Attach the handlers to the Socket.IO server."""
        self._server.on("connect", self._connect, namespace=WATCH_NAMESPACE)
        self._server.on("watch_jobs", self._watch_jobs, namespace=WATCH_NAMESPACE)
        self._server.on("watch_job", self._watch_job, namespace=WATCH_NAMESPACE)

    def job_changed(self, summary: Mapping[str, Any]) -> None:
        """Note what a job's summary has become; `tell` passes the latest on."""
        known = {name: summary[name] for name in JobChanged.model_fields}
        self._changed[summary["id"]] = JobChanged.model_validate(known).model_dump()

    def tell(self) -> int:
        """One pass: emit the summary of each changed job; returns how many were told."""
        changed, self._changed = self._changed, {}
        for job_id, summary in changed.items():
            for room in (_ALL_JOBS, _room(job_id)):
                self._server.emit(
                    "job_changed", summary, to=room, namespace=WATCH_NAMESPACE, ignore_queue=True
                )
        return len(changed)

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
            job = self._runtime.read(catalogue.job_summary, self._runtime.hub, watched.job_id)
        except (ValidationError, NotFound):
            self._server.disconnect(sid, namespace=WATCH_NAMESPACE, ignore_queue=True)
            return
        self._server.enter_room(sid, _room(watched.job_id), namespace=WATCH_NAMESPACE)
        self.job_changed(job.as_dict())  # what happened between the page and its socket


def _room(job_id: str) -> str:
    return f"job:{job_id}"
