"""The HTTP side of a hub: jobs in, jobs out, pages and bytes, all with their headers."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

import jobspec
from owc.domain.matching import Capabilities
from owc.domain.states import SubJobState
from owc.factory import WebHub
from owc.services import collection, completion, dispatch, presence
from owc.services.feeding import feed_queues
from owc.services.hub import Hub
from owc.services.values import Report
from owc.store import Database, JobRow, SubJobRow
from owc.tasks.worker import run_worker
from owc.web.tokens import Purpose
from tests.jobspec.pictures import read_png
from tests.web.conftest import ANSWER, DOCUMENT

pytestmark = pytest.mark.redis

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CSV_ROWS = "city,people\nOslo,700000\nBergen,290000\nHamar,\n"


def compute(hub: Hub, job_id: str, settings: Any) -> None:
    """Split, run and merge a job as a volunteer and the RQ worker would."""
    completion.split(hub, job_id)
    volunteer = presence.enrol(hub, None, "native", Capabilities(cores=4), "net")
    from owc.services import catalogue

    program = catalogue.program(hub, job_id)
    while (offer := dispatch.lease(hub, volunteer.id, 8)) is not None:
        reports = []
        for sub_job in offer.sub_jobs:
            chunk = sub_job.chunk or hub.blobs.read(sub_job.chunk_sha256 or "")
            run = jobspec.run_program(program, chunk, fuel=None, memory_bytes=offer.memory_bytes)
            reports.append(
                Report(
                    volunteer_id=volunteer.id,
                    lease_id=offer.lease_id,
                    sub_job_id=sub_job.sub_job_id,
                    output=run.output,
                    rows_done=run.rows_done,
                )
            )
        collection.take_results(hub, reports)
    run_worker(hub.settings, burst=True)


@pytest.fixture
def done_job(post_job: Callable[..., Any], hub: Hub, web_hub: WebHub) -> str:
    job_id = str(post_job().json["id"])
    compute(hub, job_id, web_hub.runtime.settings)
    return job_id


def test_a_posted_job_has_an_address(post_job: Callable[..., Any], client: FlaskClient) -> None:
    response = post_job()
    assert response.status_code == 201
    assert response.headers["Location"] == response.json["url"] == f"/job/{response.json['id']}"
    assert response.json["state"] == "compiled"
    shown = client.get(response.headers["Location"])
    assert shown.json["document"] == DOCUMENT
    assert shown.json["results"] == {}


def test_a_finished_job_gives_its_result_in_every_format(
    done_job: str, client: FlaskClient
) -> None:
    job = client.get(f"/job/{done_job}").json
    assert job["state"] == "succeeded"
    assert set(job["results"]) == {"csv", "ndjson", "parquet", "arrow"}
    rows = list(csv.DictReader(io.StringIO(client.get(job["results"]["csv"]).text)))
    assert [{name: int(value) for name, value in row.items()} for row in rows] == [ANSWER]
    assert json.loads(client.get(job["results"]["ndjson"]).text) == ANSWER
    import pyarrow.ipc
    import pyarrow.parquet

    parquet = client.get(job["results"]["parquet"])
    assert pyarrow.parquet.read_table(io.BytesIO(parquet.data)).to_pylist() == [ANSWER]
    assert parquet.headers["Content-Disposition"].startswith("attachment")
    arrow = client.get(job["results"]["arrow"])
    assert arrow.content_type == "application/vnd.apache.arrow.file"
    assert pyarrow.ipc.open_file(arrow.data).read_all().to_pylist() == [ANSWER]


GRID = {
    "name": "Grid",
    "source": {"range": {"y": [0, 3], "x": [0, 4]}},
    "steps": [{"derive": {"v": "x * y"}}],
    "finish": [{"derive": {"w": "v + 1"}}],
    "output": {
        "formats": ["csv"],
        "image": {"x": "x", "y": "y", "value": "w"},
        "npy": {"value": "w", "axes": ["y", "x"]},
    },
}


def test_the_files_that_a_job_shares_are_public_as_its_source_is(
    post_job: Callable[..., Any], client: FlaskClient
) -> None:
    file = b"id,city\n0,Oslo\n"
    sha256 = client.post("/upload", data=file).json["sha256"]
    assert client.get(f"/blob/{sha256}").status_code == 404
    document = {
        "name": "Lookup",
        "source": {"range": {"n": [0, 2]}},
        "shared": {
            "cities": {"upload": sha256, "format": "csv"},
            "again": {"upload": sha256, "format": "csv"},
            "small": {"values": [1]},
        },
        "steps": [{"join": {"table": "cities", "on": {"n": "id"}}}],
    }
    assert post_job(document).status_code == 201
    assert client.get(f"/blob/{sha256}").data == file


def test_a_picture_and_an_array_of_a_result_can_be_fetched(
    post_job: Callable[..., Any], client: FlaskClient, hub: Hub, web_hub: WebHub
) -> None:
    url = post_job(GRID).json["url"]
    compute(hub, url.removeprefix("/job/"), web_hub.runtime.settings)
    assert set(client.get(url).json["results"]) == {"csv", "png", "npy"}
    picture = client.get(f"{url}/result.png")
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert [len(line) for line in read_png(picture.data)] == [4, 4, 4]
    array = np.load(io.BytesIO(client.get(f"{url}/result.npy").data), allow_pickle=False)
    assert array.tolist() == [[x * y + 1 for x in range(4)] for y in range(3)]
    page = client.get(url, headers=BROWSER).text
    assert f'<img src="{url}/result.png" width="4" height="3"' in page
    assert "<h2>Finish</h2>" in page
    manifest = client.get(f"{url}/manifest.json").json
    assert set(manifest["result"]["files"]) == {"png", "npy"}
    finish = manifest["hub_programs"]["finish"]["sha256"]
    assert client.get(f"/blob/{finish}").data[:4] == b"\0asm"


def test_a_picture_that_cannot_be_made_is_explained(
    post_job: Callable[..., Any], client: FlaskClient, hub: Hub, web_hub: WebHub
) -> None:
    large = GRID | {"source": {"range": {"y": [0, 3], "x": [0, 80000, 39999]}}}
    wide = large | {"steps": [{"derive": {"v": "1"}}, {"filter": "x <> 39999 OR y = 1"}]}
    wide["steps"].append({"derive": {"x": "x + y * 7"}})
    url = post_job(wide).json["url"]
    compute(hub, url.removeprefix("/job/"), web_hub.runtime.settings)
    assert client.get(url).json["state"] == "succeeded"
    refused = client.get(f"{url}/result.png")
    assert refused.status_code == 409
    assert "has a side above 32,768" in refused.json["detail"]
    page = client.get(url, headers=BROWSER).text
    assert "There is no PNG file" in page
    assert "result.png" not in page


def test_a_check_tells_the_columns_after_finish(client: FlaskClient) -> None:
    checked = client.post("/check", json=GRID).json
    assert [column["name"] for column in checked["result_columns"]] == ["y", "x", "v", "w"]
    assert "w" in checked["finish_listing"]
    plain = {key: value for key, value in GRID.items() if key not in ("finish", "output")}
    checked = client.post("/check", json=plain).json
    assert checked["finish_listing"] is checked["verify_listing"] is None
    checked = client.post("/check", json=plain | {"trust": {"verify": "v < 77"}}).json
    assert "< 77" in checked["verify_listing"]


def test_a_result_comes_only_in_the_formats_that_its_document_asks_for(
    post_job: Callable[..., Any], client: FlaskClient, hub: Hub, web_hub: WebHub
) -> None:
    url = post_job({**DOCUMENT, "output": ["parquet", "csv"]}).json["url"]
    compute(hub, url.removeprefix("/job/"), web_hub.runtime.settings)
    offered = {"parquet": f"{url}/result.parquet", "csv": f"{url}/result.csv"}
    assert client.get(url).json["results"] == offered
    assert client.get("/list").json["jobs"][0]["results"] == offered
    for address in offered.values():
        assert client.get(address).status_code == 200
    refused = client.get(f"{url}/result.ndjson")
    assert refused.status_code == 404
    assert refused.json["code"] == "unknown_format"
    assert refused.json["detail"] == "The result of this job comes as parquet, csv."
    page = client.get(url, headers=BROWSER).text
    assert "result.csv" in page
    assert "result.ndjson" not in page


def test_a_result_that_is_not_there_yet_is_a_conflict(
    post_job: Callable[..., Any], client: FlaskClient
) -> None:
    response = client.get(f"{post_job().json['url']}/result.csv")
    assert response.status_code == 409
    assert response.json["code"] == "result_not_ready"


def test_the_program_can_be_read_in_three_ways(
    post_job: Callable[..., Any], client: FlaskClient
) -> None:
    url = post_job().json["url"]
    sha256 = client.get(url).json["program_sha256"]
    wasm = client.get(f"{url}/program.wasm")
    assert wasm.mimetype == "application/wasm"
    assert hashlib.sha256(wasm.data).hexdigest() == sha256
    assert "export def step" in client.get(f"{url}/program.txt").text
    assert "(module" in client.get(f"{url}/program.wat").text
    again = client.get(f"{url}/program.wasm", headers={"If-None-Match": wasm.headers["ETag"]})
    assert again.status_code == 304


def test_programs_are_blobs_that_any_cache_may_keep(
    post_job: Callable[..., Any], client: FlaskClient
) -> None:
    sha256 = client.get(post_job().json["url"]).json["program_sha256"]
    blob = client.get(f"/blob/{sha256}")
    assert hashlib.sha256(blob.data).hexdigest() == sha256
    assert blob.mimetype == "application/octet-stream"
    assert "immutable" in blob.headers["Cache-Control"]
    assert "sandbox" in blob.headers["Content-Security-Policy"]
    assert blob.headers["Content-Disposition"] == "attachment"
    assert blob.headers["Access-Control-Allow-Origin"] == "*"
    again = client.get(f"/blob/{sha256}", headers={"If-None-Match": blob.headers["ETag"]})
    assert again.status_code == 304


def test_manifest_and_sub_jobs_tell_the_partition(done_job: str, client: FlaskClient) -> None:
    assert client.get(f"/job/{done_job}/manifest.json").json["job_id"] == done_job
    first = client.get(f"/job/{done_job}/sub-jobs?limit=4").json
    rest = client.get(f"/job/{done_job}/sub-jobs?after={first['after']}").json
    found = [*first["sub_jobs"], *rest["sub_jobs"]]
    assert [sub_job["first_row"] for sub_job in found] == list(range(0, 1000, 100))


def test_an_upload_becomes_a_source(post_job: Callable[..., Any], client: FlaskClient) -> None:
    stored = client.post("/upload", data=CSV_ROWS, content_type="text/csv")
    assert stored.status_code == 201
    assert stored.json["sha256"] == hashlib.sha256(CSV_ROWS.encode()).hexdigest()
    document = {
        "name": "Cities",
        "source": {"upload": stored.json["sha256"], "format": "csv"},
        "steps": [{"aggregate": {"people": "sum(people)", "cities": "count(*)"}}],
    }
    response = post_job(document)
    assert response.status_code == 201, response.json
    assert client.get(stored.json["url"]).status_code == 200, "a job's source is public"


def test_an_upload_that_no_job_names_is_not_public(client: FlaskClient) -> None:
    stored = client.post("/upload", data=b"secret", content_type="text/plain")
    assert client.get(stored.json["url"]).status_code == 404


def test_check_compiles_and_makes_no_job(client: FlaskClient) -> None:
    response = client.post("/check", json=DOCUMENT)
    assert response.status_code == 200
    assert response.json["result_columns"][0] == {"name": "count", "type": "i64"}
    assert client.get("/list").json["jobs"] == []


def test_the_list_pages_backwards_in_time(
    post_job: Callable[..., Any], client: FlaskClient
) -> None:
    posted = [post_job().json["id"] for _ in range(3)]
    first = client.get("/list?limit=2").json
    rest = client.get("/list", query_string={"before": first["before"]}).json
    assert [job["id"] for job in (*first["jobs"], *rest["jobs"])] == posted[::-1]


@pytest.mark.parametrize("address", ["/list", "/job"])
def test_browsers_get_pages_and_others_json(
    address: str, post_job: Callable[..., Any], client: FlaskClient
) -> None:
    job = post_job().json
    address = job["url"] if address == "/job" else address
    page = client.get(address, headers=BROWSER)
    assert page.mimetype == "text/html"
    assert DOCUMENT["name"] in page.text
    assert client.get(address).mimetype == "application/json"
    assert "Accept" in page.headers["Vary"]


@pytest.mark.parametrize("address", ["/job/job_unknown", "/job/job_unknown/result.csv", "/nothing"])
def test_a_person_gets_an_error_as_a_page_and_a_program_as_json(
    client: FlaskClient, address: str
) -> None:
    page = client.get(address, headers=BROWSER)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "<h1>Not Found</h1>" in page.text
    assert "Accept" in page.headers["Vary"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_job_page_shows_its_functions_line_by_line(
    post_job: Callable[..., Any], client: FlaskClient
) -> None:
    source = "def less(n: i64) -> bool:\n    return n < 2"
    job = post_job(
        {
            "name": "Functions",
            "source": {"range": {"n": [0, 9]}},
            "functions": {"less": source},
            "steps": [{"filter": "less(n)"}],
        }
    ).json
    page = client.get(job["url"], headers=BROWSER).text
    assert "<span>def less(n: i64) -&gt; bool:\n</span><span>    return n &lt; 2\n</span>" in page


def test_a_running_job_shows_the_sub_jobs_that_are_not_settled(
    post_job: Callable[..., Any], client: FlaskClient, hub: Hub
) -> None:
    job = post_job(
        {
            "name": "Many",
            "source": {"range": {"n": [0, 100]}},
            "split": {"rows": 1},
            "steps": [{"derive": {"m": "n"}}],
        }
    ).json
    completion.split(hub, job["id"])
    with hub.database.write() as session:  # a probe that a busy machine held up narrows the window
        session.execute(update(JobRow).values(row_seconds=0.0))
    feed_queues(hub)
    with hub.database.write() as session:
        session.execute(
            update(SubJobRow).where(SubJobRow.first_row < 40).values(state=SubJobState.SETTLED)
        )
    shown = client.get(job["url"]).json["sub_jobs"]
    assert [shown[0]["first_row"], shown[-1]["first_row"]] == [30, 79]
    assert "50 shown, from row 30" in client.get(job["url"], headers=BROWSER).text


def test_an_empty_result_and_an_unsplit_end_are_said(
    post_job: Callable[..., Any], client: FlaskClient, hub: Hub, web_hub: WebHub
) -> None:
    none = {"source": {"range": {"n": [0, 9]}}, "steps": [{"filter": "n > 9"}]}
    job = post_job({"name": "Nothing", **none}).json
    compute(hub, job["id"], web_hub.runtime.settings)
    assert "The result has no rows" in client.get(job["url"], headers=BROWSER).text
    job = post_job({"name": "Ended", **none}).json
    client.delete(job["url"])
    page = client.get(job["url"], headers=BROWSER).text
    assert "ended before it was split" in page
    assert "yet" not in page


def test_pages_escape_what_a_job_says(post_job: Callable[..., Any], client: FlaskClient) -> None:
    evil = "<script>alert(1)</script>"
    job = post_job({**DOCUMENT, "name": evil, "about": evil, "contact": evil}).json
    for address in ("/list", job["url"]):
        page = client.get(address, headers={"Accept": "text/html"}).text
        assert evil not in page
        assert "&lt;script&gt;" in page


def test_a_job_can_be_cancelled(post_job: Callable[..., Any], client: FlaskClient) -> None:
    url = post_job().json["url"]
    assert client.delete(url).json["state"] == "cancelled"
    assert client.get(url).json["state"] == "cancelled"


def test_the_frame_carries_a_token_and_may_be_framed(client: FlaskClient) -> None:
    page = client.get("/frame?site=example.org")
    assert '<meta name="owc-token" content="' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert "wasm-unsafe-eval" in page.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in page.headers


def test_pages_allow_no_inline_script_and_no_frame_around_them(client: FlaskClient) -> None:
    page = client.get("/list", headers={"Accept": "text/html"})
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_the_worker_script_has_its_own_policy(client: FlaskClient) -> None:
    response = client.get("/static/worker.js")
    assert response.mimetype == "text/javascript"
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'none'"
    )


def test_the_loader_may_be_used_by_other_sites(client: FlaskClient) -> None:
    response = client.get("/openwebcompute.js")
    assert response.mimetype == "text/javascript"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_static_files_stay_inside_their_folder(client: FlaskClient) -> None:
    assert client.get("/static/../pyproject.toml").status_code == 404
    assert client.get("/static/%2e%2e/pyproject.toml").status_code == 404


def test_schema_and_health(client: FlaskClient) -> None:
    assert client.get("/jobspec.schema.json").json["title"] == "Open Web Compute job"
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ok"}
    assert client.get("/").headers["Location"] == "/list"


def test_a_hub_without_its_database_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = client.application.extensions["web_hub"].runtime.hub
    monkeypatch.setattr(hub.database, "_reading", Database(f"sqlite:///{tmp_path}").engine)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
    assert client.get("/healthz").status_code == 200


def test_a_full_disk_is_said_so_that_volunteers_try_again(
    client: FlaskClient, web_hub: WebHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(collection, "store_output", full)
    token = web_hub.runtime.tokens.issue(Purpose.SESSION, "vol_1")
    response = client.post(
        "/volunteer/output",
        data=b"x",
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/octet-stream",
    )
    assert (response.status_code, response.json["code"]) == (503, "storage_full")
    assert response.headers["Retry-After"]


def test_scripts_are_served_without_their_comments_and_are_revalidated(
    client: FlaskClient,
) -> None:
    response = client.get("/static/frame/ledger.js")
    assert response.mimetype == "text/javascript"
    assert "//" not in response.text
    assert "export class Ledger{" in response.text
    assert response.headers["Cache-Control"] in {"no-cache, max-age=0", "max-age=0, no-cache"}
    etag = {"If-None-Match": response.headers["ETag"]}
    assert client.get("/static/frame/ledger.js", headers=etag).status_code == 304
    assert "max-age=3600" in client.get("/openwebcompute.js").headers["Cache-Control"]
    vendor = "/static/vendor/socket.io/socket.io.esm.min.js"
    assert "Socket.IO" in client.get(vendor).text


def test_the_question_says_what_the_operator_wrote_in_every_language(
    client: FlaskClient, web_hub: WebHub
) -> None:
    words = {"en": "Lend a little", "de": "Etwas Rechenleistung", "ar": "هل تُعير"}
    for language, title in words.items():
        page = client.get(f"/frame?lang={language}").text
        assert f'lang="{language}"' in page
        assert title in page
    accepted = client.get("/frame", headers={"Accept-Language": "fr-CA,en;q=0.5"})
    assert 'lang="fr"' in accepted.text


def test_the_panel_offers_the_kinds_of_jobs_of_the_site(client: FlaskClient) -> None:
    everything = client.get("/frame/panel?lang=de").text
    assert "Medizin" in everything
    assert "Physik" in everything
    some = client.get("/frame/panel?lang=de&categories=physics+nonsense").text
    assert "Physik" in some
    assert "Medizin" not in some
