"""Browsers that lack something, and a wire that fails: the card says so, and never burns a job."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

NO_STORAGE = """
    const deny = () => { throw new DOMException('denied', 'SecurityError'); };
    Object.defineProperty(window, 'localStorage', {get: deny});
    const locks = {query: async () => deny(), request: async () => deny()};
    Object.defineProperty(navigator, 'locks', {value: locks});
"""
INSECURE = """
    Object.defineProperty(navigator, 'locks', {value: undefined});
    Object.defineProperty(crypto, 'subtle', {value: undefined});
"""
NO_FRILLS = """
    Object.defineProperty(navigator, 'userActivation', {value: undefined});
    Object.defineProperty(navigator, 'deviceMemory', {value: undefined});
    Object.defineProperty(navigator, 'hardwareConcurrency', {value: undefined});
    Object.defineProperty(navigator, 'userAgentData', {value: undefined});
"""
TROUBLE = "Trouble on the way"


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    """A job of many short sub-jobs that outlasts every test."""
    job_id = asker.submit(demo_jobs.collatz_document(stop=300_000_000, rows=5_000))
    asker.await_split(job_id)
    return job_id


def phase(visitor: Visitor, page: Page) -> str:
    """What the card says that it does."""
    return visitor.card(page).locator(".phase").inner_text()


@pytest.mark.parametrize("lack", [NO_STORAGE, INSECURE, NO_FRILLS])
def test_work_is_done_without_what_a_browser_may_lack(
    visitor: Visitor, site_url: str, lack: str
) -> None:
    visitor.context.add_init_script(lack)
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    visitor.await_done(page, 3)
    assert visitor.complaints == []


def test_a_browser_without_webassembly_is_not_asked(visitor: Visitor, site_url: str) -> None:
    visitor.context.add_init_script("delete window.WebAssembly")
    page = visitor.open(site_url)
    visitor.await_status(page, "unavailable")
    page.evaluate("OpenWebCompute.start()")
    visitor.look(page)
    expect(page.locator("iframe")).not_to_be_visible()
    visitor.assert_nothing_ran()
    assert visitor.complaints == []


def test_a_worker_that_does_not_load_is_said_and_fails_no_sub_job(
    visitor: Visitor, site_url: str, asker: Asker, waiting_job: str
) -> None:
    visitor.context.route("**/worker.js", lambda route: route.abort())
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    visitor.await_status(page, "unable")
    assert phase(visitor, page) == "Cannot run in this browser"
    assert {part["failures"] for part in asker.first_sub_jobs(waiting_job)} == {0}
    visitor.context.unroute("**/worker.js")
    visitor.card(page).locator(".pause").click()
    visitor.await_done(page, 1)


@pytest.mark.parametrize("status", [404, 410, 500])
def test_a_program_that_does_not_arrive_is_said_and_fails_no_sub_job(
    visitor: Visitor, site_url: str, asker: Asker, waiting_job: str, status: int
) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=status, body="no")

    visitor.context.route("**/blob/*", refuse)
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    expect(visitor.card(page).locator(".phase")).to_contain_text(TROUBLE)
    asker.await_given_back(waiting_job)
    assert {part["failures"] for part in asker.first_sub_jobs(waiting_job)} == {0}


def test_programs_that_are_not_what_their_hash_says_never_run(
    visitor: Visitor, site_url: str
) -> None:
    empty = b"\0asm\1\0\0\0"
    visitor.context.route("**/blob/*", lambda route: route.fulfill(body=empty))
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    expect(visitor.card(page).locator(".phase")).to_contain_text(TROUBLE)


def test_a_token_that_went_stale_in_a_long_sleep_is_replaced(
    visitor: Visitor, site_url: str
) -> None:
    page = visitor.meet_question(site_url)
    visitor.card(page).evaluate(
        "() => document.querySelector('meta[name=owc-token]').setAttribute('content', 'stale')"
    )
    visitor.say_yes(page)
    visitor.await_done(page, 1)


def test_hundreds_of_sub_jobs_leave_nothing_behind(visitor: Visitor, site_url: str) -> None:
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    visitor.await_done(page, 50)
    used = "() => performance.memory.usedJSHeapSize"
    card = visitor.card(page)
    before = card.evaluate(used)
    workers = len(visitor.workers)
    visitor.await_done(page, 250)
    after = card.evaluate(used)
    assert len(visitor.workers) == workers, "workers are kept, not hired anew"
    assert after - before < 4 * 2**20


def test_a_pause_of_the_visitor_outlives_a_page_that_slept(visitor: Visitor, site_url: str) -> None:
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    visitor.await_done(page, 1)
    card = visitor.card(page)
    card.locator(".pause").click()
    visitor.await_status(page, "paused")
    card.evaluate("() => document.dispatchEvent(new Event('freeze'))")
    card.evaluate("() => document.dispatchEvent(new Event('resume'))")
    visitor.look(page)
    done = page.evaluate("OpenWebCompute.subJobsDone")
    visitor.look(page)
    assert page.evaluate("OpenWebCompute.status") == "paused"
    assert page.evaluate("OpenWebCompute.subJobsDone") == done
    card.locator(".pause").click()
    visitor.await_done(page, done + 1)
