"""The panel behind the badge: what was done, what the visitor chooses, and being forgotten."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import Frame, Page, expect

from owc.cli import demo_jobs
from owc.cli.processes import free_port
from owc.web.languages import catalogue
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.test_accessibility import flaws
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

WORDS = catalogue("en")


@pytest.fixture(scope="module")
def hub_url(processes: Processes) -> str:
    """Of a hub that believes nobody soon."""
    url = f"http://127.0.0.1:{free_port(0)}"
    processes.start_hub(url, OWC_TRUST_AFTER="500")
    return url


@pytest.fixture(scope="module", autouse=True)
def endless(asker: Asker) -> str:
    """A job that outlasts every test."""
    job_id = asker.submit(demo_jobs.collatz_document(stop=200_000_000, rows=20_000))
    asker.await_split(job_id)
    return job_id


@pytest.fixture
def at_work(visitor: Visitor, site_url: str) -> Page:
    """A page whose visitor has said yes and done something."""
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    visitor.await_done(page, 1)
    return page


def open_panel(visitor: Visitor, page: Page) -> Frame:
    card = visitor.card(page)
    card.locator(".settings").click()
    expect(card.locator(".back")).to_be_focused()
    return card


def test_panel_shows_what_was_done_and_leads_to_the_jobs_page(
    visitor: Visitor, at_work: Page, endless: str
) -> None:
    card = open_panel(visitor, at_work)
    assert flaws(at_work, card) == []
    link = card.locator(".helped a")
    expect(link).to_have_text("Longest Collatz flight")
    assert (link.get_attribute("href") or "").endswith(f"/job/{endless}")
    expect(card.locator("[data-figure=done]")).not_to_have_text("0")
    expect(card.locator("[data-figure=energy]")).to_contain_text("Wh")
    expect(card.locator("[data-figure=energy_note]")).to_contain_text("6 watts")
    before = int(card.locator("[data-figure=done]").inner_text())
    visitor.await_done(at_work, before + 2)
    expect(card.locator("[data-figure=done]")).not_to_have_text(str(before))


def test_escape_leads_back_to_the_badge_and_the_focus_too(visitor: Visitor, at_work: Page) -> None:
    card = open_panel(visitor, at_work)
    at_work.keyboard.press("Escape")
    expect(card.locator(".badge")).to_be_visible()
    expect(card.locator(".settings")).to_be_focused()
    expect(card.locator(".panel")).not_to_be_visible()
    card.locator(".settings").click()
    card.locator(".back").click()
    expect(card.locator(".badge")).to_be_visible()


def test_who_is_limited_reads_why_and_how_it_comes_back(
    visitor: Visitor, at_work: Page, processes: Processes
) -> None:
    with closing(sqlite3.connect(processes.folder / "hub" / "owc.sqlite3", timeout=30)) as database:
        database.execute("UPDATE volunteer SET agreed = 3, disagreed = 1")
        database.commit()
    at_work.reload()
    visitor.await_status(at_work, "working", "waiting")
    card = open_panel(visitor, at_work)
    expect(card.locator("[data-figure=standing]")).to_have_text(WORDS["panel"]["limited"])
    note = card.locator(".standing-note")
    expect(note).to_contain_text(WORDS["panel"]["limited_note"].replace("{needed}", "500"))
    expect(note).to_contain_text(re.compile("agreed with a check: [0-9]+ of 500"))
    assert flaws(at_work, card) == []


def test_choices_are_kept_and_shown_again(visitor: Visitor, at_work: Page) -> None:
    card = open_panel(visitor, at_work)
    card.locator("[name=share]").fill("20")
    card.locator("[name=data]").fill("7")
    card.locator("[name=data]").press("Tab")
    card.locator("[name=battery]").select_option("0")
    card.get_by_label(WORDS["panel"]["hidden"]).uncheck()
    card.get_by_label("Astronomy").uncheck()
    kept = visitor.kept(at_work)["owc.choices"]
    assert (kept["share"], kept["dataMb"], kept["batteryAbove"]) == (0.2, 7, 0)
    assert kept["hidden"] is False
    assert "astronomy" not in kept["categories"]
    assert "physics" in kept["categories"]
    expect(card.locator("output[for=share]")).to_have_text("20%")

    at_work.reload()
    visitor.await_status(at_work, "working", "waiting")
    card = open_panel(visitor, at_work)
    expect(card.locator("[name=data]")).to_have_value("7")
    expect(card.get_by_label("Astronomy")).not_to_be_checked()
    expect(card.get_by_label("Physics")).to_be_checked()


def test_nonsense_in_a_field_changes_nothing(visitor: Visitor, at_work: Page) -> None:
    card = open_panel(visitor, at_work)
    for nonsense in ("-5", "", "0.5", "1e9"):
        card.locator("[name=data]").fill(nonsense)
        card.locator("[name=data]").press("Tab")
        assert visitor.kept(at_work)["owc.choices"]["dataMb"] == 50


def test_a_visitor_who_helps_other_kinds_of_jobs_gets_none_of_this_one(
    visitor: Visitor, at_work: Page
) -> None:
    card = open_panel(visitor, at_work)
    card.get_by_label(WORDS["categories"]["other"], exact=True).uncheck()
    visitor.await_status(at_work, "waiting")
    card.get_by_label(WORDS["categories"]["other"], exact=True).check()
    visitor.await_status(at_work, "working")
    visitor.await_done(at_work, at_work.evaluate("OpenWebCompute.subJobsDone") + 1)


def test_forget_me_asks_once_more_then_forgets_here_and_at_the_hub(
    visitor: Visitor, at_work: Page
) -> None:
    card = open_panel(visitor, at_work)
    card.locator(".forget").click()
    expect(card.locator(".keep")).to_be_focused()
    assert flaws(at_work, card) == []
    card.locator(".keep").click()
    expect(card.locator(".forget")).to_be_focused()
    card.locator(".forget").click()
    with visitor.context.expect_event(
        "response", lambda answer: answer.url.endswith("/volunteer/forget")
    ) as told:
        card.locator(".forget-sure").click()
    assert told.value.status == 200
    visitor.await_status(at_work, "stopped")
    assert [key for key in visitor.kept(at_work) if not key.startswith("owc.answer")] == []


def test_stop_and_pause_are_one_click_from_the_badge_whatever_its_size(
    visitor: Visitor, at_work: Page
) -> None:
    card = visitor.card(at_work)
    for button in (".settings", ".pause", ".stop"):
        box = card.locator(button).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    card.locator(".pause").click()
    visitor.await_status(at_work, "paused")
    card.locator(".stop").click()
    visitor.await_status(at_work, "stopped")
