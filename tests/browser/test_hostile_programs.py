"""Programs that the compiler would never make, in real workers: stopped, and the hub hears of it.

A hub hands out what its compiler made, and browsers run nothing of another hash, so a test puts
each program in the place of a job's at the last step, between the frame and its worker.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest
import wasmtime
from playwright.sync_api import Page

from owc.cli import demo_jobs
from owc.cli.processes import await_answer, free_port
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

ERRORED = "sub_job_errored"
RESULT_BYTES = 65_536
SECONDS = 60

IMPORT = '(import "env" "fetch" (func))'
STEP = "i32.const 0"
PROGRAM = """(module {more} (memory (export "memory") {pages})
    (func (export "input") (param i32) (result i32) (i32.const 1024))
    (func (export "step") (param i32) (result i32) {step})
    (func (export "output") (result i32) (i32.const {at}))
    (func (export "output_bytes") (result i32) (i32.const {size})))"""


def program(
    step: str = STEP, *, more: str = "", pages: int = 16, at: int = 0, size: int = 64
) -> bytes:
    """A program with the five exports that runs `step`."""
    return bytes(
        wasmtime.wat2wasm(PROGRAM.format(more=more, pages=pages, step=step, at=at, size=size))
    )


HOSTILE = {
    "imports": (program(more=IMPORT), "the program has imports"),
    "4 GB from the beginning": (program(pages=65_536), "out_of_memory"),
    "4 GB in a step": (
        program(f"(drop (memory.grow (i32.const 65520))) {STEP}"),
        "out_of_memory",
    ),
    "a result that is too large": (program(size=RESULT_BYTES + 1), "result_too_large"),
    "a result outside its memory": (program(at=-64, size=RESULT_BYTES), "outside its memory"),
    "dying": (program("unreachable"), "RuntimeError"),
    "a stack without end": (
        program(
            "(call $deeper)", more="(func $deeper (result i32) (call $deeper) (drop) (i32.const 1))"
        ),
        "RangeError",
    ),
}
ENDLESS = program(f"(loop (br 0)) {STEP}")

SWAP = """
    const bytes = Uint8Array.from(atob('{code}'), (byte) => byte.charCodeAt(0));
    const module = new WebAssembly.Module(bytes);
    window.swapping = true;
    const send = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...more) {{
        const swapped = swapping && message?.type === 'program' ? {{...message, module}} : message;
        return send.call(this, swapped, ...more);
    }};
"""
OTHER_JOB = {
    "name": "Cubes",
    "source": {"range": {"n": [0, 1_000_000]}},
    "steps": [{"derive": {"cube": "n * n * n"}}, {"filter": "n % 1000 = 0"}],
    "split": {"rows": 10_000},
}


@pytest.fixture(scope="module")
def hub_url(processes: Processes) -> str:
    """A hub that tells what happens, and takes small results only."""
    port = str(free_port(0))
    data = str(processes.folder / "hub")
    arguments = ("serve", "--data", data, "--port", port, "--verbose")
    hub = processes.start("hub", "owc", *arguments, OWC_RESULT_BYTES=str(RESULT_BYTES))
    url = f"http://127.0.0.1:{port}"
    await_answer(hub, f"{url}/readyz")
    return url


@pytest.fixture
def await_event(processes: Processes) -> Callable[..., None]:
    """Waits until the hub says what happened, and why."""
    log = processes.folder / "hub.log"
    seen = len(log.read_text(encoding="utf-8").splitlines())

    def await_it(event: str, reason: str = "") -> None:
        deadline = time.monotonic() + SECONDS
        found: list[str] = []
        while not any(reason in each for each in found):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
            lines = log.read_text(encoding="utf-8").splitlines()[seen:]
            found = [line for line in lines if event in line]

    return await_it


def run(visitor: Visitor, site_url: str, code: bytes) -> Page:
    """Have a visitor's browser run a program in the place of any job's."""
    visitor.context.add_init_script(SWAP.format(code=base64.b64encode(code).decode()))
    page = visitor.meet_question(site_url)
    visitor.say_yes(page)
    return page


def assert_works_on(visitor: Visitor, page: Page, asker: Asker) -> None:
    """The same browser does another job, with the program that is that job's."""
    visitor.card(page).evaluate("() => { swapping = false; }")
    asker.cancel_all()
    asker.submit(OTHER_JOB)
    visitor.await_done(page, page.evaluate("OpenWebCompute.subJobsDone") + 1)
    asker.cancel_all()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_is_stopped_and_reported_and_the_work_goes_on(
    visitor: Visitor, site_url: str, asker: Asker, await_event: Callable[..., None], name: str
) -> None:
    code, reason = HOSTILE[name]
    asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))
    page = run(visitor, site_url, code)
    await_event(ERRORED, reason)
    visitor.look(page)
    assert page.evaluate("OpenWebCompute.subJobsDone") == 0, "what failed is not counted as given"
    assert_works_on(visitor, page, asker)


def test_results_that_are_none_are_refused_and_the_volunteer_is_caught(
    visitor: Visitor, site_url: str, asker: Asker, await_event: Callable[..., None]
) -> None:
    asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))
    page = run(visitor, site_url, program())
    await_event(ERRORED, "not one of this program")
    await_event("trust_lost")
    assert page.evaluate("OpenWebCompute.subJobsDone") == 0
    asker.cancel_all()


def test_an_endless_loop_is_ended_with_its_worker_and_reported_and_the_work_goes_on(
    visitor: Visitor, site_url: str, asker: Asker, await_event: Callable[..., None]
) -> None:
    asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))
    page = run(visitor, site_url, ENDLESS)
    visitor.await_status(page, "working")
    page.wait_for_timeout(2_000)
    with page.workers[0].expect_event("close"):
        visitor.card(page).evaluate(
            """() => {
                const plain = performance.now.bind(performance);
                performance.now = () => plain() + 120_000;
            }"""
        )
    await_event(ERRORED, "step_too_long")
    assert_works_on(visitor, page, asker)


def test_a_pause_ends_an_endless_loop_at_once(
    visitor: Visitor, site_url: str, asker: Asker
) -> None:
    asker.submit(demo_jobs.collatz_document(stop=100_000_000, rows=10_000))
    page = run(visitor, site_url, ENDLESS)
    visitor.await_status(page, "working")
    page.wait_for_timeout(2_000)
    with page.workers[0].expect_event("close"):
        visitor.card(page).locator(".pause").click()
    assert page.evaluate("OpenWebCompute.status") == "paused"
    asker.cancel_all()
