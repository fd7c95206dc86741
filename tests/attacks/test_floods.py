"""Many of everything, from one address: each kind has its bound, and who is beyond it is told.

Messages a second, sockets an address and posts a minute are tested beside what they bound
(`tests/web`: test_volunteer_events, test_sockets, test_posting, test_rates).
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from owc.factory import WebHub, create_web_hub
from owc.queue import Checkpoint
from owc.services.hub import Hub
from owc.settings import Settings
from owc.web import bodies, exchange, server
from owc.web.exchange import Exchange, Unfinished
from owc.web.tokens import Purpose
from tests.attacks.hub import AttackedHub, ask, attacked, request
from tests.web.served import wait_until
from tests.web.test_volunteer_events import Socket

pytestmark = pytest.mark.redis

REQUESTS = 12


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedHub]:
    """A hub that lets one address have few requests open."""
    variables = {"OWC_REQUESTS_PER_ADDRESS": str(REQUESTS)}
    with attacked(tmp_path_factory.mktemp("narrow") / "data", variables) as hub:
        yield hub
        hub.assert_well()


def test_an_address_may_have_only_so_many_requests_open(narrow: AttackedHub) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(REQUESTS):
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", narrow.port)))
            raw.sendall(b"GET /list HTTP/1.1\r\n")  # and no more
        wait_until(
            lambda: ask(narrow, b"").startswith(b"HTTP/1.1 429 "), seconds=5, what="the refusal"
        )
        refusal = ask(narrow, b"")
        assert b"too_many_connections" in refusal
        assert b"application/problem+json" in refusal
    wait_until(lambda: answers(narrow), seconds=5, what="a place that is free again")


def test_websockets_and_finished_requests_take_no_place_among_requests(
    narrow: AttackedHub,
) -> None:
    upgrade = request(
        "GET /socket.io/?EIO=4&transport=websocket",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    with contextlib.ExitStack() as stack:
        for _ in range(3 * REQUESTS):
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", narrow.port)))
            raw.sendall(upgrade)
            assert raw.recv(100).startswith(b"HTTP/1.1 101 ")
        assert answers(narrow)
    for _ in range(3 * REQUESTS):
        assert answers(narrow)


def test_a_body_that_trickles_in_is_not_waited_for(narrow: AttackedHub) -> None:
    """Byte after byte, so that no silence ends it: the pace does."""
    with contextlib.ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", narrow.port), timeout=60))
            for _ in range(3)
        ]
        for raw in slow:
            raw.sendall(
                request("POST /check", "Content-Type: application/json", "Content-Length: 4000")
            )
        begun = time.monotonic()
        heard = [b""] * len(slow)
        while not all(heard) and time.monotonic() - begun < 40:
            for place, raw in enumerate(slow):
                raw.settimeout(0.1)
                with contextlib.suppress(TimeoutError, OSError):
                    raw.sendall(b" ")
                with contextlib.suppress(TimeoutError):
                    heard[place] = heard[place] or raw.recv(1000) or b"ended"
            assert answers(narrow), "others are served meanwhile"
        assert time.monotonic() - begun < 35
        assert all(said.startswith((b"HTTP/1.1 4", b"ended")) for said in heard), heard


def test_who_says_nothing_at_all_is_hung_up_on(narrow: AttackedHub) -> None:
    begun = time.monotonic()
    assert ask(narrow, b"", seconds=30) == b""
    assert time.monotonic() - begun < server._FIRST_SECONDS + 5


def test_a_refused_body_is_not_read_to_its_end(narrow: AttackedHub) -> None:
    start = request("POST /check", "Content-Type: application/json", "Content-Length: 99999999999")
    with socket.create_connection(("127.0.0.1", narrow.port), timeout=30) as raw:
        raw.sendall(start)
        sent, answer = 0, b""
        with contextlib.suppress(ConnectionError):
            while sent < 64 << 20:
                raw.sendall(bytes(65_536))
                sent += 65_536
        with contextlib.suppress(ConnectionError):
            answer = raw.recv(1000)
        assert sent < 32 << 20, "it hung up"
        assert answer in {b""} or answer.startswith(b"HTTP/1.1 413 ")


def test_a_refusal_is_heard_by_who_is_still_sending(narrow: AttackedHub) -> None:
    """As a proxy is, which gives up an answer that it has not read when its writing fails."""
    left = server._LEFT_BYTES
    with socket.create_connection(("127.0.0.1", narrow.port), timeout=30) as raw:
        raw.sendall(request("POST /volunteer/output", f"Content-Length: {left}"))
        for _ in range(left // 65_536):
            raw.sendall(bytes(65_536))
        assert raw.recv(1000).startswith(b"HTTP/1.1 401 ")


def answers(hub: AttackedHub) -> bool:
    return requests.get(f"{hub.url}/healthz", timeout=10, headers={"Connection": "close"}).ok


# Volunteers -------------------------------------------------------------------------------------


def test_an_address_says_hello_only_so_often(settings: Settings, hub: Hub) -> None:
    built = create_web_hub(settings.with_changes(hellos_per_minute=2), hub=hub)
    task = built.socketio.server.start_background_task(built.volunteers.exchange.run)
    try:
        for _ in range(2):
            Socket(built).hello()
        third = Socket(built)
        third.send("volunteer_hello", **HELLO)
        assert third.refused() == "too_many_hellos"
    finally:
        built.volunteers.exchange.stop()
        task.join()
        built.close()


HELLO: dict[str, Any] = {
    "protocol": 1,
    "kind": "native",
    "volunteer_token": None,
    "site": "",
    "lease_ids": [],
    "capabilities": {
        "cores": 1,
        "memory_bytes": 1,
        "features": [],
        "mobile": False,
        "score": 1.0,
        "engine": "",
    },
}


def test_outputs_are_counted_by_address_too_since_identities_cost_nothing(
    settings: Settings, hub: Hub
) -> None:
    built = create_web_hub(settings.with_changes(outputs_per_minute=1), hub=hub)
    client = built.app.test_client()

    def send(volunteer_id: str) -> tuple[int, str]:
        token = built.runtime.tokens.issue(Purpose.SESSION, volunteer_id)
        response = client.post(
            "/volunteer/output",
            data=b"x",
            content_type="application/octet-stream",
            headers={"Authorization": f"Bearer {token}"},
        )
        return response.status_code, response.json.get("code", "")

    try:
        assert send("vol_1") == (201, "")
        assert send("vol_1") == (429, "too_many_requests")
        found = [send(f"vol_{number}") for number in range(2, 14)]
        assert found[:9] == [(201, "")] * 9
        assert found[-1] == (429, "too_many_requests")
    finally:
        built.close()


def test_the_last_of_the_disk_is_not_given_to_uploads(
    client: FlaskClient, web_hub: WebHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = bodies.shutil.disk_usage(web_hub.runtime.settings.data_folder)
    reserve = web_hub.runtime.settings.reserve_bytes

    def free(amount: int) -> Callable[[Path], Any]:
        return lambda _: usage._replace(free=amount)

    monkeypatch.setattr(bodies.shutil, "disk_usage", free(reserve + 99))
    response = client.post("/upload", data=b"x" * 100)
    assert (response.status_code, response.json["code"]) == (503, "storage_full")
    assert int(response.headers["Retry-After"]) > 0
    monkeypatch.setattr(bodies.shutil, "disk_usage", free(reserve + 100))
    assert client.post("/upload", data=b"x" * 100).status_code == 201


def test_what_waits_to_be_stored_is_bounded_in_bytes(
    hub: Hub, web_hub: WebHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand messages of a megabyte would fit the queue: their senders wait instead."""
    monkeypatch.setattr(exchange, "MOST_BYTES", 1000)
    waiting: Exchange = web_hub.volunteers.exchange
    checkpoint = Checkpoint(
        sub_job_id="sub_1", lease_id="lease_1", rows_done=1, output=b"x" * 600, elapsed_seconds=1.0
    )
    item = Unfinished(volunteer_id="vol_1", checkpoints=(checkpoint,))
    put = [threading.Thread(target=waiting.put, args=(item,), daemon=True) for _ in range(5)]
    for thread in put:
        thread.start()
    wait_until(lambda: sum(thread.is_alive() for thread in put) == 4, what="the first")
    put[0].join(0.2)
    assert sum(thread.is_alive() for thread in put) == 4, "the others wait"
    serving = threading.Thread(target=waiting.run)
    serving.start()
    for thread in put:
        thread.join(10)
    assert not any(thread.is_alive() for thread in put)
    waiting.stop()
    serving.join(10)
    assert waiting._held_bytes == 0


def test_rates_are_told_with_a_time_to_come_back(settings: Settings, hub: Hub) -> None:
    built = create_web_hub(settings.with_changes(uploads_per_minute=1), hub=hub)
    client = built.app.test_client()
    try:
        for address, kind, most in (
            ("/upload", "text/csv", 1),
            ("/volunteer/token", "application/json", 60),
        ):
            statuses = [
                client.post(address, data=b'{"kind": "native"}', content_type=kind).status_code
                for _ in range(most + 1)
            ]
            assert statuses[-1] == 429
            assert set(statuses[:-1]) <= {200, 201}
    finally:
        built.close()


def test_a_page_says_only_so_often_what_it_watches(web_hub: WebHub) -> None:
    watcher = web_hub.socketio.test_client(web_hub.app, namespace="/watch")
    for _ in range(100):
        watcher.emit("watch_jobs", {}, namespace="/watch")
        assert watcher.is_connected("/watch")
    watcher.emit("watch_jobs", {}, namespace="/watch")
    assert not watcher.is_connected("/watch")
