"""Phones and a tablet, as Chromium emulates them: the card fits, and a finger can answer it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.engines.chromium import Chromium, ChromiumTab
from tests.engines.stored import newest_volunteer
from tests.engines.visitor import LOOKS, Visitor

pytestmark = pytest.mark.browser

SMALLEST_TARGET = 24
"""CSS pixels of what a finger presses, both ways (WCAG 2.2, 2.5.8)."""

_TARGETS = """[...document.querySelectorAll("button")].map((button) => {
    const {width, height} = button.getBoundingClientRect();
    return [button.className, width, height];
}).filter(([, width]) => width > 0)"""


@pytest.fixture(scope="module")
def chromium(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chromium]:
    engine = Chromium(playwright, tmp_path_factory.mktemp("touch"))
    yield engine
    engine.stop()


@pytest.fixture(autouse=True)
def work(asker: Asker) -> None:
    asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))


@pytest.mark.parametrize("device", ["iPhone SE", "Pixel 7", "Pixel 7 landscape", "iPad Mini"])
def test_a_finger_can_say_yes(
    device: str,
    chromium: Chromium,
    playwright: Playwright,
    site_url: str,
    processes: Processes,
) -> None:
    options = {**playwright.devices[device]}
    del options["default_browser_type"]
    profile = chromium.profile(**options)
    visitor = Visitor(profile)
    tab = visitor.meet_question(site_url)
    assert isinstance(tab, ChromiumTab)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate("document.querySelector('iframe').getBoundingClientRect().top >= 0")
    for name, width, height in tab.evaluate(_TARGETS, inside=True):
        assert min(width, height) >= SMALLEST_TARGET, name
    for _ in range(LOOKS):
        visitor.look(tab)
        tab.tap(".yes")
        if visitor.is_at_work(tab):
            break
    visitor.await_done(tab, 2)
    assert newest_volunteer(processes)["mobile"] is True
    for name, width, height in tab.evaluate(_TARGETS, inside=True):
        assert min(width, height) >= SMALLEST_TARGET, name
    profile.close()
