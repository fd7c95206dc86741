"""A job becomes sub-jobs (split) and results become its answer (merge)."""

from owc.services.hub import Hub


def split(hub: Hub, job_id: str) -> None:
    raise NotImplementedError


def merge(hub: Hub, job_id: str) -> None:
    raise NotImplementedError
