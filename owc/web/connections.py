"""The sockets of volunteers that this process holds: who they are and who waits for work.

Plain bookkeeping on the event loop's thread; nothing here sends, locks or does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Connection:
    """One open socket. `volunteer_id` is empty until its hello has been answered."""

    sid: str
    address: str
    volunteer_id: str = ""
    site: str = ""
    messages_seen: int = 0
    messages_since: float = 0.0


@dataclass(slots=True)
class Connections:
    """All open sockets of volunteers, by socket id and by volunteer."""

    _by_sid: dict[str, Connection] = field(default_factory=dict)
    _by_volunteer: dict[str, Connection] = field(default_factory=dict)
    _waiting: dict[str, None] = field(default_factory=dict)  # a dict keeps the order of arrival

    def add(self, connection: Connection) -> None:
        self._by_sid.setdefault(connection.sid, connection)

    def get(self, sid: str) -> Connection | None:
        return self._by_sid.get(sid)

    def of_volunteer(self, volunteer_id: str) -> Connection | None:
        return self._by_volunteer.get(volunteer_id)

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
        self._waiting[connection.sid] = None

    def stop_waiting(self, connection: Connection) -> None:
        self._waiting.pop(connection.sid, None)

    def take_waiting(self, most: int) -> list[str]:
        """Socket ids of those that have waited longest, at most `most`; they wait no more."""
        taken = list(self._waiting)[:most]
        for sid in taken:
            del self._waiting[sid]
        return taken

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def __len__(self) -> int:
        return len(self._by_sid)
