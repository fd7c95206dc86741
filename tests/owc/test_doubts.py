"""What rests on the word of a volunteer that is caught later, and lies in segments already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import func, select

from owc.blobs.segments import read_outputs, read_segment, write_segment
from owc.domain import sizing
from owc.domain.states import JobState, Verdict
from owc.services import catalogue, checking, collection, compaction, completion, submission, upkeep
from owc.services.hub import Hub
from owc.store import DoubtRow, SegmentRow
from tests.owc.jobs import SQUARES, SQUARES_ANSWER, Volunteer, answer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

TWENTY = {**SQUARES, "split": {"rows": 50}}


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "SEGMENT_SUB_JOBS", 4)


@pytest.fixture
def liar(hub: Hub, run_tasks: RunTasks) -> Volunteer:
    """A volunteer that was honest until it was trusted, and lies from then on."""
    submit(hub, {**SQUARES, "name": "For trust"})
    run_tasks()
    volunteer = Volunteer(hub)
    for _ in range(10):
        volunteer.work_once(1)
    run_tasks()
    volunteer.lies = True
    upkeep.prune(hub)  # that job is put away
    return volunteer


def lied_to(hub: Hub, liar: Volunteer, sub_jobs: int = 8) -> str:
    """A job of which so many sub-jobs, lies all of them, are in segments."""
    job_id = submit(hub, TWENTY)
    completion.split(hub, job_id)
    assert [len(liar.work_once(1)) for _ in range(sub_jobs)] == [1] * sub_jobs
    assert compaction.compact(hub, job_id) == sub_jobs // 4 * 4
    return job_id


def catch(hub: Hub, liar: Volunteer, run_tasks: RunTasks | None = None) -> None:
    """The hub runs another of its results itself."""
    other = submit(hub, {**SQUARES, "name": "Where it is caught", "priority": 9})
    completion.split(hub, other)
    watchful = replace(hub, draw=lambda: 0.0)
    offer = liar.leased(1)
    collection.take_results(watchful, liar.reports(offer))
    if run_tasks is None:
        checking.check_sub_jobs(hub, [offer.sub_jobs[0].sub_job_id])
    else:
        run_tasks()


def doubts(hub: Hub) -> int:
    with hub.database.read() as session:
        return session.scalar(select(func.count()).select_from(DoubtRow)) or 0


def states(hub: Hub, job_id: str) -> list[str]:
    return [str(each.state) for each in catalogue.sub_jobs(hub, job_id)]


def finish(hub: Hub, job_id: str, run_tasks: RunTasks) -> None:
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER
    summary = catalogue.job_summary(hub, job_id)
    assert (summary.rows_settled, summary.sub_jobs_settled) == (1000, 20)
    assert doubts(hub) == 0


def test_lies_in_segments_are_judged_after_all(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks
) -> None:
    job_id = lied_to(hub, liar)
    before = catalogue.job_summary(hub, job_id)
    assert (before.rows_settled, before.sub_jobs_settled) == (400, 8)
    catch(hub, liar)
    assert doubts(hub) == 1
    assert compaction.reopen_doubted(hub, job_id) == 8
    assert states(hub, job_id)[:8] == ["judging"] * 8
    after = catalogue.job_summary(hub, job_id)
    assert (after.rows_settled, after.sub_jobs_settled) == (0, 0)
    finish(hub, job_id, run_tasks)
    views = catalogue.sub_jobs(hub, job_id)
    assert {(each.volunteer, each.verdict) for each in views[:8]} == {("hub", Verdict.AGREED)}


def test_what_is_judged_again_does_not_show_what_it_rested_on(hub: Hub, liar: Volunteer) -> None:
    job_id = submit(hub, TWENTY)
    completion.split(hub, job_id)
    liar.work_once(1)
    (before,) = (each for each in catalogue.sub_jobs(hub, job_id) if each.state == "settled")
    assert (before.volunteer, before.verdict) == (liar.id, None)
    assert before.result_sha256 is not None
    catch(hub, liar)
    (after,) = (each for each in catalogue.sub_jobs(hub, job_id) if each.id == before.id)
    assert after.state == "judging"
    assert (after.volunteer, after.verdict, after.result_sha256) == (None, None, None)


def test_what_is_judged_again_makes_nobody_trusted_anew(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks
) -> None:
    liar.lies = False
    job_id = lied_to(hub, liar, sub_jobs=3)
    for _ in range(12):
        liar.work_once(1)
    liar.lies = True
    catch(hub, liar)
    run_tasks()
    views = catalogue.sub_jobs(hub, job_id)[:15]
    assert {(each.volunteer, each.verdict) for each in views} == {(liar.id, Verdict.AGREED)}
    (found,) = (each for each in catalogue.volunteers(hub) if each.id == liar.id)
    assert (found.agreed, found.disagreed) == (0, 1), "it starts over"
    finish(hub, job_id, run_tasks)


def test_what_others_said_in_the_same_segment_stays(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, TWENTY)
    completion.split(hub, job_id)
    honest = Volunteer(hub)
    for who in (liar, honest, liar, honest):
        who.work_once(1)
    run_tasks()
    assert upkeep.prune(hub).sub_jobs == 4
    catch(hub, liar)
    assert compaction.reopen_doubted(hub, job_id) == 2
    assert states(hub, job_id)[:4] == ["judging", "settled", "judging", "settled"]
    with hub.database.read() as session:
        segment = session.scalars(select(SegmentRow).where(SegmentRow.job_id == job_id)).one()
        assert (segment.rows, segment.sub_jobs, segment.end_row) == (100, 2, 200)
    run_tasks()
    assert upkeep.prune(hub).sub_jobs == 2
    with hub.database.read() as session:
        assert (
            session.scalars(select(SegmentRow).where(SegmentRow.job_id == job_id)).one().sub_jobs
            == 4
        )
    assert [each.volunteer for each in catalogue.sub_jobs(hub, job_id)[:4]] == [
        "hub",
        honest.id,
        "hub",
        honest.id,
    ]
    finish(hub, job_id, run_tasks)


def test_a_job_does_not_succeed_while_a_doubt_is_open(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks
) -> None:
    job_id = lied_to(hub, liar)
    liar.lies = False
    liar.work_off()
    assert catalogue.job_summary(hub, job_id).state is JobState.MERGING
    liar.lies = True
    catch(hub, liar)
    completion.merge(hub, job_id)
    assert catalogue.job_summary(hub, job_id).state is not JobState.SUCCEEDED
    finish(hub, job_id, run_tasks)


def test_a_merge_that_runs_while_a_doubt_comes_up_gives_up(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = lied_to(hub, liar)
    assert liar.work_off() == 12
    upkeep.prune(hub)
    assert catalogue.job_summary(hub, job_id).state is JobState.MERGING
    merged = completion.preview_of
    caught: list[int] = []

    def meanwhile(*args: Any) -> Any:
        if not caught:
            caught.append(1)
            catch(hub, liar)
        return merged(*args)

    monkeypatch.setattr(completion, "preview_of", meanwhile)
    completion.merge(hub, job_id)
    assert caught == [1]
    assert catalogue.job_summary(hub, job_id).state is not JobState.SUCCEEDED
    finish(hub, job_id, run_tasks)


def test_a_doubt_whose_volunteer_said_nothing_here_lets_the_merge_go_on(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, TWENTY)
    completion.split(hub, job_id)
    honest = Volunteer(hub)
    for _ in range(4):
        honest.work_once(1)
    run_tasks()
    assert upkeep.prune(hub).sub_jobs == 4
    honest.work_off()
    catch(hub, liar)
    assert doubts(hub) == 1
    finish(hub, job_id, run_tasks)
    assert {each.volunteer for each in catalogue.sub_jobs(hub, job_id)} == {honest.id}


def test_a_lost_doubt_task_is_found(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks, redis: Redis
) -> None:
    job_id = lied_to(hub, liar)
    catch(hub, liar)
    redis.flushall()
    run_tasks()
    assert doubts(hub) == 1
    upkeep.reconcile(hub)
    assert f"doubt-{job_id}" in {task.id for task in hub.queue.live_tasks(lambda _: True)}
    finish(hub, job_id, run_tasks)


def test_a_doubt_that_meets_a_prune_of_the_same_segment_looks_again(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(hub, TWENTY)
    completion.split(hub, job_id)
    honest = Volunteer(hub)
    for who in (liar, honest, honest, liar):
        who.work_once(1)
    run_tasks()
    assert upkeep.prune(hub).sub_jobs == 4
    catch(hub, liar)
    write, pruned = write_segment, []

    def prune_meanwhile(*args: Any) -> Any:
        blob = write(*args)
        if not pruned:
            pruned.append(True)
            with hub.database.write() as session:
                row = session.scalars(select(SegmentRow).where(SegmentRow.job_id == job_id)).one()
                pairs = zip(
                    read_segment(hub.blobs, row.sha256),
                    (output for _, output in read_outputs(hub.blobs, row.sha256)),
                    strict=True,
                )
                # the same sub-jobs in another file, as a prune that added some would leave it
                anew = [(replace(each, leases=each.leases + 1), output) for each, output in pairs]
                made = write(hub.blobs, anew)
                row.sha256, row.bytes = made.sha256, made.bytes
        return blob

    monkeypatch.setattr(compaction, "write_segment", prune_meanwhile)
    assert compaction.reopen_doubted(hub, job_id) == 2
    assert states(hub, job_id)[:4] == ["judging", "settled", "settled", "judging"]
    monkeypatch.setattr(compaction, "write_segment", write)
    finish(hub, job_id, run_tasks)


def test_a_doubt_task_that_runs_twice_reopens_once(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks
) -> None:
    job_id = lied_to(hub, liar)
    catch(hub, liar)
    assert compaction.reopen_doubted(hub, job_id) == 8
    assert compaction.reopen_doubted(hub, job_id) == 0
    assert catalogue.job_summary(hub, job_id).rows_settled == 0
    finish(hub, job_id, run_tasks)


def test_doubts_about_a_job_that_ended_change_nothing(
    hub: Hub, liar: Volunteer, run_tasks: RunTasks
) -> None:
    job_id = lied_to(hub, liar)
    catch(hub, liar)
    submission.cancel(hub, job_id, "why")
    before = catalogue.sub_jobs(hub, job_id)
    assert compaction.reopen_doubted(hub, job_id) == 0
    assert doubts(hub) == 0
    assert catalogue.sub_jobs(hub, job_id) == before
