"""The whole on real sockets: jobs through native volunteers, and what happens when parts die."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from redis import Redis

from owc.cli import demo_jobs
from owc.queue import RedisServer, embedded_url
from tests.web.conftest import ANSWER, DOCUMENT
from tests.web.served import IMPATIENT, ROOT, ServedHub, serving, volunteering, wait_until

pytestmark = pytest.mark.redis

STOP = 400_000


@pytest.fixture(scope="module")
def shared_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHub]:
    """One hub for the tests that leave it as it was."""
    with serving(tmp_path_factory.mktemp("hub") / "data") as hub:
        yield hub


@pytest.fixture
def own_hub(tmp_path: Path) -> Iterator[ServedHub]:
    """A hub that may be killed."""
    with serving(tmp_path / "data", variables=IMPATIENT) as hub:
        yield hub


def slow_document() -> dict[str, Any]:
    """A few seconds of work for one worker, in many sub-jobs."""
    return demo_jobs.collatz_document(stop=STOP, rows=5_000)


def test_a_native_volunteer_does_a_whole_job_and_ends_when_idle(shared_hub: ServedHub) -> None:
    job = shared_hub.post(DOCUMENT)
    with volunteering(shared_hub.url, "--until-idle") as volunteer:
        shared_hub.await_job(job["id"])
        assert volunteer.wait(30) == 0
    assert shared_hub.rows(job["id"]) == [ANSWER]


def test_large_chunks_and_large_results_go_by_http(shared_hub: ServedHub) -> None:
    lines = [f"{number},{'é' * 40}{number}" for number in range(20_000)]
    sha256 = shared_hub.upload(("number,text\n" + "\n".join(lines)).encode())
    document = {
        "name": "Nothing is lost",
        "source": {"upload": sha256, "format": "csv"},
        "steps": [{"derive": {"twice": "number * 2"}}],
        "split": {"rows": 4_000},
    }
    job = shared_hub.post(document)
    with volunteering(shared_hub.url, workers=2):
        shared_hub.await_job(job["id"])
    rows = shared_hub.rows(job["id"])
    assert [row["number"] for row in rows] == list(range(20_000)), "in source order"
    assert all(row["twice"] == 2 * row["number"] for row in rows)
    assert rows[7]["text"] == f"{'é' * 40}7"


def test_a_trap_fails_the_job_with_its_row_and_place(shared_hub: ServedHub) -> None:
    document = {
        "name": "Divide",
        "source": {"range": {"n": [0, 1000]}},
        "functions": {"inverse": "def inverse(n: i64) -> i64:\n    return 1000 // (n - 700)"},
        "steps": [{"derive": {"x": "inverse(n)"}}, {"aggregate": {"total": "sum(x)"}}],
        "split": {"rows": 100},
    }
    job = shared_hub.post(document)
    with volunteering(shared_hub.url):
        wait_until(lambda: shared_hub.job(job["id"])["state"] == "failed", what="the failure")
    failure = shared_hub.job(job["id"])["failure"]
    assert "700" in failure
    assert "division_by_zero" in failure


def test_a_killed_volunteers_work_is_done_by_another(own_hub: ServedHub) -> None:
    job = own_hub.post(slow_document())
    with volunteering(own_hub.url) as first:
        own_hub.await_settled(job["id"], STOP // 20)
        first.kill()
        first.wait()
    assert own_hub.job(job["id"])["state"] == "running"
    with volunteering(own_hub.url, workers=2):
        own_hub.await_job(job["id"])
    assert own_hub.rows(job["id"]) == demo_jobs.collatz_answer(stop=STOP)
    assert_every_row_counts_once(own_hub, job["id"])


def test_a_killed_hub_goes_on_where_it_was(own_hub: ServedHub) -> None:
    job = own_hub.post(slow_document())
    with volunteering(own_hub.url) as volunteer:
        own_hub.await_settled(job["id"], STOP // 20)
        own_hub.kill()
        own_hub.start()
        assert own_hub.job(job["id"])["state"] == "running"
        own_hub.await_job(job["id"])
        assert volunteer.poll() is None, "the volunteer came back by itself"
    assert own_hub.rows(job["id"]) == demo_jobs.collatz_answer(stop=STOP)
    assert_every_row_counts_once(own_hub, job["id"])


def test_flushing_redis_loses_nothing(own_hub: ServedHub) -> None:
    job = own_hub.post(slow_document())
    with volunteering(own_hub.url), Redis.from_url(embedded_url(own_hub.folder / "redis")) as redis:
        own_hub.await_settled(job["id"], STOP // 20)
        redis.flushall()
        own_hub.await_job(job["id"])
    assert own_hub.rows(job["id"]) == demo_jobs.collatz_answer(stop=STOP)


@pytest.mark.parametrize("words", ["owc worker", "valkey-server"])
def test_a_killed_part_of_the_hub_is_started_again(own_hub: ServedHub, words: str) -> None:
    job = own_hub.post(slow_document())
    with volunteering(own_hub.url):
        own_hub.await_settled(job["id"], STOP // 20)
        before = own_hub.child(words)
        assert before
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: own_hub.child(words) not in (0, before), what=words)
        own_hub.await_job(job["id"])
    assert own_hub.rows(job["id"]) == demo_jobs.collatz_answer(stop=STOP)
    assert_every_row_counts_once(own_hub, job["id"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says whom it ends first")
def test_where_memory_ends_the_worker_is_ended_before_the_web(own_hub: ServedHub) -> None:
    assert own_hub.process is not None

    def score(process_id: int) -> int:
        return int(Path(f"/proc/{process_id}/oom_score_adj").read_text())

    wait_until(
        lambda: score(own_hub.child("owc worker")) > score(own_hub.process.pid),
        what="the worker's score",
    )


def test_a_data_folder_serves_one_hub_only(own_hub: ServedHub) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "owc", "serve", "--port", "0", "--data", str(own_hub.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "Another hub runs on this data folder" in second.stderr
    assert requests.get(f"{own_hub.url}/readyz", timeout=5).ok


def test_the_hub_ends_in_order_and_leaves_no_process(tmp_path: Path) -> None:
    hub = ServedHub(tmp_path / "data")
    hub.start()
    assert hub.stop() == 0
    assert "Traceback" not in hub.log()
    assert (
        str(tmp_path)
        not in subprocess.run(
            ["ps", "-ww", "-A", "-o", "args"], capture_output=True, text=True, check=True
        ).stdout
    )


@pytest.mark.parametrize(
    "command",
    [
        ("app.py",),
        ("-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", "127.0.0.1:{port}", "app:app"),
    ],
    ids=["app.py", "gunicorn"],
)
def test_other_ways_to_serve_the_same_hub(tmp_path: Path, command: tuple[str, ...]) -> None:
    from owc.cli.processes import free_port

    port = free_port(0)
    hub = ServedHub(tmp_path / "data", command=[part.format(port=port) for part in command])
    hub.port = port
    hub.start()
    try:
        job = hub.post(DOCUMENT)
        with volunteering(hub.url):
            hub.await_job(job["id"])
        assert hub.rows(job["id"]) == [ANSWER]
    finally:
        hub.stop()


def assert_every_row_counts_once(hub: ServedHub, job_id: str) -> None:
    job = hub.job(job_id)
    assert job["rows_settled"] == job["rows_total"] == STOP - 1
    assert job["sub_jobs_settled"] == job["sub_jobs_total"]
    sub_jobs: list[dict[str, Any]] = []
    after = -1
    while True:
        page = requests.get(
            f"{hub.url}/job/{job_id}/sub-jobs", params={"after": after}, timeout=30
        ).json()
        if not page["sub_jobs"]:
            break
        sub_jobs += page["sub_jobs"]
        after = page["after"]
    assert sum(sub_job["rows"] for sub_job in sub_jobs) == STOP - 1
    assert {sub_job["state"] for sub_job in sub_jobs} == {"settled"}


def test_a_program_can_be_fetched_by_its_hash(shared_hub: ServedHub) -> None:
    job = shared_hub.job(shared_hub.post(DOCUMENT)["id"])
    blob = requests.get(f"{shared_hub.url}/blob/{job['program_sha256']}", timeout=10)
    assert hashlib.sha256(blob.content).hexdigest() == job["program_sha256"]


def test_a_hub_with_a_redis_of_its_operator_brings_its_database_up_to_date(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with serving(tmp_path / "data", variables={"OWC_REDIS_URL": redis_server.url}) as hub:
        assert requests.get(f"{hub.url}/list", timeout=30).json()["jobs"] == []
        refused = requests.post(f"{hub.url}/job", json=DOCUMENT, timeout=30)
    assert refused.status_code == 401, "only a hub of one machine lets loopback post"
