"""The bench of dispatch still runs; its outputs are right and its ideal schedule is one."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import dispatch, work
from bench.hub import BenchError
from bench.report import Figure, Goal
from bench.rows import peers, throughput, truth
from bench.rows.tail import ideal_ends


@pytest.mark.redis
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the runner's own streams
def test_a_real_hub_and_a_real_swarm_do_no_op_jobs_and_the_figures_are_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "dispatch.json"
    arguments = ["--quick", "--only", "throughput", "--only", "truth", "--json", str(path)]
    done = CliRunner().invoke(dispatch.main, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["machine"]["cores"] >= 1
    assert written["wrong"] == []
    rates, asked, compared = (
        [each for each in written["figures"] if each["unit"] == "sub-jobs/s"],
        [each for each in written["figures"] if each["unit"] == "times"],
        [each for each in written["figures"] if "right" in each["details"]],
    )
    assert len(rates) == 3
    assert all(figure["median"] > 0 for figure in rates)
    assert all(figure["details"]["runs"][0]["web_us"] > 0 for figure in rates)
    assert rates[0]["goal"] == {"bound": "at least", "value": 10_000}
    assert rates[0]["is_met"] is (rates[0]["median"] >= 10_000)
    assert asked[0]["median"] >= 2, "RQ was asked in the middle of the work"
    assert {each["name"]: each["median"] for each in compared} == {
        "executing while volunteers hold them": 80,
        "workers": 1,
        "volunteers at work, by the hub": 20,
        "executing after the job": 0,
        "queued after the job": 0,
        "failed": 0,
        "finished after the job": 240,
    }


@pytest.mark.redis
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the runner's own streams
def test_the_bench_fails_where_rq_does_not_tell_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rq_info = truth.rq_info
    monkeypatch.setattr(truth, "rq_info", lambda hub: {**rq_info(hub), "failed": 1})
    path = tmp_path / "dispatch.json"
    arguments = ["--quick", "--only", "truth", "--json", str(path)]
    done = CliRunner().invoke(dispatch.main, arguments)
    assert done.exit_code == 1
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["wrong"] == ["truth: rq info does not tell the truth: failed 1, WRONG: it is 0"]
    assert "failed" in [figure["name"] for figure in written["figures"]], "it is shown all the same"


def test_what_is_said_under_load_must_be_within_what_the_swarm_has_seen() -> None:
    said = {"finished": 5, "failed": 0}
    truth._check_within(said, {"finished": (5, 5), "failed": (0, 0)})
    with pytest.raises(BenchError, match=r"5 finished, which must be 6 to 9$"):
        truth._check_within(said, {"finished": (6, 9), "failed": (0, 0)})


def test_figures_say_whether_their_goals_are_met_and_how_they_compare_with_dask() -> None:
    ours = Figure(
        group=throughput.GROUP,
        name="leases of 1",
        unit="sub-jobs/s",
        values=(9_000.0, 12_000.0, 11_000.0),
        goal=Goal("at least", 10_000),
    )
    assert ours.as_dict()["is_met"] is True
    assert Goal("at most", 5).is_met(5.1) is False
    assert list(peers.over_dask([ours])) == []
    dask = Figure(
        group="Peers: no-op tasks", name="Dask distributed x2", unit="tasks/s", values=(500.0,)
    )
    (ratio,) = peers.over_dask([ours, dask])
    assert (ratio.median, ratio.is_met) == (22, True)


def test_outputs_made_from_a_template_are_those_of_the_program() -> None:
    made = work.busy(50, rows_each=10, row_seconds=1e-6)
    compiled = work.compile_document(made.document)
    for first_row, rows in ((0, 1), (7, 10), (490, 10)):
        assert work.fill(made.template, first_row, rows) == work.run(compiled, first_row, rows)
    assert made.result == sum(range(500))


def test_the_ideal_schedule_gives_a_slow_volunteer_only_what_it_ends_in_time() -> None:
    assert ideal_ends(4, [1.0, 1.0, 20.0], [math.inf] * 3) == [1.0, 1.0, 2.0, 2.0]


def test_the_ideal_schedule_gives_nothing_to_who_will_have_vanished() -> None:
    assert ideal_ends(4, [1.0, 1.0], [math.inf, 1.5]) == [1.0, 1.0, 2.0, 3.0]
