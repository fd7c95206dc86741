"""Volunteers who claim what is not theirs: tokens, leases, sub-jobs, checkpoints, identities.

The client of these tests is that of `tests/web/test_volunteer_events.py`, where replays, results of
other leases and outputs that are none are refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from redis import Redis

from owc.clock import ManualClock, SystemClock
from owc.factory import WebHub
from owc.queue import RedisServer
from owc.services import catalogue
from owc.services.hub import Hub
from owc.web.tokens import Purpose, TokenRefusedError, TokenSigner
from tests.web.test_volunteer_events import (
    Socket,
    checkpoints_of,
    connect,
    exchanging,
    job_id,
    report_of,
    result_of,
    socket,
    states,
)

__all__ = ["connect", "exchanging", "job_id", "socket"]

pytestmark = pytest.mark.redis

KEY = b"k" * 32
Connect = Callable[[], Socket]


@pytest.fixture
def signer() -> TokenSigner:
    return TokenSigner(KEY, ManualClock(SystemClock().now()), session_seconds=60)


# Tokens -----------------------------------------------------------------------------------------


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(header: dict[str, object], claims: object) -> str:
    """As JSON Web Tokens are written, without a signature."""
    return f"{encoded(header)}.{encoded(claims)}."


FAR = 10**10
CLAIMS = ["vol_1", FAR]
FORGERIES = {
    "a JSON Web Token of the algorithm none": unsigned({"alg": "none"}, CLAIMS),
    "the same in other letters": unsigned({"alg": "nOnE", "typ": "JWT"}, CLAIMS),
    "claims without a signature": encoded(CLAIMS),
    "claims with an empty signature": encoded(CLAIMS) + ".",
    "another salt": URLSafeSerializer(KEY, salt="owc").dumps(CLAIMS),
    "the salt of another purpose": URLSafeSerializer(KEY, salt="owc.frame").dumps(CLAIMS),
    "another kind of serializer": URLSafeTimedSerializer(KEY, salt="owc.session").dumps(CLAIMS),
    "another digest": URLSafeSerializer(
        KEY, salt="owc.session", signer_kwargs={"digest_method": hashlib.md5}
    ).dumps(CLAIMS),
    "the key itself as derived key": URLSafeSerializer(
        KEY, salt="owc.session", signer_kwargs={"key_derivation": "none"}
    ).dumps(CLAIMS),
    "an empty key": URLSafeSerializer(b"", salt="owc.session").dumps(CLAIMS),
    "a public word as key": URLSafeSerializer(b"secret", salt="owc.session").dumps(CLAIMS),
    "a plain digest": encoded(CLAIMS)
    + "."
    + base64.urlsafe_b64encode(hmac.digest(KEY, encoded(CLAIMS).encode(), "sha1")).decode(),
    "a compressed bomb": "." + "eJ" * 500,
    "nothing": "",
    "a null": "\0",
    "letters beyond ASCII": "é" * 40,
}


@pytest.mark.parametrize("token", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_token_that_this_hub_did_not_sign_for_this_is_refused(
    signer: TokenSigner, token: str
) -> None:
    assert signer.read(signer.issue(Purpose.SESSION, "vol_1"), Purpose.SESSION)
    with pytest.raises(TokenRefusedError) as refused:
        signer.read(token, Purpose.SESSION)
    assert refused.value.code == "bad_token"


@pytest.mark.parametrize("purpose", Purpose)
def test_no_sign_of_a_token_may_change(signer: TokenSigner, purpose: Purpose) -> None:
    token = signer.issue(purpose, "vol_1")
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(5)]
    payload, _, signature = token.partition(".")
    other = signer.issue(purpose, "vol_2").partition(".")
    for forged in [*changed, f"{other[0]}.{signature}", f"{payload}.{other[2]}", payload]:
        with pytest.raises(TokenRefusedError):
            signer.read(forged, purpose)


@pytest.mark.parametrize("given", Purpose)
@pytest.mark.parametrize("wanted", Purpose)
def test_tokens_pass_for_their_purpose_only(
    signer: TokenSigner, given: Purpose, wanted: Purpose
) -> None:
    token = signer.issue(given, "vol_1")
    if given is wanted:
        assert signer.read(token, wanted).subject == "vol_1"
    else:
        with pytest.raises(TokenRefusedError, match="bad_token"):
            signer.read(token, wanted)


@pytest.mark.parametrize("purpose", [Purpose.FRAME, Purpose.IDENTITY])
def test_only_a_session_speaks_for_a_volunteer(
    socket: Socket, client: FlaskClient, web_hub: WebHub, purpose: Purpose
) -> None:
    volunteer_id = socket.hello()["volunteer_id"]
    wrong = web_hub.runtime.tokens.issue(purpose, volunteer_id)
    headers = {"Authorization": f"Bearer {wrong}", "Content-Type": "application/octet-stream"}
    sent = client.post("/volunteer/output", data=b"x", headers=headers)
    assert (sent.status_code, sent.json["code"]) == (401, "bad_token")
    posted = client.post("/job", json={}, headers=headers)
    assert (posted.status_code, posted.json["code"]) == (401, "bad_token")
    socket.token = wrong
    socket.send("lease_request", sub_jobs=1)
    assert socket.refused() == "bad_token"


def test_a_frames_token_as_an_identity_is_a_newcomer(socket: Socket, connect: Connect) -> None:
    known = socket.hello()["volunteer_id"]
    other = connect()
    assert other.hello(volunteer_token=other.token)["volunteer_id"] != known
    third = connect()
    assert third.hello(volunteer_token=socket.token)["volunteer_id"] != known, "a session's, too"


def test_an_expired_session_ends_the_connection(
    socket: Socket, web_hub: WebHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    volunteer_id = socket.hello()["volunteer_id"]
    clock = web_hub.runtime.hub.clock
    before = clock.now() - timedelta(days=2)
    past = TokenSigner(web_hub.runtime.tokens.key, ManualClock(before), session_seconds=60)
    socket.token = past.issue(Purpose.SESSION, volunteer_id)
    socket.send("lease_request", sub_jobs=1)
    assert socket.refused() == "token_expired"


def test_a_token_of_another_hub_opens_nothing(socket: Socket, web_hub: WebHub) -> None:
    other = TokenSigner(b"o" * 32, web_hub.runtime.hub.clock, session_seconds=60)
    socket.token = other.issue(Purpose.FRAME, "native")
    socket.send(
        "volunteer_hello",
        **{
            **dict.fromkeys(["volunteer_token"]),
            "protocol": 1,
            "kind": "native",
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
        },
    )
    assert socket.refused() == "bad_token"


# Leases and sub-jobs ----------------------------------------------------------------------------


def test_a_result_for_a_sub_job_of_anothers_lease_is_refused(
    socket: Socket, connect: Connect, job_id: str, hub: Hub
) -> None:
    """Under a lease of one's own, which is right, but for a sub-job that is not in it."""
    socket.hello()
    thief = connect()
    thief.hello()
    offer, own = socket.lease(2), thief.lease(2)
    stolen = result_of(hub, offer)
    thief.send("result_report", lease_id=own["lease_id"], **report_of(stolen))
    receipt = thief.hear("result_ack")["results"][0]
    assert receipt["status"] == "refused", receipt
    socket.send("result_report", lease_id=offer["lease_id"], **report_of(stolen))
    assert socket.hear("result_ack")["results"][0]["status"] == "stored"


