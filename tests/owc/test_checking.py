"""The hub's own runs as checks: taking turns, processes that die, and merges that do not wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import jobspec
from owc.clock import ManualClock
from owc.domain.states import JobState, SubJobState
from owc.errors import RunsUnavailable
from owc.queue import CHECKS
from owc.runs import Children, InProcess, Outcome
from owc.services import catalogue, checking, collection, upkeep
from owc.services.hub import Hub
from owc.services.values import Report
from owc.settings import Settings
from owc.store import SubJobRow
from owc.tasks.worker import work
from tests.owc.jobs import SQUARES, SQUARES_ANSWER, Volunteer, answer, submit
from tests.owc.test_runs import eventually, the_pid, works_in

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

SPINS = """def spins(n: i64) -> i64:
    total = n
    steps = 1
    if n >= {quick_rows}:
        steps = {steps}
    for step in range(steps):
        total += step ^ (n & 1)
    return total"""


def slow(*, sub_jobs: int, steps: int, quick_rows: int = 0) -> dict[str, Any]:
    """`quick_rows`: so many rows from the beginning take no time."""
    return {
        "name": "Slow",
        "source": {"range": {"n": [0, sub_jobs]}},
        "functions": {"spins": SPINS.format(steps=steps, quick_rows=quick_rows)},
        "steps": [{"aggregate": {"total": "sum(spins(n))"}}],
        "split": {"rows": 1},
    }


def claim(hub: Hub, sub_jobs: int) -> None:
    """Somebody says of so many sub-jobs that they trap: then the hub has to look itself."""
    claimed = 0
    while claimed < sub_jobs:
        upkeep.feed(hub)
        volunteer = Volunteer(hub)
        offer = volunteer.leased(sub_jobs - claimed)
        claims = [
            Report(
                volunteer_id=volunteer.id,
                lease_id=offer.lease_id,
                sub_job_id=each.sub_job_id,
                output=b"",
                trap_site=0,
                rows_done=0,
                elapsed_seconds=0.01,
            )
            for each in offer.sub_jobs
        ]
        claimed += len(collection.take_results(hub, claims))


def rows_of(hub: Hub, job_id: str) -> list[SubJobRow]:
    with hub.database.read() as session:
        return list(
            session.scalars(
                select(SubJobRow).where(SubJobRow.job_id == job_id).order_by(SubJobRow.first_row)
            )
        )


def judging(hub: Hub, job_id: str) -> list[str]:
    return [each.id for each in rows_of(hub, job_id) if each.state is SubJobState.JUDGING]


def queued_checks(hub: Hub) -> list[tuple[str, ...]]:
    tasks = hub.queue.live_tasks(lambda _: True)
    return [tuple(task.args[0]) for task in tasks if task.queue == CHECKS]


class Slow(InProcess):
    """Each run takes a while, by the hub's clock."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__(clock.monotonic)
        self.clock, self.seconds = clock, seconds
        self.done: list[bytes] = []

    def run(self, wasm: bytes, chunk: bytes, **limits: Any) -> jobspec.Run:
        self.clock.advance(self.seconds)
        self.done.append(wasm)
        return super().run(wasm, chunk, **limits)


class Dying(InProcess):
    """The first runs end their process, each with the sub-job of that row."""

    def __init__(self, row: int, deaths: int) -> None:
        super().__init__()
        self.row, self.deaths = row, deaths

    def run_many(self, wasm: bytes, chunks: Iterable[bytes], **limits: Any) -> Iterator[Outcome]:
        for chunk in chunks:
            if self.deaths and jobspec.chunk_rows(chunk)[0] == self.row:
                self.deaths -= 1
                yield jobspec.RunError("process_died", "the run ended its process")
            else:
                yield from super().run_many(wasm, [chunk], **limits)


def begun(hub: Hub, run_tasks: RunTasks, document: dict[str, Any] = SQUARES) -> str:
    """A job all of whose sub-jobs wait for the hub's own run."""
    job_id = submit(hub, document)
    run_tasks()
    Volunteer(hub).work_off()
    assert len(judging(hub, job_id)) == 10
    return job_id


