"""/list and /job: hostile text stays text, the policy holds, pages stay true by themselves."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

HOSTILE = "<script>document.title='x'</script><img src=x onerror=\"document.title='x'\">'\"&amp;"


def squares(name: str, **more: object) -> dict[str, object]:
    """A job of a hundred rows."""
    return {
        "name": name,
        "source": {"range": {"n": [0, 100]}},
        "steps": [{"derive": {"square": "n * n"}}],
        **more,
    }


@pytest.fixture(scope="module")
def hostile_job(asker: Asker) -> str:
    """A job whose every text is hostile, its data included."""
    document = {
        "name": HOSTILE[:80],
        "about": HOSTILE,
        "purpose": HOSTILE,
        "contact": "javascript:alert(1)",
        "licence": HOSTILE,
        "source": {"rows": [{"text": HOSTILE}, {"text": None}]},
        "steps": [{"derive": {"twice": "concat(text, text)"}}],
    }
    return asker.submit(document)


@pytest.fixture
def volunteer(processes: Processes, hub_url: str, hostile_job: str) -> None:
    """Finishes whatever waits."""
    native = processes.start("volunteer", "owc", "volunteer", hub_url, "--until-idle")
    assert native.process.wait(60) == 0, native.log.read_text()


def assert_only_text(page: Page) -> None:
    """Nothing of the hostile text became markup."""
    assert page.locator("main :is(script, img[onerror], iframe, object, embed)").count() == 0
    assert page.title() != "x"
    links = page.locator("a").evaluate_all("(all) => all.map((link) => link.protocol)")
    assert set(links) <= {"http:"}


def test_hostile_texts_stay_text_everywhere(
    visitor: Visitor, hub_url: str, hostile_job: str, volunteer: None
) -> None:
    page = visitor.open(f"{hub_url}/list")
    expect(page.locator(f"[data-job={hostile_job}] .about")).to_have_text(HOSTILE)
    assert_only_text(page)
    page = visitor.await_succeeded(hostile_job)
    expect(page.locator(".lead")).to_have_text(HOSTILE)
    expect(page.locator("[data-live=data] td").first).to_have_text(HOSTILE)
    expect(page.locator("[data-live=result] td").nth(1)).to_have_text(HOSTILE * 2)
    expect(page.locator("[data-live=data] .none")).to_have_text("NULL")
    assert_only_text(page)
    assert visitor.complaints == []


def test_pages_carry_a_policy_without_inline_code(visitor: Visitor, hub_url: str) -> None:
    page = visitor.context.new_page()
    response = page.goto(f"{hub_url}/list")
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<(?:script|style)>|<[^>]+\s(?:on[a-z]+|style)=", response.text())


def test_list_and_job_change_by_themselves(
    visitor: Visitor, asker: Asker, hub_url: str, processes: Processes
) -> None:
    listing = visitor.open(f"{hub_url}/list")
    expect(listing.locator("[data-live-state=on]")).to_be_visible()
    listing.evaluate("window.stayed = true")
    job_id = asker.submit(squares("Squares that appear by themselves"))
    row = listing.locator(f"[data-job={job_id}]")
    expect(row.locator("h2")).to_have_text("Squares that appear by themselves")

    job = visitor.open(f"{hub_url}/job/{job_id}")
    expect(job.locator("[data-live-state=on]")).to_be_visible()
    job.evaluate("window.stayed = true")
    native = processes.start("volunteer", "owc", "volunteer", hub_url, "--until-idle")
    expect(job.locator("article")).to_have_attribute("data-state", "succeeded", timeout=30_000)
    expect(job.locator("[data-live=result] tbody tr")).to_have_count(20)
    expect(job.locator(".cells [data-state=settled]").first).to_be_visible()
    expect(job.locator(".meter .percent")).to_have_text("100 %")
    expect(row.locator(".state")).to_have_text("succeeded", timeout=10_000)
    assert native.process.wait(60) == 0
    assert [page.evaluate("window.stayed") for page in (listing, job)] == [True, True]
    assert visitor.complaints == []


def test_a_job_that_is_paused_says_so_by_itself(
    visitor: Visitor, asker: Asker, hub_url: str
) -> None:
    """And when it goes on, that nobody is there to compute it."""
    job_id = asker.submit(squares("Squares that wait", deadline="2999-12-31T12:00:00Z"))
    asker.await_split(job_id)
    page = visitor.open(f"{hub_url}/job/{job_id}")
    expect(page.locator("[data-live-state=on]")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text(re.compile(r"wanted in [\d,]+ days"))
    notice = page.locator("[data-live=notice]")
    expect(notice).to_contain_text("No volunteer is connected")
    asker.pause(job_id)
    expect(notice).to_contain_text("This job is paused")
    expect(page.locator(".headline .state")).to_have_text("paused")
    asker.resume(job_id)
    expect(notice).to_contain_text("No volunteer is connected")
    assert visitor.complaints == []


def test_job_page_shows_code_hashes_and_downloads(
    visitor: Visitor, hostile_job: str, hub_url: str, volunteer: None, asker: Asker
) -> None:
    page = visitor.await_succeeded(hostile_job)
    job = asker.job(hostile_job)
    text = page.locator("main").inner_text()
    assert job["program_sha256"] in text
    assert job["submitter"] in text
    assert page.get_by_role("region", name="Document").inner_text().startswith("{")
    assert page.get_by_role("region", name="Listing").inner_text().strip()
    shown = page.locator("[data-live=sub-jobs] tbody a.hash").first  # a slow hub cuts finer
    assert shown.get_attribute("title") == asker.sub_jobs(hostile_job)[0]["chunk_sha256"]
    for link in page.locator("main a[href^='/job/'], main a[href^='/blob/']").all():
        address = f"{hub_url}{link.get_attribute('href')}"
        assert page.request.get(address).ok, address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone(
    chromium: Browser, hub_url: str, hostile_job: str, asker: Asker, scheme: str
) -> None:
    asker.submit(squares("a" * 100, about="b" * 300))
    context = chromium.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]  # one of two literals
    )
    page = context.new_page()
    for path in ("/list", f"/job/{hostile_job}"):
        page.goto(hub_url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()
