"""The throttle in a real browser: what it sees there, and that it then does less or nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from owc.cli import demo_jobs
from owc.web.languages import catalogue
from tests.browser.asking import Asker
from tests.browser.visit import Visitor

pytestmark = pytest.mark.browser

BADGE = catalogue("en")["badge"]

BATTERY = """
    const battery = Object.assign(new EventTarget(), {level: 0.3, charging: false});
    navigator.getBattery = async () => battery;
    window.plugIn = () => {
        battery.charging = true;
        battery.dispatchEvent(new Event('chargingchange'));
    };
"""
SAVING = """
    const connection = Object.assign(new EventTarget(), {saveData: true, type: 'wifi'});
    Object.defineProperty(navigator, 'connection', {value: connection});
    window.plugIn = () => {
        connection.saveData = false;
        connection.dispatchEvent(new Event('change'));
    };
"""
RESULTS = """
    window.done = [];
    const Plain = Worker;
    window.Worker = class extends Plain {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', ({data}) => {
                if (data.type === 'done') done.push([performance.now(), data.elapsedMs]);
            });
        }
    };
"""
PRESSURE = """
    window.PressureObserver = class {
        constructor(hear) { window.press = (state) => hear([{state}]); }
        async observe() {}
        disconnect() {}
    };
"""


@pytest.fixture(scope="module", autouse=True)
def endless(asker: Asker) -> str:
    """A job that outlasts every test."""
    return asker.submit(demo_jobs.collatz_document(stop=300_000_000, rows=20_000))


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser with its throttle as visitors have it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script("delete window.PressureObserver")  # what else runs here is not ours
    yield context
    context.close()


def say_yes(visitor: Visitor, url: str) -> Page:
    page = visitor.meet_question(url)
    visitor.say_yes(page)
    return page


def busy_part(page: Page, visitor: Visitor, parts: int) -> float:
    """The part of one core's time that a worker spends, from its first result to its last."""
    visitor.await_done(page, parts)
    done: list[list[float]] = visitor.card(page).evaluate("done")
    return sum(spent for _, spent in done[1:]) / (done[-1][0] - done[0][0])


@pytest.mark.parametrize(("share", "most"), [(None, 0.5), (0.1, 0.1)])
def test_a_worker_takes_no_more_of_a_cores_time_than_allowed(
    visitor: Visitor, site_url: str, share: float | None, most: float
) -> None:
    visitor.context.add_init_script(
        "Object.defineProperty(navigator, 'hardwareConcurrency', {value: 2})"
    )
    if share is not None:
        kept = json.dumps(json.dumps({"share": share}))
        visitor.context.add_init_script(
            f"try {{ localStorage['owc.choices'] = {kept} }} catch {{}}"
        )
    visitor.context.add_init_script(RESULTS)
    page = say_yes(visitor, site_url)
    part = busy_part(page, visitor, 15)
    assert part < most + 0.1, "a rest has its longest, which counts where other programs slow us"


@pytest.mark.parametrize(("lack", "words"), [(BATTERY, "battery"), (SAVING, "metered")])
def test_work_rests_on_a_low_battery_and_where_data_is_saved_and_goes_on_after(
    visitor: Visitor, site_url: str, lack: str, words: str
) -> None:
    visitor.context.add_init_script(lack)
    page = say_yes(visitor, site_url)
    visitor.await_status(page, "resting")
    card = visitor.card(page)
    expect(card.locator(".phase")).to_have_text(BADGE[words])
    assert page.evaluate("OpenWebCompute.subJobsDone") == 0
    card.evaluate("plugIn()")
    visitor.await_done(page, 1)


def test_work_rests_while_the_device_is_under_critical_pressure(
    visitor: Visitor, site_url: str
) -> None:
    visitor.context.add_init_script(PRESSURE)
    page = say_yes(visitor, site_url)
    visitor.await_status(page, "working")
    card = visitor.card(page)
    card.evaluate("press('critical')")  # less is tried first
    visitor.await_status(page, "resting")
    expect(card.locator(".phase")).to_have_text(BADGE["hot"])


def test_work_rests_in_a_hidden_tab_if_the_visitor_wants_it(
    visitor: Visitor, site_url: str
) -> None:
    kept = json.dumps(json.dumps({"hidden": False}))
    visitor.context.add_init_script(f"try {{ localStorage['owc.choices'] = {kept} }} catch {{}}")
    page = say_yes(visitor, site_url)
    visitor.await_status(page, "working")
    hide(visitor, page, "hidden")
    visitor.await_status(page, "resting")
    hide(visitor, page, "visible")
    visitor.await_status(page, "working")


def hide(visitor: Visitor, page: Page, state: str) -> None:
    """Say that the page is hidden, as tabs in the background are; headless ones never are."""
    visitor.card(page).evaluate(
        """(state) => {
            Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        state,
    )


def test_work_rests_when_the_data_of_an_hour_is_used_up(visitor: Visitor, site_url: str) -> None:
    minute = int(time.time() / 60)
    kept = json.dumps(json.dumps({"minutes": [[minute, 60_000_000]]}))
    visitor.context.add_init_script(f"try {{ localStorage['owc.data'] = {kept} }} catch {{}}")
    page = say_yes(visitor, site_url)
    visitor.await_status(page, "resting")
    expect(visitor.card(page).locator(".phase")).to_have_text(BADGE["data"])


def test_a_page_with_long_tasks_is_heard_of_and_less_is_done(
    visitor: Visitor, site_url: str
) -> None:
    visitor.context.add_init_script(
        """
        window.duties = [];
        const post = Worker.prototype.postMessage;
        Worker.prototype.postMessage = function (message, ...more) {
            if (message.type === 'duty') duties.push(message.duty);
            return post.call(this, message, ...more);
        };
        """
    )
    page = say_yes(visitor, site_url)
    visitor.await_status(page, "working")
    card = visitor.card(page)
    assert card.evaluate("duties[0]") <= 0.5
    page.evaluate(
        """() => setInterval(() => {
            const until = performance.now() + 250;
            while (performance.now() < until);
        }, 500)"""
    )
    card.wait_for_function("() => duties.at(-1) <= 0.25", timeout=20_000)
    assert visitor.complaints == []
