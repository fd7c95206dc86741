"""One write transaction, and what it leaves to be done once committed: queues, tasks, news.

SQL is the truth and comes first. Whatever of the rest is lost, `upkeep.reconcile` finds and mends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from owc.domain.states import JobState
from owc.queue import CHECKS, Task
from owc.services import summaries
from owc.services.hub import Hub
from owc.store import JobRow

CHECK_BATCH = 8
"""Sub-jobs of one check task: a lost task costs little, and workers share the checks."""


@dataclass(slots=True, kw_only=True)
class Aftermath:
    """Filled inside the transaction, delivered after it."""

    finished: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    to_check: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    changed_jobs: dict[str, None] = field(default_factory=dict)
    revoked: list[tuple[str, str, str]] = field(default_factory=list)

    def deliver(self, hub: Hub) -> None:
        """Do it all. Never raises for a Redis that is away."""
        with hub.delivery("sub-jobs"):
            if self.finished:
                hub.queue.finish(self.finished)
            if self.forgotten:
                hub.queue.forget(self.forgotten)
            if self.withdrawn:
                hub.queue.forget(self.withdrawn, queued=True)
        with hub.delivery("tasks"):
            for task in (*self.tasks, *check_tasks(self.to_check)):
                hub.queue.enqueue_task(task)
        for volunteer_id, lease_id, reason in self.revoked:
            hub.push.publish(
                "revoke", {"volunteer_id": volunteer_id, "lease_id": lease_id, "reason": reason}
            )
        self._tell_of_jobs(hub)

    def _tell_of_jobs(self, hub: Hub) -> None:
        if not self.changed_jobs:
            return
        with hub.database.read() as session:
            for summary in summaries.of_jobs(session, list(self.changed_jobs)):
                hub.push.publish("job", {"job_id": summary.id, **summary.as_dict()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A write transaction that is under way, at one time."""

    session: Session
    now: datetime
    aftermath: Aftermath


@contextmanager
def begin_change(hub: Hub) -> Iterator[Change]:
    """Begin a write transaction; at the end commit it, then deliver its aftermath."""
    aftermath = Aftermath()
    with hub.database.write() as session:
        yield Change(session=session, now=hub.clock.now(), aftermath=aftermath)
    aftermath.deliver(hub)


def split_task(job_id: str) -> Task:
    return Task(id=f"split-{job_id}", function="split_job", args=(job_id,))


def merge_task(job_id: str) -> Task:
    return Task(id=f"merge-{job_id}", function="merge_job", args=(job_id,))


def check_tasks(sub_job_ids: list[str]) -> list[Task]:
    batches = [
        sub_job_ids[start : start + CHECK_BATCH]
        for start in range(0, len(sub_job_ids), CHECK_BATCH)
    ]
    return [
        Task(id=f"check-{batch[0]}", function="check_sub_jobs", args=(batch,), queue=CHECKS)
        for batch in batches
    ]


def task_of_state(job: JobRow) -> Task | None:
    """The task that moves a job on from where it stands, if one does."""
    match job.state:
        case JobState.COMPILED:
            return split_task(job.id)
        case JobState.RUNNING if job.sub_jobs_total is None:
            return split_task(job.id)
        case JobState.MERGING:
            return merge_task(job.id)
    return None
