"""What a visitor does with the hub's frame, and what is seen of it, in any engine.

The one file of this suite that knows how the frame looks inside.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.engines.driver import Profile, Tab

LOOKS = 8
"""Times that a visitor looks and presses again, on a machine that is slow to draw."""

SUCCESS_SECONDS = 120.0

_LOOK = """new Promise((done) => {
  let first = null;
  requestAnimationFrame(function next(now) {
    first ??= now;
    if (now - first > 1300) done(); else requestAnimationFrame(next);
  });
})"""


def _is_shown(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})?.getClientRects().length > 0"


@dataclass(frozen=True)
class Visitor:
    """One person with a browser profile."""

    profile: Profile

    def meet_question(self, url: str) -> Tab:
        """Open a page and wait until its card asks."""
        tab = self.profile.open(url)
        tab.wait_until(_is_shown(".ask .yes"), inside=True)
        return tab

    def look(self, tab: Tab) -> None:
        """Let more than a second of animation frames pass before the visitor's eyes."""
        tab.evaluate(_LOOK)

    def say_yes(self, tab: Tab) -> None:
        """Press yes as a person would: after a look, and again if it was too early."""
        for _ in range(LOOKS):
            self.look(tab)
            tab.click(".yes")
            if self.is_at_work(tab):
                return
        raise AssertionError("the card never took the yes")

    def say_no(self, tab: Tab) -> None:
        self.look(tab)
        tab.click(".no")
        self.await_status(tab, "declined")

    def open_panel(self, tab: Tab) -> None:
        """Press the button of the badge that shows what was done and what can be chosen."""
        tab.click(".settings")
        tab.wait_until(_is_shown(".panel"), inside=True)

    def is_at_work(self, tab: Tab) -> bool:
        """Whether the card shows its badge, which it does after a yes."""
        return bool(tab.evaluate(_is_shown(".badge"), inside=True))

    def is_asking(self, tab: Tab) -> bool:
        return bool(tab.evaluate(_is_shown(".ask"), inside=True))

    def stored(self, tab: Tab) -> dict[str, Any]:
        """What the frame keeps in this browser."""
        kept: dict[str, str] = tab.evaluate("({...localStorage})", inside=True)
        return {key: json.loads(value) for key, value in kept.items()}

    def loaded(self, tab: Tab) -> list[str]:
        """The addresses of everything that the frame has fetched."""
        entries = "performance.getEntriesByType('resource').map((entry) => entry.name)"
        found: list[str] = tab.evaluate(entries, inside=True)
        return found

    def await_status(self, tab: Tab, *statuses: str) -> None:
        """Wait until the page's loader reports one of the statuses."""
        tab.wait_until(f"{json.dumps(statuses)}.includes(OpenWebCompute.status)")

    def await_done(self, tab: Tab, sub_jobs: int) -> None:
        """Wait until the card has counted that many sub-jobs."""
        tab.wait_until(f"OpenWebCompute.subJobsDone >= {sub_jobs}", seconds=SUCCESS_SECONDS)
