"""Engine.IO on our WebSockets under gevent's server, gunicorn and Werkzeug: life and ends."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests
import socketio
import websocket

from owc.cli.processes import free_port
from tests.fuzz.frames import masked
from tests.web.echo_hub import MESSAGE_BYTES, PING_SECONDS
from tests.web.served import ROOT, end, wait_until

COMMANDS = {
    "gevent": ("-m", "tests.web.echo_hub", "gevent", "{port}"),
    "gunicorn": ("-m", "gunicorn", "-k", "gevent", "-b", "127.0.0.1:{port}", "{app}"),
    "werkzeug": ("-m", "tests.web.echo_hub", "werkzeug", "{port}"),
}
PATH = "/socket.io/?EIO=4&transport=websocket"
MASK = b"\x01\x02\x03\x04"


class Wire(websocket.WebSocket):  # type: ignore[misc]  # its library has no types
    """A WebSocket that knows what Socket.IO calls it."""

    sid: str


class Echoing:
    """A server that echoes, in a process of its own."""

    def __init__(self, kind: str, log: Path) -> None:
        self.port, self._log = free_port(0), log
        app = "tests.web.echo_hub:make_app()"
        command = [part.format(port=self.port, app=app) for part in COMMANDS[kind]]
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, stdout=out, stderr=out
            )

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.url(), timeout=5).ok
        return False

    def ended(self) -> dict[str, str]:
        """Why connections have ended so far, by their ids."""
        reasons: dict[str, str] = requests.get(self.url("/ended"), timeout=5).json()
        return reasons

    def memory(self) -> int:
        """Resident bytes of all its processes."""
        listed = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid), "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        return sum(int(line) for line in listed.stdout.split()) * 1024

    def ask(self, changes: dict[str, str | None]) -> socket.socket:
        """A socket on which a WebSocket was asked for, with some headers changed."""
        headers = {
            "Host": f"127.0.0.1:{self.port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **changes,
        }
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        raw.sendall("\r\n".join([f"GET {PATH} HTTP/1.1", *lines, "", ""]).encode())
        return raw

    @contextlib.contextmanager
    def connected(self) -> Iterator[Wire]:
        """A raw WebSocket, past its opening messages."""
        url = f"ws://127.0.0.1:{self.port}{PATH}"
        wire = websocket.create_connection(url, timeout=10, class_=Wire)
        with contextlib.closing(wire.sock):
            assert json.loads(str(wire.recv())[1:])["maxPayload"] == MESSAGE_BYTES
            wire.send("40")
            wire.sid = json.loads(str(wire.recv()).removeprefix("40"))["sid"]
            yield wire

    def end_of(self, wire: Wire) -> str:
        """Why a connection has ended, awaited."""
        wait_until(lambda: wire.sid in self.ended(), seconds=20, what="the end")
        return self.ended()[wire.sid]


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]  # a generator of servers
    echoing = Echoing(request.param, tmp_path_factory.mktemp("echo") / "log")
    try:
        wait_until(echoing.answers, what="the server")
        yield echoing
    finally:
        end(echoing.process)


@pytest.fixture(autouse=True)
def serves_on(server: Echoing) -> Iterator[None]:
    yield
    with server.connected() as wire:
        wire.send('42["echo",1]')
        assert wire.recv() == '42["echo",1]'


def test_the_published_client_is_served(server: Echoing) -> None:
    client = socketio.SimpleClient()
    client.connect(server.url(), transports=["websocket"])
    sent = ["text", {"deep": [1, b"\x00binary" * 10_000, None]}]
    client.emit("echo", tuple(sent))
    assert client.receive(10) == ["echo", *sent]
    client.disconnect()


def test_binary_and_text_come_back_in_any_size(server: Echoing) -> None:
    with server.connected() as wire:
        for size in (0, 100, 10_000, 190_000):
            wire.send('451-["echo",{"_placeholder":true,"num":0}]')
            wire.send_binary(bytes(size))
            assert said(wire) == '451-["echo",{"_placeholder":true,"num":0}]'
            assert said(wire) == bytes(size)
            wire.send(f'42["echo","{"é" * (size // 2)}"]')
            assert len(said(wire)) >= size // 2


def test_attachments_stay_behind_their_event(server: Echoing) -> None:
    with server.connected() as wire:
        wire.send('451-["twice",{"_placeholder":true,"num":0}]')
        wire.send_binary(b"same")
        assert str(said(wire)).startswith('452-["twice",')
        assert [said(wire), said(wire)] == [b"same", b"same"]


def test_pings_keep_a_connection_that_answers(server: Echoing) -> None:
    with server.connected() as wire:
        begun = time.monotonic()
        for _ in range(4):
            assert wire.recv() == "2"
            wire.send("3")
        assert 4 * PING_SECONDS - 0.1 < time.monotonic() - begun < 10


def test_who_does_not_answer_a_ping_is_hung_up_on(server: Echoing) -> None:
    with server.connected() as wire:
        assert wire.recv() == "2"
        assert wire.recv() == "1", "Engine.IO's own goodbye"
        with contextlib.suppress(websocket.WebSocketConnectionClosedException):
            assert not wire.recv()
        assert server.end_of(wire) == "ping timeout"


def test_who_sends_a_long_message_is_alive_though_the_pong_waits_behind_it(
    server: Echoing,
) -> None:
    text = '42["echo","' + "x" * 150_000 + '"]'
    frame = masked(0x81, text.encode(), MASK)
    with server.connected() as wire:
        for at in range(0, len(frame), 10_000):
            wire.sock.sendall(frame[at : at + 10_000])
            time.sleep(0.2)  # slower than pings and their answers
        assert said(wire) == text


def test_one_byte_at_a_time_is_a_message_too(server: Echoing) -> None:
    with server.connected() as wire:
        for byte in masked(0x81, b'42["echo","slow"]', MASK):
            wire.sock.sendall(bytes([byte]))
            time.sleep(0.001)
        assert said(wire) == '42["echo","slow"]'


def test_a_byte_now_and_then_is_no_life(server: Echoing) -> None:
    with server.connected() as wire, contextlib.suppress(OSError):
        for byte in masked(0x81, b'42["echo","' + b"x" * 1000, MASK):
            wire.sock.sendall(bytes([byte]))
            time.sleep(0.1)  # 100 s, if it were let
            if wire.sid in server.ended():
                break
    assert server.end_of(wire) == "ping timeout"


def test_a_clean_goodbye_is_told_from_a_lost_connection(server: Echoing) -> None:
    with server.connected() as wire:
        wire.send("41")
        assert server.end_of(wire) == "client disconnect"
    with server.connected() as wire:
        wire.send("1")
        assert server.end_of(wire) == "client disconnect"
    with server.connected() as wire:
        wire.close()
        assert server.end_of(wire) == "transport close"
    with server.connected() as wire:
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert server.end_of(wire) == "transport close"


def test_a_handler_that_fails_ends_its_own_connection(server: Echoing) -> None:
    with server.connected() as wire:
        wire.send('42["fail"]')
        with contextlib.suppress(websocket.WebSocketConnectionClosedException):
            while wire.recv():
                pass
    assert "ZeroDivisionError" in server.log()


def test_a_reader_that_does_not_read_is_hung_up_on(server: Echoing) -> None:
    memory = server.memory()
    with server.connected() as wire:
        wire.send('42["flood",1000]')  # 50 MB
        reason = server.end_of(wire)
        received = 0
        with contextlib.suppress(OSError):
            while more := wire.sock.recv(1 << 20):
                received += len(more)
    assert reason in {"transport close", "ping timeout"}
    assert received < 40_000_000
    assert server.memory() - memory < 40_000_000


def test_a_flood_of_one_does_not_starve_others(server: Echoing) -> None:
    with server.connected() as flooding, server.connected() as other:
        frames = masked(0x81, b'42["nobody",1]', MASK) * 20_000
        sender = threading.Thread(target=send_all, args=(flooding.sock, frames), daemon=True)
        sender.start()
        for number in range(20):
            begun = time.monotonic()
            other.send(f'42["echo",{number}]')
            assert said(other) == f'42["echo",{number}]'
            assert time.monotonic() - begun < 2
        sender.join(30)


@pytest.mark.parametrize(
    ("changes", "status", "headers"),
    [
        ({"Upgrade": None}, 426, {"Upgrade": "websocket"}),
        ({"Upgrade": "h2c"}, 426, {"Upgrade": "websocket"}),
        ({"Sec-WebSocket-Version": "8"}, 426, {"Sec-WebSocket-Version": "13"}),
        ({"Sec-WebSocket-Version": None}, 426, {"Sec-WebSocket-Version": "13"}),
        ({"Connection": "keep-alive"}, 400, {}),
        ({"Sec-WebSocket-Key": None}, 400, {}),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400, {}),
        ({"Sec-WebSocket-Key": "?" * 24}, 400, {}),
        ({"Content-Length": "5"}, 400, {}),
        ({"Origin": "http://evil.example"}, 400, {}),
    ],
    ids=str,
)
def test_a_bad_handshake_is_answered(
    server: Echoing, changes: dict[str, str | None], status: int, headers: dict[str, str]
) -> None:
    with contextlib.closing(server.ask(changes)) as raw, HTTPResponse(raw) as answer:
        answer.begin()
        assert answer.status == status
        for name, value in headers.items():
            assert answer.headers[name] == value
        assert answer.read()


def test_a_good_handshake_is_proved(server: Echoing) -> None:
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    with contextlib.closing(server.ask({"Sec-WebSocket-Key": key})) as raw:
        answer = raw.recv(4096).partition(b"\r\n\r\n")[0].decode() + "\r\n"
    assert answer.startswith("HTTP/1.1 101 ")
    assert "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer


def said(wire: websocket.WebSocket) -> str | bytes:
    """The next message that is no ping; pings are answered."""
    while (message := wire.recv()) == "2":
        wire.send("3")
    return message


def send_all(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        sock.sendall(data)
