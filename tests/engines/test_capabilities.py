"""What each engine says of itself after a yes, and that it works without what it lacks."""

from __future__ import annotations

import re

import pytest

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.browser.conftest import Processes
from tests.engines.driver import Engine
from tests.engines.stored import newest_volunteer
from tests.engines.visitor import Visitor

pytestmark = pytest.mark.browser

FAMILIES = {"chromium": "blink", "firefox": "gecko", "webkit": "webkit"}
LACKS = {
    "chromium": set(),
    "firefox": {"battery", "compute_pressure", "connection", "device_memory"}
    | {"visibility_tracking"},
    "webkit": {"battery", "compute_pressure", "connection", "device_memory"}
    | {"visibility_tracking"},
}
"""At least; an engine that learns more may say so."""


def test_an_engine_says_what_it_has_and_what_it_lacks(
    engine: Engine, visitor: Visitor, site_url: str, asker: Asker, processes: Processes
) -> None:
    tab = visitor.meet_question(site_url)
    assert not [url for url in visitor.loaded(tab) if "benchmark.wasm" in url], "not before a yes"
    visitor.say_yes(tab)
    visitor.await_status(tab, "waiting")
    said = newest_volunteer(processes)
    assert said["kind"] == "browser"
    assert said["engine"] == FAMILIES[engine.name]
    assert re.fullmatch(r"[0-9]{2,3}", said["engine_version"])
    assert said["features"] == ["simd128"]
    assert said["cores"] >= 1
    assert said["memory_bytes"] >= 2**28
    assert said["mobile"] is False
    assert said["score"] > 10
    assert said["speed"] != 1.0, "a newcomer is first taken to be as fast as its score"
    assert LACKS[engine.name] <= set(said["lacks"])
    assert ("webgpu" in said["lacks"]) or said["gpu"] is None or "/" in said["gpu"]

    asker.submit(demo_jobs.collatz_document(stop=100_000, rows=10_000))
    visitor.await_done(tab, 3)


def test_a_core_is_measured_once_and_forgotten_with_the_yes(
    visitor: Visitor, site_url: str
) -> None:
    tab = visitor.meet_question(site_url)
    visitor.say_yes(tab)
    visitor.await_status(tab, "waiting")
    kept = visitor.stored(tab)["owc.score"]
    again = visitor.profile.open(site_url)
    tab.close()
    visitor.await_status(again, "waiting")
    assert visitor.stored(again)["owc.score"] == kept
    assert not [url for url in visitor.loaded(again) if "benchmark.wasm" in url]
    again.click(".stop")
    visitor.await_status(again, "stopped")
    assert "owc.score" not in visitor.stored(again)
