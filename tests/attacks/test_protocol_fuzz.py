"""Thousands of hostile messages beside an honest volunteer: nothing fails, hangs or grows.

`make attack` sends 100,000; a run of the tests what fits in it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.attacks.fuzzing import Fuzz
from tests.attacks.hub import AttackedHub, attacked, memory_bytes
from tests.web.served import volunteering, wait_until

pytestmark = pytest.mark.redis

MESSAGES = int(os.environ.get("OWC_ATTACK_MESSAGES", "12000"))
SEED = int(os.environ.get("OWC_ATTACK_SEED", "5"))
LEVEL_BYTES = 24 << 20
"""What the allocator may keep; a leak of 300 bytes a message is more, at 100,000."""

SUB_JOBS = max(1_000, MESSAGES // 20)
ROWS = 200 * SUB_JOBS
JOB = {
    "name": "Done beside attackers",
    "source": {"range": {"n": [0, ROWS]}},
    "steps": [
        {"derive": {"square": "n * n"}},
        {"aggregate": {"count": "count(*)", "total": "sum(square)"}},
    ],
    "split": {"rows": 200},
}
ANSWER = [{"count": ROWS, "total": (ROWS - 1) * ROWS * (2 * ROWS - 1) // 6}]


@pytest.mark.timeout(1800)
def test_hostile_messages_break_nothing_and_leave_nothing_behind(tmp_path: Path) -> None:
    variables = {"OWC_GRACE_SECONDS": "1"}
    with attacked(tmp_path / "data", variables) as hub, volunteering(hub.url):
        assert hub.process is not None
        job_id = str(hub.post(JOB)["id"])
        fuzz = Fuzz(hub, SEED)
        fuzz.send(MESSAGES // 4)
        settle(hub)
        files, memory = hub.files(), memory_bytes(hub.process.pid)
        begun = time.monotonic()
        fuzz.send(MESSAGES - MESSAGES // 4)
        seconds = time.monotonic() - begun
        settle(hub)
        grown = memory_bytes(hub.process.pid) - memory
        print(f"{fuzz.sent:,} messages, the last {seconds:.0f} s of them; {grown >> 10} KiB more")
        print(dict(fuzz.said.most_common()))
        assert fuzz.sent >= MESSAGES
        assert fuzz.said["volunteer_welcome"]
        assert fuzz.said["lease_offer"]
        assert fuzz.said["bad_message"] > fuzz.sent // 50, "it is hostile indeed"
        assert fuzz.said["internal_error"] == 0
        hub.assert_well()
        assert hub.files() <= files + 4
        assert grown < LEVEL_BYTES
        hub.await_job(job_id, seconds=600)
        assert hub.rows(job_id) == ANSWER
        hub.assert_well()


def settle(hub: AttackedHub) -> None:
    """Wait until the sockets of those who are gone are closed here too."""
    last = [hub.files()]

    def is_still() -> bool:
        time.sleep(1.5)  # longer than the hub waits for any goodbye, but for those who hang
        last.append(hub.files())
        return last[-1] >= last[-2]

    wait_until(is_still, seconds=60, what="the end of their sockets")
