"""The native volunteer's bookkeeping: nothing is run twice, nothing is forgotten unacknowledged."""

from __future__ import annotations

from typing import Any

from owc.volunteer.desk import Assignment, Desk


def offer(lease_id: str, *sub_job_ids: str) -> dict[str, Any]:
    return {
        "lease_id": lease_id,
        "program": {"sha256": "p", "url": "/blob/p", "memory_bytes": 1},
        "sub_jobs": [
            {
                "sub_job_id": sub_job_id,
                "rows": 1,
                "chunk": b"",
                "chunk_url": None,
                "chunk_sha256": None,
            }
            for sub_job_id in sub_job_ids
        ],
    }


def started(desk: Desk) -> Assignment:
    assignment = desk.start_next()
    assert assignment is not None
    return assignment


def test_only_as_many_run_as_there_are_workers() -> None:
    desk = Desk(2)
    assert desk.take_offer(offer("lease_1", "a", "b", "c")) == 3
    assert [started(desk).sub_job_id, started(desk).sub_job_id] == ["a", "b"]
    assert desk.start_next() is None
    assert desk.wants_work


def test_a_result_is_kept_until_it_is_acknowledged() -> None:
    desk = Desk(1)
    desk.take_offer(offer("lease_1", "a"))
    desk.finish(started(desk), {"sub_job_id": "a"})
    assert desk.unacknowledged() == {"lease_1": [{"sub_job_id": "a"}]}
    assert desk.lease_ids() == ["lease_1"]
    desk.acknowledge(["a"])
    assert desk.is_clear


def test_a_sub_job_that_is_offered_again_while_at_hand_is_not_run_twice() -> None:
    desk = Desk(2)
    desk.take_offer(offer("lease_1", "a"))
    started(desk)
    desk.take_offer(offer("lease_2", "a"))
    assert desk.start_next() is None


def test_a_revoked_lease_is_not_begun() -> None:
    desk = Desk(1)
    desk.take_offer(offer("lease_1", "a", "b"))
    started(desk)
    desk.drop_lease("lease_1")
    assert desk.lease_ids() == ["lease_1"], "what runs may still count"
    desk.acknowledge(["a"])
    assert desk.start_next() is None


def test_an_empty_offer_brings_nothing() -> None:
    desk = Desk(1)
    empty = {"lease_id": None, "program": None, "sub_jobs": []}
    assert desk.take_offer(empty) == 0
    assert desk.is_clear
