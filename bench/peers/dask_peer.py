"""Dask distributed: `python -m bench.peers.dask_peer PROCESSES TASKS`."""

from __future__ import annotations

import json
import sys
import time

from distributed import Client, LocalCluster

from bench.peers.tasks import noop


def main(processes: int, tasks: int) -> None:
    """Start a cluster of this machine, print tasks a second of one large map."""
    with (
        LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster) as client,
    ):
        client.gather(client.map(noop, range(200), pure=False))
        begun = time.monotonic()
        client.gather(client.map(noop, range(tasks), pure=False))
        rate = tasks / (time.monotonic() - begun)
    print(json.dumps({"tasks_per_second": rate}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
