"""A hub whose operator wants every yes confirmed in a window of the hub's own."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from owc.cli import demo_jobs
from owc.cli.processes import free_port
from owc.web.languages import catalogue
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.pages import PageServer
from tests.browser.test_accessibility import flaws
from tests.browser.visit import LOOKS, Visitor

pytestmark = pytest.mark.browser

WORDS = catalogue("en")["question"]


@pytest.fixture(scope="module")
def hub_url(processes: Processes) -> str:
    url = f"http://127.0.0.1:{free_port(0)}"
    processes.start_hub(url, OWC_CONFIRM_YES="true")
    return url


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    return asker.submit(demo_jobs.collatz_document(stop=100_000_000))


@pytest.fixture
def asked(visitor: Visitor, pages: PageServer, hub_url: str) -> Page:
    tag = f"<script src='{hub_url}/openwebcompute.js'></script>"
    return visitor.meet_question(pages.add("/asked", f"<body>{tag}"))


def press_yes(visitor: Visitor, page: Page) -> Page:
    """Press yes in the frame, again if it was too early; returns the window that opens."""
    for _ in range(LOOKS):
        visitor.look(page)
        visitor.card(page).locator(".yes").click()
        page.wait_for_timeout(500)
        others = [each for each in visitor.context.pages if each is not page]
        if others:
            others[0].wait_for_url("**/confirm?*")
            return others[0]
    raise AssertionError("no window opened")


def test_a_yes_counts_once_it_is_confirmed_in_the_hubs_own_window(
    visitor: Visitor, asked: Page
) -> None:
    window = press_yes(visitor, asked)
    visitor.assert_nothing_ran()
    assert visitor.kept(asked) == {}
    expect(visitor.card(asked).locator(".hint")).to_have_text(WORDS["window"])
    expect(window.locator("bdi").first).to_have_text(asked.url.rpartition("/")[0])
    assert flaws(window) == []
    for _ in range(LOOKS):
        visitor.look(window)
        window.locator(".yes").click()
        if window.is_closed() or not window.locator(".yes").is_visible():
            break
    visitor.await_status(asked, "working")
    visitor.await_done(asked, 1)


def test_a_window_that_is_closed_is_no_yes_and_the_question_stands(
    visitor: Visitor, asked: Page
) -> None:
    window = press_yes(visitor, asked)
    visitor.look(window)
    with window.expect_event("close"):
        window.locator(".no").click()
    visitor.look(asked)
    visitor.assert_nothing_ran()
    expect(visitor.card(asked).locator(".yes")).to_be_visible()


def test_no_page_can_confirm_or_reach_the_window(
    visitor: Visitor, asked: Page, hub_url: str
) -> None:
    press_yes(visitor, asked)
    asked.evaluate(
        """(hub) => {
            const frame = document.querySelector('iframe').contentWindow;
            for (const type of ['confirmed', 'yes']) frame.postMessage({type, owc: 1}, '*');
            const mine = open(hub + '/confirm?site=me');
            if (mine) try { mine.document.querySelector('.yes').click(); } catch {}
        }""",
        hub_url,
    )
    visitor.look(asked)
    visitor.assert_nothing_ran()
    assert visitor.kept(asked) == {}
