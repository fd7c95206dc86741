"""A tab that was opened before the hub was upgraded: it goes on working, then reloads itself.

Only Chromium: what the engines differ in here is covered by the hub that is killed.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from owc.cli import demo_jobs
from owc.cli.processes import Child, await_answer, free_port, start
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.engines.chromium import Chromium
from tests.engines.driver import Tab
from tests.engines.visitor import Visitor

pytestmark = pytest.mark.browser

_BUILD = "document.querySelector('meta[name=owc-build]').content"
_NOTE_STATUSES = """(() => {
    window.statuses = [];
    OpenWebCompute.addEventListener("status", ({detail}) => statuses.push(detail.status));
})()"""
_REFUSED = "statuses.filter((status) => status === 'refused').length"
_MARK = "window.opened ??= Math.random()"


class Installation:
    """The hub's code in a folder of its own, where it can be upgraded."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        for name in ("owc", "jobspec", "migrations", "static"):
            shutil.copytree(name, folder / name)  # with what Python has compiled
        self.url = f"http://127.0.0.1:{free_port(0)}"

    def start_hub(self) -> Child:
        port = self.url.rpartition(":")[2]
        hub = start(
            "hub",
            ["owc", "serve", "--data", str(self._folder / "data"), "--port", port],
            log=self._folder / "hub.log",
            variables={"PYTHONPATH": str(self._folder)},
            folder=self._folder,
        )
        self._stack.callback(hub.stop)
        await_answer(hub, f"{self.url}/readyz")
        return hub

    def change(self, name: str, old: str, new: str) -> None:
        path = self._folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with ExitStack() as stack:
        yield Installation(tmp_path, stack)


@pytest.fixture
def visitor(playwright: Playwright, tmp_path: Path) -> Iterator[Visitor]:
    engine = Chromium(playwright, tmp_path)
    yield Visitor(engine.profile())
    engine.stop()


def _at_work(visitor: Visitor, pages: PageServer, hub_url: str) -> Tab:
    Asker(hub_url).submit(demo_jobs.collatz_document(stop=300_000_000, rows=20_000))
    page = f"<script src={hub_url}/openwebcompute.js async></script>"
    tab = visitor.meet_question(pages.add("/upgraded", page))
    visitor.say_yes(tab)
    visitor.await_done(tab, 3)
    return tab


def _volunteer_id(visitor: Visitor, tab: Tab) -> str:
    """The subject of the token that the frame keeps; its signature is the hub's business."""
    claims = str(visitor.stored(tab)["owc.volunteer"]["token"]).partition(".")[0]
    subject, _ = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert subject.startswith("vol_")
    return str(subject)


def test_an_old_tab_works_for_the_new_hub_and_then_loads_its_client(
    installation: Installation, visitor: Visitor, pages: PageServer
) -> None:
    hub = installation.start_hub()
    tab = _at_work(visitor, pages, installation.url)
    build, mark = tab.evaluate(_BUILD, inside=True), tab.evaluate(_MARK)
    volunteer_id = _volunteer_id(visitor, tab)
    hub.stop()
    visitor.await_status(tab, "offline")
    done = tab.evaluate("OpenWebCompute.subJobsDone")

    installation.change("static/frame/turn.js", "// One tab", "// Just one tab")
    installation.start_hub()
    tab.wait_until(f"{_BUILD} !== '{build}'", inside=True)
    visitor.await_done(tab, done + 3)
    assert tab.evaluate(_MARK) == mark, "the page around the frame was not touched"
    assert not visitor.is_asking(tab), "a yes outlives it"
    assert _volunteer_id(visitor, tab) == volunteer_id


def test_a_tab_whose_protocol_is_no_longer_served_reloads_once(
    installation: Installation, visitor: Visitor, pages: PageServer
) -> None:
    hub = installation.start_hub()
    tab = _at_work(visitor, pages, installation.url)
    hub.stop()
    visitor.await_status(tab, "offline")
    tab.evaluate(_NOTE_STATUSES)
    # The hub takes the next protocol only, but gives a client of this one: no reload mends that.
    served = "SERVED_PROTOCOLS = (PROTOCOL, PROTOCOL - 1)"
    installation.change("owc/web/messages.py", served, "SERVED_PROTOCOLS = (PROTOCOL + 1,)")
    installation.start_hub()
    tab.wait_until(f"{_REFUSED} === 2")  # by the frame that was open, and by the one that it loaded
    tab.evaluate("window.opened = 2", inside=True)
    tab.evaluate("new Promise((done) => setTimeout(done, 6_000))")  # longer than a reload waits
    assert tab.evaluate("window.opened === 2", inside=True), "it reloaded in a loop"
    assert tab.evaluate(_REFUSED) == 2
