"""What is seen and asked of a job's course: paused, pressed, without volunteers, skipping rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobspec.document_rules.wishes import ON_ERROR, STRATEGIES
from owc.domain.matching import Capabilities
from owc.services import access, collection, presence, submission
from owc.services import skipping as skipping_service
from owc.services.hub import Hub
from owc.tasks.worker import run_worker
from owc.web import wording
from tests.owc.jobs import Volunteer
from tests.web.conftest import DOCUMENT
from tests.web.test_posting import AWAY, bearer

pytestmark = pytest.mark.redis

PAGE = {"Accept": "text/html"}
FAILING = {
    "name": "Ratios",
    "source": {"range": {"n": [0, 200]}},
    "steps": [{"derive": {"ratio": "1000 // (n % 3)"}}],
    "finish": [{"aggregate": {"rows": "count(*)", "total": "sum(ratio)"}}],
    "split": {"rows": 20},
    "on_error": "skip",
}
"""Every third row divides by zero."""
BAD_ROWS = list(range(0, 200, 3))
RATIOS = [1000 // (n % 3) for n in range(200) if n % 3]


@dataclass
class Desk:
    """A hub, and what is asked of it over HTTP."""

    hub: Hub
    client: FlaskClient
    post: Callable[..., Any]

    def running(self, **members: Any) -> str:
        """The address of a job that has been split."""
        response = self.post({**DOCUMENT, **members})
        assert response.status_code == 201, response.text
        self.work()
        return str(response.json["url"])

    def work(self) -> None:
        run_worker(self.hub.settings, burst=True)

    def page(self, url: str) -> str:
        return str(self.client.get(url, headers=PAGE).text)


@pytest.fixture
def desk(hub: Hub, client: FlaskClient, post_job: Callable[..., Any]) -> Desk:
    return Desk(hub, client, post_job)


# --- pause and resume -----------------------------------------------------------------------------


def test_a_running_job_can_be_paused_and_resumed(desk: Desk) -> None:
    url, volunteer = desk.running(), Volunteer(desk.hub)
    assert desk.client.post(f"{url}/pause").json["state"] == "paused"
    assert desk.client.get(url).json["state"] == "paused"
    assert "This job is paused" in desk.page(url)
    assert 'data-state="paused"' in desk.page("/list")
    assert volunteer.lease() is None, "nobody is given work of it"
    resumed = desk.client.post(f"{url}/resume")
    assert (resumed.status_code, resumed.json["state"]) == (200, "running")
    assert "This job is paused" not in desk.page(url)
    assert volunteer.lease() is not None


def test_what_a_volunteer_holds_still_counts_in_a_paused_job(desk: Desk) -> None:
    url, volunteer = desk.running(split={"rows": 1000}), Volunteer(desk.hub)
    offer = volunteer.leased()
    desk.client.post(f"{url}/pause")
    collection.take_results(desk.hub, volunteer.reports(offer))
    desk.work()
    assert desk.client.get(url).json["state"] == "succeeded"


@pytest.mark.parametrize("change", ["pause", "resume"])
def test_a_job_that_is_not_in_the_state_for_it_stays_as_it_is(desk: Desk, change: str) -> None:
    url = desk.running()
    desk.client.delete(url)
    refused = desk.client.post(f"{url}/{change}")
    assert (refused.status_code, refused.json["code"]) == (403, "refused")
    assert "this one is cancelled" in refused.json["detail"]
    assert desk.client.get(url).json["state"] == "cancelled"
    assert desk.client.post(f"/job/job_none/{change}").status_code == 404
    assert desk.client.get(f"{url}/{change}").status_code == 405


@pytest.mark.parametrize("change", ["pause", "resume"])
def test_a_job_is_paused_and_resumed_by_its_submitter_or_a_trusted_one(
    desk: Desk, change: str
) -> None:
    ada, bob, eve = (
        access.create_token(desk.hub, name, scopes)
        for name, scopes in (("ada", ["submit"]), ("bob", ["submit"]), ("eve", ["trusted"]))
    )

    def ask(token: str, what: str) -> Any:
        return desk.client.post(f"{url}/{what}", environ_base=AWAY, headers=bearer(token))

    posted = desk.post(environ_base=AWAY, headers=bearer(ada)).json
    submission.approve(desk.hub, posted["id"])
    desk.work()
    url = posted["url"]
    if change == "resume":
        desk.client.post(f"{url}/pause")
    assert ask(bob, change).json["code"] == "not_yours"
    assert desk.client.post(f"{url}/{change}", environ_base=AWAY).status_code == 401
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = desk.client.post(f"{url}/{change}", headers=headers)
        assert (answer.status_code, answer.json["code"]) == (403, "foreign_origin")
    assert ask(ada, change).status_code == 200
    other = {"pause": "resume", "resume": "pause"}[change]
    assert ask(eve, other).status_code == 200


# --- what a job asks ------------------------------------------------------------------------------


def test_what_a_job_asks_is_told_in_answers_and_on_its_page(desk: Desk) -> None:
    url = desk.running(
        deadline="2999-12-31T12:00:00+01:00",
        strategy="nearest",
        on_error="skip",
        priority=7,
        requires={"score": 2.5, "memory_bytes": 300 << 20, "mobile": False},
    )
    asked = {
        "deadline_at": "2999-12-31T11:00:00+00:00",
        "strategy": "nearest",
        "on_error": "skip",
        "priority": 7,
        "rows_skipped": 0,
    }
    (listed,) = desk.client.get("/list").json["jobs"]
    assert listed | asked == listed
    shown = desk.client.get(url).json
    assert shown | asked == shown
    page = " ".join(desk.page(url).split())
    for words in (
        "2999-12-31 11:00 UTC",
        '<time datetime="2999-12-31T11:00:00+00:00" data-ahead>',
        wording.TOLD_FIRST["nearest"],
        wording.BAD_ROWS["skip"],
        "with 300.0 MB of memory, a score of 2.5, no phones",
        "<dd>7 <small>of 0 to 9</small></dd>",
    ):
        assert words in page


def test_a_job_that_asks_for_nothing_says_so(desk: Desk) -> None:
    url = desk.running()
    shown = desk.client.get(url).json
    assert (shown["deadline_at"], shown["strategy"], shown["on_error"]) == (None, None, "fail")
    page = desk.page(url)
    assert wording.TOLD_FIRST[None] in page
    assert "<dt>Deadline</dt><dd>none</dd>" in page
    assert "data-ahead" not in page


def test_a_deadline_that_has_passed_is_refused(desk: Desk) -> None:
    refused = desk.post({**DOCUMENT, "deadline": "2001-01-01T00:00:00Z"})
    assert refused.status_code in (400, 403)
    assert "has passed" in refused.json["detail"]


def test_every_wish_has_words() -> None:
    assert set(wording.TOLD_FIRST) == {None, *STRATEGIES}
    assert set(wording.BAD_ROWS) == set(ON_ERROR)


# --- nobody who can run it ------------------------------------------------------------------------


def test_a_job_that_nobody_can_run_says_what_is_missing(desk: Desk) -> None:
    url = desk.running(requires={"score": 250})
    assert desk.client.get(url).json["unmet"] == ["No volunteer is connected."]
    assert "Nobody can run this job at the moment" in desk.page(url)
    slow = connect(desk.hub, "slow", 41.5)
    (reason,) = desk.client.get(url).json["unmet"]
    assert "a score of 256" in reason, "that of its queue: the next power of two"
    assert "41.5" in reason
    assert reason in desk.page(url)
    fast = connect(desk.hub, "fast", 300.0)
    assert desk.client.get(url).json["unmet"] == []
    assert "Nobody can run" not in desk.page(url)
    presence.lost(desk.hub, fast, "fast")
    assert desk.client.get(url).json["unmet"] == [reason]
    presence.lost(desk.hub, slow, "slow")
    assert desk.client.get(url).json["unmet"] == ["No volunteer is connected."]


def connect(hub: Hub, socket: str, score: float) -> str:
    """The id of a volunteer that is connected by such a socket."""
    able = Capabilities(score=score)
    return presence.enrol(hub, None, "native", able, "net", process_id="web_test", socket=socket).id


def test_a_paused_job_is_not_said_to_lack_volunteers(desk: Desk) -> None:
    url = desk.running()
    desk.client.post(f"{url}/pause")
    assert desk.client.get(url).json["unmet"] == []
    assert "Nobody can run" not in desk.page(url)


# --- skipped rows ---------------------------------------------------------------------------------


@pytest.fixture
def skipping(desk: Desk) -> str:
    """The address of a job that has succeeded without some of its rows."""
    url, volunteer = desk.running(**FAILING), Volunteer(desk.hub)
    for _ in range(len(BAD_ROWS) + 20):
        volunteer.work_off()
        desk.work()
        if desk.client.get(url).json["state"] == "succeeded":
            return url
    raise AssertionError(desk.client.get(url).json)


def test_skipped_rows_are_listed_beside_the_result(desk: Desk, skipping: str) -> None:
    job = desk.client.get(skipping).json
    assert (job["rows_total"], job["rows_skipped"]) == (200, len(BAD_ROWS))
    assert job["rows_settled"] + job["rows_skipped"] == job["rows_total"]
    (row,) = map(json.loads, desk.client.get(f"{skipping}/result.ndjson").text.splitlines())
    assert row == {"rows": len(RATIOS), "total": sum(RATIOS)}
    answer = desk.client.get(f"{skipping}/skipped.ndjson")
    assert answer.mimetype == "application/x-ndjson"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    listed = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["row"] for each in listed] == BAD_ROWS
    assert {each["code"] for each in listed} == {"division_by_zero"}
    assert all(each["message"] for each in listed)
    assert job["skipped_rows"] == listed[:50]
    assert desk.client.get(f"{skipping}/manifest.json").json["skipped_rows"] == BAD_ROWS


def test_the_page_shows_the_first_skipped_rows(desk: Desk, skipping: str) -> None:
    page = desk.page(skipping)
    assert f"{len(BAD_ROWS)} rows of the source could not be computed" in " ".join(page.split())
    assert "The first 50 are shown." in page
    assert page.count("<code>division_by_zero</code>") == 50
    assert f'href="{skipping}/skipped.ndjson"' in page
    assert "100 %" in page


def test_a_job_that_skips_nothing_has_an_empty_list(desk: Desk) -> None:
    url = desk.running()
    answer = desk.client.get(f"{url}/skipped.ndjson")
    assert (answer.status_code, answer.text) == (200, "")
    assert "Skipped rows" not in desk.page(url)
    assert desk.client.get("/job/job_none/skipped.ndjson").status_code == 404


def test_more_skipped_rows_than_a_service_gives_at_once_are_all_listed(
    desk: Desk, skipping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skipping_service, "PAGE_MOST", 7)
    listed = desk.client.get(f"{skipping}/skipped.ndjson").text.splitlines()
    assert [json.loads(line)["row"] for line in listed] == BAD_ROWS


def test_times_are_in_utc(desk: Desk) -> None:
    url = desk.running(deadline="2999-12-31T23:30:00-02:00")
    told = datetime.fromisoformat(desk.client.get(url).json["deadline_at"])
    assert told == datetime(3000, 1, 1, 1, 30, tzinfo=UTC)
