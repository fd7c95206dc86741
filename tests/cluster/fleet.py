"""Volunteers which come back by themselves whatever the hub does: native ones, each a process, and
a crowd of light ones in one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.cluster.cluster import ROOT
from tests.cluster.parts import Part
from tests.web.served import wait_until


class Fleet:
    """Volunteers of one worker each, at one address or at several in turn."""

    def __init__(self, folder: Path, urls: list[str], *, size: int) -> None:
        self._folder = folder
        self.volunteers = [
            self._volunteer(number, urls[number % len(urls)]) for number in range(size)
        ]

    def start(self) -> None:
        """Have all of them run; those that run go on."""
        for volunteer in self.volunteers:
            if not volunteer.is_running:
                volunteer.launch()

    def freeze(self) -> None:
        for volunteer in self.volunteers:
            volunteer.freeze()

    def thaw(self) -> None:
        for volunteer in self.volunteers:
            volunteer.thaw()

    def stop(self) -> None:
        for volunteer in self.volunteers:
            volunteer.stop()

    def logs(self) -> list[str]:
        """What each has said."""
        return [volunteer.log.read_text(errors="replace") for volunteer in self.volunteers]

    def gone(self) -> list[str]:
        """Who ended although nobody asked it to, with the end of what it said."""
        return [
            f"{volunteer.name}: {volunteer.log.read_text(errors='replace')[-500:]}"
            for volunteer in self.volunteers
            if volunteer.process is not None and not volunteer.is_running
        ]

    def _volunteer(self, number: int, url: str) -> Part:
        name = f"volunteer-{number + 1}"
        return Part(
            name=name,
            command=[sys.executable, "-m", "owc", "volunteer", url, "--workers", "1"],
            log=self._folder / f"{name}.log",
            answers=lambda: True,
            variables={"PYTHONPATH": str(ROOT)},
        )


class Crowd:
    """`tests.cluster.working_crowd` in a process of its own, which ends with the block."""

    def __init__(self, url: str, members: int) -> None:
        self._members = members
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.working_crowd", url, str(members)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def counts(self) -> dict[str, int]:
        """How many are `connected`, how often they were welcomed (`welcomes`), results `stored`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        said: dict[str, int] = json.loads(self._process.stdout.readline())
        return said

    def await_all(self, *, welcomes: int = 0) -> None:
        """Wait until all are connected, and have been welcomed so often together."""

        def are_here() -> bool:
            counts = self.counts()
            return counts["connected"] == self._members and counts["welcomes"] >= welcomes

        wait_until(are_here, seconds=120, what=f"{self._members} connected volunteers")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
