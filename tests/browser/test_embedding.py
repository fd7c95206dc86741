"""The loader in other people's pages: strict policies, odd places, nothing left behind in them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    return asker.submit(demo_jobs.collatz_document(stop=50_000_000))


def test_card_works_under_a_policy_that_allows_nothing_else(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    policy = f"default-src 'none'; script-src {hub_url}; frame-src {hub_url}; img-src data:"
    tag = f"<script src='{hub_url}/openwebcompute.js' async></script>"
    page = visitor.meet_question(pages.add("/strict", f"<body><p>Strict.</p>{tag}", policy))
    visitor.say_yes(page)
    visitor.await_done(page, 1)
    assert visitor.complaints == []


def test_loader_adds_one_name_to_the_page_and_says_nothing(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    body = """<body><script>
        const before = new Set(Object.getOwnPropertyNames(window));
        addEventListener('error', () => document.title = 'error');
        const added = () => Object.getOwnPropertyNames(window).filter((name) => !before.has(name));
        </script>"""
    tag = f"<script src='{hub_url}/openwebcompute.js' async></script>"
    page = visitor.meet_question(pages.add("/names", body + tag + tag))
    added = page.evaluate("added()")
    assert added == ["0", "OpenWebCompute"], "0 is the frame itself"
    assert page.locator("iframe").count() == 1
    assert page.title() == ""
    assert visitor.complaints == []


def test_loader_tells_its_listeners_and_ignores_what_is_not_from_the_hub(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    tag = f"<script src='{hub_url}/openwebcompute.js' data-ask=later></script>"
    script = """<script>
        const heard = [];
        OpenWebCompute.addEventListener('status', (event) => heard.push(event.detail.status));
        </script>"""
    page = visitor.open(pages.add("/listeners", f"<body>{tag}{script}"))
    visitor.await_status(page, "ready")
    expect(page.locator("iframe")).not_to_be_visible()
    page.evaluate("postMessage({owc: 1, type: 'status', status: 'working'}, '*')")
    page.evaluate("OpenWebCompute.start()")
    visitor.await_status(page, "asking")
    assert page.evaluate("heard") == ["ready", "asking"]
    visitor.assert_nothing_ran()


def test_card_goes_where_and_looks_as_the_tag_says(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    src = f"src='{hub_url}/openwebcompute.js'"
    corner = pages.add("/corner", f"<body><script {src} data-corner=top-left></script>")
    box = visitor.meet_question(corner).locator("iframe").bounding_box()
    assert box is not None
    assert (box["x"], box["y"]) == (16, 16)
    inside = pages.add(
        "/inside",
        f"<body><div id=here></div><script {src} data-inside='#here' data-theme=dark></script>",
    )
    page = visitor.meet_question(inside)
    assert page.locator("#here > iframe").count() == 1
    assert visitor.card(page).locator("html").get_attribute("data-theme") == "dark"


def test_page_without_a_hub_stays_as_it_was(visitor: Visitor, pages: PageServer) -> None:
    gone = "http://127.0.0.1:9"
    page = visitor.open(
        pages.add("/gone", f"<body><p>Here.</p><script src='{gone}/openwebcompute.js'></script>")
    )
    assert page.locator("iframe").count() == 0
    assert page.locator("p").inner_text() == "Here."


def test_card_fits_a_phone_and_leaves_the_end_of_the_page_readable(
    visitor: Visitor, site_url: str
) -> None:
    page = visitor.meet_question(site_url)
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    box, last = page.locator("iframe").bounding_box(), page.locator("footer p").bounding_box()
    assert box is not None
    assert last is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert last["y"] + last["height"] <= box["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
