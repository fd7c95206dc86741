"""Whatever arrives over HTTP is answered by a clear error, and the hub serves on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from owc.factory import WebHub, create_web_hub
from owc.services.hub import Hub
from owc.settings import Settings
from tests.web.conftest import DOCUMENT

pytestmark = pytest.mark.redis


@pytest.fixture(autouse=True)
def serves_on(client: FlaskClient) -> Iterator[None]:
    """After every test the hub still takes and shows jobs."""
    yield
    response = client.post("/job", json=DOCUMENT)
    assert response.status_code == 201
    assert client.get(response.json["url"]).status_code == 200


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text[:500]
    assert response.mimetype == "application/problem+json"
    problem: dict[str, Any] = response.json
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"].endswith(code)
    assert problem["detail"]
    return problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"\x00" * 100,
        b"[]",
        b'"job"',
        b"null",
        b"NaN",
        b"1e999",
        b'{"name": "a", "name": "b"}',
        b"[" * 400_000,
        b'{"a":' * 100_000,
        b'{"source":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"name": ' + b"9" * 300_000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_document_is_refused(post_job: Callable[..., Any], body: bytes) -> None:
    problem = assert_problem(post_job(body), 400, "bad_document")
    assert problem["problems"]
    assert all({"code", "pointer", "message", "hint"} <= set(each) for each in problem["problems"])


def test_every_problem_is_listed_at_once(post_job: Callable[..., Any]) -> None:
    document = {
        "nmae": "typo",
        "name": 7,
        "source": {"range": {"n": [0, 10]}},
        "steps": [
            {"derive": {"x": "n + missing"}},
            {"filter": "n +"},
            {"derive": {"y": "nosuch(n)"}},
        ],
    }
    problem = assert_problem(post_job(document), 400, "bad_document")
    pointers = {each["pointer"] for each in problem["problems"]}
    assert {"/nmae", "/name", "/steps/0/derive/x", "/steps/1/filter"} <= pointers
    assert all(each["message"] for each in problem["problems"])


def test_ten_megabytes_are_refused_before_they_are_read(client: FlaskClient) -> None:
    body = io.BytesIO(b" " * 10_000_000)
    response = client.post("/job", input_stream=body, content_type="application/json")
    assert_problem(response, 413, "too_large")
    assert body.tell() == 0


def test_a_body_of_unknown_length_is_cut_off(client: FlaskClient) -> None:
    response = client.post(
        "/job",
        input_stream=io.BytesIO(b" " * 10_000_000),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert_problem(response, 413, "too_large")


def test_an_upload_that_is_too_large_is_refused_and_not_kept(settings: Settings, hub: Hub) -> None:
    built = create_web_hub(settings.with_changes(upload_bytes=1000), hub=hub)
    client = built.app.test_client()
    assert_problem(client.post("/upload", data=b"x" * 1001), 413, "too_large")
    assert client.post("/upload", data=b"x" * 1000).status_code == 201
    assert not list(settings.data_folder.glob("tmp*"))
    built.close()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a,b\n1,2\n3\n", "csv"),
        ("a,b\n1,2\n3,4,5\n", "csv"),
        ("", "csv"),
        ("a,a\n1,2\n", "csv"),
        ("\xff\xfe", "csv"),
        ('{"a": 1}\n{"a": \n', "ndjson"),
        ('{"a": 1}\n[2]\n', "ndjson"),
        ("not parquet", "parquet"),
    ],
)
def test_a_broken_upload_is_told_when_a_job_names_it(
    client: FlaskClient, post_job: Callable[..., Any], text: str, form: str
) -> None:
    stored = client.post("/upload", data=text.encode("latin-1")).json
    document = {
        "name": "Broken",
        "source": {"upload": stored["sha256"], "format": form},
        "steps": [{"limit": 5}],
    }
    problem = assert_problem(post_job(document), 400, "bad_document")
    assert [each["pointer"] for each in problem["problems"]] == ["/source"]
    assert problem["problems"][0]["message"]


def test_an_upload_that_was_never_sent_is_told(post_job: Callable[..., Any]) -> None:
    document = {"name": "x", "source": {"upload": "0" * 64, "format": "csv"}}
    problem = assert_problem(post_job(document), 400, "bad_document")
    assert problem["problems"][0]["pointer"] == "/source/upload"


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/job/job_unknown", 404, "not_found"),
        ("/job/%00", 404, "not_found"),
        ("/job/job_unknown/result.csv", 404, "not_found"),
        ("/job/job_unknown/result.xlsx", 404, "not_found"),
        ("/job/job_unknown/sub-jobs", 404, "not_found"),
        ("/job/job_unknown/manifest.json", 404, "not_found"),
        ("/blob/nothex", 400, "bad_digest"),
        (f"/blob/{'0' * 64}", 404, "not_found"),
        ("/list?limit=0", 400, "bad_parameter"),
        ("/list?limit=1e3", 400, "bad_parameter"),
        (f"/list?limit={'9' * 5000}", 400, "bad_parameter"),
        ("/list?before=yesterday", 400, "bad_parameter"),
        ("/list?before=2030-01-01", 400, "bad_parameter"),
        ("/list?before=0001-01-01T00:00:00%2B23:59", 400, "bad_parameter"),
        ("/nowhere", 404, "not_found"),
        ("/job", 405, "method_not_allowed"),
    ],
)
def test_bad_addresses(client: FlaskClient, address: str, status: int, code: str) -> None:
    assert_problem(client.get(address), status, code)


def test_a_site_that_is_no_name_gets_no_frame(client: FlaskClient) -> None:
    response = client.get("/frame?site=<script>")
    assert response.status_code == 403
    assert b"<script>" not in response.data
    assert b"token" not in response.data


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"kind": "robot"}', b"x" * 5000])
def test_a_bad_request_for_a_volunteers_token(client: FlaskClient, body: bytes) -> None:
    response = client.post("/volunteer/token", data=body, content_type="application/json")
    assert response.status_code in {400, 413}
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize("token", ["", "forged", "a.b"])
def test_an_output_needs_a_volunteers_token(client: FlaskClient, token: str) -> None:
    response = client.post(
        "/volunteer/output",
        data=b"x",
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/octet-stream",
    )
    assert_problem(response, 401, "bad_token")


def test_an_output_is_bounded(web_hub: WebHub, client: FlaskClient) -> None:
    from owc.web.tokens import Purpose

    token = web_hub.runtime.tokens.issue(Purpose.SESSION, "vol_1")
    response = client.post(
        "/volunteer/output",
        data=b"x" * (web_hub.runtime.settings.result_bytes + 1),
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/octet-stream",
    )
    assert_problem(response, 413, "too_large")


def test_what_the_hub_did_not_expect_is_told_without_its_insides(
    web_hub: WebHub, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from owc.services import catalogue

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    with monkeypatch.context() as patched:
        patched.setattr(catalogue, "job_view", fail)
        problem = assert_problem(client.get("/job/job_1"), 500, "internal_error")
    assert "secret" not in json.dumps(problem)
