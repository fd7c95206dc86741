"""The tasks. What fails unexpectedly is logged, and started again until the job gives up; what the
database ended for another process to go on is begun again at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rq import get_current_job

from owc.services import auditing, checking, compaction, completion, retention, upkeep
from owc.services.conflicts import until_no_conflict
from owc.services.hub import Hub
from owc.tasks.process import process_hub


def split_job(job_id: str) -> None:
    hub = process_hub()
    _guard(hub, job_id, lambda: until_no_conflict(completion.split, hub, job_id))


def merge_job(job_id: str) -> None:
    hub = process_hub()
    _guard(hub, job_id, lambda: until_no_conflict(completion.merge, hub, job_id))


def check_sub_jobs(sub_job_ids: Sequence[str]) -> None:
    until_no_conflict(checking.check_sub_jobs, process_hub(), sub_job_ids)


def reopen_doubted(job_id: str) -> None:
    until_no_conflict(compaction.reopen_doubted, process_hub(), job_id)


def audit_job(job_id: str) -> None:
    until_no_conflict(auditing.audit_job, process_hub(), job_id)


def prune() -> None:
    until_no_conflict(upkeep.prune, process_hub())


def retain() -> None:
    until_no_conflict(retention.retain, process_hub())


def run_sub_job() -> None:
    """For an RQ worker that an operator points at the volunteers' queues: the hub computes too. The
    RQ job of a sub-job has its id, and carries nothing else."""
    job = get_current_job()
    if job is not None:
        until_no_conflict(checking.run_on_hub, process_hub(), job.id)


def _guard(hub: Hub, job_id: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:
        completion.task_failed(hub, job_id, error)
        raise
