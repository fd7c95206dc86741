"""What those who wait for work could have now, so that they are told of it as its jobs want it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from owc.domain.matching import queue_name
from owc.domain.states import JobState, SubJobState
from owc.services.hub import Hub
from owc.store import AnyRow, JobRow, SubJobRow

_KEY = (JobRow.priority, JobRow.requirement_key, JobRow.strategy)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """So many sub-jobs of a queue, of jobs with that strategy; None: the hub's own."""

    queue: str
    strategy: str | None
    sub_jobs: int


def queued(hub: Hub) -> list[Opening]:
    """What is in the queues, by SQL's word."""
    with hub.database.read() as session:
        found = session.execute(
            select(*_KEY, func.count())
            .join(SubJobRow, SubJobRow.job_id == JobRow.id)
            .where(
                JobRow.state == JobState.RUNNING,
                SubJobRow.state == SubJobState.WAITING,
                SubJobRow.queued_at.is_not(None),
            )
            .group_by(*_KEY)
        )
        return _openings({(priority, key, strategy): n for priority, key, strategy, n in found})


def openings_of(sub_jobs: Iterable[AnyRow]) -> list[Opening]:
    """Of rows of sub-jobs with their job's `priority`, `requirement_key` and `strategy`."""
    return _openings(Counter((row.priority, row.requirement_key, row.strategy) for row in sub_jobs))


def _openings(counts: Mapping[tuple[int, str, str | None], int]) -> list[Opening]:
    """The most urgent first."""
    return [
        Opening(queue=queue_name(key, priority), strategy=strategy, sub_jobs=count)
        for (priority, key, strategy), count in sorted(
            counts.items(), key=lambda item: item[0][0], reverse=True
        )
    ]
