"""What a page has of ours after it stopped us: nothing; and it may begin again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

LONGER_THAN_A_FAREWELL_MS = 2_500

OBSERVING = """<script>
    const ours = () => /openwebcompute\\.js/.test(new Error().stack);  // not the test's own tool
    const observers = new Set(), timers = new Set();
    for (const name of ['Mutation', 'Performance', 'Resize', 'Intersection']) {
        const {prototype} = window[`${name}Observer`];
        const {observe, disconnect} = prototype;
        prototype.observe = function (...given) {
            if (ours()) observers.add(this);
            return observe.apply(this, given);
        };
        prototype.disconnect = function () {
            observers.delete(this);
            return disconnect.call(this);
        };
    }
    for (const [start, end] of [['setTimeout', 'clearTimeout'], ['setInterval', 'clearInterval']]) {
        const {[start]: begin, [end]: clear} = window;
        window[start] = (action, ms, ...given) => {
            const timer = begin(() => {
                if (start === 'setTimeout') timers.delete(timer);
                action(...given);
            }, ms);
            if (ours()) timers.add(timer);
            return timer;
        };
        window[end] = (timer) => {
            timers.delete(timer);
            clear(timer);
        };
    }
    </script>"""


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    return asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))


@pytest.fixture
def open_page(visitor: Visitor, pages: PageServer, hub_url: str) -> Callable[[str], Page]:
    """Opens a page of some text and the tag, whose card asks."""

    def open_it(path: str) -> Page:
        tag = f"<script src='{hub_url}/openwebcompute.js'></script>"
        return visitor.meet_question(pages.add(path, f"<body><p>Here.</p>{OBSERVING}{tag}"))

    return open_it


def listeners(page: Page) -> list[str]:
    """What the loader listens to in the page, as the browser itself knows it."""
    devtools = page.context.new_cdp_session(page)
    ours: set[str] = set()

    def note(script: dict[str, str]) -> None:
        if script["url"].endswith("/openwebcompute.js"):
            ours.add(script["scriptId"])

    devtools.on("Debugger.scriptParsed", note)
    devtools.send("Debugger.enable")
    found = []
    for target in ("window", "document", "document.documentElement", "document.body"):
        named = devtools.send("Runtime.evaluate", {"expression": target})["result"]
        heard = devtools.send("DOMDebugger.getEventListeners", {"objectId": named["objectId"]})
        found += [each["type"] for each in heard["listeners"] if each["scriptId"] in ours]
    devtools.detach()
    assert ours, "the loader is among the scripts"
    return sorted(found)


def leftovers(page: Page) -> list[object]:
    """The page's elements, and what runs or waits in it for us."""
    markup = page.evaluate("document.documentElement.outerHTML")
    return [markup, listeners(page), *page.evaluate("[observers.size, timers.size]")]


def await_alone(page: Page) -> None:
    """Wait until the page holds no frame."""
    page.wait_for_function("!document.querySelector('iframe')")


def test_stop_leaves_the_page_as_it_was_and_start_begins_anew(
    visitor: Visitor, open_page: Callable[[str], Page], pages: PageServer
) -> None:
    plain = visitor.open(pages.add("/plain", f"<body><p>Here.</p>{OBSERVING}"))
    bare = plain.evaluate("document.body.innerHTML")
    plain.close()
    page = open_page("/stop")
    visitor.say_yes(page)
    visitor.await_done(page, 1)
    visitor.await_status(page, "working")
    assert listeners(page) == ["afterprint", "beforeprint", "message"]
    assert page.evaluate("observers.size") == 2
    page.evaluate("OpenWebCompute.stop()")
    await_alone(page)
    stopped = leftovers(page)
    assert page.evaluate("document.body.innerHTML.replace(/<script src.*/, '')") == bare
    assert stopped[1:] == [[], 0, 0]
    assert page.evaluate("OpenWebCompute.status") == "stopped"
    page.evaluate("OpenWebCompute.stop()")
    page.evaluate("OpenWebCompute.pause()")
    done = page.evaluate("OpenWebCompute.subJobsDone")
    page.wait_for_timeout(LONGER_THAN_A_FAREWELL_MS)
    assert leftovers(page) == stopped
    assert page.evaluate("OpenWebCompute.subJobsDone") == done
    page.evaluate("OpenWebCompute.start()")
    visitor.await_done(page, done + 1)
    assert page.locator("iframe").count() == 1
    page.evaluate("OpenWebCompute.stop()")
    await_alone(page)
    assert leftovers(page) == stopped, "as after the first time"
    assert visitor.complaints == []


@pytest.mark.parametrize("at_work", [False, True])
def test_a_start_right_after_a_stop_keeps_the_frame(
    visitor: Visitor, open_page: Callable[[str], Page], at_work: bool
) -> None:
    page = open_page(f"/restart-{at_work}")
    if at_work:
        visitor.say_yes(page)
        visitor.await_done(page, 1)
    page.evaluate("window.before = document.querySelector('iframe')")
    page.evaluate("OpenWebCompute.stop(); OpenWebCompute.start()")
    page.wait_for_timeout(LONGER_THAN_A_FAREWELL_MS)
    if at_work:
        visitor.await_done(page, page.evaluate("OpenWebCompute.subJobsDone") + 1)
    else:
        visitor.await_status(page, "asking")
    assert page.evaluate(
        "[...document.querySelectorAll('iframe')].map((one) => one === before)"
    ) == [True]
    assert visitor.complaints == []


@pytest.mark.parametrize("wish", ["stop", "pause"])
def test_what_a_page_asks_of_a_frame_that_it_took_out_places_none(
    visitor: Visitor, open_page: Callable[[str], Page], wish: str
) -> None:
    page = open_page(f"/taken-out-{wish}")
    page.evaluate(
        """() => {
            window.placed = 0;
            new MutationObserver((changes) => {
                for (const {addedNodes} of changes)
                    placed += [...addedNodes].filter(({tagName}) => tagName === 'IFRAME').length;
            }).observe(document.body, {childList: true});
            document.querySelector('iframe').remove();
        }"""
    )
    visitor.await_status(page, "removed")
    assert leftovers(page)[1:] == [[], 0, 0]
    page.evaluate(f"OpenWebCompute.{wish}()")
    page.wait_for_timeout(LONGER_THAN_A_FAREWELL_MS)
    assert page.evaluate("placed") == 0
    assert page.evaluate("OpenWebCompute.status") == ("stopped" if wish == "stop" else "removed")
    page.evaluate("document.body.prepend('More.'); OpenWebCompute.start()")
    visitor.await_status(page, "asking")
    page.evaluate("document.querySelector('iframe').remove(); OpenWebCompute.start()")
    visitor.await_status(page, "asking")
    assert page.locator("iframe").count() == 1
    assert visitor.complaints == []


def test_a_stop_before_the_page_has_a_body_places_nothing(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    tag = f"<script src='{hub_url}/openwebcompute.js'></script>"
    head = f"<html><head>{tag}<script>OpenWebCompute.stop()</script></head><body><p>Here.</p>"
    page = visitor.open(pages.add("/early-stop", head))
    visitor.await_status(page, "stopped")
    page.wait_for_timeout(LONGER_THAN_A_FAREWELL_MS)
    assert page.locator("iframe").count() == 0
    assert listeners(page) == []
    visitor.assert_nothing_ran()
