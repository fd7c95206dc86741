"""The hub is killed under a working browser: both come back by themselves, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.engines.conftest import SETTINGS
from tests.engines.long_job import assert_right, document
from tests.engines.visitor import Visitor

pytestmark = pytest.mark.browser


def test_a_browser_goes_on_after_the_hub_was_killed(
    asker: Asker, processes: Processes, site_url: str, visitor: Visitor, hub_url: str
) -> None:
    job_id = asker.submit(document())
    tab = visitor.meet_question(site_url)
    visitor.say_yes(tab)
    visitor.await_done(tab, 3)
    killed = processes.children["hub"].process
    killed.kill()
    killed.wait(10)
    visitor.await_status(tab, "offline")

    processes.start_hub(hub_url, **SETTINGS)
    assert asker.job(job_id)["state"] == "running", "the browser finished too early"
    asker.await_succeeded(job_id)
    assert_right(asker, job_id)
    parts = asker.sub_jobs(job_id)
    assert len({part["volunteer"] for part in parts} - {"hub"}) == 1, "it lost its identity"
