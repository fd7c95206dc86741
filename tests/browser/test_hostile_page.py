"""What a page may try: forged clicks, messages, covers, tiny and moving frames: never a yes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Page

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

FORGERIES = """
    const frame = document.querySelector('iframe');
    const inner = frame.contentWindow;
    const types = ['yes', 'consent', 'start', 'work', 'click', 'answer', 'status', 'size'];
    const more = {answer: 'yes', consent: true, status: 'working', busy_ms: -1e9};
    for (const type of [...types, 'confirmed', 'load'])
        for (const owc of [1, 2, true]) inner.postMessage({owc, type, ...more}, '*');
    for (const data of ['yes', null, 1, [], {type: 'yes'}]) inner.postMessage(data, '*');
    for (let i = 0; i < 20; i++) OpenWebCompute.start();
    OpenWebCompute.pause(); OpenWebCompute.stop(); OpenWebCompute.start();
    frame.focus(); frame.click();
    for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click'])
        frame.dispatchEvent(new PointerEvent(type, {bubbles: true, button: 0, isPrimary: true}));
    frame.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
    for (const reach of [
        () => inner.document.querySelector('.yes').click(),
        () => frame.contentDocument.querySelector('.yes').click(),
        () => inner.localStorage.setItem('owc.answer', '{"answer":"yes"}'),
        () => inner.eval('1'),
    ]) try { reach(); } catch {}
    frame.src = frame.src + '#yes';
"""

DISGUISES = {
    "see-through": "opacity: 0.01",
    "covered by what lets clicks through": "",
    "shrunk": "transform: scale(0.3); transform-origin: bottom right",
    "turned": "transform: rotate(3deg)",
    "not drawn": "visibility: hidden",
    "blurred": "filter: blur(30px)",
    "blended away": "mix-blend-mode: multiply; filter: contrast(0)",
    "cut to a strip": "clip-path: inset(80% 0 0 0)",
    "half outside the window": "bottom: -120px",
    "narrow": "max-width: 60px",
    "flat": "max-height: 40px",
}

COVER = """
    const cover = document.createElement('div');
    cover.style.cssText = 'position:fixed;inset:0;background:#fff;z-index:2147483647;'
        + 'pointer-events:none';
    cover.textContent = 'Press here to win';
    document.body.append(cover);
"""


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    """A job that would run at once if anybody let it."""
    return asker.submit(demo_jobs.collatz_document())


@pytest.fixture
def open_page(visitor: Visitor, pages: PageServer, hub_url: str) -> Callable[[str], Page]:
    """Opens a page of the hostile site that embeds the hub as any site does."""

    def open_it(path: str) -> Page:
        tag = f"<script src='{hub_url}/openwebcompute.js' async></script>"
        return visitor.meet_question(pages.add(path, f"<body style='height:3000px'>{tag}"))

    return open_it


def press_where_yes_is(visitor: Visitor, page: Page) -> None:
    """The person's own mouse, at the place of the yes button."""
    place = visitor.card(page).locator(".yes").bounding_box() or frame_box(page)
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.click(x, min(y, 895))


def frame_box(page: Page) -> FloatRect:
    """The frame's place, for a card so small that its button has none."""
    box = page.locator("iframe").bounding_box()
    assert box is not None
    return box


def test_forged_events_messages_and_calls_are_no_yes(
    visitor: Visitor, open_page: Callable[[str], Page]
) -> None:
    page = open_page("/forgeries")
    visitor.look(page)
    page.evaluate(FORGERIES)
    visitor.look(page)
    page.evaluate(FORGERIES)
    visitor.look(page)
    visitor.assert_nothing_ran()
    assert visitor.kept(page) == {}
    assert page.evaluate("OpenWebCompute.status") in ("asking", "stopped")


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_press_on_a_disguised_question_is_no_yes(
    visitor: Visitor, open_page: Callable[[str], Page], disguise: str
) -> None:
    page = open_page(f"/{disguise.replace(' ', '-')}")
    page.evaluate(
        "(css) => { const {style} = document.querySelector('iframe'); style.cssText += ';' + css }",
        DISGUISES[disguise],
    )
    if not DISGUISES[disguise]:
        page.evaluate(COVER)
    visitor.look(page)
    for _ in range(2):
        press_where_yes_is(visitor, page)
        visitor.look(page)
    visitor.assert_nothing_ran()
    assert visitor.kept(page) == {}


def test_a_question_shown_under_the_pointer_at_the_last_moment_is_no_yes(
    visitor: Visitor, open_page: Callable[[str], Page]
) -> None:
    page = open_page("/last-moment")
    frame = "document.querySelector('iframe').style"
    page.evaluate(f"{frame}.opacity = '0'")
    visitor.look(page)
    page.evaluate(f"{frame}.opacity = '1'")
    press_where_yes_is(visitor, page)
    visitor.look(page)
    visitor.assert_nothing_ran()


def test_a_key_meant_for_the_page_is_no_yes(
    visitor: Visitor, open_page: Callable[[str], Page]
) -> None:
    page = open_page("/stolen-focus")
    visitor.look(page)
    page.evaluate("document.querySelector('iframe').focus()")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    visitor.look(page)
    visitor.assert_nothing_ran()
    assert visitor.kept(page) == {}


def test_the_card_opened_as_a_page_of_its_own_asks_nothing(visitor: Visitor) -> None:
    page = visitor.open(f"{visitor.hub_url}/frame?site=hostile")
    page.locator(".alone").first.wait_for()
    assert not page.locator(".yes").is_visible()
    page.evaluate("document.querySelector('.yes').click()")
    visitor.look(page)
    visitor.assert_nothing_ran()


def test_the_yes_button_has_no_address(visitor: Visitor, open_page: Callable[[str], Page]) -> None:
    page = open_page("/address")
    names = visitor.card(page).locator(".yes").evaluate("(button) => [button.id, button.name]")
    assert names == ["", ""]
