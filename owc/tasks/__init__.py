"""Functions that RQ worker processes run by name: translate, call one service.

The names are stored in Redis, so they are API: `split_job`, `merge_job`, `check_sub_jobs`,
`audit_job`, `reopen_doubted`, `prune`, `retain`, `run_sub_job`. Each returns nothing; what it did
is in SQL.
"""

from __future__ import annotations

from owc.tasks.functions import (
    audit_job,
    check_sub_jobs,
    merge_job,
    prune,
    reopen_doubted,
    retain,
    run_sub_job,
    split_job,
)
from owc.tasks.worker import run_worker

__all__ = [
    "audit_job",
    "check_sub_jobs",
    "merge_job",
    "prune",
    "reopen_doubted",
    "retain",
    "run_sub_job",
    "run_worker",
    "split_job",
]
