"""Files that stand for much more, through POST /upload, POST /job and the RQ worker.

Each is refused at once, or its job fails with a reason; time and memory of both processes are
measured. Damage of every byte is tried in `tests/jobspec` (test_arrow_source, test_parquet_source).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest
import requests

from tests.attacks.bombs import BOMBS
from tests.attacks.hub import AttackedHub, attacked, forget_peak, memory_bytes, peak_bytes
from tests.web.served import wait_until

pytestmark = pytest.mark.redis

MOST_BYTES = 500 << 20
MOST_SECONDS = 60  # to the end of its job, on a busy machine; what refuses at once takes a few
SOURCE_BYTES = 64 << 20


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedHub]:
    variables = {"OWC_SOURCE_BYTES": str(SOURCE_BYTES)}
    with attacked(tmp_path_factory.mktemp("bombed") / "data", variables) as hub:
        yield hub
        hub.assert_well()


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_as_a_problem_or_a_failed_job_and_costs_little(
    hub: AttackedHub, name: str
) -> None:
    file_format, make = BOMBS[name]
    content = make()
    sha256 = hub.upload(content)
    assert hub.process is not None
    before = {pid: memory_bytes(pid) for pid in hub.pids()}
    free = shutil.disk_usage(hub.folder).free
    for pid in before:
        forget_peak(pid)
    begun = time.monotonic()
    document = {
        "name": name,
        "source": {"upload": sha256, "format": file_format},
        "steps": [{"aggregate": {"count": "count(n)"}}],
    }
    response = requests.post(f"{hub.url}/job", json=document, timeout=MOST_SECONDS)
    refused_after = time.monotonic() - begun
    failure = ""
    if response.status_code == 201:
        job_id = response.json()["id"]
        failure = await_split(hub, job_id)
    else:
        assert response.status_code == 400, response.text
        assert response.json()["problems"][0]["message"]
    grown = {pid: peak_bytes(pid) - before[pid] for pid in before}
    print(f"{name}: {refused_after:.1f} s, {max(grown.values()) >> 20} MiB, {failure[:80]}")
    assert refused_after < 10
    assert max(grown.values()) < MOST_BYTES, {pid: size >> 20 for pid, size in grown.items()}
    assert free - shutil.disk_usage(hub.folder).free < 4 * SOURCE_BYTES


def await_split(hub: AttackedHub, job_id: str) -> str:
    """Why a job failed; nothing, if the file was odd but honest, and all of it has been cut."""

    def is_cut() -> bool:
        job = hub.job(job_id)
        return job["state"] == "failed" or job["rows_total"] is not None

    wait_until(is_cut, seconds=MOST_SECONDS, what="its end")
    return hub.job(job_id)["failure"] or ""


def test_others_are_served_while_bombs_are_defused(hub: AttackedHub) -> None:
    assert requests.get(f"{hub.url}/list", timeout=5).ok
