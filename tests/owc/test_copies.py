"""The tail of a job: idle volunteers copy what runs longest, and the first good result wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from owc.clock import ManualClock
from owc.domain.matching import Capabilities
from owc.domain.states import JobState, Outcome
from owc.queue import RedisServer
from owc.services import catalogue, collection, copies, leases, presence, upkeep
from owc.services.hub import Hub
from owc.services.openings import Opening
from owc.store import LeaseRow
from tests.owc.jobs import SQUARES, SQUARES_ANSWER, Volunteer, answer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

TWO = {**SQUARES, "split": {"rows": 500}}


@pytest.fixture
def slow(hub: Hub, run_tasks: RunTasks) -> Volunteer:
    """A volunteer that has both sub-jobs of the job and is slow."""
    submit(hub, TWO)
    run_tasks()
    slow = Volunteer(hub)
    slow.offers = [slow.leased(1), slow.leased(1)]  # type: ignore[attr-defined]
    return slow


def test_idle_volunteers_copy_the_oldest_when_nothing_waits(
    hub: Hub, slow: Volunteer, clock: ManualClock, run_tasks: RunTasks
) -> None:
    first, second = slow.offers  # type: ignore[attr-defined]
    fast = Volunteer(hub)
    assert fast.lease() is None, "what has just begun is not copied"
    assert copies.tails(hub, 9) == []
    clock.advance(3)
    assert copies.tails(hub, 9) == [Opening(queue="owc.base.p5", strategy=None, sub_jobs=2)]
    copy = fast.leased(8)
    assert [each.sub_job_id for each in copy.sub_jobs] == [first.sub_jobs[0].sub_job_id]
    assert [each.sub_jobs for each in copies.tails(hub, 9)] == [1]
    other = Volunteer(hub).leased(8)
    assert other.sub_jobs[0].sub_job_id == second.sub_jobs[0].sub_job_id
    assert Volunteer(hub).lease() is None, "one copy of each is enough"
    assert slow.lease() is None, "nobody copies its own"


def test_the_first_good_result_wins_and_the_other_is_told(
    hub: Hub, slow: Volunteer, clock: ManualClock, run_tasks: RunTasks
) -> None:
    first, second = slow.offers  # type: ignore[attr-defined]
    clock.advance(3)
    fast = Volunteer(hub)
    copy = fast.leased(1)
    subscription = hub.push.subscribe()
    subscription.next(0.1)
    receipts = collection.take_results(hub, fast.reports(copy))
    assert receipts[0].status == "stored"
    revoked = subscription.next(1)
    subscription.close()
    assert revoked is not None
    assert (revoked["volunteer_id"], revoked["lease_id"]) == (slow.id, first.lease_id)
    assert collection.take_results(hub, slow.reports(first))[0].status == "too_late"
    assert collection.take_results(hub, slow.reports(second))[0].status == "stored"
    run_tasks()
    job = catalogue.list_jobs(hub)[0]
    assert (job.state, job.rows_settled, job.sub_jobs_settled) == (JobState.SUCCEEDED, 1000, 2)
    assert answer(hub, job.id) == SQUARES_ANSWER
    assert hub.queue.started_ids("owc.base.p5") == set()


def test_the_one_who_had_it_first_may_win_too(
    hub: Hub, slow: Volunteer, clock: ManualClock, run_tasks: RunTasks
) -> None:
    first, second = slow.offers  # type: ignore[attr-defined]
    clock.advance(3)
    fast = Volunteer(hub)
    copy = fast.leased(1)
    assert collection.take_results(hub, slow.reports(first))[0].status == "stored"
    assert collection.take_results(hub, fast.reports(copy))[0].status == "too_late"
    collection.take_results(hub, slow.reports(second))
    run_tasks()
    assert answer(hub, catalogue.list_jobs(hub)[0].id) == SQUARES_ANSWER


def test_of_two_results_in_one_turn_the_first_wins(
    hub: Hub, slow: Volunteer, clock: ManualClock, run_tasks: RunTasks
) -> None:
    first, second = slow.offers  # type: ignore[attr-defined]
    clock.advance(3)
    fast, faster = Volunteer(hub), Volunteer(hub)
    copies_of = fast.leased(1), faster.leased(1)
    reports = [
        *fast.reports(copies_of[0]),
        *slow.reports(first),
        *slow.reports(second),
        *faster.reports(copies_of[1]),
    ]
    receipts = collection.take_results(hub, reports)
    assert [each.status for each in receipts] == ["stored", "too_late", "stored", "too_late"]
    with hub.database.read() as session:
        ended = {lease.id: lease.outcome for lease in session.scalars(select(LeaseRow))}
    assert ended == {
        copies_of[0].lease_id: Outcome.RETURNED,
        first.lease_id: Outcome.NOT_NEEDED,
        second.lease_id: Outcome.RETURNED,
        copies_of[1].lease_id: Outcome.NOT_NEEDED,
    }
    run_tasks()
    assert answer(hub, catalogue.list_jobs(hub)[0].id) == SQUARES_ANSWER
    assert hub.queue.started_ids("owc.base.p5") == set()


@pytest.mark.parametrize("who", ["first", "copy"])
def test_a_copy_goes_on_alone_when_the_other_is_given_up(
    hub: Hub, slow: Volunteer, clock: ManualClock, run_tasks: RunTasks, who: str
) -> None:
    first, second = slow.offers  # type: ignore[attr-defined]
    collection.take_results(hub, slow.reports(second))
    clock.advance(3)
    fast = Volunteer(hub)
    copy = fast.leased(1)
    gone, goes_on = (slow, fast) if who == "first" else (fast, slow)
    assert presence.leave(hub, gone.id) == 0, "nothing waits: somebody is at it"
    states = [str(each.state) for each in catalogue.sub_jobs(hub, catalogue.list_jobs(hub)[0].id)]
    assert states[0] == "leased"
    reports = goes_on.reports(copy if goes_on is fast else first)
    assert collection.take_results(hub, reports)[0].status == "stored"
    run_tasks()
    assert answer(hub, catalogue.list_jobs(hub)[0].id) == SQUARES_ANSWER


def test_when_both_are_gone_it_waits_again(
    hub: Hub, slow: Volunteer, clock: ManualClock, run_tasks: RunTasks
) -> None:
    clock.advance(3)
    copy = Volunteer(hub)
    copy.leased(1)
    presence.leave(hub, slow.id)
    assert presence.leave(hub, copy.id) == 1
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, catalogue.list_jobs(hub)[0].id) == SQUARES_ANSWER


def test_an_error_of_a_copy_leaves_the_first_at_work(
    hub: Hub, slow: Volunteer, clock: ManualClock
) -> None:
    clock.advance(3)
    copier = Volunteer(hub)
    report = copier.reports(copier.leased(1))[0]
    failed = replace(report, output=None, error="step_too_long: a minute")
    assert collection.take_results(hub, [failed])[0].status == "stored"
    states = [str(each.state) for each in catalogue.sub_jobs(hub, catalogue.list_jobs(hub)[0].id)]
    assert states == ["leased", "leased"]


def test_a_copy_can_be_renewed_and_expires(
    hub: Hub, slow: Volunteer, clock: ManualClock, redis_server: RedisServer
) -> None:
    clock.advance(3)
    copier = Volunteer(hub)
    copy = copier.leased(1)
    assert leases.renew(hub, copier.id, [copy.lease_id]).gone == ()
    clock.advance(copy.lease_seconds - 2)
    leases.renew(hub, slow.id, [offer.lease_id for offer in slow.offers])  # type: ignore[attr-defined]
    clock.advance(3)
    assert upkeep.expire(hub).sub_jobs == 0
    assert leases.renew(hub, copier.id, [copy.lease_id]).gone == (copy.lease_id,)
    states = [str(each.state) for each in catalogue.sub_jobs(hub, catalogue.list_jobs(hub)[0].id)]
    assert states == ["leased", "leased"]


def test_only_who_can_run_a_job_copies_it(hub: Hub, slow: Volunteer, clock: ManualClock) -> None:
    clock.advance(3)
    weak = Volunteer(hub, capabilities=Capabilities(features=frozenset(), memory_bytes=1))
    assert weak.lease() is None
    assert Volunteer(hub).lease() is not None
