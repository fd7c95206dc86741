"""A registered site: its pinned tag works, its page tells what it gave, its key is its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from owc.cli import demo_jobs
from owc.cli.processes import start
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.pages import PageServer
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

HEARD = """<script>
    const heard = [];
    for (const type of ['status', 'error'])
        OpenWebCompute.addEventListener(type, (event) => heard.push(event.detail));
    </script>"""


@pytest.fixture(scope="module", autouse=True)
def waiting_job(asker: Asker) -> str:
    return asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))


@pytest.fixture(scope="module")
def register(hub_url: str, processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Registers a site of some origins, as an operator does beside the running hub."""

    def register(origin: str) -> str:
        log = tmp_path_factory.mktemp("site") / "added.log"
        data = str(processes.folder / "hub")
        arguments = ["owc", "site", "add", "Example", "--origin", origin, "--data", data]
        start("site add", arguments, log=log, variables={}).process.wait(timeout=60)
        found = re.search(r"^site_\w+$", log.read_text(), re.MULTILINE)
        assert found, log.read_text()
        return found[0]

    return register


def site_of(hub_url: str, key: str) -> dict[str, Any]:
    answer = requests.get(f"{hub_url}/site/{key}", timeout=30)
    assert answer.ok, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_pinned_tag_of_a_site_works_under_a_strict_policy_and_counts_for_it(
    visitor: Visitor, pages: PageServer, hub_url: str, register: Any, tmp_path: Path
) -> None:
    key = register(pages.url("").rstrip("/"))
    site = site_of(hub_url, key)
    assert "integrity=" in site["tag"]
    policy = f"default-src 'none'; script-src {hub_url}; frame-src {hub_url}; img-src data:"
    page = visitor.meet_question(pages.add("/pinned", f"<body>{site['tag']}", policy))
    assert visitor.card(page).url.startswith(f"{hub_url}/frame?site={key}")
    visitor.say_yes(page)
    visitor.await_done(page, 3)
    assert visitor.complaints == []
    given = visitor.open(f"{hub_url}/site/{key}")
    for _ in range(40):
        if site_of(hub_url, key)["rows"]:
            break
        visitor.await_done(page, page.evaluate("OpenWebCompute.subJobsDone") + 1)
    counted = site_of(hub_url, key)
    assert counted["rows"] >= 10_000
    assert counted["volunteers"] == "1 to 9"
    assert counted["days"][-1]["rows"] == counted["rows"]
    given.reload()
    expect(given.locator(".figures dd").first).not_to_have_text("0")
    assert given.locator(".days rect").count() == len(counted["days"])


def test_a_page_of_another_origin_is_told_why_it_gets_no_frame(
    visitor: Visitor, pages: PageServer, hub_url: str, register: Any
) -> None:
    key = register("https://www.example.org")
    tag = f"<script src='{hub_url}/openwebcompute.js' data-site={key}></script>"
    page = visitor.open(pages.add("/wrong", f"<body>{tag}{HEARD}"))
    visitor.await_status(page, "unavailable")
    page.wait_for_function("heard.length >= 2")
    status, error = page.evaluate("heard")
    assert status == {"status": "unavailable"}
    assert error["code"] == "wrong_origin"
    assert "origins" in error["message"]
    expect(page.locator("iframe")).not_to_be_visible()
    visitor.assert_nothing_ran()


def test_a_page_that_hides_its_name_gets_no_frame_of_anothers_key(
    visitor: Visitor, pages: PageServer, hub_url: str, register: Any
) -> None:
    key = register("https://www.example.org")
    frame = f"<iframe src='{hub_url}/frame?site={key}' referrerpolicy=no-referrer></iframe>"
    page = visitor.open(pages.add("/nameless", f"<body>{frame}"))
    page.wait_for_function("frames.length === 1")
    assert not any(each.url.startswith(hub_url) for each in page.frames), "the browser blocks it"
    assert any("frame-ancestors" in complaint for complaint in visitor.complaints)
    visitor.assert_nothing_ran()


def test_an_unknown_key_is_an_error_that_the_page_hears(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    tag = f"<script src='{hub_url}/openwebcompute.js' data-site=site_nobody></script>"
    page = visitor.open(pages.add("/unknown", f"<body>{tag}{HEARD}"))
    page.wait_for_function("heard.some((each) => each.code === 'unknown_site')")
    assert page.evaluate("OpenWebCompute.status") == "unavailable"


def test_a_plain_iframe_works_without_the_loader(
    visitor: Visitor, pages: PageServer, hub_url: str
) -> None:
    frame = (
        f"<iframe src='{hub_url}/frame?site=example' title='Open Web Compute' width=340 height=420"
        " sandbox='allow-scripts allow-same-origin'></iframe>"
    )
    policy = f"default-src 'none'; frame-src {hub_url}; img-src data:"
    page = visitor.meet_question(pages.add("/plain", f"<body>{frame}", policy))
    visitor.say_yes(page)
    expect(visitor.card(page).locator(".badge .count")).to_contain_text("1", timeout=60_000)
    assert visitor.complaints == []
