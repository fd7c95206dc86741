"""Job documents whose answers are known, and a volunteer that computes them as a browser would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import func, select

import jobspec
from owc.domain.matching import Capabilities
from owc.services import catalogue, collection, dispatch, leases, presence, submission
from owc.services.hub import Hub
from owc.services.values import LeaseOffer, OfferedSubJob, Receipt, Report, Submitter
from owc.store import ContributionRow

T = TypeVar("T")

TRUSTED = Submitter(name="Ada", trusted=True)
STRANGER = Submitter(name="Eve", trusted=False)

SQUARES = {
    "name": "Squares",
    "about": "Adds squares.",
    "source": {"range": {"n": [0, 1000]}},
    "steps": [
        {"derive": {"square": "n * n"}},
        {"aggregate": {"total": "sum(square)", "largest": "max(square)"}},
    ],
    "split": {"rows": 100},
}
SQUARES_ANSWER = [{"total": sum(n * n for n in range(1000)), "largest": 999 * 999}]

ROWS = {
    "name": "Even names",
    "source": {"rows": [{"n": n, "name": f"name {n}"} for n in range(50)]},
    "steps": [{"filter": "n % 2 = 0"}, {"derive": {"double": "n * 2"}}],
    "split": {"rows": 7},
}
ROWS_ANSWER = [{"n": n, "name": f"name {n}", "double": n * 2} for n in range(0, 50, 2)]


def upload_job(sha256: str, rows: int = 100) -> dict[str, Any]:
    return {
        "name": "By city",
        "source": {"upload": sha256, "format": "csv"},
        "steps": [{"aggregate": {"people": "count(*)", "ages": "sum(age)"}, "by": ["city"]}],
        "split": {"rows": rows},
    }


def at_once(function: Callable[[], T], times: int = 2) -> list[T]:
    """What a function gives in several threads at once; raises what one of them raised."""
    start = threading.Barrier(times)

    def once() -> T:
        start.wait()
        return function()

    with ThreadPoolExecutor(times) as pool:
        return [each.result() for each in [pool.submit(once) for _ in range(times)]]


def submit(hub: Hub, document: dict[str, Any], submitter: Submitter = TRUSTED) -> str:
    return submission.submit(hub, json.dumps(document).encode(), submitter)


def answer(hub: Hub, job_id: str) -> list[dict[str, Any]]:
    path = catalogue.result_file(hub, job_id)
    text = b"".join(jobspec.result_ndjson(path)).decode()
    return [json.loads(line) for line in text.splitlines()]


def rows_credited(hub: Hub) -> dict[str, int]:
    """Settled rows by volunteer, in all jobs together."""
    with hub.database.read() as session:
        rows = session.execute(
            select(ContributionRow.volunteer_id, func.sum(ContributionRow.rows)).group_by(
                ContributionRow.volunteer_id
            )
        )
        return {volunteer_id: int(count) for volunteer_id, count in rows}


@dataclass
class Volunteer:
    """Does what a browser does, through the services instead of the wire."""

    hub: Hub
    id: str = ""
    lies: bool = False
    network: str = ""
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(score=1.0, cores=8))

    def __post_init__(self) -> None:
        record = presence.enrol(
            self.hub,
            self.id or None,
            "native",
            self.capabilities,
            self.network or f"network {id(self)}",
            process_id="web_test",
            socket=f"socket of {self.id}",
        )
        self.id = record.id

    def lease(self, sub_jobs: int = 4) -> LeaseOffer | None:
        return dispatch.lease(self.hub, self.id, sub_jobs)

    def leased(self, sub_jobs: int = 4) -> LeaseOffer:
        offer = self.lease(sub_jobs)
        assert offer is not None
        return offer

    def compute(self, offer: LeaseOffer, sub_job: OfferedSubJob) -> Report:
        chunk = sub_job.chunk
        if chunk is None:
            assert sub_job.chunk_sha256 is not None
            chunk = self.hub.blobs.read(sub_job.chunk_sha256)
        run = jobspec.run_program(
            self.hub.blobs.read(offer.program_sha256),
            chunk,
            fuel=None,
            memory_bytes=offer.memory_bytes,
        )
        output = run.output
        if self.lies and run.trap_site is None:
            output = self._lie(offer, output)
        return Report(
            volunteer_id=self.id,
            lease_id=offer.lease_id,
            sub_job_id=sub_job.sub_job_id,
            output=output,
            trap_site=run.trap_site,
            rows_done=run.rows_done,
            elapsed_seconds=0.01,
        )

    def reports(self, offer: LeaseOffer) -> list[Report]:
        return [self.compute(offer, sub_job) for sub_job in offer.sub_jobs]

    def work_once(self, sub_jobs: int = 4) -> list[Receipt]:
        offer = self.lease(sub_jobs)
        return [] if offer is None else collection.take_results(self.hub, self.reports(offer))

    def work_off(self, sub_jobs: int = 4) -> int:
        """Until there is nothing to lease. How many results were stored."""
        stored = 0
        while receipts := self.work_once(sub_jobs):
            stored += sum(receipt.status == "stored" for receipt in receipts)
        return stored

    def give_back(self, offer: LeaseOffer) -> int:
        return leases.release(self.hub, self.id, offer.lease_id)

    def _lie(self, offer: LeaseOffer, output: bytes) -> bytes:
        """A well-formed output with one value changed: the last bit of the first value."""
        first_descriptor = 64
        values_at = int.from_bytes(output[first_descriptor + 4 : first_descriptor + 8], "little")
        changed = bytearray(output)
        changed[values_at] ^= 1
        return bytes(changed)
