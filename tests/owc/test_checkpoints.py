"""A volunteer goes in the middle of a long sub-job: what it had done is kept, and judged."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from redis import Redis

import jobspec
from owc.clock import ManualClock
from owc.domain.states import SubJobState, Verdict
from owc.queue import Checkpoint
from owc.services import catalogue, collection, leases, presence, submission, upkeep
from owc.services.hub import Hub
from owc.services.plans import read_plan
from owc.services.values import LeaseOffer, OfferedSubJob
from owc.store import JobRow
from tests.owc.jobs import (
    ROWS,
    ROWS_ANSWER,
    SQUARES,
    SQUARES_ANSWER,
    Volunteer,
    answer,
    submit,
    upload_job,
)

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


def checkpoint_of(
    hub: Hub, offer: LeaseOffer, sub_job: OfferedSubJob, rows: int, seconds: float = 5.0
) -> Checkpoint:
    """What a volunteer sends after so many rows of a sub-job."""
    with hub.database.read() as session:
        plan = read_plan(session.get_one(JobRow, offer.job_id).plan)
    chunk = sub_job.chunk
    assert chunk is not None
    part = (
        jobspec.range_chunk(plan, sub_job.first_row, rows)
        if plan.axes
        else jobspec.slice_chunk(plan, chunk, 0, rows)
    )
    run = jobspec.run_program(
        hub.blobs.read(offer.program_sha256), part, fuel=None, memory_bytes=offer.memory_bytes
    )
    assert run.rows_done == rows
    return Checkpoint(
        sub_job_id=sub_job.sub_job_id,
        lease_id=offer.lease_id,
        rows_done=rows,
        elapsed_seconds=seconds,
        output=run.output,
    )


def ranges(hub: Hub, job_id: str) -> list[tuple[int, int, str]]:
    return [
        (each.first_row, each.rows, str(each.state)) for each in catalogue.sub_jobs(hub, job_id)
    ]


@pytest.fixture
def trusted(hub: Hub) -> Hub:
    """A hub that takes every volunteer's word."""
    return replace(hub, settings=hub.settings.with_changes(trust_after=0, spot_check=0))


def test_the_rows_done_are_kept_and_the_rest_waits(
    trusted: Hub, run_tasks: RunTasks, redis: Redis
) -> None:
    job_id = submit(trusted, SQUARES)
    run_tasks()
    volunteer = Volunteer(trusted)
    offer = volunteer.leased(2)
    first = offer.sub_jobs[0]
    trusted.queue.keep_checkpoints([checkpoint_of(trusted, offer, first, 60)])
    assert presence.leave(trusted, volunteer.id) == 2
    assert ranges(trusted, job_id)[:3] == [
        (0, 60, "settled"),
        (60, 40, "waiting"),
        (100, 100, "waiting"),
    ]
    summary = catalogue.job_summary(trusted, job_id)
    assert (summary.rows_settled, summary.sub_jobs_total) == (60, 11)
    assert not redis.exists(f"owc:checkpoint:{first.sub_job_id}")
    other = Volunteer(trusted)
    again = other.leased(1)
    assert (again.sub_jobs[0].first_row, again.sub_jobs[0].rows) == (60, 40), "it goes first"
    collection.take_results(trusted, other.reports(again))
    other.work_off()
    run_tasks()
    assert answer(trusted, job_id) == SQUARES_ANSWER
    view = catalogue.job_view(trusted, job_id)
    assert (view.rows_settled, view.sub_jobs_settled) == (1000, 11)


