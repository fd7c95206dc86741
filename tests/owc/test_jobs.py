"""The life of a job: submitted, held, approved, split, cancelled, failed; tokens and uploads."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from redis import Redis

import jobspec
from owc.clock import ManualClock, SystemClock
from owc.domain.matching import Capabilities
from owc.domain.states import JobState, SubJobState
from owc.errors import (
    NotFound,
    Refused,
    ResultNotReady,
    UnknownVolunteer,
    UploadTooLarge,
)
from owc.push import Push
from owc.queue import Queue, connect
from owc.runs import InProcess
from owc.services import (
    access,
    catalogue,
    collection,
    completion,
    dispatch,
    leases,
    presence,
    submission,
    upkeep,
)
from owc.services.hub import Hub
from tests.owc.jobs import (
    ROWS,
    ROWS_ANSWER,
    SQUARES,
    SQUARES_ANSWER,
    STRANGER,
    Volunteer,
    answer,
    submit,
    upload_job,
)

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


def test_a_document_with_problems_makes_no_job(hub: Hub) -> None:
    with pytest.raises(jobspec.DocumentError) as caught:
        submit(hub, {**SQUARES, "steps": [{"filter": "m > 1"}], "colour": "red"})
    assert len(caught.value.problems) >= 2
    assert catalogue.list_jobs(hub) == ()


def test_an_unknown_upload_is_a_problem_of_the_document(hub: Hub) -> None:
    with pytest.raises(jobspec.DocumentError) as caught:
        submit(hub, upload_job("0" * 64))
    assert caught.value.problems[0].pointer == "/source/upload"
    blob = hub.blobs.put(b"a,b\n1,2\n")
    with pytest.raises(jobspec.DocumentError):
        submit(hub, upload_job(blob.sha256))


def test_a_strangers_job_is_held_until_it_is_approved(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, SQUARES, STRANGER)
    run_tasks()
    assert catalogue.job_view(hub, job_id).state is JobState.HELD
    assert upkeep.reconcile(hub).is_clean
    submission.approve(hub, job_id)
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER
    with pytest.raises(Refused, match="not held, it is succeeded"):
        submission.approve(hub, job_id)


def test_a_job_can_be_cancelled_at_every_state(hub: Hub, run_tasks: RunTasks, redis: Redis) -> None:
    held = submit(hub, SQUARES, STRANGER)
    assert submission.cancel(hub, held, "why") is JobState.CANCELLED
    compiled = submit(hub, SQUARES)
    assert submission.cancel(hub, compiled, "why") is JobState.CANCELLED
    run_tasks()
    running = submit(hub, SQUARES)
    run_tasks()
    volunteer = Volunteer(hub)
    offer = volunteer.leased(2)
    subscription = hub.push.subscribe()
    subscription.next(0.1)
    assert submission.cancel(hub, running, "why") is JobState.CANCELLED
    news = [subscription.next(1) for _ in range(2)]
    subscription.close()
    assert news[0] == {
        "topic": "revoke",
        "volunteer_id": volunteer.id,
        "lease_id": offer.lease_id,
        "sub_job_ids": None,
        "reason": "The job was cancelled.",
    }
    assert news[1] is not None
    assert news[1] == {"topic": "jobs", "job_ids": [running]}
    assert {each.state for each in catalogue.sub_jobs(hub, running)} == {SubJobState.CANCELLED}
    assert [key for key in redis.scan_iter() if b"sub_" in key] == []
    assert volunteer.lease() is None
    merging = submit(hub, SQUARES)
    run_tasks()
    for _ in range(10):
        volunteer.work_once(1)
    assert submission.cancel(hub, merging, "why") is JobState.CANCELLED
    run_tasks()
    view = catalogue.job_view(hub, merging)
    assert (view.state, view.failure) == (JobState.CANCELLED, "why")
    with pytest.raises(ResultNotReady, match="cancelled and has no result: why"):
        catalogue.result_file(hub, merging)


def test_cancelling_a_finished_job_changes_nothing(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, ROWS)
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    assert submission.cancel(hub, job_id, "late") is JobState.SUCCEEDED
    assert answer(hub, job_id) == ROWS_ANSWER
    with pytest.raises(NotFound):
        submission.cancel(hub, "job_none", "x")


def test_a_row_that_cannot_be_read_fails_the_job_with_its_place(
    hub: Hub, run_tasks: RunTasks
) -> None:
    rows = 2_600_000  # beyond the part of a file from which types are inferred
    text = "city,age\n" + "Oslo,1\n" * rows + "Oslo,many\n"
    upload = submission.store_upload(hub, io.BytesIO(text.encode()))
    job_id = submit(hub, upload_job(upload.sha256, rows=1_000_000))
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert view.failure.startswith("The source could not be split:")
    assert "many" in view.failure


def test_an_empty_range_gives_the_answer_of_no_rows(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(
        hub,
        {
            **SQUARES,
            "source": {"range": {"n": [0, 1]}},
            "steps": [{"filter": "n > 5"}, {"aggregate": {"rows": "count(*)", "total": "sum(n)"}}],
        },
    )
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == [{"rows": 0, "total": None}]


def test_a_sum_that_overflows_fails_the_job_at_its_merge(hub: Hub, run_tasks: RunTasks) -> None:
    big = 2**62
    job_id = submit(
        hub,
        {
            "name": "Overflow",
            "source": {"rows": [{"n": big}, {"n": big}, {"n": big}]},
            "steps": [{"aggregate": {"total": "sum(n)"}}],
            "split": {"rows": 1},
        },
    )
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert view.failure.startswith("The results could not be merged:")


def test_a_split_that_died_goes_on_where_it_was(
    hub: Hub, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion, "BATCH_ROWS", 3)
    job_id = submit(hub, ROWS)
    calls = 0
    write = completion._write_batch

    def die_at_the_third(*args: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise MemoryError
        write(*args)  # type: ignore[arg-type]  # of any length

    monkeypatch.setattr(completion, "_write_batch", die_at_the_third)
    with pytest.raises(MemoryError):
        completion.split(hub, job_id)
    before = catalogue.sub_jobs(hub, job_id)
    assert len(before) == 6
    volunteer = Volunteer(hub)
    assert volunteer.work_off() == 6
    monkeypatch.setattr(completion, "_write_batch", write)
    run_tasks()
    after = catalogue.sub_jobs(hub, job_id)
    assert [each.id for each in after[:6]] == [each.id for each in before]
    assert len(after) == 8
    volunteer.work_off()
    run_tasks()
    assert answer(hub, job_id) == ROWS_ANSWER


def test_a_task_that_always_dies_fails_the_job_in_the_end(
    hub: Hub, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(hub, SQUARES)

    def die(*args: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(completion, "_open_range", die)
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure == "The hub made a mistake: MemoryError: no room"


def test_a_split_that_was_overtaken_writes_nothing_more(hub: Hub) -> None:
    job_id = submit(hub, SQUARES)
    started = completion._begin(hub, job_id, {JobState.COMPILED})
    assert started is not None
    completion.split(hub, job_id)
    with pytest.raises(completion._Overtaken), completion._holding(hub, job_id, started[1]):
        pass
    completion.split(hub, job_id)
    assert len(catalogue.sub_jobs(hub, job_id)) == 10


def test_a_source_of_too_many_sub_jobs_fails_the_job(hub: Hub) -> None:
    strict = replace(hub, settings=hub.settings.with_changes(max_sub_jobs=5, max_chunks=4))
    job_ids = submit(strict, SQUARES), submit(strict, ROWS)
    for job_id in job_ids:
        completion.split(strict, job_id)
    assert [catalogue.job_view(hub, job_id).failure for job_id in job_ids] == [
        "The source makes 10 sub-jobs of 100 rows; this hub takes 5 at most.",
        "The source makes more than 4 sub-jobs of 7 rows, the most that this hub takes.",
    ]


def test_without_a_split_rule_the_hub_probes_the_rows(hub: Hub) -> None:
    measured = replace(hub, clock=SystemClock(), runs=InProcess())
    document = {**SQUARES, "source": {"range": {"n": [0, 3_000_000_000]}}}
    del document["split"]
    document["steps"] = [
        {"derive": {"square": "n % 1000"}},
        {"aggregate": {"total": "sum(square)"}},
    ]
    job_id = submit(measured, document)
    completion.split(measured, job_id)
    summary = catalogue.job_summary(hub, job_id)
    assert summary.sub_jobs_total is not None
    assert 1 < summary.sub_jobs_total < 3000


def test_a_split_by_seconds_sizes_sub_jobs_by_the_measured_time(hub: Hub) -> None:
    measured = replace(hub, clock=SystemClock(), runs=InProcess())
    totals = []
    for seconds in (0.5, 5):
        document = {
            **SQUARES,
            "source": {"range": {"n": [0, 3_000_000_000]}},
            "split": {"seconds": seconds},
            "steps": [{"aggregate": {"total": "sum(n % 1000)"}}],
        }
        job_id = submit(measured, document)
        completion.split(measured, job_id)
        totals.append(catalogue.job_summary(hub, job_id).sub_jobs_total or 0)
    assert totals[0] > 3 * totals[1] > 0


def test_jobs_are_listed_newest_first_by_pages(hub: Hub, clock: ManualClock) -> None:
    ids = []
    for _ in range(5):
        ids.append(submit(hub, SQUARES))
        clock.advance(1)
    newest = catalogue.list_jobs(hub, limit=3)
    assert [job.id for job in newest] == ids[:1:-1]
    older = catalogue.list_jobs(hub, before=newest[-1].created_at)
    assert [job.id for job in older] == ids[1::-1]


def test_a_jobs_page_has_everything(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**ROWS, "purpose": "To know.", "contact": "a@b.org", "licence": "CC0"})
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert json.loads(view.document)["licence"] == "CC0"
    assert (view.purpose, view.contact, view.source_kind) == ("To know.", "a@b.org", "rows")
    assert view.listing
    assert len(catalogue.program(hub, job_id)) == view.program_bytes
    assert [each.rows for each in view.sub_jobs] == [7] * 7 + [1]
    assert catalogue.public_blob(hub, view.program_sha256).is_file()
    chunk = view.sub_jobs[0].chunk_sha256
    assert chunk is not None
    assert catalogue.public_blob(hub, chunk).is_file()
    assert json.dumps(view.as_dict())
    manifest = catalogue.manifest(hub, job_id)
    assert json.dumps(manifest)
    assert manifest["sub_jobs"] == []
    with pytest.raises(ResultNotReady, match="it is running"):
        catalogue.result_file(hub, job_id)


def test_blobs_that_belong_to_no_job_are_not_public(hub: Hub) -> None:
    blob = hub.blobs.put(b"secret")
    with pytest.raises(NotFound):
        catalogue.public_blob(hub, blob.sha256)
    with pytest.raises(NotFound):
        catalogue.job_view(hub, "job_none")


def test_blobs_of_a_held_job_are_not_public_even_when_it_is_cancelled(hub: Hub) -> None:
    upload = submission.store_upload(hub, io.BytesIO(b"city,age\nParis,30\n"))
    job_id = submit(hub, upload_job(upload.sha256), STRANGER)
    with pytest.raises(NotFound):
        catalogue.public_blob(hub, upload.sha256)
    submission.cancel(hub, job_id, "by who posted it")
    with pytest.raises(NotFound):
        catalogue.public_blob(hub, upload.sha256)


def test_an_upload_over_the_limit_is_refused(hub: Hub) -> None:
    with pytest.raises(UploadTooLarge):
        submission.store_upload(hub, io.BytesIO(b"x" * 100), max_bytes=99)


def test_a_token_is_found_by_its_secret_until_it_is_revoked(hub: Hub) -> None:
    secret = access.create_token(hub, "Ada", ["submit", "trusted"])
    token = access.find_token(hub, secret)
    assert token is not None
    assert (token.name, token.scopes) == ("Ada", {"submit", "trusted"})
    assert access.list_tokens(hub) == (token,)
    assert access.find_token(hub, secret + "x") is None
    assert access.find_token(hub, "\ud800") is None
    access.revoke_token(hub, token.id)
    access.revoke_token(hub, token.id)
    assert access.find_token(hub, secret) is None
    with pytest.raises(Refused, match="no scope fly"):
        access.create_token(hub, "Ada", ["fly"])
    with pytest.raises(NotFound):
        access.revoke_token(hub, "token_none")


def test_work_goes_on_when_redis_was_away_for_a_while(
    hub: Hub, run_tasks: RunTasks, tmp_path
) -> None:
    nowhere = connect(f"unix://{tmp_path}/none.sock")
    cut_off = replace(
        hub, queue=Queue(nowhere, finished_seconds=1, task_seconds=60), push=Push(nowhere)
    )
    job_id = submit(cut_off, SQUARES)
    assert upkeep.reconcile(cut_off).is_clean
    upkeep.reconcile(hub)
    run_tasks()
    volunteer = Volunteer(hub)
    report = volunteer.reports(volunteer.leased(1))
    assert collection.take_results(cut_off, report)[0].status == "stored"
    assert dispatch.lease(cut_off, volunteer.id, 1) is None
    assert upkeep.feed(cut_off).sub_jobs == 0
    mended = upkeep.reconcile(hub)
    assert mended.marks_removed == 1
    assert mended.tasks_requeued == 1
    volunteer.work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_volunteer_gets_only_what_it_can_run(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**SQUARES, "requires": {"mobile": False, "score": 10}})
    run_tasks()
    phone = Volunteer(hub, capabilities=Capabilities(mobile=True, score=100))
    slow = Volunteer(hub, capabilities=Capabilities(score=1))
    able = Volunteer(hub, capabilities=Capabilities(score=16))
    assert phone.lease() is None
    assert slow.lease() is None
    assert able.leased().job_id == job_id


def test_a_volunteer_gets_only_jobs_of_the_categories_that_it_helps(
    hub: Hub, run_tasks: RunTasks
) -> None:
    other = submit(hub, SQUARES)
    cure = submit(hub, {**SQUARES, "category": "medicine"})
    run_tasks()
    healer = Volunteer(hub, capabilities=Capabilities(categories=frozenset({"medicine"})))
    stargazer = Volunteer(hub, capabilities=Capabilities(categories=frozenset({"astronomy"})))
    modest = Volunteer(hub, capabilities=Capabilities(categories=frozenset({"other"})))
    assert healer.leased().job_id == cure
    assert modest.leased().job_id == other
    assert stargazer.lease() is None
    anyone = Volunteer(hub)
    assert anyone.leased().job_id in {other, cure}


def test_a_volunteer_resumes_under_its_id(hub: Hub) -> None:
    volunteer = Volunteer(hub)
    assert Volunteer(hub, id=volunteer.id).id == volunteer.id
    assert Volunteer(hub, id="vol_unknown").id != "vol_unknown"


def test_an_unknown_volunteer_gets_nothing(hub: Hub) -> None:
    with pytest.raises(UnknownVolunteer):
        dispatch.lease(hub, "vol_none", 1)
    assert leases.renew(hub, "vol_none", ["lease_none"]).gone == ("lease_none",)
    assert leases.release(hub, "vol_none", "lease_none") == 0
    assert presence.leave(hub, "vol_none") == 0


def test_a_lease_may_be_given_back_in_part_but_not_by_another(
    hub: Hub, run_tasks: RunTasks
) -> None:
    submit(hub, SQUARES)
    run_tasks()
    volunteer, thief = Volunteer(hub), Volunteer(hub)
    offer = volunteer.leased(4)
    assert len(offer.sub_jobs) > 1
    ids = [sub_job.sub_job_id for sub_job in offer.sub_jobs]
    assert leases.release(hub, thief.id, offer.lease_id) == 0
    assert leases.release(hub, volunteer.id, offer.lease_id, ids[:1]) == 1
    assert leases.release(hub, volunteer.id, offer.lease_id, ids[:1]) == 0
    assert thief.leased(1).sub_jobs[0].sub_job_id == ids[0]
    assert leases.release(hub, volunteer.id, offer.lease_id) == len(ids) - 1


def test_a_volunteer_cannot_hoard_leases(hub: Hub, run_tasks: RunTasks) -> None:
    few = replace(hub, settings=hub.settings.with_changes(leases_per_volunteer=2))
    submit(hub, SQUARES)
    run_tasks()
    volunteer = Volunteer(few)
    assert [volunteer.lease(1) is None for _ in range(3)] == [False, False, True]


def test_a_name_stands_for_one_live_token(hub: Hub) -> None:
    access.create_token(hub, "Ada", ["submit"])
    with pytest.raises(Refused, match="'Ada': revoke it first"):
        access.create_token(hub, " Ada ", ["submit"])
    (ada,) = access.list_tokens(hub)
    access.revoke_token(hub, ada.id)
    assert access.find_token(hub, access.create_token(hub, "Ada", ["submit"])) is not None
    with pytest.raises(Refused, match="stands for this machine"):
        access.create_token(hub, "loopback", ["submit"])
