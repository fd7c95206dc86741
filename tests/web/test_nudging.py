"""Who of those that wait hears of work first: by each strategy, of the hub or of a job, at the
wire."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import websocket
from sqlalchemy import update
from werkzeug.serving import make_server

from owc.domain.matching import Capabilities
from owc.factory import WebHub
from owc.services import completion, copies, presence, upkeep
from owc.services.hub import Hub
from owc.store import JobRow
from owc.web.connections import Connection
from owc.web.tokens import Purpose
from tests.web.conftest import DOCUMENT
from tests.web.served import wait_until
from tests.web.test_volunteer_events import (
    CAPABILITIES,
    Socket,
    exchanging,
    report_of,
    result_of,
)

pytestmark = pytest.mark.redis

__all__ = ["exchanging"]  # a fixture of every test here

QUEUE = "owc.base.p5"

Connect = Callable[..., Socket]
Post = Callable[..., str]


@pytest.fixture
def draws() -> list[float]:
    """What the hub draws next."""
    return []


@pytest.fixture
def hub(hub: Hub, draws: list[float]) -> Hub:
    return replace(hub, draw=lambda: draws.pop(0) if draws else 0.999)


@pytest.fixture
def connect(web_hub: WebHub) -> Connect:
    """Volunteers that have said hello, with so many cores of the same speed."""

    def connect(cores: int = 1) -> Socket:
        socket = Socket(web_hub)
        socket.hello(capabilities={**CAPABILITIES, "cores": cores})
        return socket

    return connect


@pytest.fixture
def post(post_job: Callable[..., Any], hub: Hub) -> Post:
    """Jobs of so many sub-jobs that are queued."""

    def post(strategy: str | None = None, *, sub_jobs: int = 1) -> str:
        document = {**DOCUMENT, "split": {"rows": 1000 // sub_jobs}, "strategy": strategy}
        job_id = str(post_job(document).json["id"])
        completion.split(hub, job_id)
        upkeep.feed(hub)
        return job_id

    return post


@pytest.fixture
def news(web_hub: WebHub, hub: Hub) -> Iterator[Callable[[], None]]:
    """Passes on what Redis has said of work since the beginning of the test."""
    subscription = hub.push.subscribe()
    subscription.next(0.01)  # from here on

    def pass_on() -> None:
        while (said := subscription.next(5.0)) is not None:
            web_hub.background.pass_on(said)
            if said["topic"] == "work":
                return
        raise AssertionError("there was no news of work")

    yield pass_on
    subscription.close()


def wait(socket: Socket) -> Socket:
    """It asks, and gets nothing."""
    assert socket.lease()["lease_id"] is None
    return socket


def assert_only_first_is_told(first: Socket, *others: Socket) -> None:
    assert first.hear("work_available") == {}
    assert all(each.hears_nothing() for each in others)


def connection_of(web_hub: WebHub, volunteer_id: str) -> Connection:
    connection = web_hub.volunteers.connections.of_volunteer(volunteer_id)
    assert connection is not None
    return connection


# Each strategy --------------------------------------------------------------------------------


def test_fastest_tells_the_one_that_computes_most_in_a_second(
    connect: Connect, post: Post, news: Callable[[], None]
) -> None:
    one, eight, two = (wait(connect(cores)) for cores in (1, 8, 2))
    post("fastest")
    news()
    assert_only_first_is_told(eight, one, two)


def test_fastest_goes_by_what_volunteers_have_shown_since_their_hello(
    connect: Connect, post: Post, news: Callable[[], None], hub: Hub
) -> None:
    slow, quick = connect(), connect()
    post(sub_jobs=2)
    news()
    with hub.database.write() as session:
        session.execute(update(JobRow).values(row_seconds=0.001))
    for socket, elapsed_ms in ((slow, 5000.0), (quick, 50.0)):
        offer = socket.lease(1)
        result = {**result_of(hub, offer), "elapsed_ms": elapsed_ms}
        socket.send("result_report", lease_id=offer["lease_id"], **report_of(result))
        assert socket.hear("result_ack")["results"][0]["status"] == "stored"
    for socket in (slow, quick):
        wait(socket)
    post("fastest")
    news()
    assert_only_first_is_told(quick, slow)


def test_least_loaded_tells_the_one_with_the_least_at_work(
    connect: Connect, post: Post, news: Callable[[], None]
) -> None:
    busy, idle = connect(4), connect(1)
    post()
    news()
    assert busy.lease()["lease_id"] is not None
    for socket in (busy, idle):
        wait(socket)
    post("least_loaded")
    news()
    assert_only_first_is_told(idle, busy)


def test_round_robin_tells_the_one_that_was_told_longest_ago(
    web_hub: WebHub, connect: Connect, post: Post, news: Callable[[], None]
) -> None:
    first, second = wait(connect()), wait(connect(8))
    for socket in (first, second):
        web_hub.volunteers.nudge(1, strategy="round_robin")
        assert socket.hear("work_available") == {}
    for socket in (second, first):
        wait(socket)
    post("round_robin")
    news()
    assert_only_first_is_told(first, second)


def test_random_tells_whom_the_hub_draws(
    connect: Connect, post: Post, news: Callable[[], None], draws: list[float]
) -> None:
    first, second, third = (wait(connect(cores)) for cores in (8, 1, 2))
    post("random")
    draws[:] = [0.9, 0.1, 0.5]
    news()
    assert_only_first_is_told(second, first, third)
    assert draws == []


class Wire:
    """A volunteer at a real WebSocket, which answers pings when its test wants it to."""

    def __init__(self, web_hub: WebHub, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        self._wire = websocket.create_connection(url, timeout=10, suppress_origin=True)
        self._wire.recv()
        self._wire.send("40/volunteer,")
        self._token = web_hub.runtime.tokens.issue(Purpose.FRAME, "native")
        self.send(
            "volunteer_hello",
            protocol=1,
            kind="native",
            volunteer_token=None,
            site="",
            capabilities=CAPABILITIES,
            lease_ids=[],
        )
        welcome = self.hear("volunteer_welcome")
        self._token, self.id = welcome["token"], welcome["volunteer_id"]

    def send(self, event: str, **message: Any) -> None:
        said = json.dumps([event, {"token": self._token, **message}])
        self._wire.send(f"42/volunteer,{said}")

    def hear(self, event: str) -> Any:
        """The payload of the next such event."""
        while True:
            message = str(self._wire.recv())
            if message.startswith("42/volunteer,"):
                name, *payload = json.loads(message[message.index("[") :])
                if name == event:
                    return payload[0]

    def await_ping(self) -> None:
        while self._wire.recv() != "2":
            pass

    def answer_ping(self) -> None:
        self._wire.send("3")

    def close(self) -> None:
        self._wire.send("41/volunteer,")
        self._wire.close()


@pytest.fixture
def wires(web_hub: WebHub) -> Iterator[Callable[[], Wire]]:
    """Volunteers that are connected over the network."""
    web_hub.socketio.server.eio.ping_interval = 0.3
    server = make_server("127.0.0.1", 0, web_hub.app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with contextlib.ExitStack() as stack:
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)

        def connect() -> Wire:
            wire = Wire(web_hub, server.server_port)
            stack.callback(wire.close)
            return wire

        yield connect


def test_nearest_tells_the_one_whose_pings_come_back_soonest(
    web_hub: WebHub, wires: Callable[[], Wire], post: Post, news: Callable[[], None]
) -> None:
    far, near = wires(), wires()
    for wire in (far, near):
        wire.send("lease_request", sub_jobs=1)
        assert wire.hear("lease_offer")["lease_id"] is None
    far.await_ping()
    near.await_ping()  # which was sent no sooner
    for wire in (near, far):
        connection = connection_of(web_hub, wire.id)
        assert connection.latency_seconds is None
        wire.answer_ping()
        wait_until(lambda of=connection: of.latency_seconds is not None, what="a pong")  # type: ignore[misc]  # of one wire
    post("nearest")
    news()
    assert near.hear("work_available") == {}
    assert web_hub.volunteers.connections.waiting == 1


def test_how_near_a_volunteer_is_is_measured_again_and_again(
    web_hub: WebHub, wires: Callable[[], Wire]
) -> None:
    web_hub.socketio.server.eio.ping_timeout = 0.3
    wire = wires()
    connection = connection_of(web_hub, wire.id)
    measured = {connection.latency_seconds}
    for _ in range(3):
        wire.await_ping()
        wire.answer_ping()
        wire.answer_ping()  # nobody asked for this one
        wait_until(lambda: connection.latency_seconds not in measured, what="a pong")
        measured.add(connection.latency_seconds)
    assert all(each is None or 0 < each < 0.3 for each in measured)


# A job's own strategy -------------------------------------------------------------------------


def test_who_is_told_by_one_that_got_some_is_told_by_the_jobs_strategy(
    web_hub: WebHub, connect: Connect, post: Post
) -> None:
    first, second, third, fastest = (wait(connect(cores)) for cores in (1, 2, 3, 8))
    post("round_robin", sub_jobs=10)
    web_hub.volunteers.nudge(1, QUEUE, "round_robin")
    assert_only_first_is_told(first, second, third, fastest)
    assert first.lease(1)["lease_id"] is not None
    for told in (second, third):
        assert told.hear("work_available") == {}
    assert fastest.hears_nothing()


def test_who_is_told_again_is_told_by_the_jobs_strategy(
    web_hub: WebHub, connect: Connect, post: Post
) -> None:
    first, fastest = wait(connect(1)), wait(connect(8))
    post("round_robin")
    web_hub.background.feed_and_expire()
    assert_only_first_is_told(first, fastest)


def test_who_may_copy_a_tail_is_told_by_the_jobs_strategy(
    web_hub: WebHub, connect: Connect, post: Post, hub: Hub
) -> None:
    holder, first, fastest = connect(), connect(1), connect(8)
    post("round_robin")
    assert holder.lease()["lease_id"] is not None
    for socket in (first, fastest):
        wait(socket)
    wait_until(lambda: bool(copies.tails(hub, 9)), what="something to copy")
    web_hub.background.copy_tails()
    assert_only_first_is_told(first, fastest)


def test_jobs_of_one_queue_are_told_of_each_by_its_own_strategy(
    web_hub: WebHub, connect: Connect, post: Post
) -> None:
    first, second, fastest = (wait(connect(cores)) for cores in (1, 2, 8))
    post("round_robin")
    post()
    web_hub.background.feed_and_expire()
    for told in (first, fastest):
        assert told.hear("work_available") == {}
    assert second.hears_nothing()


# Several web processes ------------------------------------------------------------------------


def test_a_web_process_tells_as_many_as_it_has_of_all_volunteers(
    web_hub: WebHub, connect: Connect, post: Post, news: Callable[[], None], hub: Hub
) -> None:
    sockets = [wait(connect(cores)) for cores in (4, 3, 2, 1)]
    for number in range(4):
        presence.enrol(
            hub,
            None,
            "native",
            Capabilities(),
            "elsewhere",
            process_id="web_2",
            socket=f"there_{number}",
        )
    web_hub.background.beat()
    post("fastest", sub_jobs=4)
    news()
    for told in sockets[:2]:
        assert told.hear("work_available") == {}
    assert all(each.hears_nothing() for each in sockets[2:])
