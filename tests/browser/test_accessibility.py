"""axe-core finds nothing to complain about, and a keyboard alone is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.conftest import AT_FULL_SPEED, Processes
from tests.browser.visit import LOOKS, Visitor

pytestmark = pytest.mark.browser

AXE = Path("node_modules/axe-core/axe.min.js")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FLAWS = """async () => (await axe.run()).violations.flatMap(({id, nodes}) =>
    nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`))"""


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    context.add_init_script(AT_FULL_SPEED)
    yield context
    context.close()


@pytest.fixture(scope="module")
def jobs(asker: Asker, processes: Processes, hub_url: str) -> dict[str, str]:
    """Addresses of pages in the states that look different."""
    rows = {"source": {"rows": [{"n": 7, "text": "seven"}, {"n": None, "text": "none"}]}}
    half = {"functions": {"half": "def half(n: i64) -> i64:\n    return 9 // n"}}
    documents: dict[str, dict[str, object]] = {
        "succeeded": {**rows, "steps": [{"derive": {"m": "n + 1"}}], "licence": "CC0-1.0"},
        "empty": {**rows, "steps": [{"filter": "n > 9"}]},
        "stopped": {
            "source": {"range": {"n": [0, 100]}},
            "shared": {"names": {"rows": [{"n": 3, "name": "three"}]}},
            "steps": [{"join": {"table": "names", "on": ["n"]}}, {"stop_when": "n = 3"}],
            "finish": [{"rename": {"n": "found"}}],
            "trust": {"verify": "n = 3"},
            "split": {"rows": 10},
        },
        "failed": {
            **half,
            "source": {"range": {"n": [-1, 2]}},
            "steps": [{"derive": {"m": "half(n)"}}],
        },
        "skipped": {
            **half,
            "source": {"range": {"n": [-1, 2]}},
            "steps": [{"derive": {"m": "half(n)"}}],
            "on_error": "skip",
            "deadline": "2999-12-31T12:00:00Z",
            "strategy": "nearest",
        },
    }
    found = {
        state: asker.submit({"name": state.title(), "about": f"A job: {state}.", **document})
        for state, document in documents.items()
    }
    native = processes.start("volunteer", "owc", "volunteer", hub_url, "--until-idle")
    assert native.process.wait(60) == 0
    strong = {"memory_bytes": 2**32 - 1, "score": 1_000_000, "mobile": False}
    found["without volunteers"] = asker.submit({"name": "Strong", **rows, "requires": strong})
    found["paused"] = asker.submit(demo_jobs.collatz_document(stop=200_000_000))
    for state in ("without volunteers", "paused"):
        asker.await_split(found[state])
    asker.pause(found["paused"])
    found["running"] = asker.submit(demo_jobs.collatz_document(stop=200_000_000))
    asker.await_split(found["running"])
    return {state: f"/job/{job_id}" for state, job_id in found.items()}


def flaws(page: Page, card: Frame | None = None) -> list[str]:
    """What axe finds wrong in a page, or in the card in it, light and dark, in words."""
    seen = card or page
    seen.evaluate(AXE.read_text())  # not a tag: the page's policy would not let it in
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found += seen.evaluate(FLAWS)
    return found


def test_public_pages_have_no_flaws(visitor: Visitor, hub_url: str, jobs: dict[str, str]) -> None:
    for address in ("/list", "/job/job_unknown", *jobs.values()):
        page = visitor.open(hub_url + address)
        assert flaws(page) == [], address
        page.set_viewport_size({"width": 390, "height": 844})
        assert flaws(page) == [], f"{address} on a phone"
        page.close()


def test_an_empty_list_has_no_flaws(visitor: Visitor, hub_url: str) -> None:
    page = visitor.open(f"{hub_url}/list?before=2001-01-01T00:00:00%2B00:00")
    expect(page.locator(".empty h2")).to_be_visible()
    assert flaws(page) == []


def test_every_face_of_the_card_has_no_flaws(
    visitor: Visitor, site_url: str, jobs: dict[str, str]
) -> None:
    page = visitor.meet_question(site_url)
    card = visitor.card(page)
    assert flaws(page, card) == [], "question"
    visitor.say_yes(page)
    visitor.await_status(page, "working")
    assert flaws(page, card) == [], "at work"
    card.locator(".pause").click()
    visitor.await_status(page, "paused")
    assert flaws(page, card) == [], "paused"
    card.locator(".stop").click()
    visitor.await_status(page, "stopped")
    assert flaws(page, card) == [], "farewell"
    assert flaws(visitor.open(f"{visitor.hub_url}/frame")) == [], "alone"


def test_a_keyboard_alone_says_yes_pauses_goes_on_and_stops(
    visitor: Visitor, site_url: str, jobs: dict[str, str]
) -> None:
    page = visitor.meet_question(site_url)
    card = visitor.card(page)

    def tab_to(selector: str) -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if card.locator(selector).evaluate("(it) => it === document.activeElement"):
                ring = card.locator(selector).evaluate("(it) => getComputedStyle(it).outlineStyle")
                assert ring == "solid", f"{selector} shows no focus"
                return
        raise AssertionError(f"Tab never came to {selector}")

    tab_to(".yes")
    for _ in range(LOOKS):
        visitor.look(page)
        page.keyboard.press("Enter")
        if card.locator(".badge").is_visible():
            break
    visitor.await_done(page, 1)
    tab_to(".pause")
    page.keyboard.press("Space")
    visitor.await_status(page, "paused")
    page.keyboard.press("Space")
    visitor.await_status(page, "working", "waiting")
    tab_to(".stop")
    page.keyboard.press("Enter")
    visitor.await_status(page, "stopped")
    tab_to(".close")
    page.keyboard.press("Enter")
    expect(page.locator("iframe")).not_to_be_visible()


def test_words_for_screen_readers_change_only_with_the_state(
    visitor: Visitor, site_url: str, jobs: dict[str, str]
) -> None:
    page = visitor.meet_question(site_url)
    card = visitor.card(page)
    card.evaluate(
        """() => {
            window.said = [];
            for (const live of document.querySelectorAll('[role=status], [aria-live]'))
                new MutationObserver(() => said.push(live.textContent))
                    .observe(live, {childList: true, characterData: true, subtree: true});
        }"""
    )
    visitor.say_yes(page)
    visitor.await_done(page, 20)
    said = [text for text in card.evaluate("said") if not re.match("One moment|This page|$", text)]
    assert len(said) <= 4, said
    assert len(said) == len([a for a, b in zip(said, [*said[1:], ""], strict=True) if a != b])


def test_nothing_moves_for_those_who_asked_for_less_motion(
    visitor: Visitor, site_url: str, hub_url: str, jobs: dict[str, str]
) -> None:
    page = visitor.open(hub_url + jobs["running"])
    moving = "() => document.getAnimations().length"
    assert page.evaluate(moving) == 0
    site = visitor.meet_question(site_url)
    visitor.say_yes(site)
    visitor.await_done(site, 2)
    assert visitor.card(site).evaluate(moving) == 0
