"""Files elsewhere: fetched within bounds, from public machines only, and pinned to the job."""

from __future__ import annotations

import hashlib
import io
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from flask.testing import FlaskClient

from owc.fetch import Bounds, fetch
from owc.fetch.addresses import is_public, resolve
from owc.fetch.errors import FetchError
from owc.settings import Settings
from tests.web.elsewhere import HttpsServer, content, ftp_server
from tests.web.served import serving

CSV = b"n\n1\n2\n3\n"
LOCAL = ("127.0.0.0/8", "::1/128")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[HttpsServer]:
    server = HttpsServer(authority)
    yield server
    server.close()


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def fetched(
    url: str,
    context: ssl.SSLContext | None = None,
    *,
    networks: tuple[str, ...] = LOCAL,
    max_bytes: int = 1000,
    seconds: float = 20,
) -> bytes:
    target = io.BytesIO()
    bounds = Bounds(max_bytes=max_bytes, seconds=seconds, networks=networks)
    assert fetch(url, target, bounds, context=context) == len(target.getvalue())
    return target.getvalue()


# --- which machines -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "192.0.0.8", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1", "fec0::1"),
        *("::ffff:10.0.0.1", "::ffff:8.8.8.8", "::10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"),
        *("2001::1", "2001:db8::1", "100::1"),
    ],
)
def test_addresses_that_are_not_of_the_public_internet_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.1", "2606:4700::1111", "2a00:1450::5"])
def test_public_addresses_are_let_through(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "::ffff:127.0.0.1"]
)
def test_no_spelling_of_this_machine_is_reached(host: str) -> None:
    with pytest.raises(FetchError, match=r"public internet|no machine"):
        resolve(host.strip("[]"), 443, ())


def test_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(2, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: entries)
    with pytest.raises(FetchError, match="not a machine of the public internet"):
        resolve("example.org", 443, ())


def test_a_private_network_may_be_opened(server: HttpsServer, context: ssl.SSLContext) -> None:
    server.answers["/a.csv"] = content(CSV)
    assert fetched(server.url("/a.csv"), context) == CSV
    count = len(server.requests)
    with pytest.raises(FetchError, match="not a machine of the public internet"):
        fetched(server.url("/a.csv"), context, networks=())
    assert len(server.requests) == count


# --- https ----------------------------------------------------------------------------------------


def test_redirects_are_followed_but_only_to_where_a_url_may_lead(
    server: HttpsServer, context: ssl.SSLContext
) -> None:
    def to(place: str) -> Any:
        return content(b"", status=302, Location=place)

    server.answers |= {
        "/a.csv": content(CSV),
        "/relative": to("/a.csv"),
        "/inside": to("https://10.0.0.1/"),
        "/plain": to("http://localhost/"),
        "/file": to("file:///etc/passwd"),
        "/round": to("/round"),
    }
    assert fetched(server.url("/relative"), context) == CSV
    for path, message in (
        ("/inside", "not a machine of the public internet"),
        ("/plain", "not https"),
        ("/file", "not https"),
        ("/round", "5 redirects"),
    ):
        with pytest.raises(FetchError, match=message):
            fetched(server.url(path), context)


def test_only_certificates_for_the_name_by_a_known_authority_count(
    server: HttpsServer, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FetchError, match="certificate is not accepted"):
        fetched(server.url("/a.csv"))

    def this_machine(_host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("socket.getaddrinfo", this_machine)
    with pytest.raises(FetchError, match="Hostname mismatch"):
        fetched(server.url("/a.csv", host="example.org"), context)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (content(b"", status=404), "answered 404"),
        (content(b"x" * 1001), "more than 1,000 bytes"),
        (content(b"x" * 10, length=20), "10 bytes before the file did"),
        (content(b"x", Content_Encoding="gzip"), "compressed"),
        (content(b"", status=500), "answered 500"),
    ],
)
def test_what_the_server_does_wrong_is_said(
    server: HttpsServer, context: ssl.SSLContext, answer: Any, message: str
) -> None:
    server.answers["/bad"] = answer
    with pytest.raises(FetchError, match=message):
        fetched(server.url("/bad"), context)


