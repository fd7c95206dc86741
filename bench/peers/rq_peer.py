"""RQ's own workers: `python -m bench.peers.rq_peer REDIS_URL WORKER_CLASS PROCESSES JOBS`."""

from __future__ import annotations

import json
import subprocess
import sys

from redis import Redis
from rq import Queue
from rq.registry import FinishedJobRegistry
from rq.serializers import JSONSerializer

from bench.peers.counting import rate_of

_BATCH = 500


def main(url: str, worker_class: str, processes: int, jobs: int) -> None:
    """Queue the jobs, start the workers, print jobs a second."""
    connection = Redis.from_url(url)
    connection.flushall()
    queue = Queue("bench", connection=connection, serializer=JSONSerializer)
    for start in range(0, jobs, _BATCH):
        count = min(_BATCH, jobs - start)
        queue.enqueue_many(
            [
                Queue.prepare_data("bench.peers.tasks.noop", args=(number,), result_ttl=500)
                for number in range(count)
            ]
        )
    finished = FinishedJobRegistry(queue=queue)
    command = [sys.executable, "-m", "rq.cli", "worker", "bench", "--url", url, "--quiet"]
    command += ["--serializer", "rq.serializers.JSONSerializer", "--worker-class", worker_class]
    workers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(processes)]
    try:
        rate = rate_of(lambda: int(connection.zcard(finished.key)), jobs, seconds=60)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()
    print(json.dumps({"tasks_per_second": rate}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
