"""Tabs close in the middle of a job: others finish it, no result is lost, none counts twice."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

STOP = 1_500_000
ROWS = 15_000


def collatz(asker: Asker) -> str:
    """A job of a hundred short sub-jobs."""
    return asker.submit(demo_jobs.collatz_document(stop=STOP, rows=ROWS))


def assert_right_and_counted_once(asker: Asker, job_id: str) -> None:
    """The answer is that of an independent computation, and every row was settled once."""
    answer = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert answer == demo_jobs.collatz_answer(stop=STOP)
    job, parts = asker.job(job_id), asker.sub_jobs(job_id)
    assert job["rows_settled"] == job["rows_total"] == STOP - 1
    assert job["sub_jobs_settled"] == job["sub_jobs_total"] == len(parts)
    assert {part["state"] for part in parts} == {"settled"}
    assert [part["first_row"] for part in parts] == list(range(0, STOP - 1, ROWS))
    assert sum(part["rows"] for part in parts) == STOP - 1


def await_nobody_at_work(page: Page) -> None:
    """A job's page says by itself that nobody works any more."""
    expect(page.locator("[data-field=volunteers_at_work]")).to_have_text("0", timeout=20_000)


def swallow_reports(socket: WebSocketRoute) -> None:
    """A socket that never brings the hub a result; all else passes."""
    server = socket.connect_to_server()

    def pass_on(message: str | bytes) -> None:
        if isinstance(message, str) and "_report" not in message:
            server.send(message)

    socket.on_message(pass_on)


def test_results_that_a_closing_page_had_not_got_rid_of_come_by_its_beacon(
    asker: Asker, site_url: str, visitor: Visitor
) -> None:
    job_id = collatz(asker)
    visitor.context.route_web_socket("**/socket.io/**", swallow_reports)
    site = visitor.meet_question(site_url)
    visitor.say_yes(site)
    card = visitor.card(site)
    expect(card.locator(".phase")).to_have_text("Working", timeout=30_000)
    site.wait_for_timeout(3000)
    assert asker.job(job_id)["rows_settled"] == 0, "the socket brought a result"
    site.goto("about:blank")
    watching = visitor.open(f"{visitor.hub_url}/job/{job_id}")
    expect(watching.locator("[data-field=rows_settled]")).not_to_have_text("0", timeout=30_000)
    await_nobody_at_work(watching)
    asker.cancel(job_id)


def test_another_browser_finishes_what_a_closed_tab_left(
    asker: Asker, site_url: str, chromium: Browser, visitor: Visitor, hub_url: str
) -> None:
    job_id = collatz(asker)
    site = visitor.meet_question(site_url)
    visitor.say_yes(site)
    visitor.await_done(site, 5)
    visitor.context.close()

    second = Visitor(chromium.new_context(), hub_url)
    watching = second.open(f"{hub_url}/job/{job_id}")
    await_nobody_at_work(watching)
    assert asker.job(job_id)["state"] == "running", "the first browser finished too early"
    site = second.meet_question(site_url)
    second.say_yes(site)
    second.await_succeeded(job_id)
    assert_right_and_counted_once(asker, job_id)
    volunteers = {part["volunteer"] for part in asker.sub_jobs(job_id)} - {"hub"}
    assert len(volunteers) == 2
    second.context.close()


def test_native_volunteer_finishes_what_a_page_left_in_the_middle(
    asker: Asker, site_url: str, processes: Processes, visitor: Visitor, hub_url: str
) -> None:
    job_id = collatz(asker)
    site = visitor.meet_question(site_url)
    visitor.say_yes(site)
    visitor.await_done(site, 3)
    site.goto("about:blank")
    watching = visitor.open(f"{hub_url}/job/{job_id}")
    await_nobody_at_work(watching)
    assert asker.job(job_id)["state"] == "running", "the browser finished too early"
    native = processes.start("volunteer", "owc", "volunteer", hub_url, "--until-idle")
    visitor.await_succeeded(job_id)
    assert native.process.wait(60) == 0, native.log.read_text()
    assert_right_and_counted_once(asker, job_id)
