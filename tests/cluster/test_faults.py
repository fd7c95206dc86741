"""Parts are taken away from a hub under load: work goes on, nothing is lost, nothing counts twice.

Stops and cuts last a few seconds; `make faults` (OWC_FULL_FAULTS=1) makes them as long as they must
be survived, is strict about the time until work goes on, and prints what was measured.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.cluster import ROOT, Cluster
from tests.cluster.conftest import IS_FULL
from tests.cluster.fleet import Crowd, Fleet
from tests.cluster.parts import Part
from tests.cluster.researcher import AwayError, Researcher
from tests.cluster.wire import WireVolunteer
from tests.cluster.work import Work
from tests.web.served import wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

LASTS_SECONDS = 30 if IS_FULL else 3
GOES_ON_SECONDS = 30 if IS_FULL else 60  # a test run may share its machine with others
WORK = Work(rows=400_000 if IS_FULL else 100_000, rows_each=1_000, rounds=15_000)
_SLOWEST_SECONDS = 120

Record = Callable[[str, object], None]


@dataclass(frozen=True)
class Run:
    """One job under load, and what is asserted about it."""

    researcher: Researcher
    record: Record
    job_id: str
    work: Work

    def await_middle(self, part: float = 0.2) -> None:
        """Wait until the work is well under way."""
        rows = int(self.work.rows * part)
        job = self.researcher.await_settled(self.job_id, rows)
        assert job["state"] == "running", "the fault must fall in the middle of the work"

    def settled(self) -> int | None:
        """Rows that are settled; None if nobody says so."""
        with contextlib.suppress(AwayError):
            return int(self.researcher.job(self.job_id, timeout=1)["rows_settled"])
        return None

    def measure_until_work_goes_on(self, settled: int) -> float:
        """Seconds until more rows are settled, and more again: what was on its way already when
        the fault came is not enough."""
        seen = [settled]

        def has_gone_on(job: dict[str, Any]) -> bool:
            if job["rows_settled"] > seen[-1]:
                seen.append(job["rows_settled"])
            return len(seen) > 2 or job["state"] == "succeeded"

        began = time.monotonic()
        self.researcher.await_job(
            self.job_id, has_gone_on, seconds=_SLOWEST_SECONDS, what="work that goes on"
        )
        return time.monotonic() - began

    def check(self, answer: list[dict[str, Any]]) -> None:
        """The job succeeds with this answer; every row has been counted once."""
        job = self.researcher.await_success(self.job_id, seconds=_SLOWEST_SECONDS)
        assert self.researcher.rows(self.job_id) == answer
        assert job["rows_settled"] == job["rows_total"] == self.work.rows
        assert job["sub_jobs_settled"] == job["sub_jobs_total"]
        place = 0
        for sub_job in self.researcher.sub_jobs(self.job_id):
            assert (sub_job["first_row"], sub_job["state"]) == (place, "settled")
            place += sub_job["rows"]
        assert place == self.work.rows
        self.record("result", "right")


@pytest.fixture
def begin(researcher: Researcher, record_property: Record) -> Callable[..., Run]:
    """Post a job and name the fault that it is to survive."""

    def post(fault: str, *, work: Work = WORK, document: dict[str, Any] | None = None) -> Run:
        record_property("fault", fault)
        job_id = researcher.post(document or work.summed())
        return Run(researcher=researcher, record=record_property, job_id=job_id, work=work)

    return post


# Faults that begin and end ------------------------------------------------------------------------


@contextmanager
def killed(*parts: Part) -> Iterator[None]:
    """kill -9, all at once; then they are started again."""
    for part in parts:
        part.kill()
    yield
    for part in parts:
        part.launch()


@contextmanager
def restarted_at_once(postgres: Part) -> Iterator[None]:
    """What `pg_ctl restart -m immediate` does: no checkpoint, the log is replayed."""
    for pid in postgres.pids[:1]:
        os.kill(pid, signal.SIGQUIT)
    postgres.wait()
    yield
    postgres.launch()


@contextmanager
def frozen(part: Part) -> Iterator[None]:
    """SIGSTOP for a while: connections stay open and say nothing."""
    part.freeze()
    time.sleep(LASTS_SECONDS)
    yield
    part.thaw()


@contextmanager
def cut_off(cluster: Cluster, name: str) -> Iterator[None]:
    """The network between a part and all others is cut for a while."""
    if name not in cluster.networks:
        pytest.skip("network namespaces are not permitted here")
    cluster.networks[name].cut()
    time.sleep(LASTS_SECONDS)
    yield
    cluster.networks[name].mend()


@contextmanager
def restarted_behind_a_cut(cluster: Cluster, part: Part) -> Iterator[None]:
    """A part's machine fails and comes back: nobody is told that connections are gone."""
    with cut_off(cluster, part.name):
        cluster.networks[part.name].forget_connections()
        part.kill()
        part.launch()
        yield


