"""The native volunteer's Socket.IO client: one message after the other."""

from __future__ import annotations

import threading

from owc.volunteer.ordered import OrderedClient


def test_messages_are_heard_one_after_the_other_where_they_are_read() -> None:
    engine = OrderedClient(handle_sigint=False).eio
    heard: list[tuple[int, int]] = []
    engine.on("message", lambda number: heard.append((number, threading.get_ident())))
    for number in range(100):
        engine._trigger_event("message", number, run_async=True)  # as its reader does
    assert heard == [(number, threading.get_ident()) for number in range(100)]
