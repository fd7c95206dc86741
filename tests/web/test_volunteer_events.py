"""The namespace /volunteer in threads, by Flask-SocketIO's test client: flows and refusals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

import jobspec
from owc.clock import SystemClock
from owc.factory import WebHub
from owc.services import catalogue, checking, completion, dispatch, standing, upkeep
from owc.services.aftermath import begin_change
from owc.services.hub import Hub
from owc.store import VolunteerRow
from owc.volunteer.packing import result_reports
from owc.web.tokens import Purpose
from tests.web.conftest import DOCUMENT
from tests.web.served import wait_until

pytestmark = pytest.mark.redis

CAPABILITIES = {
    "cores": 4,
    "memory_bytes": 1 << 30,
    "features": ["simd128"],
    "mobile": False,
    "score": 1.0,
    "engine": "test",
}


class Socket:
    """One volunteer's socket, with what it has been told."""

    def __init__(self, web_hub: WebHub) -> None:
        self._web_hub = web_hub
        self._client = web_hub.socketio.test_client(
            web_hub.app, namespace="/volunteer", headers={"Host": "localhost"}
        )
        self._heard: list[dict[str, Any]] = []
        self.token = web_hub.runtime.tokens.issue(Purpose.FRAME, "native")
        self.standing: dict[str, Any] = {}

    def emit(self, event: str, *args: Any, **more: Any) -> Any:
        return self._client.emit(event, *args, namespace="/volunteer", **more)

    def send(self, event: str, **message: Any) -> None:
        self.emit(event, {"token": self.token, **message})

    def hear(self, event: str, seconds: float = 5.0) -> dict[str, Any]:
        """The payload of the next such event; whatever came before it is skipped."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._listen()
            while self._heard:
                told = self._heard.pop(0)
                if told["name"] == event:
                    payload: dict[str, Any] = told["args"][0]
                    return payload
            time.sleep(0.005)
        raise AssertionError(f"{event} was not heard")

    def hears_nothing(self) -> bool:
        self._listen()
        return not self._heard

    def _listen(self) -> None:
        # Not get_received(), which is silent about what was said before a connection ended.
        self._heard += self._client.queue
        self._client.queue.clear()

    def hello(self, **change: Any) -> dict[str, Any]:
        self.say_hello(**change)
        welcome = self.hear("volunteer_welcome")
        self.token = welcome["token"]
        self.standing = self.hear("volunteer_standing")
        return welcome

    def say_hello(self, **change: Any) -> None:
        self.send(
            "volunteer_hello",
            **{
                "protocol": 1,
                "kind": "native",
                "volunteer_token": None,
                "site": "",
                "capabilities": CAPABILITIES,
                "lease_ids": [],
                **change,
            },
        )

    def lease(self, sub_jobs: int = 4) -> dict[str, Any]:
        self.send("lease_request", sub_jobs=sub_jobs)
        return self.hear("lease_offer")

    def refused(self) -> str:
        code: str = self.hear("volunteer_refused")["code"]
        assert not self._client.is_connected("/volunteer")
        return code

    def goodbye(self) -> None:
        self._client.disconnect("/volunteer")


@pytest.fixture
def socket(web_hub: WebHub) -> Socket:
    return Socket(web_hub)


@pytest.fixture
def connect(web_hub: WebHub) -> Callable[[], Socket]:
    return lambda: Socket(web_hub)


@pytest.fixture
def job_id(post_job: Callable[..., Any], hub: Hub) -> str:
    """A job that is split and queued."""
    job_id = str(post_job(DOCUMENT).json["id"])
    completion.split(hub, job_id)
    upkeep.feed(hub)
    return job_id


@pytest.fixture(autouse=True)
def exchanging(web_hub: WebHub) -> Iterator[None]:
    """The task that serves what volunteers say."""
    task = web_hub.socketio.server.start_background_task(web_hub.volunteers.exchange.run)
    yield
    web_hub.volunteers.exchange.stop()
    task.join()


def result_of(hub: Hub, offer: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """What comes of a sub-job, with its output beside it as volunteers keep it."""
    sub_job = offer["sub_jobs"][index]
    start = sum(each["chunk_bytes"] for each in offer["sub_jobs"][:index])
    chunk = offer["chunks"][start : start + sub_job["chunk_bytes"]]
    program = catalogue.program(hub, offer["job"]["id"])
    run = jobspec.run_program(
        program, chunk, fuel=None, memory_bytes=offer["program"]["memory_bytes"]
    )
    return {
        "sub_job_id": sub_job["sub_job_id"],
        "output": run.output,
        "output_sha256": None,
        "rows_done": run.rows_done,
        "trap_site": None,
        "error": None,
        "elapsed_ms": 1.5,
    }


def report_of(*results: dict[str, Any], wants: int = 0) -> dict[str, Any]:
    """The rest of a `result_report`."""
    [message] = result_reports(results)
    return {**message, "wants": wants}


def states(hub: Hub, job_id: str) -> list[str]:
    return [sub_job.state for sub_job in catalogue.sub_jobs(hub, job_id)]


def test_a_volunteer_is_welcomed_with_tokens_of_its_own(socket: Socket) -> None:
    welcome = socket.hello()
    assert welcome["volunteer_id"].startswith("vol_")
    assert welcome["protocol"] == 1
    assert socket.lease()["lease_id"] is None, "there is no job"


def test_a_volunteer_that_comes_back_is_the_same(
    socket: Socket, connect: Callable[[], Socket]
) -> None:
    first = socket.hello()
    again = connect()
    second = again.hello(volunteer_token=first["volunteer_token"])
    assert second["volunteer_id"] == first["volunteer_id"]
    assert socket.refused() == "replaced"


def test_a_forged_identity_is_a_newcomer(socket: Socket, connect: Callable[[], Socket]) -> None:
    first = socket.hello()
    forged = first["volunteer_token"][:-2] + "xx"
    assert connect().hello(volunteer_token=forged)["volunteer_id"] != first["volunteer_id"]


def test_a_lease_names_program_and_chunks(socket: Socket, job_id: str, hub: Hub) -> None:
    socket.hello()
    offer = socket.lease()
    assert offer["job"]["id"] == job_id
    assert offer["program"]["url"] == f"/blob/{offer['program']['sha256']}"
    assert offer["lease_seconds"] >= 60
    lengths = [sub_job["chunk_bytes"] for sub_job in offer["sub_jobs"]]
    assert len(lengths) == 4
    assert (type(offer["chunks"]), len(offer["chunks"])) == (bytes, sum(lengths))
    assert "leased" in states(hub, job_id)


def test_results_are_acknowledged_once_they_are_stored(
    socket: Socket, job_id: str, hub: Hub
) -> None:
    socket.hello()
    offer = socket.lease()
    results = [result_of(hub, offer, index) for index in range(len(offer["sub_jobs"]))]
    socket.send("result_report", lease_id=offer["lease_id"], **report_of(*results))
    ack = socket.hear("result_ack")
    assert ack["lease_id"] == offer["lease_id"]
    assert {receipt["status"] for receipt in ack["results"]} == {"stored"}
    assert states(hub, job_id).count("judging") == len(results)


def test_a_report_that_wants_more_brings_the_next_lease(
    socket: Socket, job_id: str, hub: Hub
) -> None:
    socket.hello()
    offer = socket.lease(2)
    report = report_of(*(result_of(hub, offer, index) for index in range(2)), wants=3)
    socket.send("result_report", lease_id=offer["lease_id"], **report)
    assert socket.hear("result_ack")["lease_id"] == offer["lease_id"]
    after = socket.hear("lease_offer")
    assert after["job"]["id"] == job_id
    assert len(after["sub_jobs"]) == 3
    socket.send("result_report", lease_id=after["lease_id"], **report_of(result_of(hub, after)))
    assert socket.hear("result_ack")["lease_id"] == after["lease_id"]
    assert socket.hears_nothing(), "nothing more was wanted"


def checkpoints_of(*outputs: bytes) -> list[dict[str, Any]]:
    return [
        {
            "sub_job_id": f"sub_{index}",
            "rows_done": 1,
            "output_bytes": len(output),
            "elapsed_ms": 1100.0,
        }
        for index, output in enumerate(outputs)
    ]


def test_checkpoints_are_taken_without_an_answer(socket: Socket) -> None:
    assert socket.hello()["checkpoint_bytes"] == 16_384
    checkpoints = checkpoints_of(b"one", b"", b"three")
    report = {"lease_id": "lease_1", "checkpoints": checkpoints, "outputs": b"onethree"}
    socket.send("checkpoint_report", **report)
    assert socket.hears_nothing()
    assert socket.lease()["lease_id"] is None


@pytest.mark.parametrize(
    ("lengths", "outputs"),
    [
        ([1], None),
        ([None], b"x"),
        ([2], b"x"),
        ([1, None, 1], b"xxx"),
        ([2**53 - 1], b"x"),
        ([0], b"x"),
    ],
)
def test_lengths_that_do_not_add_up_end_the_connection(
    socket: Socket, connect: Callable[[], Socket], lengths: list[int | None], outputs: bytes | None
) -> None:
    socket.hello()
    result = {
        "output_sha256": None,
        "rows_done": 1,
        "trap_site": None,
        "error": None,
        "elapsed_ms": 1,
    }
    results = [
        {**result, "sub_job_id": f"sub_{index}", "output_bytes": length}
        for index, length in enumerate(lengths)
    ]
    report = {"lease_id": "lease_1", "results": results, "outputs": outputs, "wants": 0}
    socket.send("result_report", **report)
    assert socket.refused() == "bad_message"
    other = connect()
    other.hello()
    checkpoints = checkpoints_of(*(b"" for _ in lengths))
    for checkpoint, length in zip(checkpoints, lengths, strict=True):
        checkpoint["output_bytes"] = length or 0
    report = {"lease_id": "lease_1", "checkpoints": checkpoints, "outputs": outputs or b""}
    other.send("checkpoint_report", **report)
    assert other.refused() == "bad_message"


def test_a_replayed_result_is_a_duplicate(socket: Socket, job_id: str, hub: Hub) -> None:
    socket.hello()
    offer = socket.lease()
    result = result_of(hub, offer)
    for status in ("stored", "duplicate"):
        socket.send("result_report", lease_id=offer["lease_id"], **report_of(result))
        assert socket.hear("result_ack")["results"][0]["status"] == status


@pytest.mark.usefixtures("job_id")
def test_the_result_of_anothers_lease_is_refused(
    socket: Socket, connect: Callable[[], Socket], hub: Hub
) -> None:
    socket.hello()
    thief = connect()
    thief.hello()
    offer = socket.lease()
    result = result_of(hub, offer)
    thief.send("result_report", lease_id=offer["lease_id"], **report_of(result))
    receipt = thief.hear("result_ack")["results"][0]
    assert (receipt["status"], bool(receipt["message"])) == ("refused", True)
    socket.send("result_report", lease_id=offer["lease_id"], **report_of(result))
    assert socket.hear("result_ack")["results"][0]["status"] == "stored"


@pytest.mark.usefixtures("job_id")
@pytest.mark.parametrize(
    "change",
    [
        {"output": b""},
        {"output": b"OWCT" + b"\xff" * 60},
        {"output": None},
        {"output": None, "output_sha256": "0" * 64},
        {"trap_site": 10_000, "output": None},
    ],
)
def test_a_forged_output_is_refused(socket: Socket, hub: Hub, change: dict[str, Any]) -> None:
    socket.hello()
    offer = socket.lease()
    result = {**result_of(hub, offer), **change}
    socket.send("result_report", lease_id=offer["lease_id"], **report_of(result))
    receipt = socket.hear("result_ack")["results"][0]
    assert receipt["status"] == "refused"
    assert receipt["message"]


def test_an_unknown_lease_and_sub_job_are_refused_without_harm(socket: Socket, hub: Hub) -> None:
    socket.hello()
    result = {
        "sub_job_id": "sub_unknown",
        "output": b"x",
        "output_sha256": None,
        "rows_done": 1,
        "trap_site": None,
        "error": None,
        "elapsed_ms": 1,
    }
    socket.send("result_report", lease_id="lease_unknown", **report_of(result))
    assert socket.hear("result_ack")["results"][0]["status"] == "refused"
    socket.send("lease_release", lease_id="lease_unknown", sub_job_ids=None, reason="")
    socket.send("lease_renew", lease_ids=["lease_unknown"])
    assert socket.hear("lease_revoke")["lease_id"] == "lease_unknown"
    assert socket.lease()["lease_id"] is None


def test_a_renewal_gives_the_next_token(socket: Socket, job_id: str) -> None:
    socket.hello()
    offer = socket.lease()
    renewed = socket.emit(
        "lease_renew", {"token": socket.token, "lease_ids": [offer["lease_id"]]}, callback=True
    )
    assert renewed["lease_seconds"] >= 60
    socket.token = renewed["token"]
    socket.send("lease_release", lease_id=offer["lease_id"], sub_job_ids=None, reason="done")
    assert socket.hears_nothing()


def test_released_sub_jobs_wait_again(socket: Socket, job_id: str, hub: Hub) -> None:
    socket.hello()
    offer = socket.lease()
    socket.send("lease_release", lease_id=offer["lease_id"], sub_job_ids=None, reason="tired")
    wait_until(lambda: set(states(hub, job_id)) == {"waiting"}, what="the release")


def test_a_clean_goodbye_frees_its_leases_at_once(socket: Socket, job_id: str, hub: Hub) -> None:
    socket.hello()
    socket.lease()
    socket.goodbye()
    grace = hub.settings.grace_seconds
    wait_until(
        lambda: set(states(hub, job_id)) == {"waiting"}, seconds=grace / 2, what="the goodbye"
    )


def test_a_lease_made_while_its_socket_closes_is_freed_at_once(
    socket: Socket, job_id: str, hub: Hub, web_hub: WebHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    volunteer_id = socket.hello()["volunteer_id"]
    connections = web_hub.volunteers.connections
    connection = connections.of_volunteer(volunteer_id)
    assert connection is not None
    lease = dispatch.lease_many
    granted = []

    def lease_too_late(*args: Any) -> Any:
        connections.remove(connection.sid)
        granted.extend(lease(*args))
        return granted

    monkeypatch.setattr(dispatch, "lease_many", lease_too_late)
    socket.send("lease_request", sub_jobs=2)
    wait_until(lambda: bool(granted) and set(states(hub, job_id)) == {"waiting"}, what="release")
    assert granted[0].sub_jobs


def test_a_volunteer_that_comes_back_keeps_the_leases_it_names_and_no_others(
    connect: Callable[[], Socket], job_id: str, hub: Hub
) -> None:
    before = connect()
    identity = before.hello()["volunteer_token"]
    kept, lost = before.lease(2), before.lease(3)
    connect().hello(volunteer_token=identity, lease_ids=[kept["lease_id"]])
    of_kept = {sub_job["sub_job_id"] for sub_job in kept["sub_jobs"]}
    found = catalogue.sub_jobs(hub, job_id)
    assert {each.id for each in found if each.state == "leased"} == of_kept
    assert lost["lease_id"]


def test_a_waiting_volunteer_is_told_of_work_and_the_next_by_the_first(
    web_hub: WebHub, connect: Callable[[], Socket], post_job: Callable[..., Any], hub: Hub
) -> None:
    first, second = connect(), connect()
    for socket in (first, second):
        socket.hello()
        assert socket.lease()["lease_id"] is None
    job_id = post_job(DOCUMENT).json["id"]
    completion.split(hub, job_id)
    upkeep.feed(hub)
    web_hub.volunteers.nudge(most=1)
    assert first.hear("work_available") == {}
    assert second.hears_nothing()
    assert first.lease(1)["lease_id"] is not None
    assert second.hear("work_available") == {}


def test_work_that_nobody_takes_is_offered_to_everyone_who_waits(
    web_hub: WebHub, connect: Callable[[], Socket], post_job: Callable[..., Any], hub: Hub
) -> None:
    sockets = [connect() for _ in range(12)]
    for each in sockets:
        each.hello()
        assert each.lease()["lease_id"] is None
    job_id = post_job().get_json()["id"]
    completion.split(hub, job_id)
    web_hub.volunteers.nudge(8)  # the first of them are told, and never ask
    web_hub.background.feed_and_expire()
    assert sockets[-1].hear("work_available") == {}
    assert sockets[-1].lease()["lease_id"] is not None


def test_a_revoked_lease_is_told_to_its_volunteer(socket: Socket, web_hub: WebHub) -> None:
    volunteer_id = socket.hello()["volunteer_id"]
    web_hub.volunteers.revoke(volunteer_id, "lease_1", None, "The job was cancelled.")
    assert socket.hear("lease_revoke") == {
        "lease_id": "lease_1",
        "sub_job_ids": None,
        "reason": "The job was cancelled.",
    }


# Refusals: each ends the connection with a reason ---------------------------------------------


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("volunteer_hello", ()),
        ("volunteer_hello", ({},)),
        ("volunteer_hello", ([],)),
        ("volunteer_hello", ({}, {})),
        ("volunteer_hello", ("x" * 1000,)),
        ("lease_request", ({"token": "t", "sub_jobs": -1},)),
        ("lease_request", ({"token": "t", "sub_jobs": "many"},)),
        ("lease_request", ({"token": "t", "sub_jobs": 10**30},)),
        ("lease_renew", ({"token": "t", "lease_ids": ["x; DROP TABLE job"]},)),
        ("lease_release", ({"token": "t", "lease_id": None, "sub_job_ids": [], "reason": ""},)),
        ("result_report", ({"token": "t", "lease_id": "lease_1", "results": []},)),
        ("result_report", ({"token": "t", "lease_id": "lease_1", "results": [{}] * 101},)),
        ("checkpoint_report", ({"token": "t", "lease_id": "lease_1", "checkpoints": []},)),
        ("no_such_event", ({},)),
    ],
)
def test_a_message_that_does_not_fit_ends_the_connection(
    socket: Socket, event: str, args: tuple[Any, ...]
) -> None:
    socket.emit(event, *args)
    assert socket.refused() == "bad_message"


def test_the_hello_comes_first_and_once(connect: Callable[[], Socket]) -> None:
    early = connect()
    early.send("lease_request", sub_jobs=1)
    assert early.refused() == "hello_first"
    twice = connect()
    twice.hello()
    twice.send(
        "volunteer_hello",
        protocol=1,
        kind="native",
        volunteer_token=None,
        site="",
        capabilities=CAPABILITIES,
        lease_ids=[],
    )
    assert twice.refused() == "hello_twice"


def test_a_protocol_of_the_future_is_refused(socket: Socket) -> None:
    socket.send(
        "volunteer_hello",
        protocol=99,
        kind="native",
        volunteer_token=None,
        site="",
        capabilities=CAPABILITIES,
        lease_ids=[],
    )
    assert socket.refused() == "unsupported_protocol"


@pytest.mark.parametrize("token", ["forged", "a.b.c"])
def test_a_hello_with_a_bad_token_is_refused(socket: Socket, token: str) -> None:
    socket.emit(
        "volunteer_hello",
        {
            "token": token,
            "protocol": 1,
            "kind": "native",
            "volunteer_token": None,
            "site": "",
            "capabilities": CAPABILITIES,
            "lease_ids": [],
        },
    )
    assert socket.refused() == "bad_token"


def test_anothers_token_is_refused(connect: Callable[[], Socket]) -> None:
    ada, bob = connect(), connect()
    ada.hello()
    bob.hello()
    bob.token = ada.token
    bob.send("lease_request", sub_jobs=1)
    assert bob.refused() == "bad_token"


def test_a_frame_token_is_good_for_a_hello_only(socket: Socket, web_hub: WebHub) -> None:
    socket.hello()
    socket.token = web_hub.runtime.tokens.issue(Purpose.FRAME, "native")
    socket.send("lease_request", sub_jobs=1)
    assert socket.refused() == "bad_token"


def test_a_flood_of_messages_ends_the_connection(
    socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: 5.0)  # all within one second
    socket.hello()
    for _ in range(200):
        socket.send("lease_renew", lease_ids=[])
    assert socket.refused() == "too_many_messages"


@pytest.mark.parametrize("event", ["connect", "disconnect"])
def test_a_client_cannot_play_the_servers_own_events(
    socket: Socket, job_id: str, hub: Hub, event: str
) -> None:
    socket.hello()
    socket.emit(event, {"REMOTE_ADDR": "127.0.0.1"})
    socket.send("lease_request", sub_jobs=1)
    if event == "connect":
        assert socket.hear("lease_offer")["job"]["id"] == job_id
    else:
        assert socket.hears_nothing(), "who plays gone is gone"


def test_pages_are_told_what_changes(
    web_hub: WebHub, post_job: Callable[..., Any], hub: Hub
) -> None:
    job_id = post_job(DOCUMENT).json["id"]
    watcher = web_hub.socketio.test_client(web_hub.app, namespace="/watch")
    watcher.emit("watch_job", {"job_id": job_id}, namespace="/watch")
    assert web_hub.watchers.tell() == 1
    told = watcher.get_received("/watch")
    assert told[0]["name"] == "job_changed"
    assert told[0]["args"][0]["id"] == job_id
    other = web_hub.socketio.test_client(web_hub.app, namespace="/watch")
    other.emit("watch_jobs", {}, namespace="/watch")
    web_hub.watchers.jobs_changed([job_id])
    web_hub.watchers.tell()
    assert len(watcher.get_received("/watch")) == len(other.get_received("/watch")) == 1


@pytest.mark.parametrize(
    ("event", "message"),
    [("watch_job", {}), ("watch_job", {"job_id": "job_unknown"}), ("watch_jobs", {"x": 1})],
)
def test_a_bad_wish_to_watch_ends_the_connection(
    web_hub: WebHub, event: str, message: dict[str, Any]
) -> None:
    watcher = web_hub.socketio.test_client(web_hub.app, namespace="/watch")
    watcher.emit(event, message, namespace="/watch")
    assert not watcher.is_connected("/watch")


def test_a_volunteer_is_told_how_it_stands_and_when_that_changes(
    socket: Socket, web_hub: WebHub, hub: Hub
) -> None:
    volunteer_id = socket.hello()["volunteer_id"]
    assert socket.standing["status"] == "new"
    assert (socket.standing["agreed"], socket.standing["needed"]) == (0, 10)
    with begin_change(hub) as change:
        volunteer = change.session.get_one(VolunteerRow, volunteer_id)
        for _ in range(3):
            standing.lose_trust(change, volunteer)
    web_hub.volunteers.stand([volunteer_id, "vol_elsewhere"])
    told = socket.hear("volunteer_standing")
    assert told["status"] == "barred"
    assert told["until"] is not None
    assert "3 times" in told["message"]
    assert socket.lease()["lease_id"] is None


def test_a_volunteer_asks_for_its_credit_and_its_jobs(
    socket: Socket, job_id: str, hub: Hub, client: FlaskClient
) -> None:
    socket.hello()
    offer = socket.lease(1)
    report = report_of(result_of(hub, offer))
    socket.send("result_report", lease_id=offer["lease_id"], **report)
    socket.hear("result_ack")
    checking.check_sub_jobs(hub, [offer["sub_jobs"][0]["sub_job_id"]])
    headers = {"Authorization": f"Bearer {socket.token}"}
    answer = client.get("/volunteer/me", headers=headers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["standing"]["agreed"] == 1
    assert answer.json["standing"]["credit"] > 0
    (job,) = answer.json["jobs"]
    assert (job["id"], job["rows"], job["url"]) == (
        job_id,
        offer["sub_jobs"][0]["rows"],
        f"/job/{job_id}",
    )
    assert client.get("/volunteer/me").status_code == 401
