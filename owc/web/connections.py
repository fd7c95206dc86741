"""The sockets of volunteers that this process holds: who they are and who waits for work.

Plain bookkeeping on the event loop's thread; nothing here sends, locks or does I/O.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from owc.domain.matching import Capabilities, Requirement, satisfies
from owc.domain.nudging import Strategy, Waiting, next_latency, told_first

_COMPARED = 512
"""Of so many that wait the best are told: that takes two milliseconds, however many there are."""


@dataclass(kw_only=True, slots=True)
class Connection:
    """One open socket. `volunteer_id` is empty until its hello has been answered; `token`: the last
    one that was read and found good, until `token_until` on the machine's clock; `at_work`:
    sub-jobs it was offered and has not reported; `speed`: of one core, after its last result."""

    sid: str
    address: str
    volunteer_id: str = ""
    site: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    speed: float = 1.0
    latency_seconds: float | None = None
    at_work: int = 0
    told_at: float = -math.inf
    token: str = ""
    token_until: float = 0.0
    messages_seen: int = 0
    messages_since: float = 0.0


@dataclass(slots=True)
class Connections:
    """All open sockets of volunteers, by socket id and by volunteer."""

    _by_sid: dict[str, Connection] = field(default_factory=dict)
    _by_volunteer: dict[str, Connection] = field(default_factory=dict)
    _waiting: dict[str, Connection] = field(default_factory=dict)  # in the order of arrival
    _tellings: Iterator[int] = field(default_factory=itertools.count)

    def add(self, connection: Connection) -> None:
        self._by_sid.setdefault(connection.sid, connection)

    def get(self, sid: str) -> Connection | None:
        return self._by_sid.get(sid)

    def of_volunteer(self, volunteer_id: str) -> Connection | None:
        return self._by_volunteer.get(volunteer_id)

    def answered(self, sid: str, round_trip_seconds: float) -> None:
        """Note how long an answer of this socket took."""
        if connection := self._by_sid.get(sid):
            connection.latency_seconds = next_latency(
                connection.latency_seconds, round_trip_seconds
            )

    def bind(self, connection: Connection, volunteer_id: str, site: str) -> Connection | None:
        """Give the socket its volunteer; returns the older socket of the same volunteer, if any."""
        older = self._by_volunteer.get(volunteer_id)
        connection.volunteer_id, connection.site = volunteer_id, site
        self._by_volunteer[volunteer_id] = connection
        return older if older is not connection else None

    def remove(self, sid: str) -> Connection | None:
        """Forget a socket; returns it if it was still the one of its volunteer."""
        self._waiting.pop(sid, None)
        connection = self._by_sid.pop(sid, None)
        if connection is None or self._by_volunteer.get(connection.volunteer_id) is not connection:
            return None
        del self._by_volunteer[connection.volunteer_id]
        return connection

    def wait(self, connection: Connection) -> None:
        """Remember that this volunteer was told to wait for work."""
        if connection.sid in self._by_sid:
            self._waiting[connection.sid] = connection

    def stop_waiting(self, connection: Connection) -> None:
        self._waiting.pop(connection.sid, None)

    def take_waiting(
        self,
        most: int,
        strategy: Strategy,
        draw: Callable[[], float],
        needed: Requirement | None = None,
    ) -> list[str]:
        """Socket ids of those who wait and are to be told first, at most `most`; they wait no more.
        `needed`: only of those who satisfy it. Of a crowd not all are compared, but a run of them
        from anywhere, or, where turns are taken, from the one that has waited longest."""
        number = max(_COMPARED, 2 * most)
        everyone = list(self._waiting.values())
        if len(everyone) > number and strategy is not Strategy.ROUND_ROBIN:
            start = int(draw() * len(everyone))
            everyone = everyone[start:] + everyone[:start]
        waiting = itertools.islice(
            (
                _as_waiting(connection)
                for connection in everyone
                if needed is None or satisfies(connection.capabilities, needed)
            ),
            number,
        )
        taken = told_first(waiting, strategy, most, draw) if most > 0 else []
        for sid in taken:
            self._waiting.pop(sid).told_at = next(self._tellings)
        return taken

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def volunteers(self) -> int:
        return len(self._by_volunteer)

    def __len__(self) -> int:
        return len(self._by_sid)


def _as_waiting(connection: Connection) -> Waiting:
    cores = max(connection.capabilities.cores, 1)
    return Waiting(
        key=connection.sid,
        speed=connection.speed * cores,
        load=connection.at_work / cores,
        latency_seconds=connection.latency_seconds,
        told_at=connection.told_at,
    )
