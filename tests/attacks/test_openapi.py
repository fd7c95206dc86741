"""Requests that Schemathesis makes of /openapi.json: none ends in a 5xx, all answers conform.

What a run of the tests gives it is little; `make attack` gives it more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.attacks.hub import AttackedHub
from tests.web.served import ROOT, volunteering

pytestmark = pytest.mark.redis

SECONDS = int(os.environ.get("OWC_ATTACK_SECONDS", "25"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
DOCUMENT = {
    "name": "Known to the generator",
    "source": {"rows": [{"n": 1, "s": "a"}, {"n": 2, "s": None}]},
    "steps": [{"derive": {"square": "n * n"}}],
}


@pytest.fixture(scope="module")
def known(served: AttackedHub) -> dict[str, list[str]]:
    """Names that lead somewhere: a job that has ended, one that waits, their blobs."""
    with volunteering(served.url):
        done = str(served.post(DOCUMENT)["id"])
        served.await_job(done)
    waiting = str(served.post({**DOCUMENT, "name": "It waits"})["id"])
    job = served.job(done)
    chunk = requests.get(f"{served.url}/job/{done}/sub-jobs", timeout=30).json()["sub_jobs"][0]
    return {
        "job_id": [done, waiting, "job_unknown"],
        "sha256": [job["program_sha256"], chunk["chunk_sha256"], "0" * 64],
        "path": ["frame.js", "worker.js", "vendor/socket.io/socket.io.esm.min.js"],
    }


@pytest.mark.timeout(1200)
def test_generated_requests_get_conforming_answers_and_no_5xx(
    served: AttackedHub, known: dict[str, list[str]], tmp_path: Path
) -> None:
    token = requests.post(f"{served.url}/volunteer/token", json={"kind": "native"}, timeout=30)
    config = [
        "[parameters]",
        *(f"{name} = {json.dumps(values)}" for name, values in known.items()),
        "[[operations]]",
        'include-path = "/volunteer/output"',
        f'headers = {{ Authorization = "Bearer {token.json()["token"]}" }}',
    ]
    (tmp_path / "schemathesis.toml").write_text("\n".join(config), encoding="utf-8")
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(tmp_path / "schemathesis.toml"), "run"),
        f"{served.url}/openapi.json",
        *("--max-time", str(SECONDS), "--max-response-time", "20", "--no-color"),
        *("--checks", ",".join(CHECKS), "--suppress-health-check", "all", "--warnings", "off"),
        "--continue-on-failure",
    ]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    print(run.stdout[-600:])
    served.assert_well()


def test_every_route_is_described(served: AttackedHub) -> None:
    described = requests.get(f"{served.url}/openapi.json", timeout=30).json()
    assert described["openapi"].startswith("3.1")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert "default" in operation["responses"]