FAULTS: dict[str, Callable[[Cluster], AbstractContextManager[None]]] = {
    "kill -9 both workers": lambda cluster: killed(*cluster.workers),
    "PostgreSQL restarted at once": lambda cluster: restarted_at_once(cluster.postgres),
    f"Redis stopped for {LASTS_SECONDS} s": lambda cluster: frozen(cluster.redis),
    f"PostgreSQL stopped for {LASTS_SECONDS} s": lambda cluster: frozen(cluster.postgres),
    f"Redis cut off for {LASTS_SECONDS} s": lambda cluster: cut_off(cluster, "redis"),
    f"PostgreSQL cut off for {LASTS_SECONDS} s": lambda cluster: cut_off(cluster, "postgres"),
    "Redis fails behind a cut": lambda cluster: restarted_behind_a_cut(cluster, cluster.redis),
    "PostgreSQL fails behind a cut": lambda cluster: restarted_behind_a_cut(
        cluster, cluster.postgres
    ),
}


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("fault", FAULTS)
def test_work_goes_on_after(
    cluster: Cluster, begin: Callable[..., Run], record_property: Record, fault: str
) -> None:
    run = begin(fault)
    run.await_middle()
    before = run.settled() or 0
    with FAULTS[fault](cluster):
        settled = max(before, run.settled() or 0)
    seconds = run.measure_until_work_goes_on(settled)
    record_property("seconds", f"{seconds:.1f}")
    run.check(WORK.sums)
    assert seconds <= GOES_ON_SECONDS


# Faults that hundreds of volunteers notice -------------------------------------------------------

CROWD = 300 if IS_FULL else 200


@contextmanager
def killed_for_good(part: Part) -> Iterator[None]:
    part.kill()
    yield


STORMS: dict[str, tuple[Callable[[Cluster], AbstractContextManager[None]], int]] = {
    "kill -9 both web processes": (lambda cluster: killed(*cluster.webs), CROWD),
    "kill -9 one web process of two": (lambda cluster: killed_for_good(cluster.webs[0]), 1),
    "kill -9 nginx": (lambda cluster: killed(cluster.nginx), CROWD),
    "kill -9 Redis, started empty": (lambda cluster: killed(cluster.redis), 0),
}
"""And how many of the crowd lose their connections, at least."""


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("fault", STORMS)
def test_hundreds_come_back_and_work_goes_on_after(
    cluster: Cluster, begin: Callable[..., Run], record_property: Record, fault: str
) -> None:
    storm, lost = STORMS[fault]
    with Crowd(cluster.url, CROWD) as crowd:
        crowd.await_all()
        run = begin(f"{fault}, {CROWD} more")
        run.await_middle()
        before, welcomes = run.settled() or 0, crowd.counts()["welcomes"]
        with storm(cluster):
            settled = max(before, run.settled() or 0)
        seconds = run.measure_until_work_goes_on(settled)
        record_property("seconds", f"{seconds:.1f}")
        run.check(WORK.sums)
        crowd.await_all(welcomes=welcomes + lost)
        assert crowd.counts()["stored"] > 0
    assert seconds <= GOES_ON_SECONDS


# Faults that need a job, or a moment, of their own -----------------------------------------------


def test_an_idle_hub_notices_that_redis_failed_behind_a_cut(
    cluster: Cluster, researcher: Researcher, fleet: Fleet, record_property: Record
) -> None:
    record_property("fault", "Redis fails behind a cut, hub idle")
    fleet.stop()
    with restarted_behind_a_cut(cluster, cluster.redis):
        pass
    began = time.monotonic()
    for part in (cluster.redis, *cluster.workers):
        part.await_answer(GOES_ON_SECONDS)
    record_property("seconds", f"{time.monotonic() - began:.1f}")
    job_id = researcher.post(WORK.summed())
    with WireVolunteer(cluster.web_urls[0]) as volunteer:
        lease_id = volunteer.lease(1)["lease_id"]
        researcher.at(cluster.web_urls[1]).cancel(job_id)
        assert volunteer.hear("lease_revoke")["lease_id"] == lease_id, "news arrive again"
    record_property("result", "right")


SPLIT = Work(rows=1_000_000, rows_each=20_000, rounds=100)
MERGED = Work(rows=100_000, rows_each=5_000, rounds=1_000)
SLOW_MERGE = {
    "finish": [
        {"derive": {"z": "stir(" * 20 + "y" + ")" * 20}},
        {"derive": {"z": "stir(" * 20 + "z" + ")" * 20}},
        {"filter": "z >= 0"},  # always so, but who knows
        {"select": ["n", "y"]},
    ]
}


@pytest.mark.usefixtures("fleet")
def test_a_job_is_split_although_the_worker_dies_while_it_does(
    cluster: Cluster,
    researcher: Researcher,
    begin: Callable[..., Run],
    record_property: Record,
) -> None:
    table = "\n".join(["n,padding", *(f"{n},{'x' * 20}" for n in range(SPLIT.rows))])
    source = {"upload": researcher.upload(table.encode()), "format": "csv"}
    cluster.workers[1].stop()
    run = begin("kill -9 the worker that splits", work=SPLIT, document=SPLIT.summed(source))
    seconds = kill_at_work(cluster, run, "compiled", "running")
    record_property("seconds", f"{seconds:.1f}")
    run.check(SPLIT.sums)
    assert seconds <= GOES_ON_SECONDS


