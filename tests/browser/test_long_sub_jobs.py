"""A sub-job that runs long: the frame tells the hub what it has made so far."""

from __future__ import annotations

import json
from typing import Any

import pytest

import jobspec
from tests.browser.asking import Asker
from tests.browser.visit import Visitor
from tests.web.test_native_volunteer import DOCUMENT, output_of

pytestmark = pytest.mark.browser

ROWS = 50_000_000
"""Of one sub-job: a minute's work at least."""


class Sent:
    """What a frame has sent over its socket, message by message."""

    def __init__(self) -> None:
        self._event = ""
        self._payload: dict[str, Any] = {}
        self.checkpoints: list[tuple[dict[str, Any], bytes]] = []
        """Messages of one checkpoint, each with its binary."""

    def add(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            if self._event == "checkpoint_report":
                self.checkpoints.append((self._payload, frame))
        elif frame.startswith("451-/volunteer,"):
            self._event, self._payload = json.loads(frame.partition(",")[2])


def test_frame_sends_checkpoints_of_a_sub_job_that_runs_long(
    asker: Asker, visitor: Visitor, site_url: str
) -> None:
    document = {**DOCUMENT, "source": {"range": {"n": [0, ROWS]}}, "split": {"rows": ROWS}}
    asker.submit(document)
    sent = Sent()
    page = visitor.meet_question(site_url)
    with page.expect_websocket() as opened:
        visitor.say_yes(page)
    socket = opened.value
    socket.on("framesent", sent.add)
    while len(sent.checkpoints) < 2:
        socket.wait_for_event("framesent", timeout=60_000)

    rows, elapsed_ms = 0, 500
    for message, output in sent.checkpoints[:2]:
        [checkpoint] = message["checkpoints"]
        assert checkpoint["output_bytes"] == len(output)
        assert checkpoint["rows_done"] == jobspec.output_rows_done(output) > rows
        assert checkpoint["elapsed_ms"] >= elapsed_ms + 500
        rows, elapsed_ms = checkpoint["rows_done"], checkpoint["elapsed_ms"]
        assert output == output_of(0, rows), "it is the result of those rows to the bit"
