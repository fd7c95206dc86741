"""A page whose policy allows nothing but the hub's script and frame: nothing of ours is blocked."""

from __future__ import annotations

import pytest

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.engines.visitor import Visitor

pytestmark = pytest.mark.browser

_REPORT_SECONDS = 30.0
_NOTE = """(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation",
        (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`));
})()"""
_CANARY = """(() => {
    const script = document.createElement("script");
    script.textContent = "window.canary = true";
    document.body.append(script);
})()"""


def test_the_strictest_policy_is_never_violated(
    visitor: Visitor, pages: PageServer, hub_url: str, asker: Asker
) -> None:
    asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))
    policy = f"default-src 'none'; script-src {hub_url}; frame-src {hub_url}; report-uri /reports"
    page = f"<!doctype html><body><script src={hub_url}/openwebcompute.js async></script>"
    url = pages.add_file("/strict", page.encode(), "text/html", policy)
    tab = visitor.meet_question(url)
    tab.evaluate(_NOTE, inside=True)
    visitor.say_yes(tab)
    visitor.await_done(tab, 3)
    assert tab.evaluate("violations", inside=True) == []

    # The browser does report: our own script inside the page is the one thing that was blocked.
    tab.evaluate(_CANARY)
    icon = pages.url("/favicon.ico")  # asked for by the browser, not by us
    while (report := pages.next_report(_REPORT_SECONDS))["blocked-uri"] == icon:
        continue
    assert report["effective-directive"].startswith("script-src"), report
    assert report["blocked-uri"] == "inline", report
    assert not tab.evaluate("'canary' in window")
