"""The tasks. What fails unexpectedly is logged, and started again until the job gives up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from owc.services import checking, completion
from owc.services.hub import Hub
from owc.tasks.process import process_hub


def split_job(job_id: str) -> None:
    hub = process_hub()
    _guard(hub, job_id, lambda: completion.split(hub, job_id))


def merge_job(job_id: str) -> None:
    hub = process_hub()
    _guard(hub, job_id, lambda: completion.merge(hub, job_id))


def check_sub_jobs(sub_job_ids: Sequence[str]) -> None:
    checking.check_sub_jobs(process_hub(), sub_job_ids)


def run_sub_job(sub_job_id: str) -> None:
    """For an RQ worker that an operator points at the volunteers' queues: the hub computes too."""
    checking.run_on_hub(process_hub(), sub_job_id)


def _guard(hub: Hub, job_id: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:
        completion.task_failed(hub, job_id, error)
        raise
