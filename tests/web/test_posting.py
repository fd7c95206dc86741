"""Who may post: tokens with their scopes, and the loopback rule of a hub of one machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from owc.factory import create_web_hub
from owc.services import access, submission
from owc.services.hub import Hub
from owc.settings import Settings
from tests.web.conftest import DOCUMENT

pytestmark = pytest.mark.redis

AWAY = {"REMOTE_ADDR": "192.0.2.1"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_loopback_posts_without_a_token(post_job: Callable[..., Any]) -> None:
    assert post_job().status_code == 201


def test_others_need_a_token(post_job: Callable[..., Any]) -> None:
    response = post_job(environ_base=AWAY)
    assert response.status_code == 401
    assert response.json["code"] == "token_needed"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_hub_of_many_machines_asks_loopback_for_a_token_too(settings: Settings, hub: Hub) -> None:
    shared = settings.with_changes(redis_url=hub.settings.redis_url)
    built = create_web_hub(shared, hub=hub)
    assert built.app.test_client().post("/job", json=DOCUMENT).status_code == 401
    built.close()


def test_a_trusted_token_starts_its_job(post_job: Callable[..., Any], hub: Hub) -> None:
    token = access.create_token(hub, "ada", ["submit", "trusted"])
    response = post_job(environ_base=AWAY, headers=bearer(token))
    assert (response.status_code, response.json["state"]) == (201, "compiled")
    assert response.json["submitter"] == "ada"


def test_the_job_of_another_token_is_held_until_approved(
    post_job: Callable[..., Any], client: FlaskClient, hub: Hub
) -> None:
    token = access.create_token(hub, "bob", ["submit"])
    job = post_job(environ_base=AWAY, headers=bearer(token)).json
    assert job["state"] == "held"
    submission.approve(hub, job["id"])
    assert client.get(job["url"]).json["state"] == "compiled"


@pytest.mark.parametrize("token", ["", "nonsense", "é", "x" * 5000])
def test_an_unknown_token_is_refused(post_job: Callable[..., Any], token: str) -> None:
    response = post_job(environ_base=AWAY, headers=bearer(token))
    assert response.status_code == 401


def test_a_wrong_token_is_not_saved_by_loopback(post_job: Callable[..., Any]) -> None:
    assert post_job(headers=bearer("nonsense")).json["code"] == "bad_token"


def test_a_revoked_token_is_refused(post_job: Callable[..., Any], hub: Hub) -> None:
    token = access.create_token(hub, "ada", ["submit"])
    access.revoke_token(hub, access.list_tokens(hub)[0].id)
    assert post_job(environ_base=AWAY, headers=bearer(token)).status_code == 401


def test_a_job_is_cancelled_by_its_submitter_or_a_trusted_one(
    post_job: Callable[..., Any], client: FlaskClient, hub: Hub
) -> None:
    ada, bob = (access.create_token(hub, name, ["submit"]) for name in ("ada", "bob"))
    url = post_job(environ_base=AWAY, headers=bearer(ada)).json["url"]
    refused = client.delete(url, environ_base=AWAY, headers=bearer(bob))
    assert (refused.status_code, refused.json["code"]) == (403, "not_yours")
    assert client.delete(url, environ_base=AWAY).status_code == 401
    assert client.delete(url, environ_base=AWAY, headers=bearer(ada)).json["state"] == "cancelled"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("address", ["/job", "/upload"])
def test_a_page_of_another_origin_cannot_use_loopback(
    client: FlaskClient, address: str, headers: dict[str, str]
) -> None:
    response = client.post(address, json=DOCUMENT, headers=headers)
    assert (response.status_code, response.json["code"]) == (403, "foreign_origin")


def test_a_forwarded_request_is_not_loopback(post_job: Callable[..., Any]) -> None:
    assert post_job(headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401


def test_a_name_that_was_rebound_is_not_answered(post_job: Callable[..., Any]) -> None:
    response = post_job(headers={"Host": "evil.example"})
    assert (response.status_code, response.json["code"]) == (421, "unknown_host")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_job_is_json_by_its_type(post_job: Callable[..., Any], kind: str) -> None:
    response = post_job(content_type=kind)
    assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")


def test_submissions_are_limited(settings: Settings, hub: Hub) -> None:
    built = create_web_hub(settings.with_changes(submissions_per_minute=2), hub=hub)
    client = built.app.test_client()
    statuses = [client.post("/job", json=DOCUMENT).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    refused = client.post("/job", json=DOCUMENT)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json["code"] == "too_many_requests"
    built.close()
