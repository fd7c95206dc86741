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


def tag(hub_url: str, more: str = "") -> str:
    """The tag as a site owner pastes it."""
    return f"<script src='{hub_url}/openwebcompute.js' {more}></script>"


@pytest.mark.parametrize("more", ["", "async", "defer", "type=module"])
def test_tag_works_in_the_head_whatever_its_kind(
    visitor: Visitor, pages: PageServer, hub_url: str, more: str
) -> None:
    head = f"<html><head>{tag(hub_url, more)}</head><body><p>Here.</p>"
    page = visitor.meet_question(pages.add(f"/head-{more}", head))
    assert page.locator("iframe").count() == 1
    assert visitor.complaints == []


def test_work_goes_on_after_a_page_replaced_its_body(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    page = visitor.meet_question(pages.add("/spa", f"<body><p>One.</p>{tag(hub_url)}"))
    visitor.say_yes(page)
    visitor.await_done(page, 1)
    page.evaluate(
        """() => {
            history.pushState(null, '', '/spa/two');
            const body = document.createElement('body');
            body.textContent = 'Two.';
            document.body.replaceWith(body);
        }"""
    )
    page.frame_locator("iframe").locator(".badge").wait_for()
    visitor.await_done(page, page.evaluate("OpenWebCompute.subJobsDone") + 2)
    assert page.locator("iframe").count() == 1


def test_a_frame_that_the_page_took_out_stays_out_until_the_page_starts_again(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    page = visitor.meet_question(pages.add("/taken-out", f"<body>{tag(hub_url)}"))
    visitor.say_yes(page)
    visitor.await_status(page, "working")
    page.evaluate("document.querySelector('iframe').remove()")
    visitor.await_status(page, "removed")
    assert page.locator("iframe").count() == 0
    page.evaluate("OpenWebCompute.start()")
    visitor.await_status(page, "working")
    assert visitor.complaints == []


def test_card_stays_in_its_corner_on_a_page_from_right_to_left(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    body = f"<html dir=rtl lang=ar><body><p style='height:200vh'>مرحبا</p>{tag(hub_url)}"
    page = visitor.meet_question(pages.add("/rtl", body))
    box = page.locator("iframe").bounding_box()
    assert box is not None
    inside = page.evaluate("document.documentElement.getBoundingClientRect().right")
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= max(inside, 1280) - 16
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_of_ours_is_printed_and_printing_ends_nothing(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    page = visitor.meet_question(pages.add("/print", f"<body><p>Paper.</p>{tag(hub_url)}"))
    page.evaluate(
        """() => addEventListener('beforeprint', () => {
            document.title = getComputedStyle(document.querySelector('iframe')).display;
        })"""
    )
    page.pdf()
    assert page.title() == "none"
    page.frame_locator("iframe").locator(".yes").wait_for()
    visitor.say_yes(page)
    visitor.await_status(page, "working")


def test_question_fits_a_phone_on_its_side_and_can_be_answered(
    visitor: Visitor, site_url: str
) -> None:
    page = visitor.context.new_page()
    page.set_viewport_size({"width": 667, "height": 280})
    page.goto(site_url)
    page.frame_locator("iframe").locator(".yes").wait_for()
    visitor.say_yes(page)
    visitor.await_status(page, "working")


def test_a_frame_that_does_not_load_is_reported_as_unavailable(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    body = "<body>" + tag(hub_url, "data-site='not a site'")
    page = visitor.context.new_page()
    page.clock.install()
    page.goto(pages.add("/unavailable", body))
    page.clock.run_for(11_000)
    visitor.await_status(page, "unavailable")
    expect(page.locator("iframe")).not_to_be_visible()