@pytest.mark.parametrize("part", ["status", "headers", "body"])
def test_a_server_that_drips_is_left_when_the_time_is_over(
    server: HttpsServer, context: ssl.SSLContext, part: str
) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        start = {"status": b"", "headers": b"HTTP/1.1 200 OK\r\nX: "}
        handler.wfile.write(start.get(part, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"))
        for _ in range(100):
            handler.wfile.write(b"H")
            time.sleep(0.1)

    server.answers["/drip"] = drip
    begun = time.monotonic()
    with pytest.raises(FetchError, match=r"did not come within 0\.5 s"):
        fetched(server.url("/drip"), context, seconds=0.5)
    assert time.monotonic() - begun < 5


# --- the other schemes ----------------------------------------------------------------------------


def test_a_file_comes_by_ftp_from_the_machine_that_was_asked() -> None:
    with ftp_server({"pub/a.csv": CSV}) as url:
        assert fetched(f"{url}/pub/a.csv") == CSV
        with pytest.raises(FetchError, match="550"):
            fetched(f"{url}/pub/b.csv")
        with pytest.raises(FetchError, match="more than 3 bytes"):
            fetched(f"{url}/pub/a.csv", max_bytes=3)
        with pytest.raises(FetchError, match="names no file"):
            fetched(f"{url}/a%0D%0ADELE%20a")
        with pytest.raises(FetchError, match="public internet"):
            fetched(f"{url}/pub/a.csv", networks=())


def test_an_ftp_server_that_talks_on_and_on_is_left() -> None:
    for lines in (900, 1_100):
        welcome = "220-hello\r\n" * lines + "220 ready"
        with ftp_server({"pub/a.csv": CSV}, welcome) as url:
            if lines < 1_000:
                assert fetched(f"{url}/pub/a.csv") == CSV
                continue
            with pytest.raises(FetchError, match="more than 1,000 lines"):
                fetched(f"{url}/pub/a.csv")


def test_an_object_of_s3_is_asked_for_by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def nothing(url: str, *_: object) -> Iterator[bytes]:
        asked.append(url)
        yield CSV

    monkeypatch.setattr("owc.fetch.fetching.read_https", nothing)
    assert fetched("s3://open-data/2024/a b.csv") == CSV
    assert asked == ["https://open-data.s3.amazonaws.com/2024/a%20b.csv"]
    with pytest.raises(FetchError, match="bucket"):
        fetched("s3://169.254.169.254/latest/")


def test_no_other_scheme_is_fetched() -> None:
    for url in ("http://example.org/", "file:///etc/passwd", "gopher://example.org/"):
        with pytest.raises(FetchError, match="Files are fetched by"):
            fetched(url)


# --- jobs -----------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Settings:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return Settings(data_folder=tmp_path / "data", fetch_networks=LOCAL, fetch_bytes=1000)


def document(url: str, **members: object) -> dict[str, Any]:
    source = {"url": url, "format": "csv", **members}
    steps = [{"aggregate": {"total": "sum(n)"}}]
    return {"name": "Elsewhere", "source": source, "steps": steps}


@pytest.mark.redis
def test_a_job_rests_on_the_file_as_it_was_when_the_job_was_posted(
    server: HttpsServer, client: FlaskClient, post_job: Callable[..., Any]
) -> None:
    server.answers["/rows.csv"] = content(CSV)
    sha256 = hashlib.sha256(CSV).hexdigest()
    count = len(server.requests)
    answer = post_job(document(server.url("/rows.csv")))
    assert answer.status_code == 201, answer.text
    job = client.get(answer.json["url"], headers={"Accept": "application/json"}).json
    kept = job["document"]
    assert kept["source"] == {"url": server.url("/rows.csv"), "format": "csv", "sha256": sha256}
    assert (job["source_kind"], job["source_sha256"]) == ("url", sha256)
    assert client.get(f"/blob/{sha256}").data == CSV
    # Whoever posts the document as it is kept gets the same file, wherever it has gone.
    server.answers["/rows.csv"] = content(b"", status=404)
    assert post_job(kept).status_code == 201
    assert server.requests[count:] == ["/rows.csv"]


@pytest.mark.redis
@pytest.mark.parametrize(
    ("answer", "members", "place"),
    [
        (content(b"", status=404), {}, ("/source/url", "answered 404")),
        (content(b"x" * 1001), {}, ("/source/url", "more than 1,000 bytes")),
        (content(CSV), {"sha256": "0" * 64}, ("/source/sha256", "has the SHA-256")),
        (content(b"a,b\n1\n"), {}, ("/source", "Expected 2 columns")),
    ],
)
def test_a_file_that_cannot_be_had_is_a_problem_of_the_document(
    server: HttpsServer,
    post_job: Callable[..., Any],
    answer: Any,
    members: dict[str, object],
    place: tuple[str, str],
) -> None:
    server.answers["/rows.csv"] = answer
    refused = post_job(document(server.url("/rows.csv"), **members))
    assert refused.status_code == 400
    (problem,) = refused.json["problems"]
    assert problem["pointer"] == place[0]
    assert place[1] in problem["message"]


@pytest.mark.redis
def test_nothing_is_fetched_for_who_only_checks_or_for_a_document_with_problems(
    server: HttpsServer, client: FlaskClient, post_job: Callable[..., Any]
) -> None:
    count = len(server.requests)
    checked = client.post("/check", json=document(server.url("/rows.csv")))
    assert [problem["code"] for problem in checked.json["problems"]] == ["not_fetched"]
    bad = {**document(server.url("/rows.csv")), "stepss": []}
    assert post_job(bad).status_code == 400
    assert len(server.requests) == count


@pytest.mark.redis
def test_a_served_hub_answers_others_while_it_waits_for_a_file(
    server: HttpsServer, authority: trustme.CA, tmp_path: Path
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        arrived.set()
        assert go_on.wait(30)
        content(CSV)(handler)

    server.answers["/slow.csv"] = slow
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    variables = {
        "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
        "OWC_FETCH_NETWORKS": ",".join(LOCAL),
    }
    with serving(tmp_path / "data", variables=variables) as hub, ThreadPoolExecutor(1) as pool:
        posted = pool.submit(hub.post, document(server.url("/slow.csv")))
        assert arrived.wait(30)
        assert requests.get(f"{hub.url}/readyz", timeout=5).ok
        assert not posted.done()
        go_on.set()
        assert posted.result(30)["state"] == "compiled"
