"""The question and its two answers, in every engine."""

from __future__ import annotations

import json

import pytest

from owc.cli import demo_jobs
from tests.browser.asking import Asker
from tests.engines.visitor import Visitor

pytestmark = pytest.mark.browser

STOP = 200_000
ROWS = 10_000


def test_a_yes_computes_a_whole_job_in_this_engine_alone(
    visitor: Visitor, site_url: str, asker: Asker
) -> None:
    job_id = asker.submit(demo_jobs.collatz_document(stop=STOP, rows=ROWS))
    tab = visitor.meet_question(site_url)
    visitor.say_yes(tab)
    asker.await_succeeded(job_id)
    answer = [json.loads(line) for line in asker.result(job_id).splitlines()]
    assert answer == demo_jobs.collatz_answer(stop=STOP)
    job = asker.job(job_id)
    assert job["rows_settled"] == job["rows_total"] == STOP - 1
    assert len({part["volunteer"] for part in asker.sub_jobs(job_id)} - {"hub"}) == 1
    visitor.await_done(tab, job["sub_jobs_total"])


def test_nothing_runs_before_an_answer(visitor: Visitor, site_url: str, asker: Asker) -> None:
    job_id = asker.submit(demo_jobs.collatz_document(stop=STOP, rows=ROWS))
    tab = visitor.meet_question(site_url)
    visitor.look(tab)
    assert tab.evaluate("OpenWebCompute.status") == "asking"
    assert visitor.stored(tab) == {}
    assert not [url for url in visitor.loaded(tab) if "volunteer" in url or "/blob/" in url]
    assert {part["state"] for part in asker.first_sub_jobs(job_id)} <= {"waiting"}


def test_a_no_is_remembered_and_nothing_else_is(visitor: Visitor, site_url: str) -> None:
    tab = visitor.meet_question(site_url)
    visitor.say_no(tab)
    assert [kept["answer"] for kept in visitor.stored(tab).values()] == ["no"]
    assert not [url for url in visitor.loaded(tab) if "volunteer" in url]
    again = visitor.profile.open(site_url)
    visitor.await_status(again, "declined")
    assert not visitor.is_asking(again)


def test_scripts_press_in_vain(visitor: Visitor, site_url: str) -> None:
    tab = visitor.meet_question(site_url)
    visitor.look(tab)
    tab.evaluate("document.querySelector('.yes').click()", inside=True)
    tab.evaluate(
        """["pointerdown", "pointerup", "click"].forEach((type) => document.querySelector(".yes")
            .dispatchEvent(new PointerEvent(type, {bubbles: true, isPrimary: true})))""",
        inside=True,
    )
    visitor.look(tab)
    assert visitor.is_asking(tab)
    assert visitor.stored(tab) == {}
