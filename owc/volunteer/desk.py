"""What a volunteer has to do and has done: leases, sub-jobs at work, results not yet acknowledged.

Pure bookkeeping: what arrives goes in, what to do next comes out. It knows nothing of sockets,
threads and time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from owc.volunteer.packing import chunks_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """One sub-job of a lease, with all that is needed to run it."""

    lease_id: str
    sub_job_id: str
    program_sha256: str
    program_url: str
    memory_bytes: int
    rows: int
    chunk: bytes | None
    chunk_url: str | None
    chunk_sha256: str | None


@dataclass(slots=True)
class Desk:
    """The volunteer's papers. `workers`: sub-jobs that run at a time."""

    workers: int
    _todo: deque[Assignment] = field(default_factory=deque)
    _running: dict[str, Assignment] = field(default_factory=dict)
    _unacknowledged: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def take_offer(self, offer: dict[str, Any]) -> int:
        """Put the sub-jobs of a `lease_offer` on the pile; returns how many it has."""
        if offer["lease_id"] is None:
            return 0
        program = offer["program"]
        known = {*self._running, *self._unacknowledged, *(each.sub_job_id for each in self._todo)}
        for sub_job, chunk in zip(offer["sub_jobs"], chunks_of(offer), strict=True):
            if sub_job["sub_job_id"] in known:
                continue
            assignment = Assignment(
                lease_id=offer["lease_id"],
                sub_job_id=sub_job["sub_job_id"],
                program_sha256=program["sha256"],
                program_url=program["url"],
                memory_bytes=program["memory_bytes"],
                rows=sub_job["rows"],
                chunk=chunk,
                chunk_url=sub_job["chunk_url"],
                chunk_sha256=sub_job["chunk_sha256"],
            )
            self._todo.append(assignment)
        return len(offer["sub_jobs"])

    def start_next(self) -> Assignment | None:
        """The next sub-job to run, if a worker is free."""
        if not self._todo or len(self._running) >= self.workers:
            return None
        assignment = self._todo.popleft()
        self._running[assignment.sub_job_id] = assignment
        return assignment

    def is_running(self, assignment: Assignment) -> bool:
        """Whether it is still wanted. May be asked from any thread."""
        return self._running.get(assignment.sub_job_id) is assignment

    def finish(self, assignment: Assignment, result: dict[str, Any]) -> bool:
        """A sub-job has run; its result is kept until it is acknowledged. False: not wanted."""
        if not self.give_up(assignment):
            return False
        self._unacknowledged[assignment.sub_job_id] = (assignment.lease_id, result)
        return True

    def give_up(self, assignment: Assignment) -> bool:
        """A sub-job could not even be tried. False: it is no longer ours anyway."""
        if not self.is_running(assignment):
            return False
        del self._running[assignment.sub_job_id]
        return True

    def revoke(self, lease_id: str, sub_job_ids: Collection[str] | None) -> None:
        """Sub-jobs of a lease (None: all) are no longer ours; finished results are kept."""

        def is_gone(each: Assignment) -> bool:
            of_these = sub_job_ids is None or each.sub_job_id in sub_job_ids
            return each.lease_id == lease_id and of_these

        self._todo = deque(each for each in self._todo if not is_gone(each))
        self._running = {
            sub_job_id: each for sub_job_id, each in self._running.items() if not is_gone(each)
        }

    def acknowledge(self, sub_job_ids: Iterable[str]) -> None:
        """The hub has these results."""
        for sub_job_id in sub_job_ids:
            self._unacknowledged.pop(sub_job_id, None)

    def unacknowledged(self) -> dict[str, list[dict[str, Any]]]:
        """Results that the hub may not have, by lease."""
        by_lease: dict[str, list[dict[str, Any]]] = {}
        for lease_id, result in self._unacknowledged.values():
            by_lease.setdefault(lease_id, []).append(result)
        return by_lease

    def lease_ids(self) -> list[str]:
        """Leases to be kept alive."""
        assignments = (*self._todo, *self._running.values())
        held = {each.lease_id for each in assignments}
        held.update(lease_id for lease_id, _ in self._unacknowledged.values())
        return sorted(held)

    @property
    def wants_work(self) -> bool:
        """Whether a worker is idle or soon will be."""
        return len(self._todo) < self.workers

    @property
    def is_clear(self) -> bool:
        """Whether nothing waits, runs or is unacknowledged."""
        return not (self._todo or self._running or self._unacknowledged)
