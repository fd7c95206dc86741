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
                "chunk_bytes": 1,
                "chunk_url": None,
                "chunk_sha256": None,
            }
            for sub_job_id in sub_job_ids
        ],
        "chunks": "".join(sub_job_ids).encode(),
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


def test_a_revoked_lease_is_not_begun_and_what_runs_of_it_is_not_wanted() -> None:
    desk = Desk(1)
    desk.take_offer(offer("lease_1", "a", "b"))
    running = started(desk)
    assert desk.is_running(running)
    desk.revoke("lease_1", None)
    assert not desk.is_running(running)
    assert not desk.finish(running, {"sub_job_id": "a"})
    assert desk.start_next() is None
    assert desk.is_clear


def test_a_revocation_of_some_sub_jobs_leaves_the_others() -> None:
    desk = Desk(2)
    desk.take_offer(offer("lease_1", "a", "b", "c", "d"))
    first, second = started(desk), started(desk)
    desk.revoke("lease_1", ["b", "c", "x"])
    desk.revoke("lease_2", None)
    assert (desk.is_running(first), desk.is_running(second)) == (True, False)
    assert started(desk).sub_job_id == "d"


def test_a_sub_job_that_comes_back_after_its_revocation_is_another_run() -> None:
    desk = Desk(1)
    desk.take_offer(offer("lease_1", "a"))
    before = started(desk)
    desk.revoke("lease_1", None)
    desk.take_offer(offer("lease_2", "a"))
    again = started(desk)
    assert not desk.give_up(before)
    assert desk.finish(again, {"sub_job_id": "a"})
    assert list(desk.unacknowledged()) == ["lease_2"]


def test_an_empty_offer_brings_nothing() -> None:
    desk = Desk(1)
    empty = {"lease_id": None, "program": None, "sub_jobs": [], "chunks": None}
    assert desk.take_offer(empty) == 0
    assert desk.is_clear
