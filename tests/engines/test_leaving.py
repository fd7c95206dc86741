"""Tabs close and browsers die in the middle of a job: others finish it, nothing counts twice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.engines.conftest import StartEngine
from tests.engines.driver import Engine, Tab
from tests.engines.long_job import ROWS, assert_right, document
from tests.engines.visitor import Visitor

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Scene:
    """A site, a job, and who comes after the first volunteer."""

    site_url: str
    hub_url: str
    asker: Asker
    processes: Processes

    def work_for_a_while(self, visitor: Visitor) -> tuple[Tab, str]:
        job_id = self.asker.submit(document())
        tab = visitor.meet_question(self.site_url)
        visitor.say_yes(tab)
        visitor.await_done(tab, 3)
        return tab, job_id

    def let_another_finish(self, job_id: str) -> None:
        """Wait until the first volunteer's leases are given back, then let a native one come."""
        self.asker.await_given_back(job_id)
        assert self.asker.job(job_id)["state"] == "running", "the browser finished too early"
        other = self.processes.start("volunteer", "owc", "volunteer", self.hub_url, "--until-idle")
        self.asker.await_succeeded(job_id)
        assert other.process.wait(60) == 0, other.log.read_text()
        assert_right(self.asker, job_id)
        parts = self.asker.sub_jobs(job_id)
        assert sum(part["rows"] for part in parts) == ROWS
        assert len({part["volunteer"] for part in parts} - {"hub"}) == 2


@pytest.fixture
def scene(site_url: str, hub_url: str, asker: Asker, processes: Processes) -> Scene:
    return Scene(site_url=site_url, hub_url=hub_url, asker=asker, processes=processes)


def test_another_volunteer_finishes_what_a_closed_tab_left(visitor: Visitor, scene: Scene) -> None:
    tab, job_id = scene.work_for_a_while(visitor)
    tab.close()
    scene.let_another_finish(job_id)


def test_another_volunteer_finishes_what_a_crashed_page_left(
    engine: Engine, visitor: Visitor, scene: Scene
) -> None:
    _, job_id = scene.work_for_a_while(visitor)
    assert engine.crash() > 0
    scene.let_another_finish(job_id)


def test_another_volunteer_finishes_what_a_killed_browser_left(
    start_engine: StartEngine, scene: Scene
) -> None:
    engine = start_engine()
    _, job_id = scene.work_for_a_while(Visitor(engine.profile()))
    engine.kill()
    scene.let_another_finish(job_id)
