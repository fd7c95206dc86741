"""Hostile bytes on real sockets: each ends its own connection, and the hub serves on."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
import websocket

from tests.fuzz.frames import masked
from tests.web.served import ServedHub, serving, wait_until

pytestmark = pytest.mark.redis

CONNECTIONS = 6


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHub]:
    variables = {"OWC_CONNECTIONS_PER_ADDRESS": str(CONNECTIONS)}
    with serving(tmp_path_factory.mktemp("hub") / "data", variables=variables) as hub:
        yield hub


@pytest.fixture(autouse=True)
def serves_on(hub: ServedHub) -> Iterator[None]:
    yield
    assert requests.get(f"{hub.url}/readyz", timeout=10).ok
    with connected(hub) as wire:
        wire.send("40/volunteer,{}")
        assert str(wire.recv()).startswith('40/volunteer,{"sid"')
    assert "Traceback" not in hub.log()


@contextmanager
def connected(hub: ServedHub, origin: str | None = None) -> Iterator[websocket.WebSocket]:
    """A raw WebSocket to the hub's Engine.IO, past its opening message."""
    address = hub.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    wire = websocket.create_connection(
        address, timeout=10, origin=origin, suppress_origin=origin is None
    )
    with contextlib.ExitStack() as stack:
        stack.callback(wire.shutdown)  # close() alone keeps a socket whose other end is gone
        stack.callback(wire.close)
        opening = str(wire.recv())
        assert opening[0] == "0"
        assert json.loads(opening[1:])["upgrades"] == []
        yield wire


def refusal_status(hub: ServedHub, **headers: str) -> int:
    """The HTTP status of a wish for a WebSocket that is not granted."""
    address = f"{hub.url}/socket.io/?EIO=4&transport=websocket"
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", **headers}
    return requests.get(address, headers=headers, timeout=10).status_code


def assert_is_ended(wire: websocket.WebSocket) -> None:
    """The hub closes, perhaps after a word."""
    with contextlib.suppress(websocket.WebSocketConnectionClosedException, ConnectionError):
        while wire.recv():
            pass


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\xff\r\n\r\n",
        b"GET /list HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /list HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"GET /list HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /job HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_http_is_answered_and_ended(hub: ServedHub, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as raw:
        raw.sendall(request_bytes)
        assert raw.recv(100).startswith(b"HTTP/1.1 4")


def test_polling_is_not_served(hub: ServedHub) -> None:
    address = f"{hub.url}/socket.io/?EIO=4&transport=polling"
    assert requests.get(address, timeout=10).status_code == 400
    assert requests.post(address, data="40", timeout=10).status_code == 400


def test_a_page_of_another_origin_gets_no_socket(hub: ServedHub) -> None:
    assert refusal_status(hub, Origin="http://evil.example") == 400
    with connected(hub, hub.url) as wire:
        assert wire.connected


def test_a_foreign_host_gets_no_socket(hub: ServedHub) -> None:
    assert refusal_status(hub, Host="evil.example") == 421


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        "9",
        "4",
        "4{",
        "42",
        '42["x"',
        "42/volunteer," + "[" * 100_000,
        '42/volunteer,["volunteer_hello"' + ',{"a":' * 50_000,
        '42/volunteer,["lease_request",' + "9" * 100_000 + "]",
        '4599999999-/volunteer,["result_report",{"_placeholder":true,"num":0}]',
        '451-/volunteer,["result_report",{"_placeholder":true,"num":7}]',
        '451-/watch,["watch_job",{"_placeholder":true,"num":0}]',  # not connected to it
        '44/volunteer,{"message":"only servers say this"}',
        '452-/volunteer,["result_report",{"_placeholder":true,"num":0}]',
        "42/" + "x" * 100_000,
        "bAAAA",
        "\x00" * 1000,
    ],
    ids=lambda message: repr(message[:30]),
)
def test_garbage_harms_only_its_sender(hub: ServedHub, message: str) -> None:
    with connected(hub) as wire:
        wire.send("40/volunteer,{}")
        wire.recv()
        wire.send(message)
        wire.send_binary(b"\x00binary that was not announced")


def test_a_message_over_the_limit_ends_its_connection(hub: ServedHub) -> None:
    with connected(hub) as wire:
        wire.send("40/volunteer,{}")
        wire.recv()
        wire.send('42/volunteer,["volunteer_hello","' + "x" * 2_000_000 + '"]')
        assert_is_ended(wire)


