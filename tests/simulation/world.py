"""Virtual time: one heap of events, and processes that take turns.

A process is a greenlet: it runs until it sleeps or waits, and then another one does. Who runs when
follows from the seed alone, so that a run can be replayed to the letter. Everything random is drawn
from one generator.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from greenlet import getcurrent, greenlet

from owc.clock import ManualClock

BEGINS_AT: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
LINES_KEPT: Final = 400


class Killed(BaseException):
    """The process was killed here. Not an Exception: nothing of the product may catch it."""


class World:
    """Time, chance, processes and the log of one run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.clock = ManualClock(BEGINS_AT)
        self.is_patient = True
        """Whether a process gives way before and after each transaction."""
        self.after_event: Callable[[], None] = lambda: None
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.events = 0
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._number = 0
        self._digest = hashlib.sha256()
        self._main = getcurrent()
        self._processes: set[Process] = set()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """No time passes meanwhile, and nobody else runs: for whoever only looks."""
        before, self.is_patient = self.is_patient, False
        try:
            yield
        finally:
            self.is_patient = before

    @property
    def now(self) -> float:
        """Virtual seconds since the beginning."""
        return self.clock.monotonic()

    def at(self, delay: float, function: Callable[..., object], *args: Any) -> None:
        """Call it in so many virtual seconds."""
        self._number += 1
        heapq.heappush(self._heap, (self.now + max(delay, 0.0), self._number, function, args))

    def run(self, is_over: Callable[[], bool], until: float) -> bool:
        """Run events until it is over, or that time comes. Whether it was over."""
        while self._heap and self._heap[0][0] <= until:
            if is_over():
                return True
            moment, _, function, args = heapq.heappop(self._heap)
            self.clock.advance(max(moment - self.now, 0.0))
            self.events += 1
            function(*args)
            self.after_event()
        return is_over()

    @property
    def has_events(self) -> bool:
        return bool(self._heap)

    def skip(self, seconds: float) -> None:
        """Nothing happens for so long: the next event is later."""
        self.clock.advance(seconds)

    def note(self, what: str) -> None:
        """One line of the log, which the digest of the run is made of."""
        line = f"{self.now:.6f} {what}"
        self._digest.update(line.encode() + b"\n")
        self.lines.append(line)

    def digest(self, *more: bytes) -> str:
        """Of all lines so far, and of more."""
        whole = self._digest.copy()
        for each in more:
            whole.update(each)
        return whole.hexdigest()

    # Processes

    def spawn(self, name: str, function: Callable[..., object], *args: Any) -> Process:
        """Let a function run beside everything else, from the next event on."""
        process = Process(self, name, function, args)
        self._processes.add(process)
        self.at(0.0, process.resume, process.ticket)
        return process

    @property
    def process(self) -> Process | None:
        """The process that runs now, if one does."""
        current = getcurrent()
        return current if isinstance(current, Process) else None

    def processes(self) -> list[Process]:
        """Those that have not ended, in the order in which they began."""
        return sorted(self._processes, key=lambda each: each.number)

    def sleep(self, seconds: float) -> None:
        """Let others run for so long. Outside of a process: nothing."""
        process = self.process
        if process is not None:
            self.at(seconds, process.resume, process.ticket)
            process.give_way()

    def end(self) -> None:
        """Kill every process, so that none is left half-way."""
        for process in self.processes():
            process.kill()
        self._heap.clear()

    def gone(self, process: Process) -> None:
        self._processes.discard(process)


class Process(greenlet):
    """One thread of control of the hub. `on_end` is called with why it ended: None, or an
    exception."""

    def __init__(
        self, world: World, name: str, function: Callable[..., object], args: tuple[Any, ...]
    ) -> None:
        super().__init__(self._begin, getcurrent())
        self.world, self.name = world, name
        self.number = world._number = world._number + 1
        self.on_end: list[Callable[[BaseException | None], None]] = []
        self.doom: str | None = None
        """Where in its next write transaction it dies: "in", before the commit, or "after"."""
        self.writes = 0
        """Write transactions that are open."""
        self.ticket = 0
        """Of its present sleep: what wakes it from an earlier one comes too late."""
        self.has_ended = False
        self._function, self._args = function, args

    def _begin(self) -> None:
        reason: BaseException | None = None
        try:
            self._function(*self._args)
        except Killed as killed:
            reason = killed
        except Exception as error:  # noqa: BLE001 - handed to whoever watches the process
            reason = error
        self._ended(reason)

    def _ended(self, reason: BaseException | None) -> None:
        self.has_ended = True
        self.world.gone(self)
        for each in self.on_end:
            each(reason)

    def resume(self, ticket: int) -> None:
        """Go on, if it lives, and this was the sleep to wake it from."""
        if not self.dead and not self.has_ended and self.ticket == ticket:
            self.ticket += 1
            self.parent = getcurrent()
            self.switch()

    def give_way(self) -> None:
        """Called by itself: until somebody resumes it."""
        assert self.parent is not None
        self.parent.switch()

    def kill(self) -> None:
        """End it where it stands."""
        if self.dead or self.has_ended:
            return
        self.world.note(f"{self.name} was killed")
        if getcurrent() is self:
            raise Killed
        self.parent = getcurrent()
        if self:  # it has begun
            self.throw(Killed)
        else:
            self.ticket += 1
            self._ended(Killed())


class Signal:
    """What `threading.Event` is to threads."""

    def __init__(self, world: World) -> None:
        self._world, self._is_set = world, False
        self._waiting: list[Process] = []

    def set(self) -> None:
        self._is_set = True
        for process in self._waiting:
            self._world.at(0.0, process.resume, process.ticket)
        self._waiting.clear()

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        process = self._world.process
        assert process is not None
        if not self._is_set:
            self._waiting.append(process)
            if timeout is not None:
                self._world.at(timeout, process.resume, process.ticket)
            process.give_way()
            if process in self._waiting:
                self._waiting.remove(process)
        return self._is_set


class NothingThereError(Exception):
    """The mailbox is empty."""


class Mailbox:
    """What `queue.Queue` is to threads."""

    def __init__(self, world: World) -> None:
        self._items: deque[Any] = deque()
        self._signal = Signal(world)

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._signal.set()

    def get(self, block: bool = True) -> Any:
        while not self._items:
            if not block:
                raise NothingThereError
            self._signal.clear()
            self._signal.wait()
        return self._items.popleft()
