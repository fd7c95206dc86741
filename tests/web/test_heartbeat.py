"""One task does what is due, for as long as anything is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from owc.web.websocket.driver import Tasks
from owc.web.websocket.heartbeat import Heartbeat


def make() -> tuple[Heartbeat, list[threading.Thread]]:
    started: list[threading.Thread] = []

    def start(target: Callable[..., object]) -> None:
        started.append(threading.Thread(target=target, daemon=True))
        started[-1].start()

    return Heartbeat(Tasks(start=start, sleep=time.sleep)), started


def test_calls_are_made_in_the_order_they_are_due_by_one_task() -> None:
    heartbeat, started = make()
    calls: list[tuple[str, threading.Thread]] = []
    for seconds, name in ((0.4, "last"), (0.0, "first"), (0.0, "second")):
        heartbeat.after(seconds, lambda name=name: calls.append((name, threading.current_thread())))
    started[0].join(10)
    assert [name for name, _ in calls] == ["first", "second", "last"]
    assert {thread for _, thread in calls} == set(started)


def test_it_ends_when_nothing_is_due_and_starts_again() -> None:
    heartbeat, started = make()
    done = threading.Event()
    heartbeat.after(0, lambda: None)
    started[0].join(10)
    assert not started[0].is_alive()
    heartbeat.after(0, done.set)
    assert done.wait(10)
    assert len(started) == 2


def test_a_call_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    heartbeat, started = make()
    done = threading.Event()
    heartbeat.after(0, lambda: 1 / 0)
    heartbeat.after(0, done.set)
    started[0].join(10)
    assert done.is_set()
    assert "ZeroDivisionError" in caplog.text
