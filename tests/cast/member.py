"""The real native volunteer as a member of the cast: from an address of its own, with a diary.

What it overrides is what any volunteer could do to itself: what it says of what it computed, when
it asks for work, when it dies. Everything else, and every message, is the product's.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import requests

from owc.volunteer import Volunteer
from owc.volunteer.desk import Assignment
from tests.cast.part import Diary, DiaryReader, Part

Result = dict[str, Any]

_LOOK_SECONDS = 0.1
_UNHEARD = 8
_PATIENCE_SECONDS = 2.0


class _PlacedSocket(socket.socket):
    """One that is bound to an address before it connects."""

    address = ""

    def connect(self, peer: Any) -> None:
        if self.family == socket.AF_INET:
            self.bind((self.address, 0))
        super().connect(peer)


def connect_from(address: str) -> None:
    """Have every connection that this process makes from now on come from that address."""
    _PlacedSocket.address = address
    socket.socket = _PlacedSocket  # type: ignore[misc]  # HTTP and the WebSocket both make theirs of it


class Member(Volunteer):
    """An honest one; liars do otherwise in some of this."""

    def __init__(self, part: Part) -> None:
        super().__init__(part.url, workers=1)
        self.part = part
        self.diary = Diary(part.diary)
        self.said = 0
        self._taken = 0
        self._first_rows: dict[str, int] = {}
        self._invented: set[str] = set()
        self._readers: dict[Path, DiaryReader] = {}
        self._agreed = self._said_then = 0
        self._looked_at = self._waits_since = 0.0

    # For liars -----------------------------------------------------------------------------------

    def says(self, assignment: Assignment, result: Result) -> Result:
        """What it says of what it computed."""
        return result

    def invents(self, assignment: Assignment) -> bytes | None:
        """An output without computing it; None: it computes after all. In a worker's thread."""
        return None

    def hears(self, name: str, payload: Any) -> None:
        """The hub said something, and it has been taken in."""

    def goes_on(self) -> None:
        """It has reported what there was to report."""

    def first_row(self, assignment: Assignment) -> int:
        return self._first_rows[assignment.sub_job_id]

    def others(self, event: str) -> list[dict[str, Any]]:
        """What others have written of that; no liar in the world knows so much."""
        for path in sorted(Path(self.part.folder).glob("*.jsonl")):
            if path != self.part.diary and path not in self._readers:
                self._readers[path] = DiaryReader(path)
        return [each for reader in self._readers.values() for each in reader.entries(event)]

    # What the volunteer does ---------------------------------------------------------------------

    def _handle(self, news: Any) -> None:
        self._write_down(news.name, news.payload)
        super()._handle(news)
        self.hears(news.name, news.payload)

    def _write_down(self, name: str, payload: Any) -> None:
        note = self.diary.note
        match name:
            case "volunteer_welcome":
                note("welcome", volunteer_id=payload["volunteer_id"], token=payload["token"])
            case "volunteer_refused":
                note("refused", code=payload["code"])
            case "volunteer_standing":
                note("standing", status=payload["status"], message=payload["message"])
            case "result_ack":
                for receipt in payload["results"]:
                    note("receipt", sub_job_id=receipt["sub_job_id"], status=receipt["status"])
            case "lease_offer" if payload["lease_id"] is not None:
                self._take(payload)

    def _take(self, offer: dict[str, Any]) -> None:
        ids = [each["sub_job_id"] for each in offer["sub_jobs"]]
        if not self.is_earning:
            self._taken += len(ids)
        self._first_rows |= {each["sub_job_id"]: each["first_row"] for each in offer["sub_jobs"]}
        self.diary.note("lease", lease_id=offer["lease_id"], sub_job_ids=ids)

    def _work(self, assignment: Assignment) -> None:
        output = self.invents(assignment)
        if output is None:
            super()._work(assignment)
            return
        self._invented.add(assignment.sub_job_id)
        result = {
            "sub_job_id": assignment.sub_job_id,
            "output": output,
            "output_sha256": None,
            "rows_done": assignment.rows,
            "trap_site": None,
            "error": None,
            "elapsed_ms": 10.0,
        }
        self._listener("<done>")((assignment, result))

    def _take_finished(self) -> dict[str, list[Result]]:
        self._ready = [(each, self._speak(each, result)) for each, result in self._ready]
        return super()._take_finished()

    def _speak(self, assignment: Assignment, result: Result) -> Result:
        is_invented = assignment.sub_job_id in self._invented
        said = result if is_invented else self.says(assignment, result)
        content = ("output", "output_sha256", "trap_site", "rows_done", "error")
        is_true = not is_invented and all(said[name] == result[name] for name in content)
        self.said += 1
        self.diary.note(
            "said",
            sub_job_id=assignment.sub_job_id,
            first_row=self.first_row(assignment),
            rows=assignment.rows,
            is_true=is_true,
            output=(said["output"] or b"").hex(),
        )
        if self.part.dies_after is not None and self.said > self.part.dies_after:
            self.diary.note("dies", lease_id=assignment.lease_id)
            os._exit(9)  # nothing is closed, nothing is sent
        return said

    def _report(self, finished: dict[str, list[Result]]) -> None:
        super()._report(finished)
        if finished:
            self.goes_on()

    # When it asks --------------------------------------------------------------------------------

    @property
    def is_earning(self) -> bool:
        """Whether it has not yet been let in to what it came for."""
        return self._agreed < self.part.earns or not self.part.is_let_in

    def begin_anew(self) -> None:
        """It has taken nothing yet."""
        self._taken = 0

    def _wants(self) -> int:
        left = self.part.most - self._taken
        if self.is_earning:
            left = self.part.earns - self._agreed if self._earns_on() else 0
        return min(super()._wants(), left) if left > 0 else 0

    def _earns_on(self) -> bool:
        """Whether it does some more: not while the hub has several of its results to judge."""
        now = time.monotonic()
        if not self._desk.is_clear or now - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = now
        me = self._me()
        if me["agreed"] > self._agreed:
            self._agreed, self._said_then, self._waits_since = me["agreed"], self.said, now
            self.diary.note("earned", agreed=self._agreed)
        if self.said - self._said_then < _UNHEARD:
            return True
        # a newcomer's are judged in the end, all of them; of others' those that were drawn
        if me["agreed"] < me["needed"] or now - self._waits_since < _PATIENCE_SECONDS:
            return False
        self._waits_since = now
        return True

    def _me(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = requests.get(f"{self.part.url}/volunteer/me", headers=headers, timeout=30)
        standing: dict[str, Any] = answer.json()["standing"]
        return standing
