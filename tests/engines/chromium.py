"""Chromium by Playwright."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page, Playwright

from tests.browser.conftest import launch
from tests.engines.driver import (
    WAIT_SECONDS,
    DriverError,
    Engine,
    Profile,
    Tab,
    command_line,
    descendants,
)

# What else keeps this machine busy, the hub and its workers among it, is not for these tests to
# wait for: only Chromium tells of it, and the volunteer would rest.
CALM = """
    if (window.PressureObserver) window.PressureObserver = class {
        observe() { return Promise.resolve(); }
        disconnect() {}
    };
"""


class Chromium(Engine):
    """The system's headless Chromium with a profile folder of its own."""

    name = "chromium"
    content_process = "--type=renderer"

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._folder = folder / "chromium"
        self._browser: Browser = launch(playwright, self._folder)

    def profile(self, **options: Any) -> ChromiumProfile:
        """`options` of a Playwright context: a device to emulate, for one."""
        return ChromiumProfile(self._browser.new_context(**options))

    def processes(self) -> list[int]:
        mark = f"--user-data-dir={self._folder}"
        ours = {pid: command_line(pid) for pid in descendants(os.getpid())}
        return [pid for pid, line in ours.items() if mark in line and "--type=" not in line]

    def stop(self) -> None:
        with contextlib.suppress(Error):
            self._browser.close()


class ChromiumProfile(Profile):
    """A context: storage apart from all others."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        context.set_default_timeout(WAIT_SECONDS * 1000)
        context.add_init_script(CALM)

    def open(self, url: str) -> ChromiumTab:
        page = self._context.new_page()
        page.goto(url)
        return ChromiumTab(page)

    def close(self) -> None:
        with contextlib.suppress(Error):
            self._context.close()


class ChromiumTab(Tab):
    def __init__(self, page: Page) -> None:
        self.page = page

    def _frame(self) -> Frame:
        for frame in self.page.frames:
            if "/frame?" in frame.url:
                return frame
        raise DriverError("the page holds no frame of the hub")

    def _run(self, script: str, *, inside: bool) -> str:
        try:
            return str((self._frame() if inside else self.page).evaluate(script))
        except Error as error:
            raise DriverError(error.message) from None

    def click(self, selector: str) -> None:
        self._frame().locator(selector).click()

    def tap(self, selector: str) -> None:
        """Touch an element of the hub's frame with a finger."""
        self._frame().locator(selector).tap()

    def size(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def screenshot(self, path: Path) -> None:
        self.page.screenshot(path=path)

    def close(self) -> None:
        self.page.close()
