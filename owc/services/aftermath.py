"""One write transaction, and what it leaves to be done once committed: queues, tasks, news.

SQL is the truth and comes first. Whatever of the rest is lost, `upkeep.reconcile` finds and mends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from owc.domain.ids import new_id
from owc.domain.states import JobState
from owc.queue import CHECKS, Task
from owc.services.hub import Hub
from owc.services.site_counts import count_for_sites
from owc.store import ContributionRow, JobRow, added

CHECK_BATCH = 32
"""Sub-jobs of one check task: some seconds of work, that workers can share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Revoked:
    """A lease, or (`sub_job_ids`) a part of it, is no longer the volunteer's."""

    volunteer_id: str
    lease_id: str
    sub_job_ids: tuple[str, ...] | None
    reason: str


@dataclass(slots=True, kw_only=True)
class Aftermath:
    """Filled inside the transaction, delivered after it. `feeds`: something waits that was not
    there before, and whoever began the change feeds the queues; `standings`: volunteers that stand
    otherwise than before."""

    finished: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    withdrawn: dict[str, list[str]] = field(default_factory=dict)
    to_check: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    changed_jobs: dict[str, None] = field(default_factory=dict)
    revoked: list[Revoked] = field(default_factory=list)
    standings: dict[str, None] = field(default_factory=dict)
    feeds: bool = False

    def deliver(self, hub: Hub) -> None:
        """Do it all. Never raises for a Redis that is away."""
        with hub.delivery("sub-jobs"):
            if self.finished:
                hub.queue.finish(self.finished)
            if self.forgotten:
                hub.queue.forget(self.forgotten)
            for name, sub_job_ids in self.withdrawn.items():
                hub.queue.withdraw(name, sub_job_ids)
        with hub.delivery("tasks"):
            for task in (*self.tasks, *check_tasks(self.to_check)):
                hub.queue.enqueue_task(task)
        for each in self.revoked:
            hub.push.publish("revoke", asdict(each))
        if self.standings:
            hub.push.publish("standing", {"volunteer_ids": list(self.standings)})
        if self.changed_jobs:
            hub.push.publish("jobs", {"job_ids": list(self.changed_jobs)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A write transaction that is under way, at one time. `credits`: rows by volunteer and job that
    it adds to contributions, or takes back."""

    hub: Hub
    session: Session
    now: datetime
    aftermath: Aftermath
    credits: Counter[tuple[str, str]] = field(default_factory=Counter)


@contextmanager
def begin_change(hub: Hub) -> Iterator[Change]:
    """Begin a write transaction; at the end commit it, then deliver its aftermath."""
    aftermath = Aftermath()
    with hub.database.write() as session:
        change = Change(hub=hub, session=session, now=hub.clock.now(), aftermath=aftermath)
        yield change
        _write_credits(change)
    aftermath.deliver(hub)


def _write_credits(change: Change) -> None:
    """Last of all and in one order, so that nobody waits in a circle."""
    rows = [
        {"volunteer_id": volunteer_id, "job_id": job_id, "rows": rows}
        for (volunteer_id, job_id), rows in sorted(change.credits.items())
        if rows
    ]
    if rows:
        is_sqlite = change.hub.database.is_sqlite
        change.session.flush()
        change.session.connection().execute(
            added(ContributionRow, "rows", is_sqlite=is_sqlite), rows
        )
        count_for_sites(change.session, change.credits, change.now, is_sqlite=is_sqlite)


def split_task(job_id: str) -> Task:
    return Task(id=f"split-{job_id}", function="split_job", args=(job_id,))


def merge_task(job_id: str) -> Task:
    return Task(id=f"merge-{job_id}", function="merge_job", args=(job_id,))


def doubt_task(job_id: str) -> Task:
    return Task(id=f"doubt-{job_id}", function="reopen_doubted", args=(job_id,))


def audit_task(job_id: str, first_row: int) -> Task:
    """`first_row`: of the first sub-job that it will run; tells one task of an audit from the next,
    which the first one orders."""
    return Task(
        id=f"audit-{job_id}-{first_row}", function="audit_job", args=(job_id,), queue=CHECKS
    )


def check_tasks(sub_job_ids: list[str]) -> list[Task]:
    batches = [
        sub_job_ids[start : start + CHECK_BATCH]
        for start in range(0, len(sub_job_ids), CHECK_BATCH)
    ]
    return [
        # none has the id of one that runs, which takes with it what RQ knows of that id
        Task(
            id=f"check-{batch[0]}-{new_id('task')}",
            function="check_sub_jobs",
            args=(batch,),
            queue=CHECKS,
        )
        for batch in batches
    ]


def task_of_state(job: JobRow) -> Task | None:
    """The task that moves a job on from where it stands, if one does."""
    match job.state:
        case JobState.COMPILED:
            return split_task(job.id)
        case JobState.RUNNING | JobState.PAUSED if job.rows_total is None:
            return split_task(job.id)
        case JobState.MERGING:
            return merge_task(job.id)
    return None
