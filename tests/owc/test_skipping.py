"""Rows that fail: they fail their job, or are left out and listed; what is too much is halved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from owc.domain.states import JobState
from owc.services import catalogue, collection, skipping
from owc.services.hub import Hub
from tests.owc.jobs import SQUARES, SQUARES_ANSWER, Volunteer, answer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]

BAD = {0, 17, 99, 100, 555, 556, 999}


def poisoned(**members: Any) -> dict[str, Any]:
    """Divides by zero at some rows."""
    bad = " or ".join(f"n == {row}" for row in sorted(BAD))
    return {
        "name": "Poisoned",
        "source": {"range": {"n": [0, 1000]}},
        "functions": {
            "f": f"def f(n: i64) -> i64:\n    if {bad}:\n        return n // (n - n)\n    return n"
        },
        "steps": [{"aggregate": {"total": "sum(f(n))", "rows": "count(*)"}}],
        "split": {"rows": 100},
        "on_error": "skip",
        **members,
    }


def work_off(hub: Hub, run_tasks: RunTasks, volunteer: Volunteer) -> None:
    """Until nothing waits and nothing is judged."""
    while volunteer.work_off():
        run_tasks()
    run_tasks()


def test_rows_that_trap_are_left_out_and_listed(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, poisoned())
    run_tasks()
    volunteer = Volunteer(hub)
    work_off(hub, run_tasks, volunteer)
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.SUCCEEDED
    assert answer(hub, job_id) == [{"total": sum(set(range(1000)) - BAD), "rows": 1000 - len(BAD)}]
    assert [each.row for each in view.skipped_rows] == sorted(BAD)
    assert {each.code for each in view.skipped_rows} == {"division_by_zero"}
    assert view.skipped_rows[1].message.startswith("division by zero at /")
    assert (view.rows_skipped, view.rows_settled) == (len(BAD), 1000 - len(BAD))
    assert view.sub_jobs_settled == view.sub_jobs_total
    assert [each.row for each in skipping.skipped_rows(hub, job_id, after=99)] == sorted(
        row for row in BAD if row > 99
    )
    assert catalogue.manifest(hub, job_id)["skipped_rows"] == sorted(BAD)
    assert catalogue.volunteers(hub)[0].disagreed == 0, "a trap is an honest result"


def test_rows_of_a_table_are_skipped_too(hub: Hub, run_tasks: RunTasks) -> None:
    rows = [{"name": f"row {n}", "n": n % 5} for n in range(40)]
    job_id = submit(
        hub,
        {
            "name": "Table",
            "source": {"rows": rows},
            "functions": {"f": "def f(n: i64) -> i64:\n    return 12 // n"},
            "steps": [{"derive": {"q": "f(n)"}}],
            "split": {"rows": 7},
            "on_error": "skip",
        },
    )
    run_tasks()
    work_off(hub, run_tasks, Volunteer(hub))
    assert answer(hub, job_id) == [{**row, "q": 12 // row["n"]} for row in rows if row["n"]]


def test_a_job_of_which_every_row_fails_has_an_empty_result(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(
        hub,
        {
            "name": "Nothing",
            "source": {"rows": [{"n": n} for n in range(9)]},
            "functions": {"f": "def f(n: i64) -> i64:\n    return n // (n - n)"},
            "steps": [{"derive": {"q": "f(n)"}}],
            "split": {"rows": 4},
            "on_error": "skip",
        },
    )
    run_tasks()
    work_off(hub, run_tasks, Volunteer(hub))
    view = catalogue.job_view(hub, job_id)
    assert (view.state, view.rows_skipped, view.rows_settled) == (JobState.SUCCEEDED, 9, 0)
    assert answer(hub, job_id) == []


def test_without_skip_the_first_trap_fails_the_job(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, poisoned(on_error="fail"))
    run_tasks()
    work_off(hub, run_tasks, Volunteer(hub))
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert "division by zero" in (view.failure or "")
    assert view.skipped_rows == ()


def test_a_forged_trap_skips_nothing(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, poisoned())
    run_tasks()
    liar = Volunteer(hub)
    offer = liar.leased(8)
    good = next(each for each in offer.sub_jobs if each.first_row == 200)
    forged = replace(liar.compute(offer, good), output=None, trap_site=0, rows_done=5)
    assert collection.take_results(hub, [forged])[0].status == "stored"
    run_tasks()
    assert catalogue.job_view(hub, job_id).skipped_rows == ()
    assert catalogue.volunteers(hub)[0].disagreed == 1


def test_a_job_of_which_too_many_rows_fail_fails(hub: Hub, run_tasks: RunTasks) -> None:
    strict = replace(hub, settings=hub.settings.with_changes(max_skipped_rows=3))
    job_id = submit(strict, poisoned())
    run_tasks()
    from owc.services import checking

    volunteer = Volunteer(strict)
    while volunteer.work_off():
        judged = [each.id for each in catalogue.sub_jobs(strict, job_id) if each.state == "judging"]
        checking.check_sub_jobs(strict, judged)
    view = catalogue.job_view(strict, job_id)
    assert view.state is JobState.FAILED
    assert (view.failure or "").startswith("More than 3 rows of the source fail; the last, row ")


def test_too_much_for_two_volunteers_is_halved(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 1000}})
    run_tasks()
    for number, error in enumerate(["out_of_memory", "step_too_long: a minute"]):
        volunteer = Volunteer(hub)
        report = volunteer.reports(volunteer.leased(1))[0]
        collection.take_results(hub, [replace(report, output=None, error=error)])
        assert len(catalogue.sub_jobs(hub, job_id)) == 1 + number
    assert [(each.first_row, each.rows) for each in catalogue.sub_jobs(hub, job_id)] == [
        (0, 500),
        (500, 500),
    ]
    assert catalogue.job_summary(hub, job_id).sub_jobs_total == 2
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == SQUARES_ANSWER


def test_another_error_only_goes_to_another_volunteer(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**SQUARES, "split": {"rows": 1000}})
    run_tasks()
    for _ in range(3):
        volunteer = Volunteer(hub)
        report = volunteer.reports(volunteer.leased(1))[0]
        collection.take_results(hub, [replace(report, output=None, error="TypeError: x")])
    assert len(catalogue.sub_jobs(hub, job_id)) == 1


def test_what_is_too_long_for_the_hub_is_halved_until_it_is_one_row(
    hub: Hub, run_tasks: RunTasks
) -> None:
    """A row that never ends is poison: it is skipped, or fails the job."""
    endless = {
        "name": "Endless",
        "source": {"range": {"n": [0, 8]}},
        "functions": {"f": "def f(n: i64) -> i64:\n    while n == 5:\n        n = 5\n    return n"},
        "steps": [{"aggregate": {"total": "sum(f(n))"}}],
        "split": {"rows": 8},
    }
    quick = replace(
        hub, settings=hub.settings.with_changes(hub_run_seconds=1, max_failures=1, max_leases=1)
    )
    outcomes = []
    for on_error in ("skip", "fail"):
        job_id = submit(quick, {**endless, "on_error": on_error})
        outcomes.append(_finish_endless(quick, job_id))
    skipped, failed = outcomes
    assert (skipped.state, [each.row for each in skipped.skipped_rows]) == ("succeeded", [5])
    assert skipped.skipped_rows[0].code == "too_much"
    assert failed.state == "failed"
    assert "Row 5 of the source take" in (failed.failure or "")


def _finish_endless(hub: Hub, job_id: str) -> Any:
    from owc.services import checking, completion

    completion.split(hub, job_id)
    for _ in range(30):
        for each in catalogue.sub_jobs(hub, job_id):
            if each.state == "waiting":
                checking.run_on_hub(hub, each.id)
        if catalogue.job_summary(hub, job_id).state is not JobState.RUNNING:
            break
    completion.merge(hub, job_id)
    return catalogue.job_view(hub, job_id)


def test_a_row_of_which_one_match_traps_is_left_out_with_the_others(
    hub: Hub, run_tasks: RunTasks
) -> None:
    """The matches before it were in the program's output when it trapped."""
    table = [{"n": 30, "d": 1}, {"n": 30, "d": 0}, {"n": 31, "d": 2}]
    document = {
        "name": "Matches",
        "source": {"range": {"n": [0, 50]}},
        "shared": {"t": {"rows": table}},
        "steps": [
            {"join": {"table": "t", "on": ["n"], "how": "left"}},
            {"derive": {"share": "60 // d"}},
        ],
        "split": {"rows": 50},
        "on_error": "skip",
    }
    job_id = submit(hub, document)
    run_tasks()
    work_off(hub, run_tasks, Volunteer(hub))
    assert catalogue.job_view(hub, job_id).state is JobState.SUCCEEDED
    rows = answer(hub, job_id)
    assert [row["n"] for row in rows] == [n for n in range(50) if n != 30]
    assert rows[30] == {"n": 31, "d": 2, "share": 30}
