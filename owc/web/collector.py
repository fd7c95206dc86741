"""Group commit of results: what arrives within a few milliseconds is stored in one transaction.

Handlers put reports in and go on; one background task stores them and then tells each volunteer, so
an acknowledgement is only ever sent for what is durable.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from owc.services import collection
from owc.services.hub import Hub
from owc.services.values import Receipt, Report
from owc.web.lanes import Lane

WINDOW_SECONDS = 0.003
MOST_REPORTS = 1_000

_logger = logging.getLogger("owc.web")


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Reports of one `result_report` message, and whom to answer."""

    sid: str
    lease_id: str
    reports: tuple[Report, ...]


class Collector:
    """Collects batches; `acknowledge` and `failed` are called on the background task."""

    def __init__(
        self,
        hub: Hub,
        writer: Lane,
        *,
        queue: Any,
        queue_empty: type[Exception],
        sleep: Callable[[float], None],
        acknowledge: Callable[[Batch, Sequence[Receipt]], None],
        failed: Callable[[Batch], None],
    ) -> None:
        self._hub, self._writer = hub, writer
        self._queue, self._queue_empty, self._sleep = queue, queue_empty, sleep
        self._acknowledge, self._failed = acknowledge, failed

    def put(self, batch: Batch) -> None:
        """Queue a batch; waits while too many are queued, which holds back that socket only."""
        self._queue.put(batch)

    def stop(self) -> None:
        """End `run` once everything before has been stored."""
        self._queue.put(None)

    def run(self) -> None:
        """Store batches until told to stop."""
        going = True
        while going:
            batches, going = self._collect()
            if batches:
                self._store(batches)

    def _collect(self) -> tuple[list[Batch], bool]:
        first = self._queue.get()
        if first is None:
            return [], False
        self._sleep(WINDOW_SECONDS)
        batches, reports = [first], len(first.reports)
        while reports < MOST_REPORTS:
            try:
                batch = self._queue.get(block=False)
            except self._queue_empty:
                break
            if batch is None:
                return batches, False
            batches.append(batch)
            reports += len(batch.reports)
        return batches, True

    def _store(self, batches: Sequence[Batch]) -> None:
        reports = [report for batch in batches for report in batch.reports]
        try:
            receipts = self._writer.run(collection.take_results, self._hub, reports)
        except Exception:  # whatever it was, the volunteers keep their results
            _logger.exception("results could not be stored")
            for batch in batches:
                self._failed(batch)
            return
        start = 0
        for batch in batches:
            self._acknowledge(batch, receipts[start : start + len(batch.reports)])
            start += len(batch.reports)
