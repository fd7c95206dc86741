"""HTTP: smuggled requests, borrowed names, other origins, paths that climb, headers that break."""

from __future__ import annotations

import re

import pytest
import requests
from flask.testing import FlaskClient

from owc.factory import WebHub
from owc.services import loaders
from owc.web.assets import loader_script
from owc.web.request_framing import fault_of
from tests.attacks.hub import AttackedHub, ask, request
from tests.web.conftest import DOCUMENT

pytestmark = pytest.mark.redis

CHECK = "POST /check"
JSON = "Content-Type: application/json"
BEHIND = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


# Where a request ends --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    [
        request(CHECK, "Content-Length: 2", "Content-Length: 40", body=b"{}"),
        request(CHECK, "Content-Length: 2", "Content-Length: 2", body=b"{}"),
        request(CHECK, "Content-Length: 2, 2", body=b"{}"),
        request(CHECK, "Content-Length: 40", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding: chunked", "Content-Length: 5", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding:chunked", "Transfer-Encoding: x", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        request(CHECK, "Transfer-Encoding: chunked", body=b"0\r\n\r\n", version="1.0"),
        request(CHECK, "Content-Length: +2", body=b"{}"),
        request(CHECK, "Content-Length: 0x2", body=b"{}"),
        request(CHECK, "Content-Length: 1_0", body=b"0123456789"),
        request(CHECK, "Content-Length: 2\x00", body=b"{}"),
        request(CHECK, "Content-Length: -1"),
        request(CHECK, "X: a", " Content-Length: 40", body=b"{}"),
        request(CHECK, "X: a\nContent-Length: 40", body=b"{}"),
        request(CHECK, "X: a\rContent-Length: 40", body=b"{}"),
        b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
        b"GET /healthz\r\n\r\n",
        request("GET /healthz", "Host: evil.example"),
        request("GET /healthz", host=""),
    ],
    ids=lambda start: repr(start[20:90]),
)
def test_a_request_that_could_be_cut_elsewhere_is_refused_with_all_behind_it(
    still_serving: AttackedHub, start: bytes
) -> None:
    answer = ask(still_serving, start + BEHIND)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert answer.count(b"HTTP/1.1 ") == 1, "nothing behind it is answered"


@pytest.mark.parametrize("chunks", [b"2\r\n{}\r\n0\r\n\r\n", b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"])
def test_a_chunked_body_ends_where_it_says_and_the_next_request_begins(
    still_serving: AttackedHub, chunks: bytes
) -> None:
    answer = ask(
        still_serving, request(CHECK, JSON, "Transfer-Encoding: chunked", body=chunks) + BEHIND
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"400", b"200"]
    assert b"bad_document" in answer


@pytest.mark.parametrize(
    "chunks",
    [
        b"2;" + b"a" * 20_000 + b"\r\n{}\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\n{}\n0\n\n",
        b"f" * 40 + b"\r\n",
        b"2\r\n{}x\r\n0\r\n\r\n",
    ],
    ids=lambda chunks: repr(chunks[:12]),
)
def test_bad_chunks_end_the_connection(still_serving: AttackedHub, chunks: bytes) -> None:
    start = request(CHECK, JSON, "Transfer-Encoding: chunked", body=chunks)
    answer = ask(still_serving, start + BEHIND)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) in ([b"400"], []), answer


def test_a_promise_to_upgrade_does_not_change_where_a_body_ends(
    still_serving: AttackedHub,
) -> None:
    start = request(CHECK, JSON, "Connection: Upgrade", "Content-Length: 2", body=b"{}")
    assert re.findall(rb"HTTP/1.1 (\d+)", ask(still_serving, start + BEHIND)) == [b"400", b"200"]
    websocket = ["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 200"]
    answer = ask(still_serving, request("GET /list", *websocket) + BEHIND)
    assert answer.count(b"HTTP/1.1 ") == 1, "what follows an upgrade is no HTTP"


def test_headers_that_every_browser_sends_have_no_fault() -> None:
    lines = [b"Host: a\r\n", b"Cookie: a=b; c=\xc3\xa9\r\n", b"Content-Length: 2\r\n", b"\r\n"]
    assert fault_of(lines, "HTTP/1.1") is None
    assert fault_of([b"Host:\ta \r\n", b"Transfer-Encoding: Chunked\r\n"], "HTTP/1.1") is None
    assert fault_of([], "HTTP/1.0") is None


# Names, proxies, origins -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "headers"),
    [
        ("GET /list", ["Host: evil.example"]),
        ("GET http://localhost/list", ["Host: evil.example"]),
        ("GET /list", ["Host: localhost.evil.example"]),
        ("GET /list", ["Host: localhost@evil.example"]),
        ("GET /list", ["Host: evil.example:8080"]),
    ],
)
def test_a_name_that_is_not_ours_is_misdirected(
    still_serving: AttackedHub, start: str, headers: list[str]
) -> None:
    answer = ask(still_serving, request(start, *headers, "Connection: close", host=""))
    assert answer.startswith(b"HTTP/1.1 421 ")
    assert b"unknown_host" in answer


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host",
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "Via",
        "CF-Connecting-IP",
        "True-Client-IP",
        "X-Forwarded-Server",
    ],
)
def test_forwarded_headers_of_a_stranger_only_cost_it_the_loopback_rule(
    client: FlaskClient, header: str
) -> None:
    response = client.post("/job", json=DOCUMENT, headers={header: "127.0.0.1"})
    assert (response.status_code, response.json["code"]) == (401, "token_needed")
    listed = client.get("/static/missing", headers={header: "evil.example"})
    assert b"evil.example" not in listed.data + repr(dict(listed.headers)).encode()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data"])
