"""What the browser tests share: a real hub, the example site, pages of our own, real Chromium.

Every module gets a hub of its own, so that no test's jobs run in another module's browser.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright

from owc.cli.processes import Child, await_answer, free_port, start
from tests.browser.asking import Asker
from tests.browser.pages import PageServer
from tests.browser.visit import Visitor

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Playwright's own arguments would turn off that storage is partitioned by site.
CHROMIUM_ARGUMENTS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Not kind to anybody: tests of other things than the throttle need not wait for it.
AT_FULL_SPEED = """
    delete window.PressureObserver;
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...more) {
        const told = message?.type === 'duty' ? {...message, duty: 1} : message;
        return post.call(this, told, ...more);
    };
"""


def launch(playwright: Playwright, profile: Path, *more: str) -> Browser:
    """The system's Chromium, as a person would have it."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    assert found, "no Chromium on the PATH; `make browsers` installs it"
    return playwright.chromium.launch(
        executable_path=found,
        args=[*CHROMIUM_ARGUMENTS, f"--user-data-dir={profile}", *more],
        ignore_default_args=True,
    )


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = launch(playwright, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


class Processes:
    """Starts our programs and ends them with the test module."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self.folder = folder
        self.children: dict[str, Child] = {}

    def start_hub(self, url: str, **variables: str) -> Child:
        """A hub at `url`, with settings as variables; one that was killed goes on with its data."""
        data, port = str(self.folder / "hub"), url.rpartition(":")[2]
        hub = self.start("hub", "owc", "serve", "--data", data, "--port", port, **variables)
        await_answer(hub, f"{url}/readyz")
        return hub

    def start(self, name: str, *arguments: str, **variables: str) -> Child:
        """Our program as `python -m <arguments>`."""
        child = start(name, arguments, log=self.folder / f"{name}.log", variables=variables)
        self.children[name] = child
        self._stack.callback(child.stop)
        return child


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with ExitStack() as stack:
        yield Processes(stack, tmp_path_factory.mktemp("processes"))


@pytest.fixture(scope="module")
def hub_url(processes: Processes) -> str:
    url = f"http://127.0.0.1:{free_port(0)}"
    processes.start_hub(url)
    return url


@pytest.fixture(scope="module")
def asker(hub_url: str) -> Asker:
    return Asker(hub_url)


@pytest.fixture(scope="module")
def site_url(processes: Processes, hub_url: str) -> str:
    port = str(free_port(0))
    site = processes.start("site", "example_site", "--hub", hub_url, "--port", port)
    url = f"http://127.0.0.1:{port}/"
    await_answer(site, url)
    return url


@pytest.fixture(scope="module")
def pages() -> Iterator[PageServer]:
    """Serves pages of a test's own, on another host name than the hub: another site."""
    server = PageServer()
    yield server
    server.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(AT_FULL_SPEED)
    yield context
    context.close()


@pytest.fixture
def visitor(context: BrowserContext, hub_url: str) -> Visitor:
    return Visitor(context, hub_url)
