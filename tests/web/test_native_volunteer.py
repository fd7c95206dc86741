"""A native volunteer in its own process, over a real socket: what it says of long sub-jobs."""

from __future__ import annotations

import hashlib
import json

import jobspec
from owc.services.values import LeaseOffer, OfferedSubJob
from owc.volunteer.checkpoints import EVERY_SECONDS, FIRST_SECONDS, MOST_COST, CheckpointPace
from owc.web import messages, packing
from tests.web.served import volunteering
from tests.web.small_hub import small_hub

MEMORY_BYTES = 64 << 20
ENDLESS = 2**31 - 1
SPIN = """\
def spin(n: i64) -> i64:
    x = n
    for _ in range(1000):
        x = x * 6364136223846793005 + 1442695040888963407
    return x"""
DOCUMENT = {
    "name": "Slow rows",
    "source": {"range": {"n": [0, ENDLESS]}},
    "functions": {"spin": SPIN},
    "steps": [
        {"derive": {"x": "spin(n)"}},
        {"aggregate": {"rows": "count(*)", "most": "max(x)", "mean": "avg(x % 1000)"}},
    ],
}
JOB = jobspec.check_document(json.dumps(DOCUMENT).encode())


def offer_of(job: jobspec.CompiledJob, *ranges: tuple[int, int]) -> LeaseOffer:
    """A lease of the rows [first, first + rows) of each range, as sub_0 and so on."""
    return LeaseOffer(
        lease_id="lease_1",
        lease_seconds=60,
        job_id="job_1",
        job_name="",
        queue="owc.base.p5",
        strategy=None,
        about="",
        program_sha256=hashlib.sha256(job.wasm).hexdigest(),
        memory_bytes=MEMORY_BYTES,
        sub_jobs=tuple(
            OfferedSubJob(
                sub_job_id=f"sub_{index}",
                first_row=first,
                rows=rows,
                chunk_sha256=None,
                chunk=jobspec.range_chunk(job.plan, first, rows),
            )
            for index, (first, rows) in enumerate(ranges)
        ),
    )


def output_of(first: int, rows: int) -> bytes:
    chunk = jobspec.range_chunk(JOB.plan, first, rows)
    return jobspec.run_program(JOB.wasm, chunk, fuel=None, memory_bytes=MEMORY_BYTES).output


def test_a_long_sub_job_sends_checkpoints_until_it_is_revoked_and_the_next_one_runs() -> None:
    offer = offer_of(JOB, (7, ENDLESS - 7), (1000, 10))
    with small_hub(offer, JOB.wasm) as hub, volunteering(hub.url, workers=1):
        rows, elapsed_ms = 0, FIRST_SECONDS * 1000 - EVERY_SECONDS * 1000
        for _ in range(2):
            report = hub.hear(messages.CheckpointReport)
            assert report.lease_id == "lease_1"
            [checkpoint] = packing.checkpoints(report)
            assert checkpoint.sub_job_id == "sub_0"
            assert checkpoint.rows_done > rows
            assert checkpoint.output == output_of(7, checkpoint.rows_done)
            [said] = report.checkpoints
            assert said.elapsed_ms >= elapsed_ms + EVERY_SECONDS * 1000
            rows, elapsed_ms = checkpoint.rows_done, said.elapsed_ms
        revoke = messages.LeaseRevoke(lease_id="lease_1", sub_job_ids=["sub_0"], reason="")
        hub.say("lease_revoke", revoke)
        [report] = packing.reports("vol_1", hub.hear(messages.ResultReport))
        assert (report.sub_job_id, report.output) == ("sub_1", output_of(1000, 10))


def test_an_output_that_is_too_large_is_reported_and_not_sent() -> None:
    offer = offer_of(JOB, (0, 10))
    with small_hub(offer, JOB.wasm, result_bytes=64) as hub, volunteering(hub.url):
        [report] = packing.reports("vol_1", hub.hear(messages.ResultReport))
    assert report.error is not None
    assert report.error.startswith("result_too_large: ")
    assert (report.output, report.output_sha256) == (None, None)


def test_a_program_that_exceeds_its_memory_is_reported_in_the_words_of_the_wire() -> None:
    document = {**DOCUMENT, "steps": [{"derive": {"t": "repeat('x', 1000)"}}]}
    job = jobspec.check_document(json.dumps(document).encode())
    offer = offer_of(job, (0, 200_000))
    with small_hub(offer, job.wasm) as hub, volunteering(hub.url):
        [report] = packing.reports("vol_1", hub.hear(messages.ResultReport))
    assert report.error is not None
    assert report.error.startswith("out_of_memory: ")


def test_checkpoints_have_their_pace() -> None:
    pace = CheckpointPace(1000)
    assert not pace.is_due(FIRST_SECONDS - 0.01)
    assert pace.is_due(FIRST_SECONDS)
    pace.made(FIRST_SECONDS, FIRST_SECONDS + 0.001, too_large=False)
    assert not pace.is_due(FIRST_SECONDS + EVERY_SECONDS - 0.01)
    assert pace.is_due(FIRST_SECONDS + EVERY_SECONDS)
    pace.made(2.0, 2.5, too_large=False)
    assert not pace.is_due(2.0 + 0.5 / MOST_COST - 0.01), "those that cost much come rarely"
    assert pace.is_due(2.0 + 0.5 / MOST_COST)


def test_a_sub_job_whose_output_grew_too_large_has_no_more_checkpoints() -> None:
    pace = CheckpointPace(1000)
    pace.made(1.0, 1.001, too_large=True)
    assert not pace.is_due(1e9)
    assert not CheckpointPace(0).is_due(1e9), "the hub wants none"
