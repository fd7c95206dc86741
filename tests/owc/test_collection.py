"""Results that should not be believed: forged, replayed, malformed, late."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from owc.domain.states import JobState, Outcome, SubJobState
from owc.errors import UploadTooLarge
from owc.services import (
    catalogue,
    collection,
    leases,
    submission,
)
from owc.services.hub import Hub
from owc.services.values import Report
from owc.store import LeaseRow, ResultRow
from tests.owc.jobs import ROWS, ROWS_ANSWER, SQUARES, SQUARES_ANSWER, Volunteer, answer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


def _take(hub: Hub, report: Report) -> tuple[str, str]:
    (receipt,) = collection.take_results(hub, [report])
    assert receipt.sub_job_id == report.sub_job_id
    return receipt.status, receipt.message


def _results(hub: Hub) -> int:
    with hub.database.read() as session:
        return session.scalar(select(func.count()).select_from(ResultRow)) or 0


@pytest.fixture
def job_id(hub: Hub, run_tasks: RunTasks) -> str:
    job_id = submit(hub, SQUARES)
    run_tasks()
    return job_id


def test_a_replayed_result_is_counted_once(hub: Hub, job_id: str, run_tasks: RunTasks) -> None:
    volunteer = Volunteer(hub)
    report = volunteer.reports(volunteer.leased(1))[0]
    receipts = collection.take_results(hub, [report, report])
    assert [receipt.status for receipt in receipts] == ["stored", "duplicate"]
    assert _take(hub, report) == ("duplicate", "This result was stored before.")
    run_tasks()
    assert _take(hub, report)[0] == "duplicate"
    assert _results(hub) == 1
    assert catalogue.job_summary(hub, job_id).rows_settled == 100
    volunteer.work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_forged_reports_are_refused(hub: Hub, job_id: str) -> None:
    volunteer, thief = Volunteer(hub), Volunteer(hub)
    offer, other = volunteer.leased(1), volunteer.leased(1)
    report = volunteer.reports(offer)[0]
    for forged in (
        replace(report, lease_id="lease_" + "0" * 20),
        replace(report, volunteer_id=thief.id),
        replace(report, volunteer_id="vol_nobody"),
        replace(report, sub_job_id=other.sub_jobs[0].sub_job_id),
        replace(report, sub_job_id="sub_nothing"),
        replace(report, lease_id=other.lease_id, volunteer_id=thief.id),
    ):
        assert _take(hub, forged) == (
            "refused",
            "This volunteer has no such sub-job in that lease.",
        )
    assert _results(hub) == 0
    assert _take(hub, report)[0] == "stored"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output": b""}, "not one of this program"),
        ({"output": b"OWCT" + bytes(60)}, "not one of this program"),
        ({"output": None}, "there is none"),
        ({"output": None, "output_sha256": "0" * 64}, "There is no blob"),
        ({"output": None, "output_sha256": "../../x"}, "64 lowercase hexadecimal"),
        ({"trap_site": 999}, "cannot trap there"),
        ({"trap_site": -1}, "cannot trap there"),
    ],
)
def test_what_is_not_an_output_is_refused_and_costs_trust(
    hub: Hub, job_id: str, run_tasks: RunTasks, change: dict[str, object], message: str
) -> None:
    volunteer = Volunteer(hub)
    volunteer.work_once(1)
    run_tasks()
    assert catalogue.volunteers(hub)[0].agreed == 1
    report = replace(volunteer.reports(volunteer.leased(1))[0], **change)
    status, text = _take(hub, report)
    assert status == "refused"
    assert message in text
    assert catalogue.volunteers(hub)[0].agreed == 0
    assert {each.state for each in catalogue.sub_jobs(hub, job_id)[1:]} == {SubJobState.WAITING}
    volunteer.work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_an_output_of_too_few_rows_is_refused(hub: Hub, job_id: str) -> None:
    volunteer = Volunteer(hub)
    report = volunteer.reports(volunteer.leased(1))[0]
    assert report.output is not None
    fewer = bytearray(report.output)
    fewer[16:20] = (50).to_bytes(4, "little")
    status, message = _take(hub, replace(report, output=bytes(fewer)))
    assert (status, message) == ("refused", "The output is of 50 rows, not of 100.")


def test_a_result_that_is_too_large_is_refused(hub: Hub, job_id: str) -> None:
    small = replace(hub, settings=hub.settings.with_changes(result_bytes=1024))
    volunteer = Volunteer(hub)
    report = volunteer.reports(volunteer.leased(1))[0]
    status, message = _take(small, replace(report, output=bytes(2048)))
    assert status == "refused"
    assert "the limit is 1,024" in message
    with pytest.raises(UploadTooLarge):
        collection.store_output(small, io.BytesIO(bytes(2048)))


def test_a_large_output_may_be_sent_before_its_report(
    hub: Hub, job_id: str, run_tasks: RunTasks
) -> None:
    volunteer = Volunteer(hub)
    report = volunteer.reports(volunteer.leased(1))[0]
    assert report.output is not None
    sha256 = collection.store_output(hub, io.BytesIO(report.output))
    assert _take(hub, replace(report, output=None, output_sha256=sha256))[0] == "stored"
    volunteer.work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_outputs_beyond_the_inline_size_are_kept_as_blobs(hub: Hub, run_tasks: RunTasks) -> None:
    frugal = replace(hub, settings=hub.settings.with_changes(inline_result_bytes=0))
    job_id = submit(hub, ROWS)
    run_tasks()
    Volunteer(frugal).work_off()
    with hub.database.read() as session:
        assert set(session.scalars(select(ResultRow.output))) == {None}
    run_tasks()
    assert answer(hub, job_id) == ROWS_ANSWER


def test_a_forged_trap_costs_trust_and_does_not_fail_the_job(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(
        hub,
        {
            "name": "Could trap",
            "source": {"range": {"n": [1, 101]}},
            "functions": {"f": "def f(n: i64) -> i64:\n    return 100 // n"},
            "steps": [{"derive": {"x": "f(n)"}}, {"aggregate": {"total": "sum(x)"}}],
            "split": {"rows": 50},
        },
    )
    run_tasks()
    volunteer = Volunteer(hub)
    report = volunteer.reports(volunteer.leased(1))[0]
    forged = replace(report, output=None, trap_site=0, rows_done=7)
    assert _take(hub, forged)[0] == "stored"
    volunteer.work_off()
    run_tasks()
    assert answer(hub, job_id) == [{"total": sum(100 // n for n in range(1, 101))}]
    assert catalogue.volunteers(hub)[0].disagreed == 1


def test_results_of_a_cancelled_job_are_too_late(hub: Hub, job_id: str) -> None:
    volunteer = Volunteer(hub)
    report = volunteer.reports(volunteer.leased(1))[0]
    assert submission.cancel(hub, job_id, "No more.") is JobState.CANCELLED
    assert _take(hub, report)[0] == "too_late"
    assert _results(hub) == 0


def test_a_lease_ends_when_all_of_it_came_back(hub: Hub, job_id: str) -> None:
    volunteer = Volunteer(hub)
    offer = volunteer.leased(3)
    reports = volunteer.reports(offer)
    assert len(reports) > 1
    collection.take_results(hub, reports[:1])
    assert leases.renew(hub, volunteer.id, [offer.lease_id]).gone == ()
    collection.take_results(hub, reports[1:])
    with hub.database.read() as session:
        lease = session.get_one(LeaseRow, offer.lease_id)
    assert lease.outcome is Outcome.RETURNED
    assert leases.renew(hub, volunteer.id, [offer.lease_id]).gone == (offer.lease_id,)


def test_an_error_gives_the_sub_job_to_another(hub: Hub, job_id: str) -> None:
    volunteer = Volunteer(hub)
    offer = volunteer.leased(1)
    report = replace(volunteer.reports(offer)[0], output=None, error="x" * 10_000)
    assert _take(hub, report) == ("stored", "The sub-job goes to another volunteer.")
    assert _take(hub, report) == ("too_late", "The lease had ended.")
    first = catalogue.sub_jobs(hub, job_id)[0]
    assert (first.state, first.failures) == (SubJobState.WAITING, 1)
    again = Volunteer(hub).leased(1)
    assert again.sub_jobs[0].sub_job_id == offer.sub_jobs[0].sub_job_id


def test_speed_follows_what_is_measured(hub: Hub, job_id: str) -> None:
    volunteer = Volunteer(hub)
    for _ in range(3):
        volunteer.work_once(1)
    (record,) = catalogue.volunteers(hub)
    assert record.speed > 0
