"""A volunteer is killed in the middle of a long sub-job: what it had done is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis

from owc.cli import demo_jobs
from owc.queue import embedded_url
from tests.web.served import IMPATIENT, serving, volunteering, wait_until

pytestmark = pytest.mark.redis

STOP = 16_000_000
"""Several seconds even of a fast core that has nothing else to do: two checkpoints fit in."""


def test_a_killed_volunteers_long_sub_job_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder, variables=IMPATIENT) as hub:
        document = demo_jobs.collatz_document(stop=STOP, rows=STOP)
        job_id = hub.post(document)["id"]
        with Redis.from_url(embedded_url(folder / "redis")) as redis, volunteering(hub.url) as gone:

            def done() -> int:
                (key,) = redis.keys("owc:checkpoint:*") or [b""]
                return int(redis.hget(key, "rows_done") or 0) if key else 0

            wait_until(lambda: done() > 0, what="a checkpoint")
            first = done()
            wait_until(lambda: done() > first, what="the next one")
            gone.kill()
            gone.wait()
            kept = done()
        wait_until(lambda: len(hub.job(job_id)["sub_jobs"]) == 2, what="the cut")
        done_part, rest = hub.job(job_id)["sub_jobs"]
        assert (done_part["first_row"], done_part["rows"]) == (0, kept)
        assert (rest["first_row"], rest["rows"]) == (kept, STOP - 1 - kept)
        with volunteering(hub.url):
            hub.await_job(job_id)
        assert hub.rows(job_id) == demo_jobs.collatz_answer(stop=STOP)
