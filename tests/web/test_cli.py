"""The command `owc`: what it prints, what it writes, how it ends."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from owc.cli import COMMANDS, owc
from tests.web.conftest import ANSWER, DOCUMENT
from tests.web.served import ROOT, ServedHub, end, serving, volunteering, wait_until


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


@pytest.fixture
def run() -> Callable[..., Result]:
    def run(*arguments: object, **variables: str) -> Result:
        return CliRunner(env=variables).invoke(owc, [str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHub]:
    with serving(tmp_path_factory.mktemp("hub") / "data") as hub, volunteering(hub.url):
        yield hub


def test_every_command_is_there_and_has_help(run: Callable[..., Result]) -> None:
    for name in COMMANDS:
        result = run(name, "--help")
        assert result.exit_code == 0, result.output
        assert len(result.output.splitlines()) > 3


def test_help_is_quick_to_import() -> None:
    code = "import sys, owc.cli; print({'flask', 'pyarrow', 'requests'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_check_prints_what_the_hub_runs_at_the_end_too(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    job = {
        "name": "Three programs",
        "source": {"range": {"n": [0, 9]}},
        "finish": [{"derive": {"twice": "n * 2"}}],
        "trust": {"verify": "n < 9"},
    }
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job))
    listing, _, finish = run("check", str(path)).stdout.partition("--- finish")
    listing, _, verify = listing.partition("--- verify")
    assert "twice" not in listing + verify
    assert "< 9" in verify
    assert "twice" in finish


def test_check_prints_the_listing(run: Callable[..., Result], document: Path) -> None:
    result = run("check", document)
    assert result.exit_code == 0, result.output
    assert "step" in result.stdout
    assert "sha256" in result.stderr


def test_check_prints_the_disassembly_and_writes_the_program(
    run: Callable[..., Result], document: Path, tmp_path: Path
) -> None:
    result = run("check", document, "--wat", "-o", tmp_path / "job.wasm")
    assert result.exit_code == 0, result.output
    assert "(module" in result.stdout
    assert (tmp_path / "job.wasm").read_bytes()[:4] == b"\0asm"


def test_check_prints_every_problem_with_its_place(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps({**DOCUMENT, "steps": [{"derive": {"x": "m + 1"}}], "nmae": 1}))
    result = run("check", path)
    assert result.exit_code == 1
    assert "2 problems" in result.stderr
    assert "/steps/0/derive/x" in result.stderr
    assert "/nmae" in result.stderr


def test_check_takes_a_local_file_as_the_source(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "cities.csv").write_text("city,people\nOslo,700000\n")
    job = {
        "name": "x",
        "source": {"upload": "0" * 64, "format": "csv"},
        "steps": [{"derive": {"half": "people // 2"}}],
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    result = run("check", tmp_path / "job.json", "--upload", tmp_path / "cities.csv")
    assert result.exit_code == 0, result.output


def test_check_takes_a_local_file_as_what_is_behind_a_url(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n")
    job = {"name": "x", "source": {"url": "https://example.org/a.csv", "format": "csv"}}
    (tmp_path / "job.json").write_text(json.dumps(job))
    assert "not_fetched" in run("check", tmp_path / "job.json").stderr
    result = run("check", tmp_path / "job.json", "--upload", tmp_path / "a.csv")
    assert result.exit_code == 0, result.output


SHARING = {
    "name": "Lookup",
    "source": {"range": {"n": [0, 2]}},
    "shared": {"cities": {"upload": "0" * 64, "format": "csv"}},
    "steps": [{"join": {"table": "cities", "on": {"n": "id"}}}, {"select": ["city"]}],
}


@pytest.mark.redis
def test_shared_inputs_are_taken_from_local_files(
    run: Callable[..., Result], hub: ServedHub, tmp_path: Path
) -> None:
    (tmp_path / "cities.csv").write_text("id,city\n0,Oslo\n1,Rome\n")
    (tmp_path / "job.json").write_text(json.dumps(SHARING))
    arguments = [tmp_path / "job.json", "--shared", f"cities={tmp_path / 'cities.csv'}"]
    assert run("check", *arguments).exit_code == 0
    output = tmp_path / "out.csv"
    result = run("submit", *arguments, "-o", output, OWC_URL=hub.url)
    assert result.exit_code == 0, result.output
    assert output.read_text().split() == ["city", "Oslo", "Rome"]
    refused = run("check", tmp_path / "job.json", "--shared", "cities")
    assert (refused.exit_code, "NAME=FILE" in refused.stderr) == (2, True)


@pytest.mark.redis
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet", "arrow"])
def test_submit_waits_and_writes_the_result(
    run: Callable[..., Result], hub: ServedHub, document: Path, tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"out.{suffix}"
    result = run("submit", document, "--url", hub.url, "--wait", "-o", output)
    assert result.exit_code == 0, result.output
    if suffix == "csv":
        with output.open() as file:
            rows: list[Any] = list(csv.DictReader(file))
        assert rows == [{name: str(value) for name, value in ANSWER.items()}]
    elif suffix == "ndjson":
        assert json.loads(output.read_text()) == ANSWER
    elif suffix == "arrow":
        import pyarrow.ipc

        with pyarrow.ipc.open_file(output) as file:
            assert file.read_all().to_pylist() == [ANSWER]
    else:
        import pyarrow.parquet

        assert pyarrow.parquet.read_table(output).to_pylist() == [ANSWER]


@pytest.mark.redis
def test_submit_uploads_its_file(
    run: Callable[..., Result], hub: ServedHub, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("n\n1\n2\n3\n")
    job = {
        "name": "Sum",
        "source": {"upload": "0" * 64, "format": "csv"},
        "steps": [{"aggregate": {"total": "sum(n)"}}],
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    output = tmp_path / "out.ndjson"
    result = run(
        "submit",
        tmp_path / "job.json",
        "--upload",
        tmp_path / "in.csv",
        "-o",
        output,
        OWC_URL=hub.url,
    )
    assert result.exit_code == 0, result.output
    assert json.loads(output.read_text()) == {"total": 6}


@pytest.mark.redis
def test_jobs_watch_result_and_cancel(
    run: Callable[..., Result], hub: ServedHub, document: Path
) -> None:
    job_id = run("submit", document, "--url", hub.url, "--wait").stderr.split()[0]
    assert f"{job_id}\tsucceeded" in run("jobs", "--url", hub.url).stdout
    assert run("watch", job_id, "--url", hub.url).exit_code == 0
    result = run("result", job_id, "--url", hub.url, "--format", "ndjson")
    assert json.loads(result.stdout) == ANSWER
    cancelled = run("cancel", job_id, "--url", hub.url)
    assert cancelled.stdout.split() == [job_id, "succeeded"], "what is done stays done"


@pytest.mark.redis
def test_a_job_is_paused_and_resumed(
    run: Callable[..., Result], hub: ServedHub, tmp_path: Path
) -> None:
    path = tmp_path / "job.json"
    path.write_text(json.dumps({**DOCUMENT, "requires": {"score": 1_000_000}}))
    job_id = run("submit", path, "--url", hub.url).stdout.split()[0]
    wait_until(lambda: hub.job(job_id)["state"] == "running", what="the split")
    assert run("pause", job_id, "--url", hub.url).stdout.split() == [job_id, "paused"]
    again = run("pause", job_id, "--url", hub.url)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "this one is paused" in again.stderr
    assert run("resume", job_id, "--url", hub.url).stdout.split() == [job_id, "running"]
    assert run("cancel", job_id, "--url", hub.url).stdout.split() == [job_id, "cancelled"]


@pytest.mark.redis
def test_rows_that_a_job_has_skipped_are_told(
    run: Callable[..., Result], hub: ServedHub, tmp_path: Path
) -> None:
    job = {
        "name": "Ratios",
        "source": {"rows": [{"a": 6, "b": 3}, {"a": 1, "b": 0}, {"a": 8, "b": 2}]},
        "steps": [{"derive": {"ratio": "a // b"}}, {"select": ["ratio"]}],
        "on_error": "skip",
    }
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job))
    result = run("submit", path, "--url", hub.url, "--wait")
    assert result.exit_code == 0, result.output
    assert "left out 1 row of the source" in result.stderr
    job_id = result.stderr.split()[0]
    assert [row["ratio"] for row in hub.rows(job_id)] == [2, 4]


@pytest.mark.redis
def test_problems_of_a_posted_document_are_printed(
    run: Callable[..., Result], hub: ServedHub, tmp_path: Path
) -> None:
    (tmp_path / "job.json").write_text('{"name": 1}')
    result = run("submit", tmp_path / "job.json", "--url", hub.url)
    assert result.exit_code == 1
    assert "/name" in result.stderr


@pytest.mark.redis
def test_an_unknown_job_is_told_in_a_sentence(run: Callable[..., Result], hub: ServedHub) -> None:
    result = run("watch", "job_unknown", "--url", hub.url)
    assert result.exit_code == 1
    assert result.stderr.startswith("owc: There is no job")


def test_a_hub_that_is_not_there_is_told(run: Callable[..., Result], document: Path) -> None:
    result = run("submit", document, "--url", "http://127.0.0.1:9")
    assert result.exit_code == 3
    assert "cannot be reached: connection refused" in result.stderr


def test_an_output_of_unknown_kind_is_refused_before_anything_is_sent(
    run: Callable[..., Result], document: Path
) -> None:
    result = run("submit", document, "-o", "out.xlsx", "--url", "http://127.0.0.1:9")
    assert result.exit_code == 2
    assert ".parquet" in result.stderr


@pytest.mark.redis
def test_tokens_are_made_listed_used_and_revoked(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    secret = run("token", "create", "ada", "--data", data, "--scope", "trusted").stdout.strip()
    token_id, name, scopes, *_ = run("token", "list", "--data", data).stdout.split()
    assert (name, scopes) == ("ada", "trusted")
    assert secret not in run("token", "list", "--data", data).stdout
    assert run("token", "revoke", token_id, "--data", data).exit_code == 0
    assert "revoked" in run("token", "list", "--data", data).stdout


def test_a_wrong_setting_is_told_by_the_name_of_its_variable() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "owc", "serve"],
        cwd=ROOT,
        env={"OWC_PORT": "many", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "OWC_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_needs_no_settings(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "owc", "serve", "--port", "0"],
        cwd=tmp_path,
        env={**{k: v for k, v in os.environ.items() if k[:4] != "OWC_"}, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            said = process.stdout.readline()
            assert requests.get(f"{said.split()[-1]}/readyz", timeout=30).ok
        finally:
            status = end(process)
    assert status == 0
    assert said.startswith("serving http://127.0.0.1:")
    assert (tmp_path / "owc-data" / "owc.sqlite3").is_file()


def test_a_folder_that_cannot_be_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = subprocess.run(
        [sys.executable, "-m", "owc", "serve", "--data", str(tmp_path / "file" / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("owc: OWC_DATA_FOLDER: ")
