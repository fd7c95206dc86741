"""Puts the suite's pictures together, a sheet for each thing: `python -m tests.engines.sheets`.

From `build/screenshots/`, where `test_pictures.py` has left them, to `docs/images/`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import launch
from tests.engines.test_pictures import FOLDER, SIZES

IMAGES = Path("docs/images")
THINGS = ("question", "badge", "panel")
ENGINES = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKitGTK"}
THEMES = ("light", "dark")
SHOWN = {"desktop": (640, 640), "phone": (390, 640)}
"""Of each picture, from the corner that the card is in, in pixels of the page."""
SCALE = 0.5

_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 12px; width: max-content; background: #b8bec6; font: 14px sans-serif }}
table {{ border-spacing: 12px }}
th {{ text-align: start; vertical-align: top; font-weight: normal }}
img {{ display: block; object-fit: none; object-position: right bottom; zoom: {scale} }}
</style><table>{rows}</table>"""


def main() -> int:
    """Write one sheet of each thing."""
    missing = [path for path in _pictures() if not path.exists()]
    if missing:
        print(f"{missing[0]} is not there: run pytest tests/engines/test_pictures.py first")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    sheet = FOLDER / "sheet.html"
    with sync_playwright() as playwright:
        browser = launch(playwright, FOLDER / "profile", "--allow-file-access-from-files")
        page = browser.new_page()
        for thing in THINGS:
            sheet.write_text(_sheet(thing))
            page.goto(sheet.resolve().as_uri())
            page.locator("table").screenshot(path=IMAGES / f"{thing}-in-engines.png")
        browser.close()
    return 0


def _pictures() -> list[Path]:
    return [
        FOLDER / _name(engine, thing, theme, size)
        for engine in ENGINES
        for thing in THINGS
        for theme in THEMES
        for size in SIZES
    ]


def _name(engine: str, thing: str, theme: str, size: str) -> str:
    return f"{engine}-{thing}-{theme}-{size}.png"


def _sheet(thing: str) -> str:
    def cell(engine: str, theme: str, size: str) -> str:
        width, height = SHOWN[size]
        name = _name(engine, thing, theme, size)
        return f'<td><img src="{name}" style="width:{width}px;height:{height}px">'

    rows = (
        f"<tr><th>{told}" + "".join(cell(engine, theme, size) for theme in THEMES for size in SIZES)
        for engine, told in ENGINES.items()
    )
    return _PAGE.format(scale=SCALE, rows="".join(rows))


if __name__ == "__main__":
    sys.exit(main())
