"""What a visitor can do while work is done: stop, pause, open a second tab, lose the connection."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.test_leaving import await_nobody_at_work
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

ENDLESS_STOP = 200_000_000


@pytest.fixture(scope="module", autouse=True)
def endless(asker: Asker) -> str:
    """A job that outlasts every test."""
    return asker.submit(demo_jobs.collatz_document(stop=ENDLESS_STOP, rows=20_000))


@pytest.fixture
def at_work(visitor: Visitor, site_url: str) -> Page:
    """A page whose visitor has said yes."""
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    visitor.await_status(page, "working")
    return page


def test_stop_ends_everything_in_one_click_and_is_a_no(
    visitor: Visitor, at_work: Page, endless: str
) -> None:
    visitor.await_done(at_work, 1)
    with at_work.workers[0].expect_event("close"):
        visitor.card(at_work).locator(".stop").click()
    visitor.await_status(at_work, "stopped")
    expect(visitor.card(at_work).locator(".farewell")).to_contain_text("Thank you")
    await_nobody_at_work(visitor.open(f"{visitor.hub_url}/job/{endless}"))
    kept = visitor.kept(at_work)
    assert [key for key in kept if not key.startswith("owc.answer")] == []
    assert [answer["answer"] for answer in kept.values()] == ["no"]


def test_pause_rests_until_the_visitor_goes_on_and_the_page_cannot_undo_it(
    visitor: Visitor, at_work: Page
) -> None:
    visitor.await_done(at_work, 1)
    card = visitor.card(at_work)
    card.locator(".pause").click()
    visitor.await_status(at_work, "paused")
    at_work.evaluate("OpenWebCompute.start()")
    visitor.look(at_work)
    done = at_work.evaluate("OpenWebCompute.subJobsDone")
    visitor.look(at_work)
    assert at_work.evaluate("[OpenWebCompute.status, OpenWebCompute.subJobsDone]") == [
        "paused",
        done,
    ]
    card.locator(".pause").click()
    visitor.await_done(at_work, done + 2)


def test_page_can_pause_and_go_on(visitor: Visitor, at_work: Page) -> None:
    at_work.evaluate("OpenWebCompute.pause()")
    visitor.await_status(at_work, "paused")
    at_work.evaluate("OpenWebCompute.start()")
    visitor.await_done(at_work, at_work.evaluate("OpenWebCompute.subJobsDone") + 2)
    at_work.evaluate("OpenWebCompute.stop()")
    visitor.await_status(at_work, "stopped")


def test_yes_is_remembered_and_only_one_tab_of_a_site_works(
    visitor: Visitor, at_work: Page, site_url: str
) -> None:
    second = visitor.open(site_url)
    visitor.await_status(second, "elsewhere")
    visitor.await_done(at_work, 1)
    at_work.close()
    visitor.await_status(second, "working")
    visitor.await_done(second, 1)
    second.reload()
    visitor.await_done(second, 1)


def test_a_lost_connection_comes_back_and_the_work_goes_on(
    visitor: Visitor, at_work: Page, context: BrowserContext
) -> None:
    visitor.await_done(at_work, 1)
    context.set_offline(True)
    visitor.await_status(at_work, "offline")
    context.set_offline(False)
    visitor.await_status(at_work, "working")
    visitor.await_done(at_work, at_work.evaluate("OpenWebCompute.subJobsDone") + 2)
