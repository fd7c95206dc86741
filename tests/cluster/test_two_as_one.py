"""Two web processes behave as one hub: whatever is done at one is so at the other."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import requests

from tests.cluster.cluster import Cluster
from tests.cluster.conftest import GRACE_SECONDS
from tests.cluster.fleet import Fleet
from tests.cluster.researcher import Researcher
from tests.cluster.wire import WireVolunteer
from tests.cluster.work import Work

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

WORK = Work(rows=60_000, rows_each=1_000, rounds=15_000)
SMALL = Work(rows=20, rows_each=1, rounds=1_000)
SOON_SECONDS = 2


@pytest.fixture(autouse=True)
def _alone(whole_fleet: Fleet, cluster: Cluster) -> None:
    """Nobody else takes leases."""
    whole_fleet.stop()


@pytest.fixture
def ends(cluster: Cluster, researcher: Researcher) -> list[Researcher]:
    """The same researcher at each of the two processes."""
    return [researcher.at(url) for url in cluster.web_urls]


@pytest.fixture
def one_at_each(cluster: Cluster) -> Iterator[Fleet]:
    folder = cluster.folder / "one-at-each"
    folder.mkdir(exist_ok=True)
    fleet = Fleet(folder, cluster.web_urls, size=2)
    fleet.start()
    yield fleet
    fleet.stop()


@pytest.fixture
def job_id(researcher: Researcher, cluster: Cluster) -> str:
    """A small job that is there to be leased, until the cluster is tidied up."""
    return researcher.post(SMALL.summed())


def test_one_job_is_done_at_both_and_shown_alike(
    ends: list[Researcher], one_at_each: Fleet
) -> None:
    here, there = ends
    job_id = here.post(WORK.summed())
    settled = 0
    while settled < WORK.rows:
        before, settled, after = (each.job(job_id)["rows_settled"] for each in (here, there, here))
        assert before <= settled <= after, "one tells of less than the other has told already"
    here.await_success(job_id)
    assert here.job(job_id) == there.job(job_id)
    assert here.listed(job_id) == there.listed(job_id)
    assert here.rows(job_id) == there.rows(job_id) == WORK.sums
    one_at_each.stop()
    stored = [int(re.findall(r"(\d+) results stored", log)[-1]) for log in one_at_each.logs()]
    assert min(stored) > 0, "both have worked"
    assert sum(stored) == WORK.sub_jobs


def test_a_lease_outlives_a_move_to_the_other_process(
    cluster: Cluster, researcher: Researcher, job_id: str
) -> None:
    here, there = cluster.web_urls
    volunteer = WireVolunteer(here)
    offer = volunteer.lease(2)
    volunteer.lose_connection()
    lease_ids = (offer["lease_id"],)
    with WireVolunteer(there, identity=volunteer.identity, lease_ids=lease_ids) as moved:
        assert moved.id == volunteer.id
        time.sleep(GRACE_SECONDS + 2)  # what it lost over there is forgiven when this is over
        moved.renew(offer["lease_id"])
        assert [name for name, _ in moved.heard() if name == "lease_revoke"] == []
        assert moved.work(offer) == ["stored"] * len(offer["sub_jobs"])
    mine = {sub_job["sub_job_id"] for sub_job in offer["sub_jobs"]}
    leases = [each["leases"] for each in researcher.sub_jobs(job_id) if each["id"] in mine]
    assert leases == [1] * len(mine)


def test_a_volunteer_is_at_one_process_at_a_time(cluster: Cluster, job_id: str) -> None:
    here, there = cluster.web_urls
    with WireVolunteer(here) as first, WireVolunteer(there, identity=first.identity) as second:
        assert first.hear("volunteer_refused", seconds=SOON_SECONDS)["code"] == "replaced"
        assert second.work(second.lease(1)) == ["stored"]


def test_a_job_cancelled_at_one_process_is_taken_from_volunteers_at_the_other(
    cluster: Cluster, ends: list[Researcher], job_id: str
) -> None:
    with WireVolunteer(cluster.web_urls[0]) as volunteer:
        offer = volunteer.lease(2)
        ends[1].cancel(job_id)
        revoked = volunteer.hear("lease_revoke", seconds=SOON_SECONDS)
    assert revoked["lease_id"] == offer["lease_id"]
    assert [each.job(job_id)["state"] for each in ends] == ["cancelled", "cancelled"]


def test_a_limit_counts_what_is_asked_at_both(cluster: Cluster) -> None:
    address = {"X-Forwarded-For": "203.0.113.7"}  # nobody else's limit is used up

    def ask(number: int) -> requests.Response:
        url = cluster.web_urls[number % 2] + "/volunteer/token"
        return requests.post(url, json={"kind": "native"}, headers=address, timeout=10)

    answers = [ask(number).status_code for number in range(60)]
    assert answers == [200] * 60
    refused = ask(60)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