def test_an_unknown_event_is_refused_by_name(hub: ServedHub) -> None:
    with connected(hub) as wire:
        wire.send("40/volunteer,{}")
        wire.recv()
        wire.send('42/volunteer,["give_me_root",{}]')
        refusal = json.loads(str(wire.recv()).partition(",")[2])
        assert refusal[0] == "volunteer_refused"
        assert refusal[1]["code"] == "bad_message"
        assert "give_me_root" in refusal[1]["message"]


def test_an_unknown_namespace_is_refused(hub: ServedHub) -> None:
    with connected(hub) as wire:
        wire.send("40/admin,{}")
        assert str(wire.recv()).startswith("44/admin,")


def test_an_address_may_hold_only_so_many_sockets(hub: ServedHub) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(connected(hub))
        assert refusal_status(hub) == 429


# Bytes that no WebSocket library sends ----------------------------------------------------------


def frame(first: int, payload: bytes = b"") -> bytes:
    return masked(first, payload, b"\x01\x02\x03\x04")


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (b"\x81\x0242", 1002),  # not masked
        (frame(0xC1, b"42"), 1002),  # compressed, which was not agreed on
        (frame(0x83), 1002),  # a reserved opcode
        (frame(0x09), 1002),  # a control frame in fragments
        (frame(0x80, b"42"), 1002),  # continues nothing
        (frame(0x88, b"\x03\xee"), 1002),  # a code that is never sent
        (frame(0x81, b"42\xff\xfe"), 1007),
        (frame(0x01, b"\xe2\x82") + frame(0x80, b"x"), 1007),
        (b"\x82\xff" + (1 << 62).to_bytes(8, "big") + bytes(4), 1009),
        (b"\x81\xfe\xff\xff" + bytes(4) + b"\xc3\x28", 1007),  # long before its end
        (frame(0x01, b"42") + frame(0x00) * 100_000, 1008),
        (frame(0x89, b"x" * 125) * 100_000, 1008),
        (frame(0x8A) * 100_000, 1008),
        (frame(0x02) + frame(0x00, bytes(10_000)) * 200, 1009),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 1002),
    ],
    ids=lambda value: repr(value[:16]) if isinstance(value, bytes) else None,
)
def test_hostile_frames_end_their_connection_with_a_code(
    hub: ServedHub, stream: bytes, code: int
) -> None:
    with connected(hub) as wire:
        sender = threading.Thread(target=send_all, args=(wire.sock, stream), daemon=True)
        sender.start()
        assert close_code(wire) == code
        sender.join(20)


def test_frames_may_come_byte_by_byte(hub: ServedHub) -> None:
    with connected(hub) as wire:
        for byte in frame(0x89, b"a") + frame(0x01, b"40/vol") + frame(0x80, b"unteer,{}"):
            wire.sock.sendall(bytes([byte]))
        assert wire.recv_frame().data == b"a", "the pong"
        assert str(wire.recv()).startswith('40/volunteer,{"sid"')


@pytest.mark.parametrize("how", ["half", "reset", "close"])
def test_sockets_that_end_without_a_goodbye_are_counted_out(hub: ServedHub, how: str) -> None:
    for _ in range(3 * CONNECTIONS):
        raw = ask(hub)
        if how == "half":
            raw.shutdown(socket.SHUT_WR)
            assert_is_ended_raw(raw)
        elif how == "reset":
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
    wait_until(lambda: refusal_status(hub) != 429, seconds=10, what="a free place")


def test_headers_that_trickle_in_are_not_waited_for(hub: ServedHub) -> None:
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", hub.port), timeout=20))
            for _ in range(50)
        ]
        for raw in slow:
            raw.sendall(
                b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
            )
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - begun < 30 and not select.select(slow, [], [], 0.5)[0]:
                for raw in slow:
                    raw.sendall(b"X: y\r\n")
                with connected(hub) as wire:
                    assert wire.connected, "others are served meanwhile"
        assert slow[0].recv(100).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begun < 20


def ask(hub: ServedHub) -> socket.socket:
    """A socket that has become a WebSocket, with nothing read from it yet."""
    raw = socket.create_connection(("127.0.0.1", hub.port), timeout=10)
    raw.sendall(
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    return raw


def assert_is_ended_raw(raw: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):
        while raw.recv(4096):
            pass


def close_code(wire: websocket.WebSocket) -> int:
    """The code with which the hub says goodbye, after whatever else it says."""
    while True:
        received = wire.recv_frame()
        if received.opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(received.data[:2], "big")


def send_all(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(data)
