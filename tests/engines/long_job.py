"""A job that a browser cannot finish before it is closed, and its right answer."""

from __future__ import annotations

import functools
import json
from typing import Any

from owc.cli import demo_jobs
from tests.browser.asking import Asker

_STOP = 3_000_000
_ROWS_EACH = 50_000

ROWS = _STOP - 1


def document() -> dict[str, Any]:
    return demo_jobs.collatz_document(stop=_STOP, rows=_ROWS_EACH)


def assert_right(asker: Asker, job_id: str) -> None:
    """The result is that of an independent computation, and every row was settled once."""
    answer = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert answer == _answer()
    job = asker.job(job_id)
    assert job["rows_settled"] == job["rows_total"] == ROWS


@functools.cache
def _answer() -> list[dict[str, Any]]:
    return demo_jobs.collatz_answer(stop=_STOP)
