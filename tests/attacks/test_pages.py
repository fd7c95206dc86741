"""Texts that would be code: of documents, names, data, failures; and a foreign page in a browser.

A hostile job is looked at in a real browser by `tests/browser/test_public_pages.py`, tricks with a
visitor's clicks by `tests/browser/test_hostile_page.py`.
"""

from __future__ import annotations

import html.parser
import json
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext

from owc.factory import WebHub
from owc.services import completion
from owc.services.hub import Hub
from tests.attacks.hub import AttackedHub
from tests.browser.asking import Asker
from tests.browser.conftest import chromium, context, pages
from tests.browser.pages import PageServer

__all__ = ["chromium", "context", "pages"]

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"`&amp;{{7*7}}"
BROWSER = {"Accept": "text/html"}
DOCUMENT: dict[str, Any] = {
    "name": MARKUP[:80],
    "about": MARKUP,
    "purpose": MARKUP,
    "contact": "javascript:alert(1)//" + MARKUP,
    "licence": MARKUP,
    "source": {"rows": [{MARKUP: MARKUP}, {MARKUP: "</td></table><script>"}]},
    "steps": [{"derive": {"cell": f"concat('{MARKUP.replace(chr(39), '')}', 'x')"}}],
    "functions": {"code": f"def code(n: i64) -> i64:\n    return n  # {MARKUP}"},
}


class Markup(html.parser.HTMLParser):
    """What of a page is markup: its elements and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name in {"href", "src", "action", "formaction"}:
                assert not (value or "").strip().lower().startswith(("javascript:", "data:text"))
        if tag in {"script", "img", "iframe", "object", "embed", "svg", "base"}:
            self.found.append(f"{tag} {dict(attrs).get('src', '')}")


def markup_of(page: str) -> list[str]:
    parser = Markup()
    parser.feed(page)
    return parser.found


def accepted(client: FlaskClient, document: dict[str, Any]) -> dict[str, Any]:
    """The job, of as much of the document as the language lets through."""
    response = client.post("/job", json=document)
    if response.status_code == 400:
        document = {key: value for key, value in document.items() if key != "functions"}
        document |= {"source": {"rows": [{"c": MARKUP}]}, "steps": [{"derive": {"d": "c"}}]}
        response = client.post("/job", json=document)
    assert response.status_code == 201, response.json
    job: dict[str, Any] = response.json
    return job


@pytest.mark.redis
def test_no_text_of_a_document_becomes_markup(
    client: FlaskClient, hub: Hub, web_hub: WebHub
) -> None:
    empty = set(markup_of(client.get("/list", headers=BROWSER).text))
    job = accepted(client, DOCUMENT)
    completion.split(hub, job["id"])
    for address in ("/list", job["url"], "/frame?site=example.org"):
        page = client.get(address, headers=BROWSER).text
        assert "<script>alert" not in page, address
        assert all("alert" not in each and each != "img x" for each in markup_of(page)), address
    assert set(markup_of(client.get("/list", headers=BROWSER).text)) <= empty
    assert "{{7*7}}" in client.get("/list", headers=BROWSER).text, "no template of ours either"


@pytest.mark.redis
@pytest.mark.parametrize("path", ["/job/{}", "/job/{}/result.{}", "/blob/{}", "/static/{}", "/{}"])
def test_errors_show_an_address_as_text(client: FlaskClient, path: str) -> None:
    response = client.get(path.format(MARKUP, MARKUP), headers=BROWSER)
    assert response.status_code in {400, 404}
    assert all("alert" not in each for each in markup_of(response.text))


@pytest.mark.redis
def test_problems_are_json_that_no_browser_takes_for_a_page(client: FlaskClient) -> None:
    document = {"name": MARKUP, MARKUP: 1, "source": {"rows": [{"a": 1}]}, "steps": [{MARKUP: 1}]}
    response = client.post("/check", data=json.dumps(document), content_type="application/json")
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.redis
def test_files_of_a_job_are_downloads_that_run_nowhere(client: FlaskClient, hub: Hub) -> None:
    """Blobs are whatever somebody uploaded: a page, if they want."""
    sha256 = client.post("/upload", data=b"n\n<script>alert(1)</script>\n").json["sha256"]
    source = {"upload": sha256, "format": "csv"}
    job = client.post("/job", json={**DOCUMENT, "functions": {}, "source": source, "steps": []})
    assert job.status_code == 201, job.json
    found = client.get(f"/blob/{sha256}")
    assert found.status_code == 200
    assert found.mimetype == "application/octet-stream"
    assert found.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in found.headers["Content-Security-Policy"]
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    text = client.get(f"{job.json['url']}/program.txt")
    assert text.mimetype == "text/plain"
    assert text.headers["X-Content-Type-Options"] == "nosniff"


FOREIGN = """
<form id=form method=post enctype=text/plain action="%(hub)s/job">
<input name='{"name":"forged","x":"' value='"}'></form>
<iframe name=sink></iframe>
<script>
const job = JSON.stringify(%(document)s);
const kinds = ["application/json", "text/plain", "application/x-www-form-urlencoded"];
const tries = [];
for (const host of ["%(hub)s", "%(hub)s".replace("127.0.0.1", "0.0.0.0"),
                    "%(hub)s".replace("127.0.0.1", "[::1]")])
  for (const mode of ["cors", "no-cors"])
    for (const kind of kinds)
      tries.push(fetch(`${host}/job`, { method: "POST", mode, body: job,
        headers: { "Content-Type": kind } }).then((r) => r.status, () => "refused"));
tries.push(fetch("%(hub)s/job/%(job)s", { method: "DELETE" })
  .then((r) => r.status, () => "refused"));
tries.push(fetch("%(hub)s/job/%(job)s/pause", { method: "POST", mode: "no-cors" })
  .then((r) => r.status, () => "refused"));
navigator.sendBeacon("%(hub)s/job", new Blob([job], { type: "text/plain" }));
form.target = "sink";
form.submit();
const socket = new WebSocket("%(hub)s/socket.io/?EIO=4&transport=websocket".replace("http", "ws"));
tries.push(new Promise((done) => { socket.onopen = () => done("open");
  socket.onerror = () => done("refused"); }));
Promise.all(tries).then((all) => { document.title = JSON.stringify(all); });
</script>"""


@pytest.mark.browser
def test_a_foreign_page_in_a_browser_posts_nothing_to_a_hub_on_loopback(
    context: BrowserContext, pages: PageServer, served: AttackedHub
) -> None:
    """On the very machine whose loopback may post without a token."""
    hub_url, asker = served.url, Asker(served.url)
    job_id = asker.submit(
        {"name": "The only one", "source": {"range": {"n": [0, 9]}}, "steps": [{"filter": "n > 1"}]}
    )
    forged = {"name": "forged", "source": {"range": {"n": [0, 9]}}, "steps": [{"filter": "n > 1"}]}
    values = {"hub": hub_url, "job": job_id, "document": json.dumps(forged)}
    page = context.new_page()
    page.goto(pages.add("/foreign", FOREIGN % values))
    page.wait_for_function("document.title.startsWith('[')", timeout=30_000)
    said = json.loads(page.title())
    assert said[-1] == "refused", "no WebSocket"
    assert 201 not in said
    assert 200 not in said
    listed = requests.get(f"{hub_url}/list", timeout=30).json()["jobs"]
    names = [job["name"] for job in listed]
    assert "The only one" in names
    assert "forged" not in names
    assert asker.job(job_id)["state"] in {"compiled", "running"}
