"""Log events."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

import owc
from owc import telemetry


def test_an_event_is_one_record_with_its_values(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="owc"):
        telemetry.event("job_failed", job_id="job_1", reason='a "b"')
    (record,) = caplog.records
    assert record.getMessage() == 'job_failed job_id="job_1" reason="a \\"b\\""'
    assert record.owc == {"event": "job_failed", "job_id": "job_1", "reason": 'a "b"'}
    assert record.levelno == logging.WARNING


def test_every_event_is_logged_somewhere_and_every_logged_one_is_listed() -> None:
    sources = [path.read_text() for path in Path(owc.__file__).parent.rglob("*.py")]
    logged = set(re.findall(r'telemetry\.event\(\s*"([a-z_]+)"', "\n".join(sources)))
    by_state = {"job_cancelled", "job_failed"}  # of `moves.end_job`
    assert logged | by_state == set(telemetry.EVENTS)


def test_an_unlisted_event_is_refused() -> None:
    with pytest.raises(KeyError):
        telemetry.event("something_else")
