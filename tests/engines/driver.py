"""One small interface to three browser engines: what the suite needs of them, and nothing else.

`Engine` is a running browser, `Profile` a visitor's storage in it, `Tab` a page that is open there.
Each engine implements them with its own protocol: `chromium.py`, `firefox.py`, `webkit.py`.
"""

from __future__ import annotations

import json
import os
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

WAIT_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.05


class DriverError(Exception):
    """The browser, or a script in a page, answered with an error."""


class Tab(ABC):
    """A page in a tab of its own. `inside`: in the hub's frame, not in the page around it."""

    def evaluate(self, expression: str, *, inside: bool = False) -> Any:
        """The value, as JSON knows it, of a JavaScript expression; promises are awaited."""
        # Nothing is undefined in JSON: null stands for it.
        script = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        return json.loads(self._run(script, inside=inside))

    def wait_until(
        self, condition: str, *, inside: bool = False, seconds: float = WAIT_SECONDS
    ) -> Any:
        """Wait until an expression is truthy; returns what it was then."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = self.evaluate(condition, inside=inside)
            except DriverError as error:  # a page that is just being loaded has no such thing yet
                found, trouble = None, f": {error}"
            else:
                trouble = ""
            if found:
                return found
            assert time.monotonic() < deadline, f"never true: {condition}{trouble}"
            time.sleep(_LOOK_AGAIN_SECONDS)

    @abstractmethod
    def _run(self, script: str, *, inside: bool) -> str:
        """The text that the promise of a script ends with; DriverError if it fails."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Press and release the mouse on an element of the hub's frame, as a person does."""

    @abstractmethod
    def size(self, width: int, height: int) -> None:
        """Make the window so large that the page has about this many pixels."""

    @abstractmethod
    def screenshot(self, path: Path) -> None:
        """Save what the page shows as a PNG file."""

    @abstractmethod
    def close(self) -> None:
        """Close the tab, as a person does."""


class Profile(ABC):
    """A visitor's own storage."""

    @abstractmethod
    def open(self, url: str) -> Tab:
        """Open a page in a new tab and wait until it has loaded."""

    @abstractmethod
    def close(self) -> None:
        """Close all its tabs and forget everything; again is no error."""


class Engine(ABC):
    """A browser that runs."""

    name: str
    content_process: str
    """What the command lines of the processes that run pages have in common."""

    @abstractmethod
    def profile(self) -> Profile:
        """A new visitor."""

    @abstractmethod
    def processes(self) -> list[int]:
        """The ids of the browser's first processes."""

    @abstractmethod
    def stop(self) -> None:
        """End the browser; again is no error."""

    def crash(self) -> int:
        """Kill the processes that run pages, as the system does when memory is short. How many."""
        killed = 0
        for root in self.processes():
            for pid in descendants(root):
                if self.content_process in command_line(pid):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        return killed

    def kill(self) -> None:
        """Kill the browser with all its processes."""
        for root in self.processes():
            for pid in [*descendants(root), root]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:  # it ended with its parent
                    continue


def descendants(root: int) -> list[int]:
    """The processes that a process and its children have started (Linux)."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(errors="replace")
        except OSError:  # it has just ended
            continue
        parent = int(text.rpartition(")")[2].split()[1])
        parents.setdefault(parent, []).append(int(path.parent.name))
    found, waiting = [], [root]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:  # it has just ended
        return ""
