"""Who plays what, and what a member of the cast writes down of it."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNLIMITED = 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A member's part, as it goes to its process.

    `folder`: of the diaries of all; `address`: what it connects from, and so its network; `earns`:
    agreements that it earns honestly before it waits for the file `gate`; `most`: sub-jobs that it
    takes after that; `truths`: those of them that it is honest about, where it lies later;
    `dies_after`: results, of which it does not send the next.
    """

    name: str
    kind: str
    url: str
    folder: str
    address: str
    seed: int = 0
    most: int = UNLIMITED
    earns: int = 0
    gate: str = ""
    truths: int = 0
    dies_after: int | None = None

    @property
    def diary(self) -> Path:
        return Path(self.folder) / f"{self.name}.jsonl"

    @property
    def log(self) -> Path:
        return Path(self.folder) / f"{self.name}.log"

    @property
    def is_let_in(self) -> bool:
        """Whether it need not wait any more."""
        return not self.gate or (Path(self.folder) / self.gate).exists()


class Diary:
    """Lines of JSON, each about one `event`, `at` a time that all of a machine share."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="ascii", buffering=1)

    def note(self, event: str, **more: Any) -> None:
        at = round(time.monotonic(), 2)
        self._file.write(json.dumps({"event": event, "at": at, **more}) + "\n")


class DiaryReader:
    """What somebody has written so far; nothing where nobody has. Reads no line twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: list[dict[str, Any]] = []
        self._offset = 0

    def entries(self, event: str) -> list[dict[str, Any]]:
        """Those about that, in the order in which they were written."""
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(self._offset)
            whole, end, _ = file.read().rpartition(b"\n")
            self._offset += len(whole) + len(end)
            self._entries += map(json.loads, whole.splitlines())
        return [each for each in self._entries if each["event"] == event]
