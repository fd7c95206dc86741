"""A visitor says no, or nothing at all: nothing runs, and nothing is kept but the no."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    """A job that would run at once if anybody let it."""
    return asker.submit(demo_jobs.collatz_document())


def storage_of_card(visitor: Visitor, page: Page) -> dict[str, object]:
    """Everything that a frame could keep in a browser."""
    found: dict[str, object] = visitor.card(page).evaluate(
        """async () => ({
            local: Object.keys(localStorage),
            session: Object.keys(sessionStorage),
            databases: (await indexedDB.databases()).length,
            caches: (await caches.keys()).length,
            cookies: document.cookie,
        })"""
    )
    return found


def test_question_alone_runs_and_keeps_nothing(site_url: str, visitor: Visitor) -> None:
    page = visitor.meet_question(site_url)
    visitor.look(page)
    visitor.assert_nothing_ran()
    nothing = {"local": [], "session": [], "databases": 0, "caches": 0, "cookies": ""}
    assert storage_of_card(visitor, page) == nothing
    assert visitor.context.cookies() == []


def test_no_runs_nothing_and_keeps_only_the_no(
    site_url: str, visitor: Visitor, asker: Asker, waiting_job: str
) -> None:
    page = visitor.meet_question(site_url)
    visitor.say_no(page)
    expect(page.locator("iframe")).not_to_be_visible()
    visitor.look(page)
    visitor.assert_nothing_ran()
    origin = site_url.rstrip("/")
    kept = visitor.kept(page)
    assert list(kept) == [f"owc.answer {origin}"]
    assert set(kept[f"owc.answer {origin}"]) == {"answer", "at"}
    only_no = storage_of_card(visitor, page)
    assert (only_no["session"], only_no["databases"], only_no["caches"]) == ([], 0, 0)
    assert visitor.context.cookies() == []
    assert asker.job(waiting_job)["rows_settled"] == 0

    page.reload()
    visitor.await_status(page, "declined")
    expect(page.locator("iframe")).not_to_be_visible()
    visitor.assert_nothing_ran()
    assert visitor.complaints == []


def test_page_may_ask_again_when_the_visitor_wants_it(site_url: str, visitor: Visitor) -> None:
    page = visitor.meet_question(site_url)
    visitor.say_no(page)
    page.evaluate("OpenWebCompute.start()")
    visitor.await_status(page, "asking")
    expect(visitor.card(page).locator(".yes")).to_be_visible()
    visitor.assert_nothing_ran()
