"""A volunteer: takes leases, computes in virtual time, reports, renews, comes and goes.

What it reports is for its character to say (`tests.simulation.characters`). It does what the native
volunteer does: keeps a result until it is acknowledged, renews what it holds, comes back under its
identity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from owc.domain.matching import Capabilities
from owc.queue import Checkpoint
from owc.services.values import LeaseOffer, OfferedSubJob, Report
from tests.simulation import messages
from tests.simulation.computing import COMPUTER
from tests.simulation.network import Quality

if TYPE_CHECKING:
    from tests.simulation.cast import Cast
    from tests.simulation.characters import Character
    from tests.simulation.hub_side import WebProcess

TICK_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0
ASK_AGAIN_SECONDS: Final = 5.0
CHECKPOINT_AFTER: Final = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What a volunteer is. `speed`: a multiple of the hub's machine; `skew`: what its clock makes
    of a second; `batch`: results that it sends together; `wants`: sub-jobs a core asks for."""

    name: str
    network: str
    speed: float
    cores: int = 1
    skew: float = 1.0
    batch: int = 4
    wants: int = 4
    quality: Quality = field(default_factory=Quality)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Assignment:
    offer: LeaseOffer
    sub_job: OfferedSubJob
    chunk: bytes
    began_at: float = 0.0

    @property
    def id(self) -> str:
        return self.sub_job.sub_job_id