def test_swapped_outputs_are_refused_as_of_other_rows(
    socket: Socket, job_id: str, hub: Hub
) -> None:
    """Two right outputs, each under the other's name: no check of their rows would find them."""
    socket.hello()
    offer = socket.lease(2)
    first, second = result_of(hub, offer, 0), result_of(hub, offer, 1)
    first["output"], second["output"] = second["output"], first["output"]
    socket.send("result_report", lease_id=offer["lease_id"], **report_of(first, second))
    receipts = socket.hear("result_ack")["results"]
    assert [receipt["status"] for receipt in receipts] == ["refused", "refused"]
    assert "The output is of the rows from" in receipts[0]["message"]
    assert "settled" not in states(hub, job_id)


def test_nobody_renews_or_releases_anothers_lease(
    socket: Socket, connect: Connect, job_id: str, hub: Hub
) -> None:
    socket.hello()
    offer = socket.lease(2)
    thief = connect()
    thief.hello()
    thief.send("lease_renew", lease_ids=[offer["lease_id"]])
    assert thief.hear("lease_revoke")["lease_id"] == offer["lease_id"], "told that it has none"
    thief.send("lease_release", lease_id=offer["lease_id"], sub_job_ids=None, reason="")
    named = [offer["sub_jobs"][0]["sub_job_id"]]
    thief.send("lease_release", lease_id=offer["lease_id"], sub_job_ids=named, reason="")
    assert thief.lease(1)["lease_id"], "both have been served by now"
    of_victim = {each["sub_job_id"] for each in offer["sub_jobs"]}
    found = {each.id: each.state for each in catalogue.sub_jobs(hub, job_id)}
    assert {found[sub_job_id] for sub_job_id in of_victim} == {"leased"}