def test_a_task_stops_after_its_time_and_leaves_the_rest_to_another(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    job_id = begun(hub, run_tasks)
    ids = judging(hub, job_id)
    with hub.delivery("test"):
        hub.queue.empty(CHECKS)
    runs = Slow(clock, 0.75)
    assert checking.check_sub_jobs(replace(hub, runs=runs), ids) == 3
    rest = judging(hub, job_id)
    assert rest == ids[3:]
    assert queued_checks(hub) == [tuple(rest)]
    assert {each.hub_runs for each in rows_of(hub, job_id) if each.id in rest} == {0}
    assert upkeep.reconcile(hub).tasks_requeued == 0, "all of them are known to be checked"


def test_a_run_that_is_longer_than_the_time_of_a_task_is_done_all_the_same(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    job_id = begun(hub, run_tasks)
    ids = judging(hub, job_id)
    runs = Slow(clock, 10 * checking.CHECK_SECONDS)
    assert checking.check_sub_jobs(replace(hub, runs=runs), ids) == 1


def test_jobs_take_turns_in_being_checked(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    other = [{"aggregate": {"total": "sum(2 * n)"}}]
    jobs = [submit(hub, SQUARES), submit(hub, {**SQUARES, "name": "Later", "steps": other})]
    run_tasks()
    Volunteer(hub).work_off()
    assert [len(judging(hub, each)) for each in jobs] == [10, 10]
    runs = Slow(clock, 0.75)
    _serve(replace(hub, runs=runs), hub)
    order = "".join("ab"[wasm == catalogue.program(hub, jobs[1])] for wasm in runs.done)
    assert (order.count("a"), order.count("b")) == (10, 10)
    assert "b" in order.rstrip("b"), "the second began before the first had all that it waited for"


def _serve(slow_hub: Hub, hub: Hub) -> None:
    from owc.queue import connect_blocking

    connection = connect_blocking(hub.settings.redis_url or "")
    work(slow_hub, connection, burst=True)
    connection.close()


def test_a_run_that_once_ended_its_process_is_tried_again(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = begun(hub, run_tasks)
    _serve(replace(hub, runs=Dying(300, 1)), hub)
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_run_that_always_ends_its_process_fails_the_job_after_some_attempts(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = begun(hub, run_tasks)
    runs = Dying(300, 1000)
    _serve(replace(hub, runs=runs), hub)
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure == (
        "Rows 300 to 399 of the source could not be run on the hub: each of"
        f" {hub.settings.task_attempts} attempts ended its process."
    )
    assert 1000 - runs.deaths == hub.settings.task_attempts
    assert view.sub_jobs_settled == 9, "the others had nothing to do with it"


class Unavailable(InProcess):
    def run_many(self, *_: Any, **__: Any) -> Iterator[Outcome]:
        raise RunsUnavailable
        yield


def test_no_attempt_is_counted_when_there_is_no_process_to_run_it(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = begun(hub, run_tasks)
    for _ in range(hub.settings.task_attempts + 1):
        with pytest.raises(RunsUnavailable):
            checking.check_sub_jobs(replace(hub, runs=Unavailable()), judging(hub, job_id))
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_the_whole_way_with_children(hub: Hub, settings: Settings) -> None:
    """Probed, checked and finished in children; one is killed in the midst of a check."""
    with_children = replace(hub, runs=Children(memory_bytes=settings.memory_bytes))
    try:
        document = {
            **slow(sub_jobs=3, steps=300_000_000),
            "finish": [{"derive": {"is_even": "total % 2 = 0"}}],
        }
        job_id = submit(hub, document)
        _serve(with_children, hub)
        claim(hub, 3)
        children = with_children.runs
        assert isinstance(children, Children)
        pid = the_pid(children)
        is_at_work = works_in(pid)
        killer = threading.Thread(
            target=lambda: eventually(is_at_work) and os.kill(pid, signal.SIGKILL)
        )
        killer.start()
        _serve(with_children, hub)
        killer.join()
        assert the_pid(children) != pid
        view = catalogue.job_view(hub, job_id)
        assert (view.state, view.failure) == (JobState.SUCCEEDED, None)
        (row,) = answer(hub, job_id)
        assert set(row) == {"total", "is_even"}
    finally:
        with_children.close()


WORKER = """
from owc.settings import Settings
from owc.tasks import run_worker
run_worker(Settings.from_env())
"""


def test_a_merge_does_not_wait_for_checks_however_long_they_are(
    hub: Hub, settings: Settings, run_tasks: RunTasks
) -> None:
    """One worker process, forty checks of a minute each, and then a merge."""
    believing = replace(hub, settings=settings.with_changes(trust_after=0, spot_check=0))
    document = slow(sub_jobs=50, steps=10**12, quick_rows=10)  # ten for the probe
    long = submit(hub, document)
    run_tasks()
    claim(hub, 50)
    assert len(judging(hub, long)) == 50
    short = submit(hub, SQUARES)
    environ = {
        **os.environ,
        "OWC_DATA_FOLDER": str(settings.data_folder),
        "OWC_REDIS_URL": str(settings.redis_url),
        "OWC_DATABASE_URL": settings.database_url or "",
        "OWC_HUB_RUN_SECONDS": "3600",
        "OWC_AUDIT": "0",  # which would be checks, behind the others
    }
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environ, cwd=Path(__file__).parents[2]
    ) as worker:
        try:
            assert eventually(lambda: any(each.hub_runs for each in rows_of(hub, long)[10:]))
            volunteer, stored = Volunteer(believing), list[int]()
            # as they come out of the split
            assert eventually(lambda: stored.append(volunteer.work_off()) or sum(stored) == 10)
            began = time.monotonic()
            assert eventually(lambda: catalogue.job_summary(hub, short).state is JobState.SUCCEEDED)
            seconds = time.monotonic() - began
        finally:
            worker.kill()
    assert answer(hub, short) == SQUARES_ANSWER
    assert len(judging(hub, long)) >= 40, "so that the checks went on all the time"
    assert seconds < 30, "of which the merge itself takes the most on a busy machine"
