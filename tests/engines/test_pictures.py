"""Pictures of question, badge and panel in every engine: light and dark, desktop and phone.

They lie in `build/screenshots/` for whoever looks at them; `tests.engines.sheets` puts them
together for the documentation. What can be
said of them without looking is asserted here: the card is whole, and nothing is moved by it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.engines.driver import Engine, Tab
from tests.engines.visitor import Visitor

pytestmark = pytest.mark.browser

FOLDER = Path("build/screenshots")
SIZES = {"desktop": (1280, 800), "phone": (390, 780)}
NARROWEST = 500
"""A window with a title bar can be kept from becoming as narrow as a phone."""

PNG = b"\x89PNG\r\n\x1a\n"

_PAGE = """<html lang="en"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<body style="margin: 0 auto; max-width: 40em; padding: 1em; line-height: 1.5; {colours}">
<h1>The moons of Jupiter</h1>{text}
<script src="{hub}/openwebcompute.js" data-theme="{theme}" async></script>"""
_TEXT = "<p>Four of them are large enough to be seen with binoculars, on any clear night.</p>" * 12
_COLOURS = {
    "light": "color: #222; background: #fff",
    "dark": "color: #ddd; background: #181818; color-scheme: dark",
}
_BOX = """(() => {
    const {left, right, top, bottom} = document.querySelector("iframe").getBoundingClientRect();
    const {scrollWidth} = document.documentElement;
    return {left, right, top, bottom, scrollWidth, innerWidth, innerHeight};
})()"""


def _take(tab: Tab, visitor: Visitor, name: str) -> None:
    """A picture in each size; the card lies in the window, and the page has not become wider."""
    for size, (width, height) in SIZES.items():
        tab.size(width, height)
        tab.wait_until(f"innerWidth <= {max(width, NARROWEST) + 16}")
        visitor.look(tab)
        box = tab.evaluate(_BOX)
        assert box["left"] >= 0, box
        assert box["top"] >= 0, box
        assert box["right"] <= box["innerWidth"], box
        assert box["bottom"] <= box["innerHeight"], box
        assert box["right"] - box["left"] >= 240, box
        assert box["scrollWidth"] <= box["innerWidth"], box
        path = FOLDER / f"{name}-{size}.png"
        tab.screenshot(path)
        assert path.read_bytes().startswith(PNG)


@pytest.fixture(autouse=True)
def work(asker: Asker) -> None:
    asker.submit(demo_jobs.collatz_document(stop=300_000_000, rows=100_000))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_card_is_whole_in_every_size(
    engine: Engine, visitor: Visitor, pages: PageServer, hub_url: str, theme: str
) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    body = _PAGE.format(colours=_COLOURS[theme], text=_TEXT, hub=hub_url, theme=theme)
    tab = visitor.meet_question(pages.add(f"/{theme}", body))
    _take(tab, visitor, f"{engine.name}-question-{theme}")
    visitor.say_yes(tab)
    visitor.await_done(tab, 3)
    _take(tab, visitor, f"{engine.name}-badge-{theme}")
    visitor.open_panel(tab)
    _take(tab, visitor, f"{engine.name}-panel-{theme}")