def test_no_page_of_another_origin_changes_anything(
    client: FlaskClient, web_hub: WebHub, origin: str, kind: str
) -> None:
    job_id = client.post("/job", json=DOCUMENT).json["id"]
    headers = {"Origin": origin, "Content-Type": kind}
    for method, address in changing(web_hub, job_id):
        response = client.open(address, method=method, data=b"{}", headers=headers)
        assert response.status_code in {401, 403}, (method, address, response.status_code)
    assert client.get(f"/job/{job_id}").json["state"] == "compiled"


def changing(web_hub: WebHub, job_id: str) -> list[tuple[str, str]]:
    """The requests that change what a researcher or an operator has."""
    found = [
        (method, re.sub("<job_id>", job_id, rule.rule))
        for rule in web_hub.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        # what a volunteer sends carries its own token, wherever it comes from
        if rule.rule != "/check" and not rule.rule.startswith("/volunteer/")
    ]
    assert len(found) >= 5
    return found


SHARED = (
    r"/(list|job/.*|blob/.*|site/.*|jobspec\.schema\.json|openapi\.json"
    r"|static/.*|openwebcompute\.js|loader/.*)"
)


def test_other_origins_read_what_is_public_and_nothing_with_their_visitors_name(
    client: FlaskClient, web_hub: WebHub
) -> None:
    job_id = client.post("/job", json=DOCUMENT).json["id"]
    names = {"job_id": job_id, "sha256": "0" * 64, "form": "csv", "path:path": "frame.js"}
    names |= {"key": "site_nobody", "version": loaders.version_of(loader_script())}
    for rule in web_hub.app.url_map.iter_rules():
        address = re.sub("<(.+?)>", lambda found: names[found[1]], rule.rule)
        response = client.get(address, headers={"Origin": "http://evil.example"})
        allowed = response.headers.get("Access-Control-Allow-Origin")
        assert allowed == ("*" if re.fullmatch(SHARED, address) else None), address
        assert "Access-Control-Allow-Credentials" not in response.headers, address
        assert "Set-Cookie" not in response.headers, "there is no visitor's name to steal"


@pytest.mark.parametrize("address", ["/job", "/job/job_1", "/upload", "/job/job_1/pause"])
def test_a_preflight_for_a_change_is_not_granted(client: FlaskClient, address: str) -> None:
    headers = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "DELETE" if address == "/job/job_1" else "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    allowed = client.options(address, headers=headers).headers
    assert "POST" not in allowed.get("Access-Control-Allow-Methods", "")
    assert "DELETE" not in allowed.get("Access-Control-Allow-Methods", "")


# Paths and headers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../owc/settings.py",
        "/static/%2e%2e/%2e%2e/owc/settings.py",
        "/static/..%2f..%2fowc/settings.py",
        "/static/..%5c..%5cowc%5csettings.py",
        "/static/%2fetc%2fpasswd",
        "/static/frame.js%00.css",
        "/static/C:%5cboot.ini",
        "/blob/../../etc/passwd",
        "/blob/..%2f..%2fsecret_key",
        "/blob/" + "A" * 64,
        "/blob/" + "0" * 63 + "%00",
        "/blob/" + "0" * 63 + "%0a",
        "/blob/%ef%bc%90" + "0" * 63,
        "/job/..%2f..%2fsecret_key",
        "/job/%00",
        "/job/%0d%0aX-Injected:%20yes",
        "/job/%ff%fe",
        "/job/job_1/result.%2e%2e%2f%2e%2e%2fsecret_key",
        "/job/job_1/result.csv%00",
        "/job/job_1/result.php",
    ],
)
def test_a_path_leads_to_nothing_but_what_has_that_name(
    still_serving: AttackedHub, path: str
) -> None:
    answer = ask(still_serving, request(f"GET {path}", "Connection: close"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] in {b"400", b"404"}, head
    assert b"X-Injected" not in head
    assert b"root:" not in body
    assert b"class Settings" not in body


@pytest.mark.parametrize("site", ["a%0d%0aSet-Cookie:x=y", "a%00", "<script>", "a;script-src *"])
def test_a_sites_name_becomes_no_header_and_no_markup(
    still_serving: AttackedHub, site: str
) -> None:
    response = requests.get(f"{still_serving.url}/frame?site={site}", timeout=10)
    assert response.status_code == 403
    assert 'content="bad_site"' in response.text
    assert site not in response.text
    assert site not in response.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PATCH", "PUT", "X" * 500])
def test_other_methods_are_refused(still_serving: AttackedHub, method: str) -> None:
    answer = ask(still_serving, request(f"{method} /list", "Connection: close"))
    assert answer.split()[1] in {b"404", b"405"}


def test_a_method_in_a_header_is_no_method(client: FlaskClient) -> None:
    job_id = client.post("/job", json=DOCUMENT).json["id"]
    override = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE"}
    assert client.get(f"/job/{job_id}?_method=DELETE", headers=override).json["state"] == "compiled"
    assert client.post(f"/job/{job_id}", headers=override).status_code == 405


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
@pytest.mark.parametrize("address", ["/job", "/check", "/upload"])
def test_compressed_bodies_are_not_unpacked(client: FlaskClient, address: str, coding: str) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    response = client.post(address, data=b"\x1f\x8b" + bytes(100), headers=headers)
    assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")
