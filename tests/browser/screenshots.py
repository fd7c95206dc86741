"""`make screenshots`: pictures for the README, of a real hub, a browser and a native volunteer.

`docs/images/job.png` is the page of a job that is being computed, `docs/images/question.png` the
example site that asks its visitor.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from owc.cli import demo_jobs
from owc.cli.processes import await_answer, free_port
from tests.browser.asking import Asker
from tests.browser.conftest import Processes, launch
from tests.browser.visit import Visitor

IMAGES = Path("docs/images")
WIDTH, JOB_HEIGHT, SITE_HEIGHT = 1280, 660, 760
PART_DONE = 0.3


def main() -> None:
    """Start everything on free ports, take the pictures, end everything."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes = Processes(stack, folder)
        hub_url, site_port = f"http://127.0.0.1:{free_port(0)}", str(free_port(0))
        processes.start_hub(hub_url)
        site = processes.start("site", "example_site", "--hub", hub_url, "--port", site_port)
        site_url = f"http://127.0.0.1:{site_port}/"
        await_answer(site, site_url)
        asker = Asker(hub_url)
        job_id = asker.submit(demo_jobs.collatz_document(stop=60_000_000))
        asker.await_split(job_id)
        processes.start("volunteer", "owc", "volunteer", hub_url, "--workers", "1")
        browser = launch(
            stack.enter_context(sync_playwright()), folder / "profile", "--hide-scrollbars"
        )
        stack.callback(browser.close)
        take(Visitor(browser.new_context(color_scheme="light"), hub_url), site_url, job_id)


def take(visitor: Visitor, site_url: str, job_id: str) -> None:
    """The question, then a yes, then the job while it is computed."""
    site = visitor.meet_question(site_url)
    site.set_viewport_size({"width": WIDTH, "height": SITE_HEIGHT})
    visitor.look(site)
    site.screenshot(path=IMAGES / "question.png")
    visitor.say_yes(site)
    job = visitor.open(f"{visitor.hub_url}/job/{job_id}")
    job.set_viewport_size({"width": WIDTH, "height": JOB_HEIGHT})
    job.wait_for_function(
        """(part) => {
            const {max, value} = document.querySelector('.meter progress');
            const atWork = document.querySelector('[data-field=volunteers_at_work]').textContent;
            return value / max >= part && atWork === '2'
                && document.querySelector('.cells [data-state=leased]');
        }""",
        arg=PART_DONE,
        timeout=180_000,
    )
    job.screenshot(path=IMAGES / "job.png")


if __name__ == "__main__":
    main()
