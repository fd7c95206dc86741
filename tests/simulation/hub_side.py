"""The processes of a hub in virtual time: web processes with their turns and duties, RQ workers.

A web process serves what arrives with the exchange of the real one, and repeats the real duties; a
worker takes tasks from RQ's queues and runs the real functions. Any of them can be killed, at any
transaction; another one is started soon after.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from unittest import mock

from redis import Redis
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from owc.errors import DatabaseUnavailable, QueueUnavailable, UnknownVolunteer
from owc.queue import TASK_QUEUES, StartedSubJob, Task
from owc.services import copies, openings, presence, standing, upkeep
from owc.services.hub import Hub
from owc.services.values import Ask as HubAsk
from owc.services.values import Enrolment, LeaseOffer, Leaving, Lost, Receipt, Returning
from owc.tasks import functions
from owc.tasks.process import use_hub
from owc.web import exchange as turns
from tests.simulation import messages
from tests.simulation.computing import SimulatedRuns
from tests.simulation.parts import News, WatchedQueue
from tests.simulation.world import Killed, Mailbox, NothingThereError, Process, Signal, World

EXPECTED: Final = (QueueUnavailable, DatabaseUnavailable)
"""What a duty may raise while something is away: it is tried again."""


class Caller(Protocol):
    """Whoever is at the other end of a socket."""

    def hears(self, sid: str, message: messages.ToVolunteer) -> None: ...

    def loses(self, sid: str) -> None: ...


@dataclass(slots=True)
class Socket:
    """One connection; `volunteer_id`: who said hello in it."""

    sid: str
    caller: Caller
    volunteer_id: str | None = None
    is_waiting: bool = False


class _Here:
    """The writer lane of a web process: it has one thread, and this is it."""

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    def close(self) -> None:
        pass


class WebProcess:
    """Sockets, turns, duties."""

    def __init__(self, side: HubSide, number: int) -> None:
        self.side, self.world, self.hub = side, side.world, side.hub
        self.id = f"web_{number}"
        self.sockets: dict[str, Socket] = {}
        self.is_alive = True
        self._processes: list[Process] = []
        self._exchange = turns.Exchange(
            self.hub,
            _Here(),
            queue=Mailbox(self.world),
            queue_empty=NothingThereError,
            make_event=lambda: Signal(self.world),
            sleep=self.world.sleep,
            acknowledge=self._acknowledge,
            offer=self._offer,
            granted=lambda _: None,
            failed=self.close,
        )
        settings = self.hub.settings
        self._spawn("turns", self._exchange.run)
        self._repeat("upkeep", self._upkeep, settings.upkeep_seconds)
        self._repeat("tails", self._tails, 2 * settings.upkeep_seconds)
        self._repeat("beat", lambda: presence.beat(self.hub, self.id), 2 * presence.BEAT_SECONDS)
        self._repeat("prune", self._prune, settings.prune_seconds)
        self._repeat("reconcile", lambda: upkeep.reconcile(self.hub), settings.reconcile_seconds)

    # Sockets

    def connect(self, caller: Caller) -> str:
        sid = f"sid_{self.side.next_number()}"
        self.sockets[sid] = Socket(sid=sid, caller=caller)
        return sid

    def close(self, sid: str, *, in_order: bool = False) -> None:
        """The socket is closed, in order (a goodbye) or because the way is cut."""
        socket = self.sockets.pop(sid, None)
        if socket is None:
            return
        self.world.at(0.01, socket.caller.loses, sid)
        if socket.volunteer_id is None:
            return
        leaving = Leaving(volunteer_id=socket.volunteer_id, socket=sid)
        if in_order:
            self._put(leaving)
        else:
            self._put(Lost(volunteer_id=socket.volunteer_id, socket=sid))
            self.world.at(self.hub.settings.grace_seconds, self._put, leaving)

    def receive(self, sid: str, message: messages.ToHub) -> None:
        socket = self.sockets.get(sid)
        if socket is None or not self.is_alive:
            return
        if isinstance(message, messages.Hello):
            if socket.volunteer_id is None:
                self._spawn("hello", self._hello, socket, message)
            return
        volunteer_id = socket.volunteer_id
        if volunteer_id is None:
            return  # the real one ends the connection: hello comes first
        match message:
            case messages.Request():
                self._lease(socket, volunteer_id, message.sub_jobs)
            case messages.Reports():
                batch = turns.Batch(sid=sid, lease_id=message.lease_id, reports=message.reports)
                self._put(batch)
                if message.wants:
                    self._lease(socket, volunteer_id, message.wants)
            case messages.Renew():
                self._spawn("renewal", self._renew, socket, message)
            case messages.Release():
                self._put(
                    Returning(
                        volunteer_id=volunteer_id,
                        lease_id=message.lease_id,
                        sub_job_ids=message.sub_job_ids,
                    )
                )
            case messages.Checkpoints():
                for checkpoint in message.checkpoints:
                    self._put(checkpoint)

    def crash(self) -> None:
        """It dies, with all that it was at."""
        if not self.is_alive:
            return
        self.is_alive = False
        self.world.note(f"{self.id} died")
        for process in self._processes:
            process.kill()
        sockets, self.sockets = self.sockets, {}
        for sid, socket in sockets.items():
            self.world.at(self.world.rng.uniform(0.0, 2.0), socket.caller.loses, sid)
        self.side.died(self)

    def news(self, topic: str, payload: dict[str, Any]) -> None:
        if not self.is_alive or self.side.news_are_lost():
            return
        if topic == "work":
            self._nudge(payload["sub_jobs"])
        elif topic == "revoke":
            for socket in list(self.sockets.values()):
                if socket.volunteer_id == payload["volunteer_id"]:
                    named = payload["sub_job_ids"]
                    self._tell(
                        socket,
                        messages.Revoke(
                            lease_id=payload["lease_id"],
                            sub_job_ids=None if named is None else tuple(named),
                        ),
                    )
        elif topic == "standing":
            self._stand(payload["volunteer_ids"])
        elif topic == "arrived" and payload["process_id"] != self.id:
            for socket in list(self.sockets.values()):
                if socket.volunteer_id == payload["volunteer_id"]:
                    self.close(socket.sid)

    def _stand(self, volunteer_ids: Sequence[str]) -> None:
        here = {each.volunteer_id: each for each in self.sockets.values()}
        asked = [each for each in volunteer_ids if each in here]
        for volunteer_id, found in standing.standings(self.hub, asked).items():
            self._tell(here[volunteer_id], messages.Standing(status=found.status.value))

    def _put(self, item: Any) -> None:
        if self.is_alive:
            self._exchange.put(item)

    def _hello(self, socket: Socket, hello: messages.Hello) -> None:
        enrolment = Enrolment(
            volunteer_id=hello.volunteer_id,
            kind="native",
            capabilities=hello.capabilities,
            network=hello.network,
            process_id=self.id,
            socket=socket.sid,
        )
        try:
            record = self._exchange.enrol(enrolment, hello.keep)
        except DatabaseUnavailable:
            self.close(socket.sid)
            return
        for older in list(self.sockets.values()):
            if older.volunteer_id == record.id and older is not socket:
                self.close(older.sid)
        socket.volunteer_id = record.id
        self._tell(socket, messages.Welcome(volunteer_id=record.id))

    def _renew(self, socket: Socket, message: messages.Renew) -> None:
        assert socket.volunteer_id is not None
        if not message.lease_ids:
            return
        try:
            renewal = self._exchange.renew(socket.volunteer_id, message.lease_ids)
        except DatabaseUnavailable:
            return
        for lease_id in renewal.gone:
            self._tell(socket, messages.Revoke(lease_id=lease_id, sub_job_ids=None))

    def _lease(self, socket: Socket, volunteer_id: str, sub_jobs: int) -> None:
        socket.is_waiting = False
        ask = HubAsk(volunteer_id=volunteer_id, sub_jobs=sub_jobs)
        self._put(turns.Request(sid=socket.sid, ask=ask))

    def _offer(self, request: Any, offer: LeaseOffer | UnknownVolunteer | None) -> None:
        socket = self.sockets.get(request.sid)
        if socket is None:
            if isinstance(offer, LeaseOffer):
                self._put(
                    Returning(
                        volunteer_id=request.ask.volunteer_id,
                        lease_id=offer.lease_id,
                        sub_job_ids=None,
                    )
                )
            return
        if isinstance(offer, UnknownVolunteer):
            self.close(request.sid)
            return
        socket.is_waiting = offer is None
        self._tell(socket, messages.Offer(offer=offer))

    def _acknowledge(self, batch: Any, receipts: Sequence[Receipt]) -> None:
        statuses = ",".join(receipt.status for receipt in receipts)
        self.world.note(f"{self.id} takes {batch.lease_id}: {statuses}")
        if (socket := self.sockets.get(batch.sid)) is not None:
            self._tell(socket, messages.Ack(receipts=tuple(receipts)))

    def _tell(self, socket: Socket, message: messages.ToVolunteer) -> None:
        socket.caller.hears(socket.sid, message)

    # Duties

    def _upkeep(self) -> None:
        upkeep.expire(self.hub)
        upkeep.relieve(self.hub)
        upkeep.arbitrate(self.hub)
        upkeep.feed(self.hub)
        for each in openings.queued(self.hub):
            self._nudge(each.sub_jobs)

    def _tails(self) -> None:
        waiting = sum(socket.is_waiting for socket in self.sockets.values())
        if waiting:
            for each in copies.tails(self.hub, min(waiting, 64)):
                self._nudge(each.sub_jobs)

    def _nudge(self, most: int) -> None:
        waiting = [socket for socket in self.sockets.values() if socket.is_waiting]
        for socket in waiting[:most]:
            socket.is_waiting = False
            self._tell(socket, messages.WorkAvailable())

    def _prune(self) -> None:
        task = Task(id="prune", function="prune", args=())
        with self.hub.delivery("prune"):
            self.hub.queue.enqueue_task_once(task, seconds=self.hub.settings.prune_seconds)

    def _repeat(self, name: str, duty: Callable[[], object], pause: float) -> None:
        self._spawn(name, self._loop, duty, pause)

    def _loop(self, duty: Callable[[], object], pause: float) -> None:
        while True:
            self.world.sleep(pause * self.world.rng.uniform(0.8, 1.2))
            try:
                duty()
            except EXPECTED as error:
                self.world.note(f"{self.id} was refused: {error.code}")

    def _spawn(self, name: str, function: Callable[..., object], *args: Any) -> None:
        process = self.world.spawn(f"{self.id} {name}", function, *args)
        process.on_end.append(self._ended)
        self._processes = [each for each in self._processes if not each.dead] + [process]

    def _ended(self, reason: BaseException | None) -> None:
        if isinstance(reason, Killed):
            self.crash()
        elif reason is not None:
            self.side.troubles.append(reason)


class Worker:
    """Takes tasks of one queue one after the other, as a lane of an RQ worker does."""

    def __init__(self, side: HubSide, number: int, lane: str) -> None:
        self.side, self.world, self.hub, self.lane = side, side.world, side.hub, lane
        self.name = f"owc-simulated-{number}"
        self.wanted = Signal(self.world)
        self.wanted.set()
        self.process = self.world.spawn(self.name, self._loop)
        self.process.on_end.append(self._ended)

    def _loop(self) -> None:
        while True:
            found = self._take()
            if found is None:
                self.wanted.clear()
                self.wanted.wait(timeout=5.0)
                continue
            self._run(*found)

    def _take(self) -> tuple[str, str, Sequence[Any]] | None:
        if self.side.queue.is_away:
            return None
        redis = self.side.redis
        while (raw := redis.lpop(f"rq:queue:{self.lane}")) is not None:
            task_id = raw.decode()
            try:
                job = Job.fetch(task_id, redis, serializer=JSONSerializer)
            except NoSuchJobError:
                continue  # as RQ does
            return task_id, str(job.func_name).rpartition(".")[2], job.args
        return None

    def _run(self, task_id: str, function: str, args: Sequence[Any]) -> None:
        execution = f"{self.name}-{self.side.next_number()}"
        mark = StartedSubJob(
            id=task_id,
            lease_id=execution,
            volunteer_id=self.name,
            seconds=0,  # RQ's workers say for a minute that they are at it; no task here is longer
        )
        self.world.note(f"{self.name} begins {task_id}")
        with self.hub.delivery("mark"):
            self.hub.queue.start([mark])
        try:
            getattr(functions, function)(*args)
        except EXPECTED as error:
            self.world.note(f"{task_id} was refused: {error.code}")
        with self.hub.delivery("mark"):
            self.hub.queue.forget([task_id])
        self.world.note(f"{self.name} ends {task_id}")

    def _ended(self, reason: BaseException | None) -> None:
        self.side.workers.remove(self)
        if isinstance(reason, Killed):
            pause = self.world.rng.uniform(0.5, 5.0)
            self.world.at(pause, self.side.start_lane, self.lane)
        elif reason is not None:
            self.side.troubles.append(reason)


@dataclass
class HubSide:
    """All processes of the hub. `troubles`: what nobody expected to be raised."""

    world: World
    hub: Hub
    redis: Redis
    webs: list[WebProcess] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)
    losing_news: float = 0.0
    _numbers: int = 0
    _is_open: bool = True

    @property
    def queue(self) -> WatchedQueue:
        assert isinstance(self.hub.queue, WatchedQueue)
        return self.hub.queue

    @property
    def runs(self) -> SimulatedRuns:
        assert isinstance(self.hub.runs, SimulatedRuns)
        return self.hub.runs

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def start_web(self) -> None:
        if self._is_open:
            web = WebProcess(self, self.next_number())
            self.webs.append(web)
            assert isinstance(self.hub.push, News)
            self.hub.push.subscribers.append(web.news)

    def start_worker(self) -> None:
        for lane in TASK_QUEUES:
            self.start_lane(lane)

    def start_lane(self, lane: str) -> None:
        if self._is_open:
            self.workers.append(Worker(self, self.next_number(), lane))

    def died(self, web: WebProcess) -> None:
        self.webs.remove(web)
        assert isinstance(self.hub.push, News)
        self.hub.push.subscribers.remove(web.news)
        self.world.at(self.world.rng.uniform(0.5, 5.0), self.start_web)

    def news_are_lost(self) -> bool:
        return self.world.rng.random() < self.losing_news

    def wake_workers(self) -> None:
        for worker in self.workers:
            worker.wanted.set()

    def close(self) -> None:
        self._is_open = False
        self.world.end()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around everything: whose worker lives is known here, and what is logged as an error is
        one."""
        self.queue.on_task = self.wake_workers
        use_hub(self.hub)
        logger = logging.getLogger("owc")
        listener = _Listener(self.troubles)
        logger.addHandler(listener)
        try:
            with mock.patch.object(upkeep, "is_alive", self._is_alive):
                yield
        finally:
            self.close()
            logger.removeHandler(listener)
            use_hub(None)

    def _is_alive(self, name: str) -> bool:
        return any(worker.name == name for worker in self.workers)


class _Listener(logging.Handler):
    """Hears of exceptions that the product caught and logged."""

    def __init__(self, troubles: list[BaseException]) -> None:
        super().__init__(logging.ERROR)
        self._troubles = troubles

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._troubles.append(error or RuntimeError(record.getMessage()))
