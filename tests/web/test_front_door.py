"""Who is asking: proxies, hosts, the loopback rule, sockets an address."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from owc.web.front_door import (
    FrontDoor,
    address_key,
    host_name,
    network_label,
    own_origin,
    passes_loopback_rule,
)

PROXY = "10.0.0.1"


def ask(
    *,
    host: str = "localhost:8080",
    peer: str = "127.0.0.1",
    path: str = "/list",
    headers: dict[str, str] | None = None,
    door: FrontDoor | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status, and the environ that reached the app (or the problem that did not)."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return [b""]

    door = door or FrontDoor(
        app=app,
        allowed_hosts=frozenset({"localhost", "127.0.0.1", "hub.example"}),
        trusted_proxies=(ipaddress.ip_network(PROXY),),
        sockets_per_address=2,
    )
    door.app = app
    environ = EnvironBuilder(path=path, headers={"Host": host, **(headers or {})}).get_environ()
    environ["REMOTE_ADDR"] = peer
    body, status, _ = run_wsgi_app(door, environ, buffered=True)
    return int(status.split()[0]), seen or json.loads(b"".join(body))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "hub.example", "192.0.2.7:8080"])
def test_known_names_and_literal_addresses_are_answered(host: str) -> None:
    assert ask(host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "", "localhost.evil.example", "[:::"])
def test_a_foreign_host_is_refused_with_a_reason(host: str) -> None:
    status, problem = ask(host=host)
    assert status == 421
    assert problem["code"] == "unknown_host"


def test_health_probes_may_use_any_name() -> None:
    assert ask(host="pod-17.internal", path="/healthz")[0] == 200


def test_forwarded_headers_of_a_stranger_are_dropped_and_end_the_loopback_rule() -> None:
    headers = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Host": "evil.example"}
    _, environ = ask(headers=headers)
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["HTTP_HOST"] == "localhost:8080"
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert not passes_loopback_rule(environ)


def test_a_trusted_proxy_names_the_client_it_saw_last() -> None:
    headers = {
        "X-Forwarded-For": "203.0.113.1, 198.51.100.9, 10.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "hub.example",
    }
    _, environ = ask(peer=PROXY, headers=headers)
    assert environ["REMOTE_ADDR"] == "198.51.100.9"
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTP_HOST"] == "hub.example"


def test_a_trusted_proxy_on_loopback_does_not_make_its_clients_loopback() -> None:
    door = FrontDoor(
        app=lambda *_: [],
        allowed_hosts=frozenset({"localhost"}),
        trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),),
        sockets_per_address=2,
    )
    _, environ = ask(headers={"X-Forwarded-For": "127.0.0.1"}, door=door)
    assert not passes_loopback_rule(environ)


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({}, True),
        ({"peer": "::1", "host": "[::1]:8080"}, True),
        ({"peer": "192.0.2.1"}, False),
        ({"host": "hub.example"}, False),
        ({"headers": {"Origin": "http://localhost:8080"}}, True),
        ({"headers": {"Origin": "http://localhost:8081"}}, False),
        ({"headers": {"Origin": "https://localhost:8080"}}, False),
        ({"headers": {"Origin": "null"}}, False),
        ({"headers": {"Origin": "http://evil.example"}}, False),
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, False),
        ({"headers": {"Sec-Fetch-Site": "same-origin"}}, True),
        ({"headers": {"Forwarded": "for=127.0.0.1"}}, False),
        ({"headers": {"X-Real-IP": "127.0.0.1"}}, False),
        ({"headers": {"Via": "1.1 proxy"}}, False),
    ],
)
def test_the_loopback_rule(change: dict[str, Any], passes: bool) -> None:
    _, environ = ask(**change)
    assert passes_loopback_rule(environ) is passes


def test_the_default_port_is_the_same_origin_as_none() -> None:
    environ = {"HTTP_ORIGIN": "http://hub.example", "HTTP_HOST": "hub.example:80"}
    assert own_origin(environ)


def test_one_address_holds_only_so_many_sockets() -> None:
    statuses: list[str] = []

    def nested(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        # The server stays in the app for as long as the socket is open.
        if len(statuses) < 3:
            statuses.append("open")
            inner = dict(environ)
            answer = door(inner, lambda status, _headers: statuses.append(status))
            return list(answer)
        return []

    door = FrontDoor(
        app=nested,
        allowed_hosts=frozenset({"localhost"}),
        trusted_proxies=(),
        sockets_per_address=2,
    )
    environ = EnvironBuilder(headers={"Host": "localhost", "Upgrade": "websocket"}).get_environ()
    environ["REMOTE_ADDR"] = "192.0.2.1"
    door(environ, lambda *_: None)
    assert statuses == ["open", "open", "429 Too Many Requests"]
    statuses.clear()
    door(dict(environ), lambda *_: None)
    assert statuses[0] == "open", "closed sockets are counted no more"


def test_the_offer_to_compress_is_taken_away() -> None:
    _, environ = ask(headers={"Sec-WebSocket-Extensions": "permessage-deflate"})
    assert "HTTP_SEC_WEBSOCKET_EXTENSIONS" not in environ


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Example.org.:80", "example.org"),
        ("[::1]:80", "::1"),
        ("user@host", "host"),
        ("a b", "a b"),
        ("[", ""),
    ],
)
def test_host_names(header: str, name: str) -> None:
    assert host_name(header) == name


def test_limits_count_an_ipv6_customer_as_one() -> None:
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff:1")
    assert address_key("2001:db8::1") != address_key("2001:db8:0:1::1")
    assert address_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert address_key("") == ""


def test_networks_are_comparable_within_a_day_and_not_readable() -> None:
    label = network_label("192.0.2.7", b"key", "2030-01-01")
    assert label == network_label("192.0.2.200", b"key", "2030-01-01")
    assert label != network_label("192.0.3.7", b"key", "2030-01-01")
    assert label != network_label("192.0.2.7", b"key", "2030-01-02")
    assert "192" not in label
