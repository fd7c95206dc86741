"""`make cluster`: a hub of many processes on this machine, from the system's packages."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from owc.cli import demo_jobs
from tests.cluster.cluster import WEB_PORTS, Cluster, missing_programs
from tests.cluster.fleet import Fleet
from tests.cluster.researcher import Researcher

PORT = 8080
VOLUNTEERS = 2


def main() -> int:
    """Start a cluster; follow it until Ctrl-C, or compute one job and compare."""
    parser = argparse.ArgumentParser(prog="make cluster", description=__doc__)
    parser.add_argument("--once", action="store_true", help="compute one job, compare, end")
    parser.add_argument("--port", type=int, default=PORT, help="of nginx, if it is free")
    options = parser.parse_args()
    if missing := missing_programs():
        print(f"not installed: {', '.join(missing)} (make services)", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="owc-cluster-") as name,
        Cluster(Path(name), port=options.port, web_ports=WEB_PORTS) as cluster,
    ):
        token = cluster.owc("token", "create", "lab", "--scope", "trusted")
        _introduce(cluster, token)
        if options.once:
            return _demonstrate(cluster, token)
        with contextlib.suppress(KeyboardInterrupt):
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        print("\nending", flush=True)
    return 0


def _introduce(cluster: Cluster, token: str) -> None:
    print(f"hub     {cluster.url}", flush=True)
    for part, address in (
        *((part.name, url) for part, url in zip(cluster.webs, cluster.web_urls, strict=True)),
        ("sql", cluster.database_url),
        ("redis", cluster.redis_url),
        ("logs", f"{cluster.folder}/*.log"),
    ):
        print(f"{part:7} {address}", flush=True)
    print(f"\nexport OWC_URL={cluster.url} OWC_TOKEN={token}", flush=True)


def _demonstrate(cluster: Cluster, token: str) -> int:
    researcher = Researcher(cluster.url, token)
    fleet = Fleet(cluster.folder, [cluster.url], size=VOLUNTEERS)
    fleet.start()
    try:
        job_id = researcher.post(demo_jobs.collatz_document())
        job = researcher.await_success(job_id)
        rows = researcher.rows(job_id)
    finally:
        fleet.stop()
    wrong = demo_jobs.differences(rows, demo_jobs.collatz_answer())
    print(f"\n{job['name']}: {rows[0]}", flush=True)
    for line in wrong:
        print(f"WRONG: {line}", flush=True)
    print("the answer is right" if not wrong else "the answer is wrong", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
