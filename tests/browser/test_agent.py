"""The page of a device that is lent as a whole: begun by a press, over plain http too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from owc.cli import demo_jobs
from owc.cli.processes import free_port
from owc.web.languages import catalogue
from tests.browser.asking import Asker
from tests.browser.conftest import AT_FULL_SPEED, Processes, launch
from tests.browser.test_accessibility import flaws
from tests.browser.test_leaving import await_nobody_at_work
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

LAB = "lab.example"
WORDS = catalogue("en")


@pytest.fixture(scope="module")
def hub_url(processes: Processes) -> str:
    """A hub that a lab's machines reach by a name, over plain http."""
    url = f"http://127.0.0.1:{free_port(0)}"
    processes.start_hub(url, OWC_ALLOWED_HOSTS=LAB)
    return url


@pytest.fixture(scope="module", autouse=True)
def endless(asker: Asker) -> str:
    job_id = asker.submit(demo_jobs.collatz_document(stop=200_000_000, rows=20_000))
    asker.await_split(job_id)
    return job_id


def await_done(page: Page, parts: int) -> None:
    """Wait until the page has counted so many parts; its policy forbids a string of script."""
    for _ in range(120):
        if int(page.locator(".count").inner_text().replace(",", "")) >= parts:
            return
        page.wait_for_timeout(500)
    raise AssertionError("the device did too little")


def test_a_device_works_after_one_press_until_it_is_stopped(
    visitor: Visitor, hub_url: str, endless: str
) -> None:
    page = visitor.open(f"{hub_url}/agent?lang=en")
    assert flaws(page) == [], "idle"
    assert visitor.sockets == []
    assert page.evaluate("() => Object.keys(localStorage)") == []
    page.locator(".start").click()
    await_done(page, 2)
    expect(page.locator(".phase")).to_have_text(WORDS["badge"]["working"])
    expect(page.locator(".job")).to_have_attribute("href", f"/job/{endless}")
    expect(page.locator(".score")).not_to_have_text("–")
    expect(page.locator(".pace")).not_to_have_text("0")
    expect(page.locator("[name=share]")).to_have_value("100")
    expect(page.locator(".over-http")).not_to_be_visible()
    assert flaws(page) == [], "at work"
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == [], "on a phone"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

    page.locator(".pause").click()
    expect(page.locator(".phase")).to_have_text(WORDS["badge"]["paused"])
    page.locator(".pause").click()
    expect(page.locator(".phase")).to_have_text(WORDS["badge"]["working"])
    page.locator(".stop").click()
    expect(page.locator(".start")).to_be_visible()
    expect(page.locator(".phase")).to_contain_text("Thank you")
    await_nobody_at_work(visitor.open(f"{hub_url}/job/{endless}"))
    assert visitor.complaints == []


def test_a_device_that_was_begun_goes_on_when_the_page_is_opened_again(
    visitor: Visitor, hub_url: str
) -> None:
    page = visitor.open(f"{hub_url}/join")
    page.locator("[name=device]").fill("Shelf 3")
    page.locator("[name=device]").press("Tab")
    page.locator(".start").click()
    await_done(page, 1)
    page.reload()
    await_done(page, 1)
    expect(page.locator("[name=device]")).to_have_value("Shelf 3")
    assert page.title() == "Shelf 3 · Open Web Compute"


def test_over_plain_http_a_device_works_without_what_engines_withhold_and_says_so(
    context: BrowserContext, hub_url: str
) -> None:
    visitor = Visitor(context, f"http://{LAB}:{hub_url.rpartition(':')[2]}")
    page = visitor.open(f"{visitor.hub_url}/agent?lang=en")
    assert page.evaluate(
        "() => [isSecureContext, 'subtle' in crypto, 'wakeLock' in navigator]"
    ) == [
        False,
        False,
        False,
    ]
    expect(page.locator(".over-http")).to_have_text(WORDS["agent"]["plain"])
    expect(page.locator(".address")).to_have_text(f"{visitor.hub_url}/join")
    expect(page.locator(".qr svg")).to_be_visible()
    page.locator(".start").click()
    await_done(page, 2)
    expect(page.locator(".asleep")).to_be_visible()
    assert flaws(page) == []
    assert visitor.complaints == []


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(AT_FULL_SPEED)
    yield context
    context.close()


@pytest.fixture(scope="module")
def chromium(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that knows the hub by its name in the lab, too."""
    rule = f"--host-resolver-rules=MAP {LAB} 127.0.0.1"
    browser = launch(playwright, tmp_path_factory.mktemp("lab"), rule)
    yield browser
    browser.close()


def test_a_device_page_cannot_be_put_into_another_page(visitor: Visitor, hub_url: str) -> None:
    answer = visitor.context.request.get(f"{hub_url}/agent")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    manifest = visitor.context.request.get(f"{hub_url}/agent.webmanifest").json()
    assert (manifest["start_url"], manifest["display"]) == ("/agent", "standalone")