class Volunteer:
    """One of the cast. `identity`: who the hub says it is; `is_present`: it wants to be there."""

    def __init__(self, cast: Cast, traits: Traits, character: Character) -> None:
        self.cast, self.world, self.traits, self.character = cast, cast.world, traits, character
        self.kind = traits.name.rpartition(" ")[0]
        self.identity: str | None = None
        self.is_present = False
        self.network = traits.network
        self.acknowledged = 0
        self._web: WebProcess | None = None
        self._sid: str | None = None
        self._welcomed = False
        self._asked_at: float | None = None
        self._waits_until = 0.0
        self._life = 0
        """Counts its crashes: what was begun in an earlier life is not finished in this one."""
        self._todo: deque[Assignment] = deque()
        self._running: dict[str, Assignment] = {}
        self._ready: list[Report] = []
        self._unacknowledged: dict[tuple[str, str], tuple[Report, float]] = {}

    # Coming and going

    def come(self) -> None:
        """Be there from now on."""
        if not self.is_present:
            self.is_present = True
            self._connect(self._life)
            self.world.at(self.world.rng.uniform(1.0, TICK_SECONDS), self._tick, self._life)

    def crash(self) -> None:
        """Forget everything but the identity, without a word."""
        self.world.note(f"{self.traits.name} crashes")
        self._forget()
        self._cut(in_order=False)

    def leave(self) -> None:
        """Give everything back, and say goodbye."""
        self.world.note(f"{self.traits.name} leaves")
        for lease_id in self.lease_ids():
            self.send(messages.Release(lease_id=lease_id, sub_job_ids=None))
        self._forget()
        self._cut(in_order=True)

    def lose_way(self) -> None:
        """Its connection is cut; it goes on, and will be back."""
        self._cut(in_order=False)
        self.world.at(self.world.rng.uniform(0.5, 25.0), self._connect, self._life)

    def _forget(self) -> None:
        self.is_present = False
        self._life += 1
        self._todo.clear()
        self._running.clear()
        self._ready.clear()
        self._unacknowledged.clear()

    def _cut(self, *, in_order: bool) -> None:
        web, sid = self._web, self._sid
        self._web = self._sid = None
        self._welcomed = False
        if web is not None and sid is not None:
            # a goodbye comes after what was said before it
            delay = 10 * self.traits.quality.delay if in_order else 0.0
            self.world.at(delay, lambda: web.close(sid, in_order=in_order))

    def _connect(self, life: int) -> None:
        if not self.is_present or self._sid is not None or life != self._life:
            return
        webs = self.cast.side.webs
        if not webs:
            self.world.at(2.0, self._connect, life)
            return
        self._web = self.world.rng.choice(webs)
        self._sid = self._web.connect(self)
        self._welcomed, self._asked_at, self._waits_until = False, None, 0.0
        capabilities = Capabilities(
            cores=self.traits.cores, score=self.character.score(self.traits.speed)
        )
        hello = messages.Hello(
            volunteer_id=self.identity,
            capabilities=capabilities,
            network=self.network,
            keep=tuple(self.lease_ids()),
        )
        self.send(hello)
        self.world.at(10.0, self._expect_welcome, self._sid)

    def _expect_welcome(self, sid: str) -> None:
        if sid == self._sid and not self._welcomed:
            self.lose_way()

    def become_new(self, network: str) -> None:
        """Drop its identity, and come back as somebody else from elsewhere."""
        self.crash()
        self.identity, self.network = None, network
        self.acknowledged = 0
        self.world.at(self.world.rng.uniform(0.5, 5.0), self.come)

    # What is said

    def send(self, message: messages.ToHub) -> None:
        web, sid = self._web, self._sid
        if web is not None and sid is not None:
            self.cast.network.carry(self.traits.quality, web.receive, sid, message)

    def hears(self, sid: str, message: messages.ToVolunteer) -> None:
        self.cast.network.carry(self.traits.quality, self._hear, sid, message)

    def loses(self, sid: str) -> None:
        if sid == self._sid:
            self._web = self._sid = None
            self._welcomed = False
            self.world.at(self.world.rng.uniform(0.5, 10.0), self._connect, self._life)

    def _hear(self, sid: str, message: messages.ToVolunteer) -> None:
        if sid != self._sid:
            return
        match message:
            case messages.Welcome():
                self.identity, self._welcomed = message.volunteer_id, True
                self.cast.kinds[self.identity] = self.kind
                self._report([report for report, _ in self._unacknowledged.values()])
                self._ask()
            case messages.Offer(offer=None):
                self._asked_at = None
                self._waits_until = self.world.now + ASK_AGAIN_SECONDS
            case messages.Offer(offer=LeaseOffer() as offer):
                self._asked_at = None
                self._take(offer)
            case messages.Ack():
                for receipt in message.receipts:
                    self._acknowledge(receipt.sub_job_id, receipt.status)
            case messages.Revoke():
                self._revoke(message)
            case messages.Standing():
                self.character.hears_standing(self, message.status)
            case messages.WorkAvailable():
                self._waits_until = 0.0
                self._ask()

    def _acknowledge(self, sub_job_id: str, status: str) -> None:
        self.acknowledged += status == "stored"
        for key in [key for key in self._unacknowledged if key[1] == sub_job_id]:
            del self._unacknowledged[key]
        self.character.hears_receipt(self, status)

    def _revoke(self, message: messages.Revoke) -> None:
        def is_gone(each: Assignment) -> bool:
            return each.offer.lease_id == message.lease_id and (
                message.sub_job_ids is None or each.id in message.sub_job_ids
            )

        self._todo = deque(each for each in self._todo if not is_gone(each))
        for each in [each for each in self._running.values() if is_gone(each)]:
            del self._running[each.id]
        self._start()
        self._ask()

    def _tick(self, life: int) -> None:
        """Now and then: renew, send again what was not acknowledged, ask."""
        if not self.is_present or life != self._life:
            return
        if self._welcomed:
            self.send(messages.Renew(lease_ids=tuple(self.lease_ids())))
            late = self.world.now - ANSWER_SECONDS
            self._report([each for each, at in self._unacknowledged.values() if at <= late])
            self._send_checkpoints()
            self.character.ticks(self)
            self._ask()
        self.world.at(TICK_SECONDS * self.world.rng.uniform(0.9, 1.1), self._tick, life)

    def _ask(self) -> None:
        if self._welcomed and self._may_ask():
            self.send(messages.Request(sub_jobs=self._wants()))

    def _may_ask(self) -> bool:
        if self._asked_at is not None and self.world.now - self._asked_at < ANSWER_SECONDS:
            return False
        if self.world.now < self._waits_until:
            return False
        return len(self._todo) < self.traits.cores

    def _wants(self) -> int:
        self._asked_at = self.world.now
        return self.traits.wants * self.traits.cores

    # Work

    def lease_ids(self) -> list[str]:
        held = {each.offer.lease_id for each in (*self._todo, *self._running.values())}
        held.update(lease_id for lease_id, _ in self._unacknowledged)
        return sorted(held)

    def at_work(self) -> list[Assignment]:
        """What it has and has not finished."""
        return [*self._todo, *self._running.values()]

    def _take(self, offer: LeaseOffer) -> None:
        known = {*self._running, *(each.id for each in self._todo)}
        for sub_job in offer.sub_jobs:
            if sub_job.sub_job_id not in known:
                chunk = sub_job.chunk
                if chunk is None:
                    assert sub_job.chunk_sha256 is not None
                    chunk = self.cast.side.hub.blobs.read(sub_job.chunk_sha256)
                self._todo.append(Assignment(offer=offer, sub_job=sub_job, chunk=chunk))
        self.character.takes(self, offer)
        self._start()

    def _start(self) -> None:
        while self._todo and len(self._running) < self.traits.cores:
            waiting = self._todo.popleft()
            assignment = Assignment(
                offer=waiting.offer,
                sub_job=waiting.sub_job,
                chunk=waiting.chunk,
                began_at=self.world.now,
            )
            self._running[assignment.id] = assignment
            seconds = self.seconds(assignment) * self.character.effort
            self.world.at(seconds, self._finish, assignment, self._life)

    def seconds(self, assignment: Assignment) -> float:
        """How long it takes this volunteer."""
        reference = COMPUTER.seconds(assignment.offer.program_sha256, assignment.sub_job.rows)
        return reference / self.traits.speed * self.world.rng.uniform(0.9, 1.1)

    def _finish(self, assignment: Assignment, life: int) -> None:
        if life != self._life or self._running.get(assignment.id) is not assignment:
            return
        del self._running[assignment.id]
        self.cast.spend(self.kind, assignment)
        for report in self.character.reports(self, assignment):
            self._unacknowledged[report.lease_id, report.sub_job_id] = (report, self.world.now)
            self._ready.append(report)
        self._start()
        if self._welcomed and (len(self._ready) >= self.traits.batch or not self._running):
            ready, self._ready = self._ready, []
            self._report(ready)
        self._ask()

    def _report(self, reports: Iterable[Report]) -> None:
        """Send results, and ask for work with the last of them."""
        by_lease: dict[str, list[Report]] = {}
        for each in reports:
            by_lease.setdefault(each.lease_id, []).append(each)
            key = each.lease_id, each.sub_job_id
            if key in self._unacknowledged:
                self._unacknowledged[key] = (each, self.world.now)
        for place, (lease_id, those) in enumerate(by_lease.items(), 1):
            is_last = place == len(by_lease)
            wants = self._wants() if is_last and self._may_ask() else 0
            self.send(messages.Reports(lease_id=lease_id, reports=tuple(those), wants=wants))

    def honest_report(self, assignment: Assignment) -> Report:
        """What is true of a sub-job, and how long this volunteer says it took."""
        run = self.cast.truth(assignment)
        seconds = (self.world.now - assignment.began_at) * self.traits.skew
        return Report(
            volunteer_id=self.identity or "",
            lease_id=assignment.offer.lease_id,
            sub_job_id=assignment.id,
            output=run.output,
            trap_site=run.trap_site,
            rows_done=run.rows_done,
            elapsed_seconds=seconds,
        )

    def _send_checkpoints(self) -> None:
        for assignment in self._running.values():
            spent = self.world.now - assignment.began_at
            whole = self.seconds(assignment)
            rows = int(assignment.sub_job.rows * min(spent / whole, 0.99))
            if spent < CHECKPOINT_AFTER or rows < 1:
                continue
            output = self.cast.output_so_far(assignment, rows)
            if output is None:
                continue
            checkpoint = Checkpoint(
                sub_job_id=assignment.id,
                lease_id=assignment.offer.lease_id,
                rows_done=rows,
                elapsed_seconds=spent * self.traits.skew,
                output=self.character.checkpoint(self, output),
            )
            self.send(messages.Checkpoints(checkpoints=(checkpoint,)))
