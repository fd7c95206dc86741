"""Sites at the web's side: who may hold the frame, its token, the public page, the loader."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from owc.cli import owc
from owc.factory import WebHub, create_web_hub
from owc.services import loaders, sites
from owc.services.hub import Hub
from owc.services.values import Site
from owc.settings import Settings
from owc.store import VolunteerRow
from owc.web.assets import loader_script
from owc.web.embedding import REFUSALS
from owc.web.tokens import Purpose
from tests.web.test_volunteer_events import Socket, exchanging

__all__ = ["exchanging"]  # serves what the volunteers of this file say

pytestmark = pytest.mark.redis

HOME = "https://www.example.org"
ELSEWHERE = "https://elsewhere.example"


@pytest.fixture
def site(hub: Hub) -> Site:
    return sites.add_site(hub, "Example", [HOME], ["medicine", "biology"])


@pytest.fixture
def make_client(settings: Settings, hub: Hub) -> Callable[..., FlaskClient]:
    """A client of a hub whose settings differ."""

    def make(**changes: object) -> FlaskClient:
        return create_web_hub(settings.with_changes(**changes), hub=hub).app.test_client()

    return make


def ancestors(client: FlaskClient, query: str, referrer: str = "") -> str:
    page = client.get(f"/frame{query}", headers={"Referer": referrer} if referrer else {})
    assert page.status_code == 200, page.text
    assert "owc-token" in page.text
    return str(page.headers["Content-Security-Policy"]).rpartition("frame-ancestors ")[2]


def refusal(client: FlaskClient, query: str, referrer: str = "") -> str:
    """The code with which a frame is refused; its page is shown to whoever embeds it."""
    page = client.get(f"/frame{query}", headers={"Referer": referrer} if referrer else {})
    assert page.status_code == 403
    assert "owc-token" not in page.text
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    (code,) = [code for code in REFUSALS if f'name="owc-refusal" content="{code}"' in page.text]
    return code


def test_the_frame_of_a_key_opens_in_the_origins_of_its_site_only(
    client: FlaskClient, site: Site
) -> None:
    assert ancestors(client, f"?site={site.key}") == f"'self' {HOME}"
    assert ancestors(client, f"?site={site.key}", HOME + "/") == f"'self' {HOME}"
    assert ancestors(client, f"?site={site.key}", "http://localhost/frame") == f"'self' {HOME}"
    assert refusal(client, f"?site={site.key}", ELSEWHERE + "/") == "wrong_origin"


def test_an_unknown_or_removed_key_opens_no_frame_and_is_logged(
    client: FlaskClient, hub: Hub, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="owc")
    assert refusal(client, "?site=site_nobody", HOME + "/page") == "unknown_site"
    sites.remove_site(hub, site.key)
    assert refusal(client, f"?site={site.key}") == "unknown_site"
    assert refusal(client, "?site=not a site") == "bad_site"
    told = [record.owc for record in caplog.records if record.message.startswith("site_refused")]  # type: ignore[attr-defined]
    assert [(each["code"], each["origin"]) for each in told] == [
        ("unknown_site", HOME),
        ("unknown_site", ""),
        ("bad_site", ""),
    ]


def test_a_hub_for_registered_sites_asks_for_a_key(
    make_client: Callable[..., FlaskClient], site: Site
) -> None:
    client = make_client(embedding="registered")
    assert refusal(client, "?site=www.example.org") == "site_needed"
    assert ancestors(client, f"?site={site.key}") == f"'self' {HOME}"
    named = make_client(embedding="registered", sites=(ELSEWHERE,))
    assert ancestors(named, "?site=elsewhere.example") == f"'self' {ELSEWHERE}"


def test_only_a_hub_of_one_machine_is_open_to_any_site_unless_it_is_told(
    settings: Settings,
) -> None:
    shared = settings.with_changes(redis_url="redis://127.0.0.1:1")
    assert settings.is_open_to_any_site
    assert not shared.is_open_to_any_site
    assert shared.with_changes(embedding="any").is_open_to_any_site
    assert not settings.with_changes(embedding="registered").is_open_to_any_site


def test_scripts_of_registered_origins_read_what_is_public_and_others_do_not(
    make_client: Callable[..., FlaskClient], site: Site
) -> None:
    def shared_with(client: FlaskClient, origin: str, path: str = "/list") -> str | None:
        return client.get(path, headers={"Origin": origin}).headers.get(
            "Access-Control-Allow-Origin"
        )

    client = make_client(sites=("https://named.example",))
    assert shared_with(client, HOME) == HOME
    assert shared_with(client, "https://named.example") == "https://named.example"
    assert shared_with(client, ELSEWHERE) is None
    assert shared_with(client, HOME, "/healthz") is None
    assert "Origin" in client.get("/list").headers["Vary"]
    assert shared_with(make_client(), ELSEWHERE) == "*"


def test_the_frame_tells_its_scripts_which_jobs_the_site_helps(
    client: FlaskClient, site: Site
) -> None:
    def told(query: str) -> str:
        return str(client.get(f"/frame?site={query}").text).partition('"categories": ')[2]

    assert told(site.key).startswith('["medicine", "biology"]')
    assert told(f"{site.key}&categories=biology,physics").startswith('["biology"]')
    assert told(f"{site.key}&categories=physics").startswith('["medicine", "biology"]')
    assert told("example.org&categories=physics").startswith('["physics"]')


def _greet(web_hub: WebHub, token: str, **more: object) -> dict[str, Any]:
    socket = Socket(web_hub)
    socket.token = token
    return socket.hello(**more)


def test_a_volunteer_counts_for_the_site_that_its_token_names(
    web_hub: WebHub, hub: Hub, site: Site
) -> None:
    tokens = web_hub.runtime.tokens

    def site_of(welcome: dict[str, Any]) -> tuple[str | None, frozenset[str] | None]:
        volunteer_id = welcome["volunteer_id"]
        with hub.database.read() as session:
            row = session.scalars(select(VolunteerRow).where(VolunteerRow.id == volunteer_id)).one()
            return row.site_id, row.capabilities.categories

    keyed = tokens.issue(Purpose.FRAME, f"site:{site.key}")
    assert site_of(_greet(web_hub, keyed)) == (site.key, frozenset({"biology", "medicine"}))
    plain = tokens.issue(Purpose.FRAME, "site:example.org")
    assert site_of(_greet(web_hub, plain, site=site.key)) == (None, None)
    welcome = _greet(web_hub, keyed)
    back = _greet(web_hub, welcome["token"], volunteer_token=welcome["volunteer_token"])
    kept = (site.key, frozenset({"biology", "medicine"}))
    assert site_of(back) == kept, "a session's token keeps the site and what it helps"


def test_a_frame_of_a_site_that_was_removed_meanwhile_is_refused(
    web_hub: WebHub, hub: Hub, site: Site
) -> None:
    socket = Socket(web_hub)
    socket.token = web_hub.runtime.tokens.issue(Purpose.FRAME, f"site:{site.key}")
    sites.remove_site(hub, site.key)
    socket.say_hello()
    assert socket.refused() == "unknown_site"


def test_the_page_of_a_site_shows_what_it_gave(client: FlaskClient, hub: Hub, site: Site) -> None:
    empty = client.get(f"/site/{site.key}").json
    assert (empty["rows"], empty["volunteers"], empty["jobs"]) == (0, "none", [])
    page = client.get(f"/site/{site.key}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert loaders.integrity_of(loader_script()) in page.text
    assert client.get("/site/site_nobody").status_code == 404
    assert client.get("/site/example.org").status_code == 404


def test_a_loader_that_a_page_has_pinned_is_served_after_an_upgrade(
    client: FlaskClient, hub: Hub, site: Site
) -> None:
    told = client.get(f"/site/{site.key}").json["loader"]
    response = client.get(told["path"])
    digest = base64.b64encode(hashlib.sha384(response.data).digest()).decode()
    assert told["integrity"] == f"sha384-{digest}"
    assert response.data == client.get("/openwebcompute.js").data
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    loaders.keep(hub, b"// of yesterday")
    old = client.get(loaders.path_of(b"// of yesterday"))
    assert old.data == b"// of yesterday"
    assert old.mimetype == "text/javascript"
    assert client.get("/loader/0000000000000000/openwebcompute.js").status_code == 404


def test_sites_are_kept_by_the_command(settings: Settings) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(owc, ["site", *arguments, "--data", str(settings.data_folder)])
        assert result.exit_code == 0, result.output
        return result.output

    added = run("add", "Example", "--origin", HOME, "--category", "medicine").splitlines()
    key = added[0]
    assert sites.is_key(key)
    assert f'data-site="{key}"' in added[1]
    assert "integrity=" in added[1]
    assert key in run("list")
    assert HOME in run("list")
    assert run("remove", key) == f"{key} removed\n"
    assert run("list") == ""
