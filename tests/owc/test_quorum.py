"""Quorum, replicas, checks by volunteers, the final audit, credit and bans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from owc.clock import ManualClock
from owc.domain import sizing
from owc.domain.matching import Capabilities
from owc.domain.states import JobState, SubJobState, Verdict
from owc.domain.trust import Status
from owc.errors import NotFound
from owc.services import (
    auditing,
    banning,
    catalogue,
    checking,
    collection,
    compaction,
    completion,
    standing,
    upkeep,
)
from owc.services.hub import Hub
from owc.store import AuditRow, JobRow, ResultRow, SubJobRow, VolunteerRow
from tests.owc.jobs import (
    SQUARES,
    SQUARES_ANSWER,
    Volunteer,
    answer,
    rows_credited,
    submit,
)

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

TWICE = {**SQUARES, "trust": {"replicas": 2}}


def trusted(hub: Hub, count: int = 1, *, network: str = "", agreed: int = 50) -> list[Volunteer]:
    """Volunteers with a record, which need no checks as long as no draw says so."""
    many_cores = Capabilities(score=1.0, cores=64)
    made = [Volunteer(hub, network=network, capabilities=many_cores) for _ in range(count)]
    with hub.database.write() as session:
        session.execute(
            update(VolunteerRow)
            .where(VolunteerRow.id.in_([each.id for each in made]))
            .values(agreed=agreed)
        )
    return made


def begun(hub: Hub, document: dict[str, Any]) -> str:
    job_id = submit(hub, document)
    completion.split(hub, job_id)
    return job_id


def keep_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's own runs have no room: more waits for them than they get done."""
    monkeypatch.setattr("owc.services.opinions.hub_has_room", lambda *_: False)
    monkeypatch.setattr("owc.services.upkeep.hub_has_room", lambda *_: False)


def first_rows_given(volunteer: Volunteer) -> list[int]:
    """Of all that a volunteer is given; it gives it back."""
    offers = []
    while offer := volunteer.lease(1):
        offers.append(offer)
    for each in offers:
        volunteer.give_back(each)
    return [each.sub_jobs[0].first_row for each in offers]


def first(hub: Hub, job_id: str) -> Any:
    return catalogue.sub_jobs(hub, job_id)[0]


def asks(hub: Hub, job_id: str) -> list[str | None]:
    with hub.database.read() as session:
        return list(
            session.scalars(
                select(SubJobRow.asks)
                .where(SubJobRow.job_id == job_id)
                .order_by(SubJobRow.first_row)
            )
        )


def verdicts(hub: Hub, sub_job_id: str) -> dict[str | None, Verdict | None]:
    with hub.database.read() as session:
        rows = session.scalars(select(ResultRow).where(ResultRow.sub_job_id == sub_job_id))
        return {row.volunteer_id: row.verdict for row in rows}


def agreed(hub: Hub, volunteer: Volunteer) -> tuple[int, int]:
    (found,) = [each for each in catalogue.volunteers(hub) if each.id == volunteer.id]
    return found.agreed, found.disagreed


# Replicas


def test_two_volunteers_compute_each_sub_job_of_a_job_that_asks_for_it(hub: Hub) -> None:
    job_id = begun(hub, TWICE)
    one, other = trusted(hub, 2)
    assert one.work_off() == 10
    assert asks(hub, job_id) == ["any"] * 10
    assert {each.state for each in catalogue.sub_jobs(hub, job_id)} == {SubJobState.WAITING}
    assert one.lease() is None, "its word is there already"
    assert other.work_off() == 10
    completion.merge(hub, job_id)
    assert answer(hub, job_id) == SQUARES_ANSWER
    views = catalogue.sub_jobs(hub, job_id)
    assert {each.verdict for each in views} == {Verdict.AGREED}
    assert rows_credited(hub) == {one.id: 1000, other.id: 1000}


def test_a_network_has_one_voice(hub: Hub) -> None:
    job_id = begun(hub, TWICE)
    one, neighbour = trusted(hub, 2, network="a house")
    (other,) = trusted(hub)
    one.work_once(1)
    assert asks(hub, job_id)[0] == "any"
    assert 0 not in first_rows_given(neighbour), "the house has spoken of these rows"
    assert 0 in first_rows_given(other)


