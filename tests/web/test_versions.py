"""Volunteers of this protocol and the one before; which client a browser runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from owc.assets import asset
from owc.factory import WebHub
from owc.services import benchmark
from owc.services.hub import Hub
from owc.store import VolunteerRow
from owc.web import build, messages
from tests.web.test_volunteer_events import Socket

pytestmark = pytest.mark.redis

BEFORE = messages.PROTOCOL - 1


@pytest.fixture(autouse=True)
def exchanging(web_hub: WebHub) -> Iterator[None]:
    """The task that serves what volunteers say."""
    task = web_hub.socketio.server.start_background_task(web_hub.volunteers.exchange.run)
    yield
    web_hub.volunteers.exchange.stop()
    task.join()


@pytest.fixture
def connect(web_hub: WebHub) -> Callable[[], Socket]:
    return lambda: Socket(web_hub)


def hello_of(**change: Any) -> dict[str, Any]:
    capabilities = {
        "cores": 4,
        "memory_bytes": 1 << 30,
        "features": ["simd128"],
        "mobile": False,
        "score": 1.0,
        "engine": "test",
    }
    return {
        "protocol": messages.PROTOCOL,
        "kind": "browser",
        "volunteer_token": None,
        "site": "",
        "capabilities": capabilities,
        "lease_ids": [],
        **change,
    }


@pytest.mark.parametrize("protocol", messages.SERVED_PROTOCOLS)
def test_this_protocol_and_the_one_before_are_served(
    connect: Callable[[], Socket], protocol: int
) -> None:
    welcome = connect().hello(protocol=protocol)
    assert welcome["protocol"] == protocol, "the hub speaks the volunteer's"


@pytest.mark.parametrize("protocol", [BEFORE - 1, messages.PROTOCOL + 1, 99])
def test_other_protocols_are_refused_whatever_else_they_say(
    connect: Callable[[], Socket], protocol: int
) -> None:
    socket = connect()
    socket.send("volunteer_hello", protocol=protocol, surprise={"of": "another time"})
    refused = socket.hear("volunteer_refused")
    assert refused["code"] == "unsupported_protocol"
    assert refused["reload"] is True, "the hub's own client speaks what the hub does"
    assert f"{messages.PROTOCOL} and {BEFORE}" in refused["message"]


@pytest.mark.parametrize("protocol", [None, "2", True, 2.0, [2]])
def test_what_is_no_version_is_a_bad_message(
    connect: Callable[[], Socket], protocol: object
) -> None:
    socket = connect()
    socket.send("volunteer_hello", **hello_of(protocol=protocol))
    refused = socket.hear("volunteer_refused")
    assert (refused["code"], refused["reload"]) == ("bad_message", False)


@pytest.mark.parametrize(
    ("said", "reload"), [(None, False), (build.client_build(), False), ("0123abcd", True)]
)
def test_a_browser_is_told_to_reload_if_it_runs_another_client(
    connect: Callable[[], Socket], said: str | None, reload: bool
) -> None:
    assert connect().hello(build=said)["reload"] is reload


@pytest.mark.parametrize(
    ("protocol", "times", "speed"), [(messages.PROTOCOL, 0.5, 0.5), (BEFORE, 0.5, 1.0)]
)
def test_a_newcomer_is_first_taken_to_be_as_fast_as_its_score(
    connect: Callable[[], Socket], hub: Hub, protocol: int, times: float, speed: float
) -> None:
    said = {**hello_of()["capabilities"], "score": times * benchmark.measure_score()}
    welcome = connect().hello(protocol=protocol, capabilities=said)
    with hub.database.read() as session:
        row = session.get(VolunteerRow, welcome["volunteer_id"])
        assert row is not None
        assert row.speed == pytest.approx(speed)


def test_what_an_engine_lacks_is_kept(connect: Callable[[], Socket], hub: Hub) -> None:
    more = {"engine_version": "153", "lacks": ["webgpu"], "gpu": None, "connection": "4g"}
    said = {**hello_of()["capabilities"], **more}
    welcome = connect().hello(protocol=messages.PROTOCOL, capabilities=said)
    with hub.database.read() as session:
        row = session.get(VolunteerRow, welcome["volunteer_id"])
        assert row is not None
        assert {key: row.capabilities.to_json()[key] for key in more} == more


@pytest.mark.parametrize(
    "change",
    [
        {"engine_version": "153.7"},
        {"engine_version": "1" * 9},
        {"lacks": ["<b>"]},
        {"gpu": "NVIDIA GeForce RTX 4090"},
        {"gpu": "a" * 60 + "/" + "b" * 60},
        {"connection": "my own fibre"},
    ],
)
def test_capabilities_that_are_too_exact_are_refused(
    connect: Callable[[], Socket], change: dict[str, object]
) -> None:
    socket = connect()
    said = {**hello_of()["capabilities"], **change}
    socket.send("volunteer_hello", **hello_of(capabilities=said))
    assert socket.refused() == "bad_message"


def test_the_frame_says_which_client_it_is(client: FlaskClient) -> None:
    page = client.get("/frame?site=example.org").text
    assert f'<meta name="owc-build" content="{build.client_build()}">' in page
    assert re.fullmatch(r"[0-9a-f]{16}", build.client_build())


@pytest.mark.parametrize("name", ["frame.js", "frame/pool.js", "worker.js", "vendor/new.js"])
def test_every_file_of_the_client_is_part_of_its_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(asset("static"), tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(build, "asset", lambda _: tmp_path)
    client_build = build.client_build.__wrapped__
    assert client_build() == build.client_build()
    with (tmp_path / name).open("ab") as file:
        file.write(b"//")
    changed = client_build()
    assert changed != build.client_build()
    (tmp_path / "pages.css").write_text("another look of other pages")
    assert client_build() == changed
