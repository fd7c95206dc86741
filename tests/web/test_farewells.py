"""What volunteers say by HTTP as they leave: stored as what sockets bring, once, from them only."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

import jobspec
from owc.domain.matching import Capabilities
from owc.domain.states import LeaseState
from owc.factory import WebHub
from owc.services import catalogue, collection, completion, dispatch, presence, upkeep
from owc.services.hub import Hub
from owc.services.values import LeaseOffer, Report
from owc.store import LeaseRow, ResultRow, VolunteerRow
from owc.web.tokens import Purpose

pytestmark = pytest.mark.redis

TEXT = "text/plain;charset=UTF-8"
FAR_AWAY = "network"


class Leaver:
    """A volunteer with a lease of a job, and what came of its sub-jobs."""

    def __init__(self, web_hub: WebHub, hub: Hub, client: FlaskClient) -> None:
        self._client, self._hub = client, hub
        device = Capabilities(cores=16, engine="blink")
        self.id = presence.enrol(hub, None, "browser", device, FAR_AWAY).id
        self.token = web_hub.runtime.tokens.issue(Purpose.SESSION, self.id)
        offer = dispatch.lease(hub, self.id, 3)
        assert offer is not None
        self.offer: LeaseOffer = offer

    def outputs(self) -> list[bytes]:
        program = catalogue.program(self._hub, self.offer.job_id)
        runs = []
        for sub_job in self.offer.sub_jobs:
            chunk = sub_job.chunk or self._hub.blobs.read(sub_job.chunk_sha256 or "")
            memory = self.offer.memory_bytes
            runs.append(jobspec.run_program(program, chunk, fuel=None, memory_bytes=memory))
        return [run.output for run in runs]

    def farewell(self, outputs: list[bytes], **change: Any) -> dict[str, Any]:
        """The first line: these outputs are of the first sub-jobs, the rest is given back."""
        results = [
            {
                "sub_job_id": sub_job.sub_job_id,
                "output_bytes": len(output),
                "output_sha256": None,
                "rows_done": sub_job.rows,
                "trap_site": None,
                "error": None,
                "elapsed_ms": 1.0,
            }
            for sub_job, output in zip(self.offer.sub_jobs, outputs, strict=False)
        ]
        report = {"lease_id": self.offer.lease_id, "results": results}
        return {
            "token": self.token,
            "reports": [report] if results else [],
            "releases": [{"lease_id": self.offer.lease_id, "sub_job_ids": None}],
            **change,
        }

    def leave(self, line: dict[str, Any], outputs: list[bytes]) -> Any:
        body = json.dumps(line).encode() + b"\n" + b"".join(outputs)
        return self._client.post("/volunteer/leave", data=body, content_type=TEXT)


@pytest.fixture
def leaver(post_job: Callable[..., Any], web_hub: WebHub, hub: Hub, client: FlaskClient) -> Leaver:
    completion.split(hub, str(post_job().json["id"]))
    upkeep.feed(hub)
    return Leaver(web_hub, hub, client)


def count(hub: Hub, query: Any) -> int:
    with hub.database.read() as session:
        return session.scalar(query) or 0


def results(hub: Hub) -> int:
    return count(hub, select(func.count()).select_from(ResultRow))


def active_leases(hub: Hub) -> int:
    return count(hub, select(func.count()).where(LeaseRow.state == LeaseState.ACTIVE))


def test_what_a_page_had_not_got_rid_of_is_stored_and_the_rest_is_given_back(
    leaver: Leaver, hub: Hub
) -> None:
    outputs = leaver.outputs()[:2]
    answer = leaver.leave(leaver.farewell(outputs), outputs)
    assert answer.status_code == 200, answer.text
    assert [each["status"] for each in answer.json["results"]] == ["stored", "stored"]
    assert results(hub) == 2
    assert active_leases(hub) == 0
    other = presence.enrol(hub, None, "native", Capabilities(cores=8), "elsewhere")
    again = dispatch.lease(hub, other.id, 100)
    assert again is not None
    assert leaver.offer.sub_jobs[2].sub_job_id in {each.sub_job_id for each in again.sub_jobs}


def test_a_result_that_came_by_the_socket_and_by_a_farewell_counts_once(
    leaver: Leaver, hub: Hub
) -> None:
    outputs = leaver.outputs()
    by_socket = Report(
        volunteer_id=leaver.id,
        lease_id=leaver.offer.lease_id,
        sub_job_id=leaver.offer.sub_jobs[0].sub_job_id,
        output=outputs[0],
        rows_done=leaver.offer.sub_jobs[0].rows,
    )
    assert collection.take_results(hub, [by_socket])[0].status == "stored"
    for _ in range(2):
        answer = leaver.leave(leaver.farewell(outputs[:1]), outputs[:1])
        assert [each["status"] for each in answer.json["results"]] == ["duplicate"]
    assert results(hub) == 1


def test_a_farewell_without_results_only_gives_back(leaver: Leaver, hub: Hub) -> None:
    answer = leaver.leave(leaver.farewell([]), [])
    assert (answer.status_code, answer.json) == (200, {"results": []})
    assert active_leases(hub) == 0


def test_nobody_says_farewell_for_another(
    leaver: Leaver, hub: Hub, web_hub: WebHub, client: FlaskClient
) -> None:
    outputs = leaver.outputs()[:1]
    for token in ("", "forged", web_hub.runtime.tokens.issue(Purpose.FRAME, "site:x")):
        answer = leaver.leave(leaver.farewell(outputs, token=token or "-"), outputs)
        assert (answer.status_code, answer.json["code"]) == (401, "bad_token")
    other = presence.enrol(hub, None, "native", Capabilities(), "elsewhere")
    foreign = web_hub.runtime.tokens.issue(Purpose.SESSION, other.id)
    answer = leaver.leave(leaver.farewell([], token=foreign), [])
    assert answer.status_code == 200
    assert active_leases(hub) == 1, "a lease is given back by its own volunteer only"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"{}",
        b"[]\nx",
        b'{"token": 1, "reports": [], "releases": []}\n',
        b"\xff\xfe\n",
        b"[" * 5000,
    ],
)
def test_a_farewell_that_does_not_fit_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/volunteer/leave", data=body, content_type=TEXT)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")


def test_outputs_that_are_longer_or_shorter_than_said_are_refused(leaver: Leaver, hub: Hub) -> None:
    outputs = leaver.outputs()[:2]
    for wrong in ([*outputs, b"x"], outputs[:1], []):
        answer = leaver.leave(leaver.farewell(outputs), wrong)
        assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert results(hub) == 0


def test_a_farewell_is_bounded(client: FlaskClient) -> None:
    answer = client.post("/volunteer/leave", data=b"x" * 70_000, content_type=TEXT)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_a_volunteer_that_wants_to_be_forgotten_is(
    leaver: Leaver, hub: Hub, client: FlaskClient
) -> None:
    answer = client.post("/volunteer/forget", data=leaver.token, content_type=TEXT)
    assert (answer.status_code, answer.json) == (200, {"forgotten": True})
    assert active_leases(hub) == 0
    with hub.database.read() as session:
        row = session.get_one(VolunteerRow, leaver.id)
        assert FAR_AWAY not in row.network
        assert row.capabilities == Capabilities()
        assert (row.agreed, row.paces) == (0, {})


def test_only_the_volunteer_itself_can_have_itself_forgotten(
    leaver: Leaver, hub: Hub, client: FlaskClient
) -> None:
    for token in ("", leaver.id, leaver.token + "x"):
        answer = client.post("/volunteer/forget", data=token, content_type=TEXT)
        assert (answer.status_code, answer.json["code"]) == (401, "bad_token")
    assert active_leases(hub) == 1
