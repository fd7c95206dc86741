"""Celery on Redis: `python -m bench.peers.celery_peer REDIS_SOCKET POOL PROCESSES TASKS`.

Results are kept, as the hub keeps them, in a database of their own, whose size is their count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from celery import Celery
from redis import Redis

from bench.peers.counting import rate_of
from bench.peers.tasks import noop

_SOCKET = os.environ.get("BENCH_REDIS_SOCKET", "")

app = Celery("bench", broker=f"redis+socket://{_SOCKET}", backend=f"redis+socket://{_SOCKET}")
app.conf.update(
    result_backend=f"redis+socket://{_SOCKET}?virtual_host=1",
    task_serializer="json",
    worker_hijack_root_logger=False,
)
task = app.task(name="noop")(noop)


def main(socket: str, pool: str, processes: int, tasks: int) -> None:
    """Queue the tasks, start the worker, print tasks a second."""
    Redis(unix_socket_path=socket).flushall()
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(tasks):
            task.apply_async((number,), producer=producer)
    results = Redis(unix_socket_path=socket, db=1)
    command = [sys.executable, "-m", "celery", "-A", "bench.peers.celery_peer", "worker"]
    command += ["--pool", pool, "--concurrency", str(processes), "--loglevel", "ERROR"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        rate = rate_of(lambda: int(results.dbsize()), tasks, seconds=90)
    finally:
        worker.terminate()
        worker.wait()
    print(json.dumps({"tasks_per_second": rate}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
