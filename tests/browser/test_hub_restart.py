"""The hub is killed under a working browser: both come back by themselves, and nothing is lost."""

from __future__ import annotations

import json

import pytest

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

STOP = 3_000_000


def test_browser_goes_on_after_the_hub_was_killed(
    asker: Asker, processes: Processes, site_url: str, visitor: Visitor, hub_url: str
) -> None:
    job_id = asker.submit(demo_jobs.collatz_document(stop=STOP, rows=15_000))
    site = visitor.meet_question(site_url)
    visitor.say_yes(site)
    visitor.await_done(site, 5)
    killed = processes.children["hub"].process
    killed.kill()
    killed.wait(10)
    visitor.await_status(site, "offline")

    processes.start_hub(hub_url)
    assert asker.job(job_id)["state"] == "running", "the browser finished too early"
    visitor.await_succeeded(job_id)
    answer = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert answer == demo_jobs.collatz_answer(stop=STOP)
    job = asker.job(job_id)
    assert job["rows_settled"] == job["rows_total"] == STOP - 1
    volunteers = {part["volunteer"] for part in asker.sub_jobs(job_id)}
    assert len(volunteers - {"hub"}) == 1, "the browser lost its identity"
