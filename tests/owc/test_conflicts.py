"""Several processes on one database that want the same rows: nothing is lost, nothing doubled."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from owc.clock import ManualClock, SystemClock
from owc.domain.states import SubJobState
from owc.errors import DatabaseConflict
from owc.services import (
    catalogue,
    checking,
    collection,
    completion,
    dispatch,
    leases,
    presence,
    upkeep,
)
from owc.services.conflicts import ATTEMPTS, until_no_conflict
from owc.services.hub import Hub, open_hub
from owc.services.values import Ask, LeaseOffer, Leaving
from owc.settings import Settings
from owc.store import SubJobRow
from tests.owc.jobs import (
    SQUARES,
    SQUARES_ANSWER,
    Volunteer,
    answer,
    at_once,
    rows_credited,
    submit,
)

pytestmark = pytest.mark.redis

PROCESSES = 4
ROUNDS = 300
SUB_JOBS = 100


def test_what_met_a_conflict_is_done_again_a_few_times() -> None:
    calls = []

    def second_time(value: int) -> int:
        calls.append(value)
        if len(calls) == 1:
            raise DatabaseConflict
        return value + 1

    assert until_no_conflict(second_time, 1) == 2
    assert calls == [1, 1]

    def never() -> None:
        calls.append(0)
        raise DatabaseConflict

    with pytest.raises(DatabaseConflict):
        until_no_conflict(never)
    assert calls.count(0) == ATTEMPTS


def test_those_who_leave_at_two_processes_at_once_do_not_wait_for_each_other(
    hub: Hub, clock: ManualClock
) -> None:
    """They hold the same sub-jobs, some as copies. Needs PostgreSQL to tell."""
    job_id = submit(hub, {**SQUARES, "split": {"rows": 50}})
    completion.split(hub, job_id)
    volunteers = [Volunteer(hub) for _ in range(40)]
    for each in volunteers[:20]:
        assert len(each.leased(1).sub_jobs) == 1
    clock.advance(3)
    for each in volunteers[20:]:
        assert len(each.leased(1).sub_jobs) == 1, "a copy"
    Random(1).shuffle(volunteers)
    halves = [
        [Leaving(volunteer_id=each.id, socket=None) for each in volunteers[n::2]] for n in range(2)
    ]
    at_once(lambda: presence.leave_many(hub, halves.pop()))  # raises a DatabaseConflict
    states = {each.state for each in catalogue.sub_jobs(hub, job_id, limit=100)}
    assert states == {SubJobState.WAITING}


def _process(settings: Settings, number: int) -> None:
    """What a web process and a worker do, in no order, until nothing is open."""
    hub, random = open_hub(settings), Random(number)
    volunteers = [Volunteer(hub) for _ in range(3)]
    for _ in range(ROUNDS):
        asks = [Ask(volunteer_id=each.id, sub_jobs=4) for each in volunteers]
        offers = until_no_conflict(dispatch.lease_many, hub, asks)
        held = [
            (each, offer)
            for each, offer in zip(volunteers, offers, strict=True)
            if isinstance(offer, LeaseOffer)
        ]
        asked = [(each.id, [offer.lease_id]) for each, offer in held]
        until_no_conflict(leases.renew_many, hub, asked)
        reports = []
        for each, offer in held:
            if random.random() < 0.2:
                until_no_conflict(leases.release, hub, each.id, offer.lease_id)
            else:
                reports += each.reports(offer)
        random.shuffle(reports)
        until_no_conflict(collection.take_results, hub, reports)
        if random.random() < 0.1:
            until_no_conflict(presence.leave, hub, random.choice(volunteers).id)
        for duty in random.sample([upkeep.feed, upkeep.expire, upkeep.relieve, upkeep.prune], 1):
            until_no_conflict(duty, hub)
        until_no_conflict(checking.check_sub_jobs, hub, judging(hub)[: random.randrange(20)])
        if not held and not judging(hub):
            break
    hub.close()


def judging(hub: Hub) -> list[str]:
    with hub.database.read() as session:
        of_state = select(SubJobRow.id).where(SubJobRow.state == SubJobState.JUDGING)
        return list(session.scalars(of_state))


def test_processes_that_want_the_same_rows_lose_and_double_nothing(
    hub: Hub, settings: Settings
) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 1000 // SUB_JOBS}})
    completion.split(hub, job_id)
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_process, args=(settings, number)) for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(250)
        assert process.exitcode == 0
    # what a conflict left in no queue, or in a lease that nobody knows of, is found in time
    later = replace(hub, clock=ManualClock(SystemClock().now() + timedelta(hours=2)))
    upkeep.expire(later)
    upkeep.reconcile(later)
    Volunteer(later).work_off()
    checking.check_sub_jobs(later, judging(hub))
    completion.merge(later, job_id)
    assert answer(hub, job_id) == SQUARES_ANSWER
    summary = catalogue.job_summary(hub, job_id)
    assert (summary.rows_settled, summary.sub_jobs_settled) == (1000, SUB_JOBS)
    sub_jobs = catalogue.sub_jobs(hub, job_id, limit=1000)
    assert [each.first_row for each in sub_jobs] == list(range(0, 1000, 1000 // SUB_JOBS))
    # who gave the canonical result is credited with it, once
    credit = rows_credited(hub)
    assert sum(credit.values()) == 1000
    for volunteer_id, rows in credit.items():
        assert rows == sum(each.rows for each in sub_jobs if each.volunteer == volunteer_id)
