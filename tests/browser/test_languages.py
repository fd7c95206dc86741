"""The card in the visitor's language: asked, explained and answered in each of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from owc.cli import demo_jobs
from owc.web.languages import LANGUAGES, catalogue, direction
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.browser.test_accessibility import flaws
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    return asker.submit(demo_jobs.collatz_document(stop=50_000_000))


def meet(visitor: Visitor, pages: PageServer, language: str, more: str = "") -> Page:
    """A page in that language, whose card asks."""
    tag = f"<script src='{visitor.hub_url}/openwebcompute.js' {more}></script>"
    html = f"<html lang='{language}' dir='{direction(language[:2])}'><body>"
    return visitor.meet_question(pages.add(f"/{language}{len(more)}", html + tag))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_speaks_the_pages_language_and_has_no_flaws(
    visitor: Visitor, pages: PageServer, language: str
) -> None:
    page = meet(visitor, pages, language)
    card = visitor.card(page)
    question, badge = catalogue(language)["question"], catalogue(language)["badge"]
    assert card.locator("html").get_attribute("lang") == language
    assert card.locator("html").get_attribute("dir") == direction(language)
    expect(card.locator(".ask h1")).to_have_text(question["title"])
    assert flaws(page, card) == []
    card.locator(".more").click()
    expect(card.locator(".details")).to_contain_text(question["learned"])
    assert flaws(page, card) == [], "with details"
    visitor.say_yes(page)
    expect(card.locator(".phase")).to_have_text(badge["working"], timeout=30_000)
    visitor.await_done(page, 1)
    assert card.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(card.locator(".pause")).to_have_attribute("aria-label", badge["pause"])
    card.locator(".stop").click()
    expect(card.locator(".farewell")).to_contain_text(badge["stopped"])


def test_details_open_and_close_and_never_hide_the_answers(
    visitor: Visitor, pages: PageServer
) -> None:
    page = meet(visitor, pages, "en")
    page.set_viewport_size({"width": 390, "height": 700})
    card = visitor.card(page)
    more = card.locator(".more")
    expect(more).to_have_attribute("aria-expanded", "false")
    before = page.locator("iframe").bounding_box()
    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    for answer in (".yes", ".no", ".more"):
        expect(card.locator(answer)).to_be_in_viewport(ratio=1)
    assert "30 days" in card.locator(".details").inner_text()
    more.click()
    expect(card.locator(".details")).not_to_be_visible()
    page.wait_for_function(
        "(height) => document.querySelector('iframe').clientHeight === height",
        arg=before["height"] if before else 0,
    )


def test_the_tag_chooses_another_language_and_an_unknown_one_falls_back(
    visitor: Visitor, pages: PageServer
) -> None:
    chosen = meet(visitor, pages, "en", "data-lang=fr")
    title = catalogue("fr")["question"]["title"]
    expect(visitor.card(chosen).locator(".ask h1")).to_have_text(title)
    fallback = meet(visitor, pages, "nl")
    title = catalogue("en")["question"]["title"]
    expect(visitor.card(fallback).locator(".ask h1")).to_have_text(title)


def test_a_small_card_is_small_and_says_the_same_to_screen_readers(
    visitor: Visitor, pages: PageServer
) -> None:
    page = meet(visitor, pages, "de", "data-size=small")
    card = visitor.card(page)
    assert page.locator("iframe").evaluate("(frame) => frame.clientWidth") == 280
    assert flaws(page, card) == []
    visitor.say_yes(page)
    visitor.await_done(page, 1)
    page.wait_for_function("document.querySelector('iframe').clientWidth === 200")
    expect(card.locator(".phase")).to_have_text(catalogue("de")["badge"]["working"])
    assert flaws(page, card) == []
