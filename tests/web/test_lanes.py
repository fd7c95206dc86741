"""Lanes: results and errors come back, under gevent without stopping the event loop."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from owc.factory import WebHub
from owc.web.lanes import ThreadLane, each
from tests.web.served import ROOT

UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, threading, time
from owc.web.lanes import GeventLane

lane = GeventLane(1)
busy = monkey.get_original("time", "sleep")
ticks = 0
def tick():
    global ticks
    while True:
        gevent.sleep(0.005)
        ticks += 1
gevent.spawn(tick)
assert lane.run(lambda a, b: a + b, 1, b=2) == 3
try:
    lane.run(int, "x")
except ValueError as error:
    assert "invalid literal" in str(error)
else:
    raise AssertionError("no error came back")
started = time.perf_counter()
lane.run(busy, 0.5)
assert ticks > 20, ticks
order = []
waiting = [gevent.spawn(lane.run, order.append, number) for number in range(50)]
gevent.joinall(waiting)
assert order == list(range(50)), "one after the other"
lane.close()
print("well")
"""


def test_a_lane_brings_back_results_and_errors() -> None:
    lane = ThreadLane(1, "test")
    assert lane.run(pow, 2, exp=5) == 32
    with pytest.raises(ValueError, match="invalid literal"):
        lane.run(int, "x")
    assert list(each(lane, iter(range(5)))) == [0, 1, 2, 3, 4]
    lane.close()


def test_under_gevent_the_event_loop_turns_while_a_lane_works() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "well\n", done.stderr
    assert done.stderr == ""


@pytest.mark.redis
def test_pages_are_served_while_documents_are_compiled(
    web_hub: WebHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def slow_check(*_: object) -> None:
        started.release()
        go_on.wait(30)

    monkeypatch.setattr("owc.services.submission.check", slow_check)
    json_body = {"content_type": "application/json", "data": b"{}"}
    with ThreadPoolExecutor(9) as pool:
        for _ in range(8):
            pool.submit(lambda: web_hub.app.test_client().post("/check", **json_body))
        try:
            assert started.acquire(timeout=10)
            listed = pool.submit(lambda: web_hub.app.test_client().get("/list").status_code)
            assert listed.result(timeout=10) == 200
        finally:
            go_on.set()
