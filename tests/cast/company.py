"""The test's side of a cast: it has members begin and end, and reads what they wrote down."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import requests

from tests.cast.part import UNLIMITED, DiaryReader, Part
from tests.web.served import ROOT, ServedHub, wait_until

CAUGHT = frozenset({"limited", "barred"})
_ENDS = frozenset({"succeeded", "failed", "cancelled"})


class Company:
    """The stage, in a process of its own. `begin` and `end` for each, `close` in the end."""

    def __init__(self) -> None:
        self._stage = subprocess.Popen(
            [sys.executable, "-m", "tests.cast.stage"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, part: Part) -> int:
        """Start a member; returns its process id."""
        assert self._stage.stdin is not None
        assert self._stage.stdout is not None
        self._stage.stdin.write(json.dumps(asdict(part)) + "\n")
        self._stage.stdin.flush()
        return int(self._stage.stdout.readline())

    def close(self) -> None:
        assert self._stage.stdin is not None
        assert self._stage.stdout is not None
        self._stage.stdin.close()
        self._stage.wait(30)
        self._stage.stdout.close()


class Player:
    """One member as the test sees it."""

    def __init__(self, part: Part, hub: ServedHub) -> None:
        self.part, self._hub = part, hub
        self._diary = DiaryReader(part.diary)

    def noted(self, event: str) -> list[dict[str, Any]]:
        return self._diary.entries(event)

    @property
    def statuses(self) -> list[str]:
        """How it was told that it stands, in order."""
        return [each["status"] for each in self.noted("standing")]

    @property
    def is_caught(self) -> bool:
        return not CAUGHT.isdisjoint(self.statuses)

    @property
    def has_earned(self) -> bool:
        """Whether it has as many agreements as it wanted."""
        earned = self.noted("earned")
        return bool(earned) and earned[-1]["agreed"] >= self.part.earns

    @property
    def is_dead(self) -> bool:
        return bool(self.noted("dies"))

    @property
    def volunteer_ids(self) -> list[str]:
        """Those of its lives."""
        return list(dict.fromkeys(each["volunteer_id"] for each in self.noted("welcome")))

    @property
    def log(self) -> str:
        return self.part.log.read_text(errors="replace")

    @property
    def lies(self) -> int:
        return sum(not each["is_true"] for each in self.noted("said"))

    @property
    def true_rows(self) -> int:
        """Of what it has said, whether or not it arrived."""
        return sum(each["rows"] for each in self.noted("said") if each["is_true"])

    @property
    def stored_rows(self) -> int:
        """Of what the hub says that it has of it."""
        receipts = self.noted("receipt")
        has_it = ("stored", "duplicate")  # which it says where the first receipt was lost
        stored = {each["sub_job_id"] for each in receipts if each["status"] in has_it}
        return sum(each["rows"] for each in self.noted("said") if each["sub_job_id"] in stored)

    def receipts(self) -> Counter[str]:
        return Counter(each["status"] for each in self.noted("receipt"))

    def me(self) -> dict[str, Any]:
        """What the hub says to it, in its last life, of itself."""
        token = self.noted("welcome")[-1]["token"]
        answer = requests.get(
            f"{self._hub.url}/volunteer/me",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found


class Cast:
    """Those who play in one test; they end with the block."""

    def __init__(self, company: Company, hub: ServedHub, folder: Path) -> None:
        self.hub, self._company, self._folder = hub, company, folder
        self.players: list[Player] = []
        self._pids: list[int] = []
        folder.mkdir()

    def __enter__(self) -> Cast:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not any(map(_lives, self._pids)), what="the end of the cast")

    def enter(self, kind: str, *, network: int, most: int = UNLIMITED, **more: Any) -> Player:
        """Someone of that kind begins; a seed is drawn from the network."""
        part = Part(
            name=f"{kind} {network}".replace(" ", "-"),
            kind=kind,
            url=self.hub.url,
            folder=str(self._folder),
            address=f"127.0.{network}.1",
            seed=1_000 + network,
            most=most,
            **more,
        )
        player = Player(part, self.hub)
        self.players.append(player)
        self._pids.append(self._company.begin(part))
        return player

    def open(self, gate: str) -> None:
        """Those who wait for it go on."""
        (self._folder / gate).touch()

    def await_all(self, players: Iterable[Player], have: Callable[[Player], bool]) -> None:
        """Wait until all of them have; says who has not."""
        waits = list(players)

        def done() -> bool:
            waits[:] = [each for each in waits if not have(each)]
            return not waits

        try:
            wait_until(done, seconds=90, what="the cast")
        except AssertionError as error:
            told = [f"{each.part.name}: {each.statuses} {each.receipts()}" for each in waits]
            raise AssertionError(f"{error}: {told}") from None


class Ledger:
    """What the hub's own database says, read without asking the hub."""

    def __init__(self, hub: ServedHub) -> None:
        self._hub, self._path = hub, hub.folder / "owc.sqlite3"

    def credit(self, player: Player) -> int:
        """Rows that count for it, in all its lives."""
        return sum(
            rows
            for volunteer_id in player.volunteer_ids
            for (rows,) in self._ask(
                "SELECT rows FROM contribution WHERE volunteer_id = ?", volunteer_id
            )
        )

    def credit_of_job(self, job_id: str) -> dict[str, int]:
        """Rows that count for each volunteer."""
        query = "SELECT volunteer_id, rows FROM contribution WHERE job_id = ? AND rows <> 0"
        return dict(self._ask(query, job_id))

    def disagreed(self, player: Player) -> list[int]:
        """How often it was wrong, in each of its lives."""
        query = "SELECT disagreed FROM volunteer WHERE id = ?"
        return [self._ask(query, each)[0][0] for each in player.volunteer_ids]

    def await_success(self, job_id: str) -> None:
        """Wait until the job has succeeded, at no cost to the hub."""
        states = "SELECT state FROM job WHERE id = ?"
        wait_until(
            lambda: self._ask(states, job_id)[0][0] in _ENDS, seconds=120, what=f"job {job_id}"
        )
        job = self._hub.job(job_id)
        assert job["state"] == "succeeded", job["failure"]

    def is_active(self, lease_id: str) -> bool:
        return bool(self._ask("SELECT 1 FROM lease WHERE id = ? AND state = 'active'", lease_id))

    def leased(self) -> list[str]:
        """Leases and sub-jobs that somebody still holds."""
        leases = self._ask("SELECT id FROM lease WHERE state = ?", "active")
        sub_jobs = self._ask("SELECT id FROM sub_job WHERE state = ?", "leased")
        return [each for (each,) in [*leases, *sub_jobs]]

    def _ask(self, query: str, value: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as file:
            return file.execute(query, (value,)).fetchall()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
