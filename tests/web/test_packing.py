"""Binaries travel as one: joined and cut apart the same way on both sides of the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from owc.services.values import LeaseOffer, OfferedSubJob
from owc.volunteer.packing import (
    MOST_BYTES,
    MOST_PARTS,
    checkpoint_reports,
    chunks_of,
    result_reports,
)
from owc.web import messages, packing

PARTS = st.lists(st.none() | st.binary(max_size=20), max_size=20)


def result(index: int, output: bytes | None) -> dict[str, Any]:
    return {
        "sub_job_id": f"sub_{index}",
        "output": output,
        "output_sha256": None,
        "rows_done": 1,
        "trap_site": None,
        "error": None,
        "elapsed_ms": 1.0,
    }


@given(outputs=PARTS.filter(bool))
def test_outputs_that_a_volunteer_packs_are_those_that_the_hub_unpacks(
    outputs: list[bytes | None],
) -> None:
    [packed] = result_reports([result(index, each) for index, each in enumerate(outputs)])
    message = messages.ResultReport.model_validate(
        {"token": "t", "lease_id": "lease_1", "wants": 0, **packed}
    )
    assert [report.output for report in packing.reports("vol_1", message)] == outputs


@given(outputs=st.lists(st.binary(max_size=20), min_size=1, max_size=20))
def test_checkpoints_arrive_as_they_were_taken(outputs: list[bytes]) -> None:
    taken = [
        {"sub_job_id": f"sub_{index}", "output": output, "rows_done": index, "elapsed_ms": 1500.0}
        for index, output in enumerate(outputs)
    ]
    [packed] = checkpoint_reports(taken)
    message = messages.CheckpointReport.model_validate(
        {"token": "t", "lease_id": "lease_1", **packed}
    )
    assert packing.checkpoints(message) == tuple(
        packing.Checkpoint(
            sub_job_id=f"sub_{index}",
            lease_id="lease_1",
            rows_done=index,
            output=output,
            elapsed_seconds=1.5,
        )
        for index, output in enumerate(outputs)
    )


@given(chunks=PARTS.filter(bool))
def test_chunks_that_the_hub_packs_are_those_that_a_volunteer_unpacks(
    chunks: list[bytes | None],
) -> None:
    offer = LeaseOffer(
        lease_id="lease_1",
        lease_seconds=60,
        job_id="job_1",
        job_name="",
        queue="owc.base.p5",
        strategy=None,
        about="",
        program_sha256="0" * 64,
        memory_bytes=1,
        sub_jobs=tuple(
            OfferedSubJob(
                sub_job_id=f"sub_{index}",
                first_row=0,
                rows=1,
                chunk_sha256="1" * 64,
                chunk=chunk,
            )
            for index, chunk in enumerate(chunks)
        ),
    )
    message = packing.offer_message(offer).model_dump()
    assert list(chunks_of(message)) == chunks
    urls = [sub_job["chunk_url"] is not None for sub_job in message["sub_jobs"]]
    assert urls == [chunk is None for chunk in chunks]


@pytest.mark.parametrize(
    ("packed", "lengths"),
    [(b"x", []), (b"", [1]), (None, [1]), (b"xy", [1, None]), (b"xy", [3]), (b"x", [2**53])],
)
def test_lengths_that_do_not_add_up_are_found(
    packed: bytes | None, lengths: list[int | None]
) -> None:
    with pytest.raises(packing.BadPackingError):
        packing.unpack(packed, lengths)


def test_a_message_holds_only_so_many_results_and_bytes() -> None:
    many = [result(index, b"x") for index in range(2 * MOST_PARTS + 1)]
    sizes = [len(report["results"]) for report in result_reports(many)]
    assert sizes == [MOST_PARTS, MOST_PARTS, 1]
    large = [result(index, bytes(MOST_BYTES // 2)) for index in range(3)]
    assert [len(report["outputs"]) for report in result_reports(large)] == [
        MOST_BYTES,
        MOST_BYTES // 2,
    ]
