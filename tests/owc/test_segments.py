"""Settled sub-jobs move from SQL into segment files, and nobody can tell from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from owc.blobs.segments import write_segment
from owc.clock import ManualClock, SystemClock
from owc.domain import sizing
from owc.domain.states import JobState, SubJobState
from owc.errors import NotFound
from owc.queue import Task
from owc.services import catalogue, checking, collection, compaction, completion, retention, upkeep
from owc.services.hub import Hub
from owc.services.values import Report
from owc.store import JobRow, LeaseRow, ResultRow, SegmentRow, SubJobRow
from tests.owc.jobs import ROWS, SQUARES, SQUARES_ANSWER, Volunteer, answer, at_once, submit
from tests.owc.test_skipping import poisoned

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

STRETCH = 4
"""Sub-jobs of one segment in these tests."""


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "SEGMENT_SUB_JOBS", STRETCH)


MOST_STEPS = 200
PICTURES_EVERY = 5
ROWS_OF_RANGE = 101
RANGE = {"range": {"n": [0, ROWS_OF_RANGE]}}
JOBS: dict[str, dict[str, Any]] = {
    "aggregate": {
        "name": "Sums",
        "source": RANGE,
        "steps": [
            {"derive": {"rest": "n % 3"}},
            {"aggregate": {"total": "sum(n)", "rows": "count(*)"}, "by": ["rest"]},
        ],
        "split": {"rows": 6},
    },
    "concatenated": {
        "name": "Threes",
        "source": RANGE,
        "steps": [{"filter": "n % 3 = 0"}, {"derive": {"square": "n * n"}}],
        "split": {"rows": 6},
    },
    "limit": {
        "name": "First",
        "source": RANGE,
        "steps": [{"filter": "n % 2 = 0"}, {"limit": 31}],
        "split": {"rows": 6},
    },
    "stop_when": {
        "name": "Search",
        "source": RANGE,
        "steps": [{"stop_when": "n * n > 5500"}],
        "split": {"rows": 6},
    },
    "table": {**ROWS, "split": {"rows": 2}},
    "skipping": {**poisoned(), "source": RANGE, "split": {"rows": 6}},
}


class Run:
    """A job that is computed step by step, the same for the same seed, with mishaps on the way: a
    volunteer out of memory, so that sub-jobs are replaced; one that lies once it is trusted."""

    def __init__(self, hub: Hub, document: dict[str, Any], seed: int) -> None:
        self.hub = replace(hub, settings=hub.settings.with_changes(trust_after=2))
        self.random = Random(seed)
        self.job_id = submit(hub, document)
        completion.split(hub, self.job_id)
        self.honest, self.liar = Volunteer(self.hub), Volunteer(self.hub)
        # a search that has found nothing says nothing that could be a lie
        can_lie = "stop_when" not in document["steps"][-1]
        self.liar_is_caught_at = self.random.randrange(6, 12) if can_lie else MOST_STEPS
        self.held: list[Report] = []

    def steps(self) -> Iterator[None]:
        """One result after the other, in any order, until the job is merged."""
        for number in range(MOST_STEPS):
            if self._state() not in ("running", "merging"):
                return
            who = self.liar if self.random.random() < 0.3 else self.honest
            if number > self.liar_is_caught_at:
                who = self.honest
            offer = who.lease(1)
            if offer is not None:
                self.held += who.reports(offer)
            self.random.shuffle(self.held)
            for _ in range(min(len(self.held), self.random.randrange(3))):
                self._send(self.held.pop())
            if offer is None and self.held:
                self._send(self.held.pop())
            if number == self.liar_is_caught_at:
                self._catch_the_liar()
            if self.random.random() < 0.3 or offer is None:
                judge(self.hub)
            if self._state() == "merging" and self.random.random() < 0.5:
                completion.merge(self.hub, self.job_id)
            yield
        raise AssertionError("the job does not end")

    def _send(self, report: Report) -> None:
        if self.random.random() < 0.1:
            report = replace(report, output=None, trap_site=None, error="out_of_memory")
        collection.take_results(self.hub, [report])
        if self.liar_is_caught_at < MOST_STEPS and self._standing() >= 2:
            self.liar.lies = True

    def _standing(self) -> int:
        return {each.id: each.agreed for each in catalogue.volunteers(self.hub)}[self.liar.id]

    def _catch_the_liar(self) -> None:
        mine = [each for each in self.held if each.volunteer_id == self.liar.id]
        offer = None if mine else self.liar.lease(1)
        self.liar.lies = True
        reports = mine if offer is None else self.liar.reports(offer)
        watchful = replace(self.hub, draw=lambda: 0.0)
        collection.take_results(watchful, reports)
        self.held = [each for each in self.held if each not in mine]
        judge(self.hub)
        compaction.reopen_doubted(self.hub, self.job_id)

    def _state(self) -> str:
        return catalogue.job_summary(self.hub, self.job_id).state

    def picture(self) -> dict[str, Any]:
        """What anybody can see of the job, but for ids and times."""
        names = {self.honest.id: "honest", self.liar.id: "liar"}

        def plain(each: Any) -> dict[str, Any]:
            values = asdict(each)
            del values["id"]
            return {**values, "volunteer": names.get(each.volunteer, each.volunteer)}

        whole = catalogue.sub_jobs(self.hub, self.job_id, limit=1000)
        size = self.random.randrange(1, 9)
        assert list(pages(self.hub, self.job_id, size)) == list(whole)
        view = catalogue.job_view(self.hub, self.job_id)
        manifest = catalogue.manifest(self.hub, self.job_id)
        del manifest["job_id"]
        partition = [
            {**each, "id": None, "volunteer": names.get(each["volunteer"], each["volunteer"])}
            for each in manifest["sub_jobs"]
        ]
        return {
            "sub_jobs": [plain(each) for each in whole],
            "shown": [plain(each) for each in view.sub_jobs],
            "manifest": {**manifest, "sub_jobs": partition},
            "totals": (view.rows_settled, view.sub_jobs_settled, view.sub_jobs_total),
            "skipped": view.skipped_rows,
            "failure": view.failure,
        }


def judge(hub: Hub) -> None:
    """The hub's own runs, as its workers do them."""
    with hub.database.read() as session:
        of_state = select(SubJobRow.id).where(SubJobRow.state == SubJobState.JUDGING)
        ids = session.scalars(of_state.order_by(SubJobRow.job_id, SubJobRow.first_row)).all()
    for sub_job_id in ids:  # one by one: what ends a search decides of those after it
        checking.check_sub_jobs(hub, [sub_job_id])


