"""What volunteers say, served in turns: a few milliseconds of messages are one commit each of
results, renewals and leases, and one call to Redis.

Handlers put in what arrived and go on; one background task serves it and calls back, so that an
acknowledgement is only ever sent for what is durable. Within a turn results come first: who reports
and asks in one message is leased by what it has just shown. While the database is away results are
kept and tried again, requests are answered with nothing, and volunteers keep what they have.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from owc.errors import DatabaseUnavailable, UnknownVolunteer
from owc.queue import Checkpoint
from owc.services import collection, dispatch, leases, presence
from owc.services.conflicts import until_no_conflict
from owc.services.hub import Hub
from owc.services.values import (
    Ask,
    Enrolment,
    LeaseOffer,
    Leaving,
    Lost,
    Receipt,
    Renewal,
    Report,
    Returning,
    VolunteerRecord,
)
from owc.web.lanes import Lane

WINDOW_SECONDS = 0.003
MOST_REPORTS = 1_000
MOST_ITEMS = 2_000
MOST_BYTES = 64 << 20  # of outputs in memory; who sends more waits with it
AWAY_SECONDS = 0.5
BREATH = 50
ANSWER_SECONDS = 30.0

_logger = logging.getLogger("owc.web")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Reports of one `result_report` message, and whom to answer."""

    sid: str
    lease_id: str
    reports: tuple[Report, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A volunteer at that socket asks for a lease."""

    sid: str
    ask: Ask


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfinished:
    """Checkpoints of one `checkpoint_report`; kept where the lease is the volunteer's."""

    volunteer_id: str
    checkpoints: tuple[Checkpoint, ...]


@dataclass(kw_only=True)
class Awaited(Generic[T]):
    """Something whose answer a handler waits for: `done` is set when it, or why not, is there."""

    done: Any
    answer: T | Exception | None = None


@dataclass(kw_only=True)
class Renewing(Awaited[Renewal]):
    """A volunteer renews leases."""

    volunteer_id: str
    lease_ids: Sequence[str]


@dataclass(kw_only=True)
class Enrolling(Awaited[VolunteerRecord]):
    """A volunteer says hello, with the leases that it goes on with."""

    enrolment: Enrolment
    keep: Sequence[str]


@dataclass(slots=True)
class _Turn:
    """What is served together."""

    batches: list[Batch] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    renewals: list[Renewing] = field(default_factory=list)
    enrolments: list[Enrolling] = field(default_factory=list)
    releases: list[Returning] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    leaving: list[Leaving] = field(default_factory=list)
    unfinished: list[Unfinished] = field(default_factory=list)

    def add(self, item: object) -> None:
        match item:
            case Batch():
                self.batches.append(item)
            case Request():
                self.requests.append(item)
            case Renewing():
                self.renewals.append(item)
            case Enrolling():
                self.enrolments.append(item)
            case Returning():
                self.releases.append(item)
            case Lost():
                self.lost.append(item)
            case Leaving():
                self.leaving.append(item)
            case Unfinished():
                self.unfinished.append(item)

    @property
    def output_bytes(self) -> int:
        return sum(_bytes_of(item) for item in (*self.batches, *self.unfinished))

    @property
    def reports(self) -> list[Report]:
        return [report for batch in self.batches for report in batch.reports]


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What became of a turn; an exception where a part of it failed."""

    receipts: list[Receipt] | Exception
    offers: list[LeaseOffer | UnknownVolunteer | None] | Exception


def _bytes_of(item: object) -> int:
    if isinstance(item, Batch):
        return sum(len(report.output or b"") for report in item.reports)
    if isinstance(item, Unfinished):
        return sum(len(each.output) for each in item.checkpoints)
    return 0


class Exchange:
    """Serves turns. `acknowledge`, `offer`, `failed` are called on the background task, for each;
    `granted` at a turn's end, with the leases that were made."""

    def __init__(
        self,
        hub: Hub,
        writer: Lane,
        *,
        queue: Any,
        queue_empty: type[Exception],
        make_event: Callable[[], Any],
        sleep: Callable[[float], None],
        acknowledge: Callable[[Batch, Sequence[Receipt]], None],
        offer: Callable[[Request, LeaseOffer | UnknownVolunteer | None], None],
        granted: Callable[[Sequence[LeaseOffer]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._hub, self._writer = hub, writer
        self._queue, self._queue_empty, self._sleep = queue, queue_empty, sleep
        self._make_event = make_event
        self._acknowledge, self._offer, self._failed = acknowledge, offer, failed
        self._granted = granted
        self._stopping = False
        self._counting = threading.Lock()
        self._held_bytes = 0

    def put(self, item: Batch | Request | Returning | Lost | Leaving | Unfinished) -> None:
        """Have it served; waits while too much is queued, which holds back that socket only."""
        size = _bytes_of(item)
        while self._held_bytes and self._held_bytes + size > MOST_BYTES and not self._stopping:
            self._sleep(WINDOW_SECONDS)
        with self._counting:
            self._held_bytes += size
        self._queue.put(item)

    def enrol(self, enrolment: Enrolment, keep: Sequence[str]) -> VolunteerRecord:
        """Enrol in the next turn, and wait for it. Raises what that raised."""
        return self._await(Enrolling(enrolment=enrolment, keep=keep, done=self._make_event()))

    def renew(self, volunteer_id: str, lease_ids: Sequence[str]) -> Renewal:
        """Renew in the next turn, and wait for it. Raises what that raised."""
        return self._await(
            Renewing(volunteer_id=volunteer_id, lease_ids=lease_ids, done=self._make_event())
        )

    def _await(self, item: Awaited[T]) -> T:
        self._queue.put(item)
        item.done.wait(ANSWER_SECONDS)
        if isinstance(item.answer, Exception):
            raise item.answer
        if item.answer is None:
            raise DatabaseUnavailable
        return item.answer

    def stop(self) -> None:
        """End `run` once everything before has been served."""
        self._stopping = True
        self._queue.put(None)

    def run(self) -> None:
        """Serve turns until told to stop."""
        going = True
        while going:
            turn, going = self._gather()
            try:
                self._serve(turn)
            finally:
                with self._counting:
                    self._held_bytes -= turn.output_bytes

    def _gather(self) -> tuple[_Turn, bool]:
        turn = _Turn()
        first = self._queue.get()
        if first is None:
            return turn, False
        self._sleep(WINDOW_SECONDS)
        turn.add(first)
        reports = len(first.reports) if isinstance(first, Batch) else 0
        for _ in range(MOST_ITEMS):
            if reports >= MOST_REPORTS:
                break
            try:
                item = self._queue.get(block=False)
            except self._queue_empty:
                break
            if item is None:
                return turn, False
            turn.add(item)
            reports += len(item.reports) if isinstance(item, Batch) else 0
        return turn, True

    def _serve(self, turn: _Turn) -> None:
        try:
            served = self._writer.run(_serve_all, self._hub, turn)
        finally:
            for done in (item.done for item in turn.enrolments):
                done.set()
            for done in (item.done for item in turn.renewals):
                done.set()
        receipts = served.receipts
        while isinstance(receipts, DatabaseUnavailable) and not self._stopping:
            self._sleep(AWAY_SECONDS)
            receipts = self._writer.run(_store, self._hub, turn.reports)
        self._tell_results(turn, receipts)
        nothing: list[LeaseOffer | UnknownVolunteer | None] = [None] * len(turn.requests)
        offers = served.offers if isinstance(served.offers, list) else nothing
        for place, (request, offer) in enumerate(zip(turn.requests, offers, strict=True)):
            self._offer(request, offer)
            if place % BREATH == BREATH - 1:
                self._sleep(0)  # pings and others' messages wait meanwhile
        self._granted([offer for offer in offers if isinstance(offer, LeaseOffer)])

    def _tell_results(self, turn: _Turn, receipts: list[Receipt] | Exception) -> None:
        if isinstance(receipts, Exception):  # whatever it was, the volunteers keep their results
            for batch in turn.batches:
                self._failed(batch.sid)
            return
        start = 0
        for batch in turn.batches:
            self._acknowledge(batch, receipts[start : start + len(batch.reports)])
            start += len(batch.reports)


def _serve_all(hub: Hub, turn: _Turn) -> Served:
    """One turn, in the writer's thread."""
    if turn.unfinished:
        asked = [(each.volunteer_id, each.checkpoints) for each in turn.unfinished]
        _tried(leases.keep_checkpoints, hub, asked)
    if turn.enrolments:
        _enrol(hub, turn.enrolments)
    receipts = _store(hub, turn.reports)
    if turn.renewals:
        renewed = [(item.volunteer_id, item.lease_ids) for item in turn.renewals]
        _answer(turn.renewals, _tried(leases.renew_many, hub, renewed))
    if turn.releases:
        _tried(leases.release_many, hub, turn.releases)
    if turn.lost:
        _tried(presence.lost_many, hub, turn.lost)
    if turn.leaving:
        _tried(presence.leave_many, hub, turn.leaving)
    offers: list[LeaseOffer | UnknownVolunteer | None] | Exception = []
    if turn.requests:
        offers = _tried(dispatch.lease_many, hub, [request.ask for request in turn.requests])
    return Served(receipts=receipts, offers=offers)


def _enrol(hub: Hub, items: Sequence[Enrolling]) -> None:
    records = _tried(presence.enrol_many, hub, [item.enrolment for item in items])
    _answer(items, records)
    for item in items:
        if item.enrolment.volunteer_id is not None and isinstance(item.answer, VolunteerRecord):
            dropping = functools.partial(presence.drop_others, keep=item.keep)
            _tried(dropping, hub, item.answer.id)


def _answer(items: Sequence[Awaited[T]], answers: Sequence[T] | Exception) -> None:
    for place, item in enumerate(items):
        item.answer = answers if isinstance(answers, Exception) else answers[place]


def _store(hub: Hub, reports: list[Report]) -> list[Receipt] | Exception:
    return _tried(collection.take_results, hub, reports) if reports else []


def _tried(function: Callable[[Hub, Any], T], hub: Hub, items: Any) -> T | Exception:
    try:
        return until_no_conflict(function, hub, items)
    except DatabaseUnavailable as error:
        _logger.warning("a turn could not be served: %s", error)
        return error
    except Exception as error:
        _logger.exception("a turn could not be served")
        return error
