"""A card that changes its size, in any corner, is no layout shift of the page around it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.browser.test_smooth import SHIFTS
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    return asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))


@pytest.mark.parametrize("corner", ["bottom-right", "bottom-left", "top-right", "top-left"])
def test_no_change_of_the_card_shifts_the_page(
    visitor: Visitor, pages: PageServer, hub_url: str, corner: str
) -> None:
    visitor.context.add_init_script(SHIFTS)
    tag = f"<script src='{hub_url}/openwebcompute.js' data-corner={corner}></script>"
    body = f"<body style='height: 2000px'><p>Here.</p>{tag}"
    page = visitor.meet_question(pages.add(f"/{corner}", body))
    card = visitor.card(page)
    boxes = [box_of(page)]
    for press in (
        lambda: card.locator(".more").click(),
        lambda: visitor.say_yes(page),
        lambda: card.locator(".settings").click(),
    ):
        press()
        visitor.look(page)
        boxes.append(box_of(page))
    assert len({box["height"] for box in boxes}) == 4
    across, along = corner.split("-")
    assert len({box[across] for box in boxes}) == len({box[along] for box in boxes}) == 1
    assert page.evaluate("shifts") == []


def box_of(page: Page) -> dict[str, float]:
    """Where the edges of the frame are, and how high it is."""
    box = "document.querySelector('iframe').getBoundingClientRect().toJSON()"
    found: dict[str, float] = page.evaluate(box)
    return found
