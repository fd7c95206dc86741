"""What a visitor's browser does and what is seen of it: the card, its answers, the traffic."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, Page, Request, expect

NO_GPU = "No available adapters."
"""What Chromium itself says where WebGPU is asked for and there is no GPU."""

LOOKS = 8
"""Times that a visitor looks and presses again, on a machine that is slow to draw."""

_LOOK = """() => new Promise((done) => {
  let first = null;
  requestAnimationFrame(function next(now) {
    first ??= now;
    if (now - first > 1300) done(); else requestAnimationFrame(next);
  });
})"""


@dataclass
class Visitor:
    """One browser profile, with everything that it asked the hub for."""

    context: BrowserContext
    hub_url: str
    requests: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", self._note_request)
        self.context.on("console", self._note_complaint)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("page", self._watch)

    def open(self, url: str) -> Page:
        """Open a page in a new tab."""
        page = self.context.new_page()
        page.goto(url)
        return page

    def meet_question(self, url: str) -> Page:
        """Open a page and wait until its card asks."""
        page = self.open(url)
        page.frame_locator("iframe").locator(".yes").wait_for()
        return page

    def card(self, page: Page) -> Frame:
        """The hub's frame in a page."""
        return next(frame for frame in page.frames if frame.url.startswith(f"{self.hub_url}/frame"))

    def look(self, page: Page) -> None:
        """Let more than a second of animation frames pass before the visitor's eyes."""
        page.evaluate(_LOOK)

    def say_yes(self, page: Page) -> None:
        """Press yes as a person would: after a look, and again if it was too early."""
        card = self.card(page)
        for _ in range(LOOKS):
            self.look(page)
            card.locator(".yes").click()
            if card.locator(".badge").is_visible():
                return
        raise AssertionError("the card never took the yes")

    def say_no(self, page: Page) -> None:
        """Press no, after the look that Chromium itself demands of frames that just appeared."""
        self.look(page)
        self.card(page).locator(".no").click()
        self.await_status(page, "declined")

    def await_status(self, page: Page, *statuses: str) -> None:
        """Wait until the page's loader reports one of the statuses."""
        page.wait_for_function("(all) => all.includes(OpenWebCompute.status)", arg=list(statuses))

    def await_done(self, page: Page, sub_jobs: int) -> None:
        """Wait until the card has counted that many sub-jobs."""
        page.wait_for_function(
            "(count) => OpenWebCompute.subJobsDone >= count", arg=sub_jobs, timeout=120_000
        )

    def kept(self, page: Page) -> dict[str, Any]:
        """What the card keeps in this browser."""
        stored = self.card(page).evaluate("() => Object.entries({...localStorage})")
        return {key: json.loads(value) for key, value in stored}

    def assert_nothing_ran(self) -> None:
        """No socket, no worker, no program, and not even the code that would make them."""
        assert self.sockets == []
        assert self.workers == []
        begun = [url for url in self.requests if "/blob/" in url or "socket.io" in url]
        begun += [url for url in self.requests if url.endswith(("volunteer.js", "worker.js"))]
        assert begun == []

    def await_succeeded(self, job_id: str, timeout_seconds: float = 180) -> Page:
        """Watch a job's page until it says by itself that the job succeeded."""
        page = self.open(f"{self.hub_url}/job/{job_id}")
        ended = page.locator("article:is([data-state=succeeded], [data-state=failed])")
        ended.wait_for(timeout=timeout_seconds * 1000)
        notice = page.locator("[data-live=notice]").inner_text()
        expect(page.locator("article"), notice).to_have_attribute("data-state", "succeeded")
        return page

    def _watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.sockets.append(socket.url))
        page.on("worker", lambda worker: self.workers.append(worker.url))

    def _note_request(self, request: Request) -> None:
        if request.url.startswith(self.hub_url):
            self.requests.append(request.url.removeprefix(self.hub_url))

    def _note_complaint(self, message: ConsoleMessage) -> None:
        if message.text == NO_GPU:
            return
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