@pytest.mark.usefixtures("fleet")
def test_a_job_is_merged_although_the_worker_dies_while_it_does(
    cluster: Cluster, begin: Callable[..., Run], record_property: Record
) -> None:
    cluster.workers[1].stop()
    document = MERGED.listed(**SLOW_MERGE)
    run = begin("kill -9 the worker that merges", work=MERGED, document=document)
    seconds = kill_at_work(cluster, run, "merging", "succeeded")
    record_property("seconds", f"{seconds:.1f}")
    run.check(MERGED.list)
    assert seconds <= GOES_ON_SECONDS


def kill_at_work(cluster: Cluster, run: Run, state: str, next_state: str) -> float:
    """Kill the only worker while it works on the job in `state`, start both; seconds until
    `next_state`."""

    def is_in(job: dict[str, Any], *states: str) -> bool:
        return job["state"] in states

    worker = cluster.workers[0]
    began = worker.cpu_seconds
    run.researcher.await_job(run.job_id, lambda job: is_in(job, state), seconds=60, what=state)
    wait_until(lambda: worker.cpu_seconds > began + 0.3, what="a busy worker")
    worker.freeze()
    job = run.researcher.job(run.job_id)
    assert job["state"] == state, "the fault must fall in the middle of the task"
    worker.kill()
    killed_at = time.monotonic()
    for each in cluster.workers:
        each.launch()
    run.researcher.await_job(
        run.job_id,
        lambda job: is_in(job, next_state, "succeeded"),
        seconds=_SLOWEST_SECONDS,
        what=f"{next_state} after {state}",
    )
    return time.monotonic() - killed_at


BULKY = Work(rows=300_000, rows_each=6_000, rounds=5_000)


@pytest.mark.usefixtures("fleet")
def test_work_goes_on_after_the_disk_was_full(
    cluster: Cluster, researcher: Researcher, begin: Callable[..., Run], record_property: Record
) -> None:
    record_property("fault", "full disk")
    disk = cluster.disk
    if disk is None:
        pytest.skip("mounting is not permitted here")
    run = begin("full disk", work=BULKY, document=BULKY.listed())
    run.await_middle()
    disk.fill()
    assert disk.free_bytes == 0
    with pytest.raises(AwayError, match="503 "):
        researcher.upload(bytes(10_000_000))
    time.sleep(LASTS_SECONDS)
    settled = run.settled()
    assert settled is not None, "the hub answers"
    assert settled < BULKY.rows
    disk.free()
    seconds = run.measure_until_work_goes_on(settled)
    record_property("seconds", f"{seconds:.1f}")
    run.check(BULKY.list)
    assert seconds <= GOES_ON_SECONDS


BULKY_IN_SQL = Work(rows=300_000, rows_each=2_000, rounds=5_000)
"""Of outputs that are small enough to be kept in the database."""


@pytest.mark.usefixtures("fleet")
def test_work_goes_on_after_the_disk_of_the_database_was_full(
    cluster: Cluster, begin: Callable[..., Run], record_property: Record
) -> None:
    record_property("fault", "full disk of PostgreSQL")
    disk = cluster.database_disk
    if disk is None:
        pytest.skip("mounting is not permitted here")
    run = begin("full disk of PostgreSQL", work=BULKY_IN_SQL, document=BULKY_IN_SQL.listed())
    run.await_middle()
    disk.fill()
    wait_until(lambda: "No space left" in cluster.postgres.log.read_text(), what="a full disk")
    time.sleep(LASTS_SECONDS)
    settled = run.settled() or 0
    assert settled < BULKY_IN_SQL.rows
    disk.free()
    if not cluster.postgres.is_running:  # it ends where it cannot write its log
        cluster.postgres.launch()
    seconds = run.measure_until_work_goes_on(settled)
    record_property("seconds", f"{seconds:.1f}")
    run.check(BULKY_IN_SQL.list)
    assert seconds <= GOES_ON_SECONDS


VANISHING = 500
MANY = Work(rows=500, rows_each=1, rounds=100_000)


@contextmanager
def crowd(url: str) -> Iterator[dict[str, int]]:
    """How many volunteers hold how many sub-jobs between them; with the block they vanish."""
    command = [sys.executable, "-m", "tests.cluster.crowd", url, str(VANISHING), str(MANY.sub_jobs)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()  # also where the test fails: it would be waited for without end


def test_what_500_volunteers_held_is_done_when_they_vanish(
    cluster: Cluster, fleet: Fleet, begin: Callable[..., Run], record_property: Record
) -> None:
    fleet.freeze()
    run = begin(f"{VANISHING} volunteers vanish", work=MANY, document=MANY.summed())
    with crowd(cluster.url) as held:
        assert held == {"members": VANISHING, "sub_jobs": MANY.sub_jobs}
        assert run.researcher.job(run.job_id)["rows_settled"] == 0
    fleet.thaw()
    seconds = run.measure_until_work_goes_on(0)
    record_property("seconds", f"{seconds:.1f}")
    run.check(MANY.sums)
    assert seconds <= GOES_ON_SECONDS