def test_the_volunteers_of_a_pool_confirm_each_other(hub: Hub) -> None:
    job_id = begun(hub, TWICE)
    one, neighbour = trusted(hub, 2, network="pool")
    one.work_once(1)
    neighbour.work_once(1)
    assert first(hub, job_id).verdict is Verdict.AGREED


def test_what_asks_for_another_does_not_stand_in_the_way_of_new_work(hub: Hub) -> None:
    begun(hub, {**TWICE, "split": {"rows": 20}})
    (one,) = trusted(hub)
    assert [len(one.work_once(4)) for _ in range(12)] == [4] * 12
    assert len(one.work_once(4)) == 2


def test_disagreement_asks_another_and_the_loser_loses_trust(hub: Hub) -> None:
    job_id = begun(hub, TWICE)
    one, other, third = trusted(hub, 3)
    one.lies = True
    one.work_once(1)
    other.work_once(1)
    assert asks(hub, job_id)[0] == "any"
    assert first(hub, job_id).state is SubJobState.WAITING
    third.work_once(1)
    sub_job = first(hub, job_id)
    assert sub_job.verdict is Verdict.AGREED
    assert verdicts(hub, sub_job.id) == {
        one.id: Verdict.DISAGREED,
        other.id: Verdict.AGREED,
        third.id: Verdict.AGREED,
    }
    assert agreed(hub, one) == (0, 1)
    assert rows_credited(hub) == {other.id: 100, third.id: 100}


