"""What the suite shares: three engines, one after the other, and one hub with its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Playwright

from owc.cli.processes import await_answer, free_port
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.pages import PageServer
from tests.engines.chromium import Chromium
from tests.engines.driver import Engine
from tests.engines.firefox import Firefox
from tests.engines.visitor import Visitor
from tests.engines.webkit import WebKit

ENGINES = ("chromium", "firefox", "webkit")

SETTINGS = {"OWC_GRACE_SECONDS": "2"}
"""Of the hub: what a lost browser held is given to others soon."""

StartEngine = Callable[[], Engine]


@pytest.fixture(scope="package", params=ENGINES)
def start_engine(
    request: pytest.FixtureRequest, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartEngine]:
    """Starts browsers of one kind, which end with the last test of that kind."""
    begin = {
        "chromium": lambda folder: Chromium(playwright, folder),
        "firefox": Firefox,
        "webkit": WebKit,
    }[request.param]
    with ExitStack() as stack:

        def start() -> Engine:
            started: Engine = begin(tmp_path_factory.mktemp(request.param))
            stack.callback(started.stop)
            return started

        yield start


@pytest.fixture(scope="package")
def engine(start_engine: StartEngine) -> Engine:
    """A browser that all tests share; what a test does to it leaves it usable."""
    return start_engine()


@pytest.fixture
def visitor(engine: Engine) -> Iterator[Visitor]:
    profile = engine.profile()
    yield Visitor(profile)
    profile.close()


@pytest.fixture(scope="package")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with ExitStack() as stack:
        yield Processes(stack, tmp_path_factory.mktemp("processes"))


@pytest.fixture(scope="package")
def hub_url(processes: Processes) -> str:
    url = f"http://127.0.0.1:{free_port(0)}"
    processes.start_hub(url, **SETTINGS)
    return url


@pytest.fixture(scope="package")
def site_url(processes: Processes, hub_url: str) -> str:
    port = str(free_port(0))
    site = processes.start("site", "example_site", "--hub", hub_url, "--port", port)
    url = f"http://127.0.0.1:{port}/"
    await_answer(site, url)
    return url


@pytest.fixture(scope="package")
def pages() -> Iterator[PageServer]:
    """Serves pages of a test's own, on another host name than the hub: another site."""
    server = PageServer()
    yield server
    server.close()


@pytest.fixture
def asker(hub_url: str) -> Iterator[Asker]:
    """Asks for jobs that end with their test: the next one starts with an idle hub."""
    asking = Asker(hub_url)
    yield asking
    asking.cancel_all()
