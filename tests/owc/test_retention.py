"""What has been kept long enough goes, and nothing that is still named."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from owc.clock import ManualClock
from owc.errors import ResultNotReady
from owc.services import catalogue, presence, retention, submission, upkeep
from owc.services.hub import Hub
from owc.services.values import Retained
from owc.store import ChunkRow, SubJobRow, UploadRow, VolunteerRow
from tests.owc.jobs import ROWS, ROWS_ANSWER, SQUARES, Volunteer, answer, submit, upload_job

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


def age_blobs(hub: Hub, clock: ManualClock) -> None:
    """Let all files look two days old to the manual clock."""
    moment = (clock.now() - timedelta(days=2)).timestamp()
    for path in hub.settings.blobs_folder.glob("??/??/*"):
        os.utime(path, (moment, moment))


def count(hub: Hub, table: type) -> int:
    with hub.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_blob_that_nothing_names_goes_after_a_day(hub: Hub, clock: ManualClock) -> None:
    young = hub.blobs.put(b"young")
    assert retention.retain(hub) == Retained()
    assert hub.blobs.read(young.sha256) == b"young"
    age_blobs(hub, clock)
    assert retention.retain(hub) == Retained(blobs=1, bytes=5)
    assert retention.retain(hub) == Retained()


def test_a_blob_that_is_put_again_is_young_again(hub: Hub, clock: ManualClock) -> None:
    hub.blobs.put(b"again")
    age_blobs(hub, clock)
    hub.blobs.put(b"again")
    assert retention.retain(hub) == Retained()


def test_a_blob_that_is_put_and_named_while_the_pass_looks_stays(
    hub: Hub, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass has read that nothing names it; then it is stored again, and named."""
    content = b"city,age\nOslo,3\n"
    hub.blobs.put(content)
    hub.blobs.put(b"nobody's")
    age_blobs(hub, clock)
    named = retention._named

    def store_after(session: Session, sha256s: Sequence[str]) -> set[str]:
        found = named(session, sha256s)
        submission.store_upload(hub, io.BytesIO(content))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(retention, "_named", store_after)
        assert retention.retain(hub) == Retained(blobs=1, bytes=len(b"nobody's"))
    sha256 = hashlib.sha256(content).hexdigest()
    assert submission.upload_path(hub, sha256).read_bytes() == content
    submit(hub, upload_job(sha256))


def test_an_old_upload_that_is_stored_again_is_young_again(hub: Hub, clock: ManualClock) -> None:
    content = b"city,age\nOslo,3\n"
    submission.store_upload(hub, io.BytesIO(content))
    clock.advance(timedelta(days=366).total_seconds())
    upload = submission.store_upload(hub, io.BytesIO(content))
    retention.retain(hub)
    submit(hub, upload_job(upload.sha256))


def test_what_a_job_names_stays_while_it_runs_and_after(
    hub: Hub, clock: ManualClock, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, ROWS)
    run_tasks()
    volunteer = Volunteer(hub)
    for _ in range(9):
        volunteer.work_once(2)
        upkeep.prune(hub)
        age_blobs(hub, clock)
        retention.retain(hub)
    run_tasks()
    age_blobs(hub, clock)
    retention.retain(hub)
    assert answer(hub, job_id) == ROWS_ANSWER
    assert len(catalogue.program(hub, job_id)) > 0
    assert len(catalogue.manifest(hub, job_id)["sub_jobs"]) == 8


def test_an_old_job_keeps_its_page_and_loses_its_data(
    hub: Hub, clock: ManualClock, run_tasks: RunTasks
) -> None:
    upload = submission.store_upload(hub, io.BytesIO(b"city,age\nOslo,3\nRome,4\n"))
    job_id = submit(hub, upload_job(upload.sha256))
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    result = catalogue.result_file(hub, job_id)
    clock.advance(timedelta(days=366).total_seconds())
    age_blobs(hub, clock)
    done = retention.retain(hub)
    assert done.results == 1
    assert count(hub, SubJobRow) == count(hub, ChunkRow) == count(hub, UploadRow) == 0
    age_blobs(hub, clock)
    retention.retain(hub)
    assert not result.exists()
    with pytest.raises(LookupError):
        submission.upload_path(hub, upload.sha256)
    assert catalogue.job_view(hub, job_id).state == "succeeded"
    assert len(catalogue.program(hub, job_id)) > 0
    with pytest.raises(ResultNotReady, match="no longer kept: this hub keeps them 365 days"):
        catalogue.result_file(hub, job_id)
    assert retention.retain(hub).results == 0


def test_a_job_that_is_not_finished_is_never_old(
    hub: Hub, clock: ManualClock, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, SQUARES)
    run_tasks()
    clock.advance(timedelta(days=400).total_seconds())
    assert retention.retain(hub).results == 0
    assert catalogue.job_view(hub, job_id).state == "running"


def test_a_volunteer_that_has_long_been_gone_goes(hub: Hub, clock: ManualClock) -> None:
    gone, here = Volunteer(hub), Volunteer(hub)
    presence.leave(hub, gone.id, socket=f"socket of {''}")
    clock.advance(timedelta(days=366).total_seconds())
    Volunteer(hub, id=here.id)
    assert retention.retain(hub).volunteers == 1
    with hub.database.read() as session:
        assert session.scalars(select(VolunteerRow.id)).all() == [here.id]