def test_where_nobody_agrees_the_hub_decides(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = begun(hub, TWICE)
    one, other, third = trusted(hub, 3)
    for who, flipped in ((one, 1), (other, 2), (third, 4)):
        (report,) = who.reports(who.leased(1))
        assert report.output is not None
        wrong = bytearray(report.output)
        wrong[int.from_bytes(wrong[68:72], "little")] ^= flipped
        collection.take_results(hub, [replace(report, output=bytes(wrong))])
    assert first(hub, job_id).state is SubJobState.JUDGING
    run_tasks()
    assert first(hub, job_id).volunteer == "hub"
    assert [agreed(hub, who) for who in (one, other, third)] == [(0, 1)] * 3


def test_two_newcomers_that_agree_are_not_believed_by_themselves(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_busy(monkeypatch)
    job_id = begun(hub, TWICE)
    liars = [Volunteer(hub, lies=True) for _ in range(2)]
    liars[0].work_once(1)
    assert asks(hub, job_id)[0] == "trusted"
    assert 0 not in first_rows_given(liars[1])
    (honest,) = trusted(hub)
    assert 0 in first_rows_given(honest)


def test_what_nobody_comes_to_confirm_is_run_by_the_hub_after_ten_seconds(
    hub: Hub, clock: ManualClock, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begun(hub, TWICE)
    (one,) = trusted(hub)
    one.work_once(2)
    clock.advance(9)
    assert upkeep.arbitrate(hub) == 0
    clock.advance(2)
    with monkeypatch.context() as patch:
        keep_busy(patch)
        assert upkeep.arbitrate(hub) == 0
    assert upkeep.arbitrate(hub) == 2
    assert upkeep.arbitrate(hub) == 0
    run_tasks()
    views = catalogue.sub_jobs(hub, job_id)[:2]
    assert [(each.volunteer, each.verdict) for each in views] == [(one.id, Verdict.AGREED)] * 2
    assert agreed(hub, one) == (52, 0)


def test_who_holds_a_second_replica_for_too_long_is_spared_the_rest_by_the_hub(
    hub: Hub, clock: ManualClock, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = begun(hub, TWICE)
    one, slow = trusted(hub, 2)
    one.work_once(1)
    offer = slow.leased(1)
    assert offer.sub_jobs[0].first_row == 0
    clock.advance(29)
    assert upkeep.arbitrate(hub) == 0, "it may well be at it"
    clock.advance(2)
    with monkeypatch.context() as patch:
        keep_busy(patch)
        assert upkeep.arbitrate(hub) == 0
    assert upkeep.arbitrate(hub) == 1
    assert hub.queue.started_ids("owc.base.p5") == set()
    run_tasks()
    view = first(hub, job_id)
    assert (view.volunteer, view.verdict) == (one.id, Verdict.AGREED)
    assert [each.status for each in collection.take_results(hub, slow.reports(offer))] == [
        "too_late"
    ]


def test_who_works_on_a_first_replica_is_left_to_it(hub: Hub, clock: ManualClock) -> None:
    begun(hub, TWICE)
    (slow,) = trusted(hub)
    slow.leased(1)
    clock.advance(50)
    assert upkeep.arbitrate(hub) == 0


def test_a_third_is_asked_only_where_the_quorum_is_not_reached(hub: Hub) -> None:
    job_id = begun(hub, {**SQUARES, "trust": {"replicas": 3, "quorum": 2}})
    for who in trusted(hub, 2):
        assert who.work_off() == 10
    assert catalogue.job_summary(hub, job_id).state is JobState.MERGING


def test_a_volunteer_that_vanishes_with_a_replica_costs_no_result(hub: Hub) -> None:
    job_id = begun(hub, TWICE)
    one, other, third = trusted(hub, 3)
    one.work_once(1)
    offer = other.leased(1)
    assert offer.sub_jobs[0].first_row == 0
    other.give_back(offer)
    assert asks(hub, job_id)[0] == "any"
    assert third.leased(1).sub_jobs[0].first_row == 0


def test_a_late_result_counts_as_an_opinion(hub: Hub, clock: ManualClock) -> None:
    job_id = begun(hub, TWICE)
    slow, one = trusted(hub, 2)
    offer = slow.leased(1)
    clock.advance(3600)
    upkeep.expire(hub)
    one.work_once(1)
    assert asks(hub, job_id)[0] == "any"
    (receipt,) = collection.take_results(hub, slow.reports(offer))
    assert receipt.status == "stored"
    assert first(hub, job_id).verdict is Verdict.AGREED


# Adaptive


def test_while_the_hub_is_busy_a_trusted_volunteer_checks_a_newcomer(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_busy(monkeypatch)
    job_id = begun(hub, SQUARES)
    newcomer, (checker,) = Volunteer(hub), trusted(hub)
    newcomer.work_once(1)
    assert asks(hub, job_id)[0] == "trusted"
    checker.work_once(1)
    sub_job = first(hub, job_id)
    assert (sub_job.volunteer, sub_job.verdict) == (checker.id, None), "it rests on that word alone"
    assert agreed(hub, newcomer) == (1, 0)
    assert agreed(hub, checker) == (50, 0), "nobody has checked the checker"
    assert rows_credited(hub) == {newcomer.id: 100, checker.id: 100}


def test_a_newcomer_that_says_otherwise_than_a_trusted_one_has_the_hub_decide(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, run_tasks: RunTasks
) -> None:
    keep_busy(monkeypatch)
    job_id = begun(hub, SQUARES)
    newcomer, (checker,) = Volunteer(hub), trusted(hub)
    newcomer.work_once(1)
    checker.lies = True
    checker.work_once(1)
    run_tasks()
    sub_job = first(hub, job_id)
    assert (sub_job.volunteer, sub_job.verdict) == (newcomer.id, Verdict.AGREED)
    assert (agreed(hub, newcomer), agreed(hub, checker)) == ((1, 0), (0, 1))


def test_what_rests_on_a_checker_that_is_caught_is_opened_again_with_all_its_credit(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, run_tasks: RunTasks
) -> None:
    keep_busy(monkeypatch)
    job_id = begun(hub, SQUARES)
    newcomer, (checker,) = Volunteer(hub, lies=True), trusted(hub)
    newcomer.work_once(2)
    checker.lies = True
    checker.work_once(2)
    assert [each.verdict for each in catalogue.sub_jobs(hub, job_id)[:2]] == [None, None]
    monkeypatch.undo()
    watchful = replace(hub, draw=lambda: 0.0)
    offer = checker.leased(1)
    collection.take_results(watchful, checker.reports(offer))
    checking.check_sub_jobs(hub, [offer.sub_jobs[0].sub_job_id])
    assert not any(rows_credited(hub).values())
    run_tasks()
    views = catalogue.sub_jobs(hub, job_id)[:3]
    assert [each.volunteer for each in views] == ["hub"] * 3
    assert agreed(hub, newcomer) == (0, 2)


def test_a_newcomer_has_no_more_at_work_than_can_be_checked(hub: Hub, run_tasks: RunTasks) -> None:
    careful = replace(hub, settings=hub.settings.with_changes(unproven_sub_jobs=3))
    begun(hub, SQUARES)
    newcomer = Volunteer(careful)
    assert len(newcomer.leased(8).sub_jobs) == 3
    assert newcomer.lease(8) is None
    other = Volunteer(careful)
    assert other.work_off(8) == 3
    assert other.lease(8) is None, "three of it are not judged yet"
    run_tasks()
    assert other.lease(1) is not None


def test_what_is_cheaper_to_recompute_than_to_receive_is_always_recomputed(
    hub: Hub, run_tasks: RunTasks
) -> None:
    thrifty = replace(hub, settings=hub.settings.with_changes(receive_seconds=10.0))
    job_id = begun(hub, SQUARES)
    (one,) = trusted(thrifty)
    one.hub = thrifty
    one.lies = True
    one.work_once(1)
    assert first(hub, job_id).state is SubJobState.JUDGING
    run_tasks()
    assert first(hub, job_id).volunteer == "hub"


def test_a_job_can_ask_for_more_checks_than_the_hub_makes(hub: Hub) -> None:
    job_id = begun(hub, {**SQUARES, "trust": {"spot_check": 1.0}})
    (one,) = trusted(hub)
    one.work_off()
    assert {each.state for each in catalogue.sub_jobs(hub, job_id)} == {SubJobState.JUDGING}


# The audit


@pytest.fixture
def auditing_hub(hub: Hub) -> Hub:
    """Of every job a quarter is audited; what is drawn is its first quarter."""
    return replace(hub, settings=hub.settings.with_changes(audit=0.25), draw=lambda: 0.999)


def run_audit(hub: Hub, job_id: str) -> int:
    with hub.database.read() as session:
        assert session.get_one(JobRow, job_id).state is JobState.MERGING
    return auditing.audit_job(hub, job_id)


def test_an_audit_precedes_success(auditing_hub: Hub) -> None:
    hub = auditing_hub
    job_id = begun(hub, SQUARES)
    (one,) = trusted(hub)
    one.work_off()
    completion.merge(hub, job_id)
    with hub.database.read() as session:
        sampled = session.scalars(select(AuditRow.first_row)).all()
        assert session.get_one(JobRow, job_id).audited == 3
    assert len(sampled) == 3
    completion.merge(hub, job_id)
    assert catalogue.job_summary(hub, job_id).state is JobState.MERGING, "not before it is done"
    assert run_audit(hub, job_id) == 0
    completion.merge(hub, job_id)
    assert answer(hub, job_id) == SQUARES_ANSWER


@pytest.mark.parametrize("segmented", [False, True])
def test_an_audit_that_finds_a_lie_opens_everything_of_that_volunteer_and_is_begun_anew(
    auditing_hub: Hub, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch, segmented: bool
) -> None:
    monkeypatch.setattr(sizing, "SEGMENT_SUB_JOBS", 4)
    hub = auditing_hub
    job_id = begun(hub, SQUARES)
    liar, honest = trusted(hub, 2)
    liar.lies = True
    for who in (honest, honest, liar, liar, honest, honest, honest, liar):
        who.work_once(1)
    if segmented:
        assert upkeep.prune(hub).sub_jobs == 8
    honest.work_once(1)
    liar.work_once(1)
    completion.merge(hub, job_id)
    assert run_audit(hub, job_id) == 2, "the last three are drawn"
    with hub.database.read() as session:
        job = session.get_one(JobRow, job_id)
        assert (job.audits_failed, job.audited) == (1, None)
    assert agreed(hub, liar)[0] == 0
    if segmented:
        assert compaction.reopen_doubted(hub, job_id) == 3
    run_checks(hub, job_id)
    if segmented:  # it was wrong once more
        assert compaction.reopen_doubted(hub, job_id) == 0
    completion.merge(hub, job_id)
    with hub.database.read() as session:
        assert session.get_one(JobRow, job_id).audited == 4, "of six on one word, twice as many"
    assert run_audit(hub, job_id) == 0
    completion.merge(hub, job_id)
    assert answer(hub, job_id) == SQUARES_ANSWER
    assert [each.volunteer == "hub" for each in catalogue.sub_jobs(hub, job_id)] == [
        place in (2, 3, 7, 9) for place in range(10)
    ]


def run_checks(hub: Hub, job_id: str) -> None:
    judged = [
        each.id for each in catalogue.sub_jobs(hub, job_id) if each.state is SubJobState.JUDGING
    ]
    checking.check_sub_jobs(hub, judged)


def test_a_lost_audit_task_is_found(auditing_hub: Hub, redis: Any, run_tasks: RunTasks) -> None:
    hub = auditing_hub
    job_id = begun(hub, SQUARES)
    (one,) = trusted(hub)
    one.work_off()
    completion.merge(hub, job_id)
    redis.flushall()
    assert upkeep.reconcile(hub).tasks_requeued == 2  # the merge, which looks and waits
    assert upkeep.reconcile(hub).is_clean
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_job_that_rests_on_the_hub_alone_needs_no_audit(
    auditing_hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = begun(auditing_hub, SQUARES)
    Volunteer(auditing_hub).work_off()
    run_checks(auditing_hub, job_id)
    completion.merge(auditing_hub, job_id)
    assert answer(auditing_hub, job_id) == SQUARES_ANSWER


# Standing


def test_credit_is_settled_rows_at_what_a_row_takes_the_hub(hub: Hub) -> None:
    begun(hub, SQUARES)
    (one,) = trusted(hub)
    one.work_once(1)
    with hub.database.read() as session:
        job = session.scalars(select(JobRow)).one()
        a_row = job.fuel / job.fuel_rows
    assert a_row > 1
    found = standing.standings(hub, [one.id])[one.id]
    assert found.credit == round(100 * a_row)
    (helped,) = standing.jobs_helped(hub, one.id)
    assert (helped.name, helped.rows) == ("Squares", 100)


def test_a_volunteer_is_told_why_it_is_limited_and_how_to_come_back(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    begun(hub, {**SQUARES, "split": {"rows": 20}})
    liar = Volunteer(hub, lies=True)
    statuses, told = [], []
    for _ in range(3):
        liar.work_once(1)
        run_tasks()
        found = standing.standings(hub, [liar.id])[liar.id]
        statuses.append(found.status)
        told.append(found.message)
    assert statuses == [Status.LIMITED, Status.LIMITED, Status.BARRED]
    assert "10 in a row" in told[0]
    assert "13:00 UTC" in told[2]
    assert liar.lease() is None
    clock.advance(timedelta(hours=1).total_seconds())
    liar.lies = False
    for _ in range(10):
        assert len(liar.work_once(1)) == 1
        run_tasks()
    assert standing.standings(hub, [liar.id])[liar.id].status is Status.TRUSTED


def test_the_operator_bans_a_volunteer_and_lets_it_in_again(hub: Hub) -> None:
    job_id = begun(hub, SQUARES)
    (one,) = trusted(hub)
    one.work_once(2)
    one.leased(2)
    assert banning.ban(hub, one.id, "It mines coins.") == 2
    found = standing.standings(hub, [one.id])[one.id]
    assert (found.status, "It mines coins." in found.message) == (Status.BANNED, True)
    assert one.lease() is None
    states = [each.state for each in catalogue.sub_jobs(hub, job_id)]
    assert states[:4] == [SubJobState.JUDGING] * 2 + [SubJobState.WAITING] * 2
    banning.unban(hub, one.id)
    assert standing.standings(hub, [one.id])[one.id].status is Status.NEW
    assert one.lease() is not None
    with pytest.raises(NotFound):
        banning.ban(hub, "vol_nobody", "Who?")


# What is no result of the sub-job at all


def test_a_true_output_of_other_rows_is_refused_and_costs_trust(hub: Hub) -> None:
    job_id = begun(hub, SQUARES)
    (liar,) = trusted(hub)
    offer = liar.leased(2)
    here, there = liar.reports(offer)
    (receipt,) = collection.take_results(hub, [replace(here, output=there.output)])
    assert (receipt.status, "from 100 on" in receipt.message) == ("refused", True)
    assert agreed(hub, liar) == (0, 1)
    assert first(hub, job_id).state is SubJobState.WAITING
