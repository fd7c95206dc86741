"""Log events."""

import logging

import pytest

from owc import telemetry


def test_an_event_is_one_record_with_its_values(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="owc"):
        telemetry.event("job_failed", job_id="job_1", reason='a "b"')
    (record,) = caplog.records
    assert record.getMessage() == 'job_failed job_id="job_1" reason="a \\"b\\""'
    assert record.owc == {"event": "job_failed", "job_id": "job_1", "reason": 'a "b"'}
    assert record.levelno == logging.WARNING


def test_an_unlisted_event_is_refused() -> None:
    with pytest.raises(KeyError):
        telemetry.event("something_else")
