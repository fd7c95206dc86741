"""Job sources that lead inwards: every spelling of a machine of ours, and names that change.

What redirects, certificates, slow and endless servers get is in `tests/web/test_fetching.py`.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import threading
from typing import Any

import pytest

from owc.fetch import Bounds, FetchError, fetch
from owc.fetch.addresses import is_public, resolve

BOUNDS = Bounds(max_bytes=1000, seconds=5)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0177.0.0.1"),
        *("017700000001", "0x7f.1", "127.0.0.1.", "localhost", "localhost.", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "[fc00::1]", "[ff02::1]"),
        *("169.254.169.254", "0xa9fea9fe", "2852039166", "[fd00:ec2::254]", "10.0.0.1"),
        *("192.168.0.1", "172.16.0.1", "100.64.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("255.255.255.255", "224.0.0.1", "１２７.０.０.１", "user@127.0.0.1", "a:b@[::1]"),
        *("example.org@127.0.0.1", "127.0.0.1#@example.org", "127.0.0.1?@example.org"),
    ],
)
@pytest.mark.parametrize("scheme", ["https", "ftp"])
def test_no_spelling_leads_to_a_machine_inside(scheme: str, host: str) -> None:
    with pytest.raises(FetchError):
        fetch(f"{scheme}://{host}/latest/meta-data", io.BytesIO(), BOUNDS)


def test_a_name_that_answers_otherwise_the_second_time_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: what was looked at is what is connected to, and nobody asks again."""
    asked: list[str] = []
    connected: list[Any] = []

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchError):
        fetch("https://rebound.example/x", io.BytesIO(), BOUNDS)
    assert asked == ["rebound.example"]
    assert connected == [("93.184.215.14", 443)]


@pytest.mark.parametrize("inside", ["127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254"])
def test_one_address_inside_among_many_outside_is_enough(
    monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    found = [(0, 0, 0, "", (address, 443)) for address in ("93.184.215.14", inside)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(FetchError, match="public internet"):
        resolve("mixed.example", 443, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "HTTPS:///x",
        "https://",
        "https:///etc/passwd",
        "data:text/csv,a",
        "ftp://example.org/a%0d%0aDELE%20x",
        "ftp://example.org/a%00b",
        "ftp://example.org/%0aPORT%20127,0,0,1,0,22",
        "s3://bucket.with.dots/key",
        "s3://127.0.0.1/key",
        "s3://a@b/key",
        "s3://../key",
        "s3://bucket%2f@evil/key",
        "//example.org/x",
        "",
    ],
)
def test_other_schemes_and_broken_lines_are_refused(url: str) -> None:
    with pytest.raises(FetchError):
        fetch(url, io.BytesIO(), BOUNDS)


@pytest.mark.parametrize("path", ["/a\r\nX-Injected: yes", "/a\nHost: evil", "/a b", "/a\0"])
def test_a_path_breaks_no_line_of_a_request(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    sent = threading.Event()
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("93.184.215.14", 443))]
    )

    def connect(*_: Any, **__: Any) -> socket.socket:
        sent.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchError):
        fetch(f"https://example.org{path}", io.BytesIO(), BOUNDS)


def test_what_python_calls_global_and_is_not_is_refused() -> None:
    for text in (
        "192.88.99.1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "64:ff9b::7f00:1",
        "::ffff:8.8.8.8",
    ):
        assert not is_public(ipaddress.ip_address(text)), text