def pages(hub: Hub, job_id: str, size: int) -> Iterator[Any]:
    after = -1
    while page := catalogue.sub_jobs(hub, job_id, after, size):
        yield from page
        after = page[-1].first_row


def count(hub: Hub, table: Any, *where: Any) -> int:
    with hub.database.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


@pytest.mark.parametrize(("kind", "seed"), [*zip(JOBS, range(6), strict=True), ("stop_when", 6)])
def test_nobody_can_tell_a_job_that_was_pruned_from_one_that_was_not(
    hub: Hub, kind: str, seed: int
) -> None:
    never = Run(hub, JOBS[kind], seed)
    pictures = [
        never.picture() for number, _ in enumerate(never.steps()) if not number % PICTURES_EVERY
    ]
    pruned = Run(hub, JOBS[kind], seed)
    when, moved = Random(seed), 0
    for number, _ in enumerate(pruned.steps()):
        if when.random() < 0.5:
            moved += upkeep.prune(hub).sub_jobs
        if not number % PICTURES_EVERY:
            assert pruned.picture() == pictures[number // PICTURES_EVERY], f"after step {number}"
    assert catalogue.job_summary(hub, pruned.job_id).state is JobState.SUCCEEDED
    assert answer(hub, pruned.job_id) == answer(hub, never.job_id)
    assert moved > 0
    assert count(hub, SegmentRow, SegmentRow.job_id == pruned.job_id) > 0


def settled_squares(hub: Hub, sub_jobs: int) -> tuple[str, Volunteer]:
    """A job of twenty sub-jobs, of which so many are settled."""
    job_id = submit(hub, {**SQUARES, "split": {"rows": 50}})
    completion.split(hub, job_id)
    volunteer = Volunteer(hub)
    for _ in range(sub_jobs):
        volunteer.work_once(1)
    judge(hub)
    return job_id, volunteer


def finish(hub: Hub, job_id: str, volunteer: Volunteer) -> None:
    volunteer.work_off()
    judge(hub)
    upkeep.prune(hub)
    completion.merge(hub, job_id)
    assert answer(hub, job_id) == SQUARES_ANSWER
    summary = catalogue.job_summary(hub, job_id)
    assert (summary.rows_settled, summary.sub_jobs_settled) == (1000, 20)


def test_rows_of_settled_stretches_are_gone_and_those_of_others_stay(hub: Hub) -> None:
    job_id, volunteer = settled_squares(hub, 10)
    assert upkeep.prune(hub).sub_jobs == 8
    assert count(hub, SubJobRow, SubJobRow.state == SubJobState.SETTLED) == 2
    assert count(hub, ResultRow) == 2
    assert count(hub, SegmentRow) == 2
    assert upkeep.prune(hub).sub_jobs == 0
    finish(hub, job_id, volunteer)


def test_a_table_in_uneven_chunks_is_put_away_too(hub: Hub) -> None:
    small = replace(hub, settings=hub.settings.with_changes(chunk_bytes=1024))
    texts = ["x" * (n * 37 % 150) for n in range(200)]
    document = {
        "name": "Uneven",
        "source": {"rows": [{"n": n, "text": text} for n, text in enumerate(texts)]},
        "steps": [{"aggregate": {"chars": "sum(length(text))"}}],
        "split": {"rows": 10},
    }
    job_id = submit(small, document)
    completion.split(small, job_id)
    volunteer = Volunteer(hub)
    volunteer.work_once(1)
    sizes = {each.rows for each in catalogue.sub_jobs(hub, job_id)}
    assert len(sizes) > 2
    while volunteer.work_once(1):
        judge(hub)
        upkeep.prune(hub)
        assert count(hub, SubJobRow, SubJobRow.state == SubJobState.SETTLED) <= 2 * STRETCH * 10
    completion.merge(hub, job_id)
    assert answer(hub, job_id) == [{"chars": sum(map(len, texts))}]


def test_stretches_with_skipped_rows_are_put_away_too(hub: Hub) -> None:
    job_id = submit(hub, JOBS["skipping"])
    completion.split(hub, job_id)
    volunteer = Volunteer(hub)
    offer = None
    for _ in range(10):
        offer = volunteer.lease(1) or offer
        if offer is not None:
            collection.take_results(hub, volunteer.reports(offer))
        judge(hub)
    upkeep.prune(hub)
    first = STRETCH * 6
    assert count(hub, SubJobRow, SubJobRow.first_row < first) == 0
    assert [each.first_row for each in catalogue.sub_jobs(hub, job_id, limit=4)] == [1, 6, 12, 18]


def test_two_prunes_at_once_lose_and_double_nothing(hub: Hub) -> None:
    job_id, volunteer = settled_squares(hub, 16)
    moved = at_once(lambda: [upkeep.prune(hub).sub_jobs for _ in range(3)], 3)
    assert sum(map(sum, moved)) == 16
    assert count(hub, SegmentRow) == 4
    assert count(hub, SubJobRow, SubJobRow.state == SubJobState.SETTLED) == 0
    finish(hub, job_id, volunteer)


def test_a_prune_that_dies_before_its_transaction_changes_nothing(
    hub: Hub, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, volunteer = settled_squares(hub, 4)
    before = catalogue.sub_jobs(hub, job_id)
    orphans: list[str] = []
    write = write_segment

    def die(*args: Any) -> Any:
        orphans.append(write(*args).sha256)
        raise MemoryError

    monkeypatch.setattr(compaction, "write_segment", die)
    with pytest.raises(MemoryError):
        upkeep.prune(hub)
    monkeypatch.setattr(compaction, "write_segment", write)
    assert catalogue.sub_jobs(hub, job_id) == before
    assert hub.blobs.path(orphans[0]).is_file()
    finish(hub, job_id, volunteer)


def test_a_segment_that_lost_the_race_is_swept(
    hub: Hub, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, volunteer = settled_squares(hub, 4)
    lost: list[str] = []
    write = write_segment

    def overtaken(*args: Any) -> Any:
        """What is being put away is judged again before the transaction."""
        blob = write(*args)
        lost.append(blob.sha256)
        with hub.database.write() as session:
            row = session.scalars(select(SubJobRow).order_by(SubJobRow.first_row)).first()
            assert row is not None
            row.state = SubJobState.JUDGING
            result = session.scalars(select(ResultRow).filter_by(sub_job_id=row.id)).one()
            result.canonical = False
            session.get_one(JobRow, job_id).rows_settled -= row.rows
            session.get_one(JobRow, job_id).sub_jobs_settled -= 1
        return blob

    monkeypatch.setattr(compaction, "write_segment", overtaken)
    assert upkeep.prune(hub).sub_jobs == 0
    monkeypatch.setattr(compaction, "write_segment", write)
    assert count(hub, SegmentRow) == 0
    # files have the machine's time
    later = ManualClock(SystemClock().now() + timedelta(days=2))
    assert retention.retain(replace(hub, clock=later)).blobs == 1
    with pytest.raises(NotFound):
        hub.blobs.path(lost[0])
    judge(hub)
    finish(hub, job_id, volunteer)


def test_leases_are_forgotten_before_the_results_that_came_in_them(
    hub: Hub, clock: ManualClock
) -> None:
    job_id, volunteer = settled_squares(hub, 3)
    assert count(hub, LeaseRow) == 3
    clock.advance(120)
    assert upkeep.prune(hub).leases == 3
    assert count(hub, ResultRow) == 3
    finish(hub, job_id, volunteer)


def test_workers_prune_and_the_next_prune_finds_nothing(
    hub: Hub, run_tasks: RunTasks, clock: ManualClock
) -> None:
    job_id, volunteer = settled_squares(hub, 8)
    assert hub.queue.enqueue_task_once(Task(id="prune", function="prune", args=()), seconds=5)
    run_tasks()
    assert count(hub, SegmentRow) == 2
    assert upkeep.prune(hub).sub_jobs == 0
    finish(hub, job_id, volunteer)
