"""Several processes on one data folder: a worker that is killed, writers that meet."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from owc.queue import RedisServer
from owc.services import catalogue, upkeep
from owc.services.hub import Hub, open_hub
from owc.services.liveness import CHECKING, is_alive, worker_name
from owc.settings import Settings
from owc.store import migrate
from owc.tasks.process import process_hub, use_hub
from tests.owc.jobs import SQUARES, SQUARES_ANSWER, Volunteer, answer, rows_credited, submit
from tests.owc.test_runs import eventually
from tests.web.served import ended

pytestmark = pytest.mark.redis


def test_a_worker_is_alive_while_its_process_is() -> None:
    assert is_alive(worker_name())
    assert is_alive("owc-another.machine-1")
    assert is_alive("vol_1")
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not is_alive(f"owc-{socket.gethostname()}-{process.pid}")


def test_a_process_opens_its_hub_from_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWC_DATA_FOLDER", str(settings.data_folder))
    monkeypatch.setenv("OWC_REDIS_URL", str(settings.redis_url))
    monkeypatch.setenv("OWC_DATABASE_URL", settings.database_url or "")
    use_hub(None)
    try:
        opened = process_hub().settings
        assert opened.data_folder == settings.data_folder
        assert opened.redis_url == settings.redis_url
        assert opened.database_url == settings.database_url
        assert process_hub() is process_hub()
        process_hub().close()
    finally:
        use_hub(None)


WORKER = """
import sys
from owc.settings import Settings
from owc.tasks import run_worker
run_worker(Settings.from_env(), burst=sys.argv[1] == "burst")
"""


def _worker(settings: Settings, how: str, program: str = WORKER) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "OWC_DATA_FOLDER": str(settings.data_folder),
        "OWC_REDIS_URL": str(settings.redis_url),
        "OWC_DATABASE_URL": settings.database_url or "",
    }
    return subprocess.Popen(
        [sys.executable, "-c", program, how],
        env=environ,
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )


def test_a_worker_process_does_the_tasks(hub: Hub, settings: Settings) -> None:
    job_id = submit(hub, SQUARES)
    assert ended(_worker(settings, "burst"), 60) == 0
    Volunteer(hub).work_off()
    assert ended(_worker(settings, "burst"), 60) == 0
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_a_worker_that_is_told_to_stop_ends_both_of_its_lanes(
    settings: Settings, redis: Redis
) -> None:
    migrate(settings)
    worker = _worker(settings, "serve")
    names = {f"owc-{socket.gethostname()}-{worker.pid}{suffix}" for suffix in ("", CHECKING)}
    try:
        assert eventually(
            lambda: all(redis.hget(f"rq:worker:{name}", "state") == b"idle" for name in names), 120
        )
        assert all(is_alive(name) for name in names)
        worker.terminate()
        assert worker.wait(30) == 0
    finally:
        worker.kill()
    assert redis.smembers("rq:workers") == set()
    assert not any(is_alive(name) for name in names)


KILLED = (
    """
import os, signal
from owc.services import completion
def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)
completion._open_range = die
"""
    + WORKER
)


def test_the_task_of_a_killed_worker_is_done_by_the_next(
    hub: Hub, settings: Settings, redis: Redis
) -> None:
    job_id = submit(hub, SQUARES)
    worker = _worker(settings, "serve", KILLED)
    assert ended(worker, 60) == -signal.SIGKILL
    assert catalogue.job_summary(hub, job_id).sub_jobs_total is None
    assert upkeep.reconcile(hub).tasks_requeued == 1
    assert upkeep.reconcile(hub).is_clean
    assert ended(_worker(settings, "burst"), 60) == 0
    assert catalogue.job_summary(hub, job_id).sub_jobs_total == 10


def _volunteer(settings: Settings) -> None:
    hub = open_hub(settings)
    volunteer = Volunteer(hub)
    while volunteer.work_once(2):
        pass
    hub.close()


def test_two_processes_serve_one_job_and_count_nothing_twice(
    hub: Hub, settings: Settings, redis_server: RedisServer
) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 10}})
    assert ended(_worker(settings, "burst"), 60) == 0
    context = multiprocessing.get_context("spawn")
    volunteers = [context.Process(target=_volunteer, args=(settings,)) for _ in range(2)]
    for process in volunteers:
        process.start()
    for process in volunteers:
        process.join(120)
        assert process.exitcode == 0
    assert ended(_worker(settings, "burst"), 60) == 0
    assert answer(hub, job_id) == SQUARES_ANSWER
    summary = catalogue.job_summary(hub, job_id)
    assert (summary.rows_settled, summary.sub_jobs_settled) == (1000, 100)
    assert sum(rows_credited(hub).values()) == 1000