def test_a_hello_that_names_anothers_leases_takes_none_of_them(
    socket: Socket, connect: Connect, job_id: str, hub: Hub
) -> None:
    socket.hello()
    offer = socket.lease(2)
    thief = connect()
    thief.hello(lease_ids=[offer["lease_id"]])
    thief.send("result_report", lease_id=offer["lease_id"], **report_of(result_of(hub, offer)))
    assert thief.hear("result_ack")["results"][0]["status"] == "refused"
    assert states(hub, job_id).count("leased") == 2


def test_checkpoints_of_anothers_sub_job_are_not_kept(
    socket: Socket, connect: Connect, job_id: str, redis_server: RedisServer
) -> None:
    socket.hello()
    offer = socket.lease(1)
    thief = connect()
    thief.hello()
    own = thief.lease(1)
    victim = offer["sub_jobs"][0]["sub_job_id"]

    def send(who: Socket, lease_id: str, sub_job_id: str) -> None:
        [checkpoint] = checkpoints_of(b"some")
        checkpoint["sub_job_id"] = sub_job_id
        who.send("checkpoint_report", lease_id=lease_id, checkpoints=[checkpoint], outputs=b"some")

    with Redis.from_url(redis_server.url) as redis:
        send(thief, offer["lease_id"], victim)
        send(thief, own["lease_id"], victim)
        for number in range(150):
            send(thief, "lease_x", f"sub_{number}")
        thief.lease(1)  # everything before it has been served
        assert not redis.keys("owc:checkpoint:*")
        send(socket, offer["lease_id"], victim)
        socket.lease(1)
        assert redis.keys("owc:checkpoint:*") == [f"owc:checkpoint:{victim}".encode()]


def test_a_result_that_is_late_and_replayed_changes_nothing(
    socket: Socket, job_id: str, hub: Hub
) -> None:
    socket.hello()
    offer = socket.lease(1)
    report = report_of(result_of(hub, offer))
    socket.send("result_report", lease_id=offer["lease_id"], **report)
    assert socket.hear("result_ack")["results"][0]["status"] == "stored"
    before = states(hub, job_id)
    changed = {**result_of(hub, offer), "rows_done": 1}
    for again in (report, report_of(changed), report):
        socket.send("result_report", lease_id=offer["lease_id"], **again)
        assert socket.hear("result_ack")["results"][0]["status"] in {"duplicate", "refused"}
    assert states(hub, job_id) == before


@pytest.mark.parametrize(
    "event",
    ["volunteer_welcome", "lease_offer", "lease_revoke", "result_ack", "work_available", "message"],
)
def test_a_volunteer_cannot_say_what_only_the_hub_says(socket: Socket, event: str) -> None:
    socket.hello()
    socket.emit(event, {"lease_id": "lease_1", "results": []})
    assert socket.refused() == "bad_message"


def test_a_copied_identity_ends_the_other_socket_and_is_one_volunteer(
    socket: Socket, connect: Connect
) -> None:
    """Whoever has the token is that volunteer: never two at a time, so it earns nothing twice."""
    welcome: dict[str, Any] = socket.hello()
    thief = connect()
    assert (
        thief.hello(volunteer_token=welcome["volunteer_token"])["volunteer_id"]
        == (welcome["volunteer_id"])
    )
    assert socket.refused() == "replaced"