def test_a_newcomers_checkpoint_is_checked_by_the_hub(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    volunteer = Volunteer(hub)
    offer = volunteer.leased(1)
    hub.queue.keep_checkpoints([checkpoint_of(hub, offer, offer.sub_jobs[0], 30)])
    leases.release(hub, volunteer.id, offer.lease_id)
    assert ranges(hub, job_id)[:2] == [(0, 30, "judging"), (30, 70, "waiting")]
    run_tasks()
    done = catalogue.sub_jobs(hub, job_id)[0]
    assert (done.state, done.verdict) == (SubJobState.SETTLED, Verdict.AGREED)
    assert catalogue.volunteers(hub)[0].agreed == 1


def test_a_lying_checkpoint_costs_trust_and_the_hubs_own_run_counts(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    liar = Volunteer(hub, lies=True)
    offer = liar.leased(1)
    honest = checkpoint_of(hub, offer, offer.sub_jobs[0], 30)
    hub.queue.keep_checkpoints([replace(honest, output=liar._lie(offer, honest.output))])
    presence.leave(hub, liar.id)
    run_tasks()
    assert catalogue.volunteers(hub)[0].disagreed == 1
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


@pytest.mark.parametrize(
    "change",
    [
        {"output": b""},
        {"output": b"OWCT" + bytes(60)},
        {"rows_done": 31},
        {"rows_done": 0},
        {"rows_done": 100},
        {"lease_id": "lease_other"},
        {"elapsed_seconds": 0.5},
    ],
    ids=str,
)
def test_what_is_no_checkpoint_of_that_lease_is_left_and_all_of_it_waits(
    trusted: Hub, run_tasks: RunTasks, change: dict[str, object]
) -> None:
    job_id = submit(trusted, SQUARES)
    run_tasks()
    volunteer = Volunteer(trusted)
    offer = volunteer.leased(1)
    sent = checkpoint_of(trusted, offer, offer.sub_jobs[0], 30)
    trusted.queue.keep_checkpoints([replace(sent, **change)])  # type: ignore[arg-type]
    presence.leave(trusted, volunteer.id)
    assert ranges(trusted, job_id)[0] == (0, 100, "waiting")


@pytest.mark.parametrize("rows", [1, 3, 6])
def test_rows_of_a_table_are_cut_where_the_checkpoint_ends(
    trusted: Hub, run_tasks: RunTasks, rows: int
) -> None:
    job_id = submit(trusted, ROWS)
    run_tasks()
    volunteer = Volunteer(trusted)
    offer = volunteer.leased(1)
    trusted.queue.keep_checkpoints([checkpoint_of(trusted, offer, offer.sub_jobs[0], rows)])
    presence.leave(trusted, volunteer.id)
    assert ranges(trusted, job_id)[:2] == [(0, rows, "settled"), (rows, 7 - rows, "waiting")]
    for part in catalogue.sub_jobs(trusted, job_id)[:2]:
        assert part.chunk_sha256 is not None
        assert catalogue.public_blob(trusted, part.chunk_sha256).is_file()
    Volunteer(trusted).work_off()
    run_tasks()
    assert answer(trusted, job_id) == ROWS_ANSWER


def test_texts_of_an_upload_are_cut_too(trusted: Hub, run_tasks: RunTasks) -> None:
    lines = ["city,age", *(f"{'Oslo' if n % 3 else 'Rome'},{n}" for n in range(200))]
    upload = submission.store_upload(trusted, io.BytesIO("\n".join(lines).encode()))
    job_id = submit(trusted, upload_job(upload.sha256))
    run_tasks()
    volunteer = Volunteer(trusted)
    offer = volunteer.leased(1)
    trusted.queue.keep_checkpoints([checkpoint_of(trusted, offer, offer.sub_jobs[0], 41)])
    presence.leave(trusted, volunteer.id)
    Volunteer(trusted).work_off()
    run_tasks()
    assert answer(trusted, job_id) == [
        {"city": city, "people": len(ages), "ages": sum(ages)}
        for city, ages in (
            ("Rome", range(0, 200, 3)),
            ("Oslo", [n for n in range(200) if n % 3]),
        )
    ]


def test_an_expired_lease_goes_on_from_its_checkpoint(
    trusted: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    job_id = submit(trusted, SQUARES)
    run_tasks()
    volunteer = Volunteer(trusted)
    offer = volunteer.leased(1)
    trusted.queue.keep_checkpoints([checkpoint_of(trusted, offer, offer.sub_jobs[0], 80)])
    clock.advance(offer.lease_seconds + 1)
    assert upkeep.expire(trusted).leases == 1
    assert ranges(trusted, job_id)[:2] == [(0, 80, "settled"), (80, 20, "waiting")]
    # the volunteer was only slow: its result of the whole comes too late, and does not count twice
    receipts = collection.take_results(trusted, volunteer.reports(offer))
    assert receipts[0].status == "too_late"
    assert catalogue.job_summary(trusted, job_id).rows_settled == 80


def test_a_rest_can_be_left_with_a_checkpoint_again(trusted: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(trusted, SQUARES)
    run_tasks()
    for _ in range(3):
        volunteer = Volunteer(trusted)
        offer = volunteer.leased(1)
        half = offer.sub_jobs[0].rows // 2
        trusted.queue.keep_checkpoints([checkpoint_of(trusted, offer, offer.sub_jobs[0], half)])
        presence.leave(trusted, volunteer.id)
    assert ranges(trusted, job_id)[:4] == [
        (0, 50, "settled"),
        (50, 25, "settled"),
        (75, 12, "settled"),
        (87, 13, "waiting"),
    ]
    Volunteer(trusted).work_off()
    run_tasks()
    assert answer(trusted, job_id) == SQUARES_ANSWER


def test_a_sub_job_that_takes_too_long_is_taken_from_a_volunteer_that_is_at_it(
    trusted: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    job_id = submit(trusted, SQUARES)
    run_tasks()
    volunteer = Volunteer(trusted)
    offer = volunteer.leased(1)
    assert upkeep.relieve(trusted) == 0
    clock.advance(40)
    sent = checkpoint_of(trusted, offer, offer.sub_jobs[0], 10, seconds=39)
    trusted.queue.keep_checkpoints([replace(sent, elapsed_seconds=3)])
    assert upkeep.relieve(trusted) == 0, "it waited in its lease and has just begun"
    trusted.queue.keep_checkpoints([sent])
    subscription = trusted.push.subscribe()
    subscription.next(0.1)
    assert upkeep.relieve(trusted) == 1
    assert upkeep.relieve(trusted) == 0
    news = [subscription.next(1) for _ in range(2)]
    subscription.close()
    revoked = next(each for each in news if each and each["topic"] == "revoke")
    assert revoked["lease_id"] == offer.lease_id
    assert ranges(trusted, job_id)[:2] == [(0, 10, "settled"), (10, 90, "waiting")]
    Volunteer(trusted).work_off()
    run_tasks()
    assert answer(trusted, job_id) == SQUARES_ANSWER


def test_a_checkpoint_is_no_use_to_a_job_that_was_cancelled(
    trusted: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(trusted, SQUARES)
    run_tasks()
    volunteer = Volunteer(trusted)
    offer = volunteer.leased(1)
    trusted.queue.keep_checkpoints([checkpoint_of(trusted, offer, offer.sub_jobs[0], 10)])
    submission.cancel(trusted, job_id, "why")
    assert presence.leave(trusted, volunteer.id) == 0
    assert {state for _, _, state in ranges(trusted, job_id)} == {"cancelled"}
