"""What the hub does beyond merging: stopping at a found row, finishing, verifying."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import jobspec
from owc.domain.states import JobState, SubJobState
from owc.services import catalogue, checking, collection, completion
from owc.services.hub import Hub
from owc.services.plans import passes, read_plan, verify_of
from owc.services.values import LeaseOffer
from owc.store import JobRow
from tests.owc.jobs import Volunteer, answer, submit

pytestmark = pytest.mark.redis

RunTasks = Callable[[], None]


def search(condition: str, **members: Any) -> dict[str, Any]:
    return {
        "name": "A search",
        "source": {"range": {"n": [0, 1000]}},
        "steps": [{"stop_when": condition}],
        "split": {"rows": 100},
        **members,
    }


def states(hub: Hub, job_id: str) -> list[str]:
    return [str(sub_job.state) for sub_job in catalogue.sub_jobs(hub, job_id)]


def check_all(hub: Hub, job_id: str) -> None:
    """The hub's own runs of whatever is judged."""
    judged = [
        sub_job.id
        for sub_job in catalogue.sub_jobs(hub, job_id)
        if sub_job.state is SubJobState.JUDGING
    ]
    checking.check_sub_jobs(hub, judged)


def test_a_found_row_cancels_what_comes_after_and_waits_for_what_comes_before(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, search("n >= 350"))
    run_tasks()
    first, second = Volunteer(hub), Volunteer(hub)
    before, rest = first.leased(3), second.leased(4)
    collection.take_results(hub, second.reports(rest)[:2])
    run_tasks()
    assert states(hub, job_id)[3] == "settled"
    assert set(states(hub, job_id)[4:]) == {"cancelled"}
    assert catalogue.job_summary(hub, job_id).state is JobState.RUNNING
    assert second.lease() is None
    collection.take_results(hub, first.reports(before))
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert answer(hub, job_id) == [{"n": 350}]
    assert (view.rows_total, view.rows_settled) == (400, 400)
    assert (view.sub_jobs_total, view.sub_jobs_settled) == (4, 4)


def test_an_earlier_found_row_replaces_a_later_one(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, search("n % 400 = 250"))
    run_tasks()
    first, second = Volunteer(hub), Volunteer(hub)
    before, rest = ([each.leased(1) for _ in range(4)] for each in (first, second))
    for offer in rest:
        collection.take_results(hub, second.reports(offer))
    run_tasks()
    assert catalogue.job_summary(hub, job_id).sub_jobs_total == 7
    for offer in before:
        collection.take_results(hub, first.reports(offer))
    run_tasks()
    assert answer(hub, job_id) == [{"n": 250}]
    assert catalogue.job_summary(hub, job_id).sub_jobs_total == 3


def test_a_search_that_finds_nothing_has_an_empty_result(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, search("n < 0"))
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    assert answer(hub, job_id) == []
    assert Counter(states(hub, job_id)) == {"settled": 10}


def test_a_claim_to_have_found_is_not_believed_unseen(hub: Hub, run_tasks: RunTasks) -> None:
    """However trusted the volunteer: what cancels other sub-jobs, the hub has run itself."""
    job_id = submit(hub, search("n = 450"))
    run_tasks()
    liar = Volunteer(hub)
    offer = liar.leased(6)
    reports = liar.reports(offer)
    found = reports[4]
    collection.take_results(hub, [found])
    assert states(hub, job_id)[4] == "judging"
    assert "cancelled" not in states(hub, job_id)
    check_all(hub, job_id)
    assert set(states(hub, job_id)[5:]) == {"cancelled"}


def test_a_trap_after_the_found_row_does_not_matter(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, search("1000 // (n - 950) = 1000 // (150 - 950) AND n >= 150"))
    run_tasks()
    last = Volunteer(hub)
    offers = [last.leased(4), last.leased(4)]
    rest = Volunteer(hub)
    tail = rest.leased(4)
    collection.take_results(hub, rest.reports(tail))
    run_tasks()
    assert catalogue.job_summary(hub, job_id).state is JobState.RUNNING
    for offer in offers:
        collection.take_results(hub, last.reports(offer))
    run_tasks()
    assert answer(hub, job_id) == [{"n": 150}]


def test_a_trap_before_any_found_row_fails_the_job(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, search("1 // (n - 950) > 1"))
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert "Row 950 of the source failed" in view.failure


def test_a_limit_ends_a_job_as_soon_as_one_sub_job_has_all_its_rows(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, search("true", steps=[{"filter": "n >= 120"}, {"limit": 5}]))
    run_tasks()
    volunteer = Volunteer(hub)
    while volunteer.work_once(1):
        run_tasks()
    run_tasks()
    assert answer(hub, job_id) == [{"n": n} for n in range(120, 125)]
    assert Counter(states(hub, job_id)) == {"settled": 2, "cancelled": 8}


def test_a_row_found_while_the_source_is_still_cut_ends_the_cutting(
    hub: Hub, run_tasks: RunTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"n": n} for n in range(1000)]
    job_id = submit(hub, search("n >= 150", source={"rows": rows}))
    volunteer = Volunteer(hub)
    feed = completion.feed_queues

    def feed_and_find(hub: Hub) -> int:
        fed = feed(hub)
        while receipts := volunteer.work_once(1):
            assert receipts[0].status == "stored"
            check_all(hub, job_id)
        return fed

    monkeypatch.setattr(completion, "BATCH_ROWS", 3)
    monkeypatch.setattr(completion, "feed_queues", feed_and_find)
    monkeypatch.setattr(completion, "make_room", lambda hub, name: feed_and_find(hub))
    run_tasks()
    assert states(hub, job_id) == ["settled", "settled", "cancelled"]
    assert answer(hub, job_id) == [{"n": 150}]
    assert catalogue.job_summary(hub, job_id).rows_total == 200


def test_a_lease_is_revoked_only_if_nothing_of_it_is_needed(hub: Hub, run_tasks: RunTasks) -> None:
    """One that holds rows before the found one too goes on."""
    job_id = submit(hub, search("n >= 250"))
    run_tasks()
    first, second = Volunteer(hub), Volunteer(hub)
    both, later = first.leased(4), second.leased(2)
    found = first.reports(both)[2]
    collection.take_results(hub, [found])
    check_all(hub, job_id)
    assert states(hub, job_id)[:4] == ["leased", "leased", "settled", "cancelled"]
    late = collection.take_results(hub, second.reports(later))
    assert {receipt.status for receipt in late} == {"too_late"}
    rest = collection.take_results(hub, first.reports(both)[:2])
    assert [receipt.status for receipt in rest] == ["stored", "stored"]
    run_tasks()
    assert answer(hub, job_id) == [{"n": 250}]


def test_a_finish_sees_the_merged_result(hub: Hub, run_tasks: RunTasks) -> None:
    steps = [{"derive": {"r": "n % 7"}}, {"aggregate": {"s": "sum(n)"}, "by": ["r"]}]
    finish = [{"derive": {"half": "s // 2"}}, {"sort": ["s desc"], "limit": 2}]
    job_id = submit(hub, search("true", steps=steps, finish=finish))
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    sums = sorted(((sum(range(r, 1000, 7)), r) for r in range(7)), reverse=True)
    assert answer(hub, job_id) == [{"r": r, "s": s, "half": s // 2} for s, r in sums[:2]]
    view = catalogue.job_view(hub, job_id)
    assert [column.name for column in view.result_columns] == ["r", "s", "half"]


def test_the_finish_program_is_public_and_named_in_the_manifest(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, search("n = 3", finish=[{"derive": {"m": "n + 1"}}]))
    run_tasks()
    manifest = catalogue.manifest(hub, job_id)
    sha256 = manifest["hub_programs"]["finish"]["sha256"]
    assert catalogue.public_blob(hub, sha256).read_bytes()[:4] == b"\0asm"
    (program,) = catalogue.job_view(hub, job_id).hub_programs
    assert (program.role, program.sha256) == ("finish", sha256)
    assert "m" in program.listing


def test_a_finish_that_traps_fails_the_job_with_its_place(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, search("n = 3", finish=[{"derive": {"m": "1 // (n - 3)"}}]))
    run_tasks()
    Volunteer(hub).work_off()
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert "row 0 of the merged rows failed" in view.failure
    assert "/finish/0/derive/m" in view.failure


VERIFIED = {
    "name": "Factors",
    "source": {"range": {"n": [2, 102]}},
    "steps": [{"filter": "91 % n = 0"}],
    "trust": {"verify": "91 % n = 0"},
    "split": {"rows": 50},
}


def trusted(hub: Hub, run_tasks: RunTasks, **options: Any) -> Volunteer:
    """A volunteer whose results are no longer checked one by one."""
    volunteer = Volunteer(hub, **options)
    submit(hub, search("n < 0", split={"rows": 20}))
    run_tasks()
    volunteer.work_off()
    run_tasks()
    return volunteer


def test_a_row_that_fails_verify_is_found_even_from_a_trusted_volunteer(
    hub: Hub, run_tasks: RunTasks
) -> None:
    volunteer = trusted(hub, run_tasks)
    job_id = submit(hub, VERIFIED)
    run_tasks()
    volunteer.lies = True
    volunteer.work_off()
    assert "judging" in states(hub, job_id)
    check_all(hub, job_id)
    assert catalogue.sub_jobs(hub, job_id)[0].volunteer == "hub"
    run_tasks()
    assert answer(hub, job_id) == [{"n": 7}, {"n": 13}, {"n": 91}]


def test_rows_that_pass_verify_are_settled_on_a_trusted_word(hub: Hub, run_tasks: RunTasks) -> None:
    volunteer = trusted(hub, run_tasks)
    job_id = submit(hub, VERIFIED)
    run_tasks()
    volunteer.work_off()
    assert states(hub, job_id) == ["settled", "settled"]


def test_a_verify_that_is_not_true_of_the_hubs_own_result_fails_the_job(
    hub: Hub, run_tasks: RunTasks
) -> None:
    job_id = submit(hub, {**VERIFIED, "trust": {"verify": "n > 50"}})
    run_tasks()
    volunteer = Volunteer(hub)
    volunteer.work_off()
    run_tasks()
    view = catalogue.job_view(hub, job_id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert "trust.verify" in view.failure
    assert "rows 0 to 49" in view.failure


PRODUCT = json.loads(
    (Path(__file__).parents[2] / "docs/cookbook/matrix-product-checked.json").read_text()
)


class OneElementWrong(Volunteer):
    """Lies in the element `c21` of the first tile."""

    def _lie(self, offer: LeaseOffer, output: bytes) -> bytes:
        column = 2 + 4 * 2 + 1
        descriptor = 64 + 16 * column
        values_at = int.from_bytes(output[descriptor + 4 : descriptor + 8], "little")
        changed = bytearray(output)
        changed[values_at] ^= 1
        return bytes(changed)


def test_one_wrong_element_of_a_trusted_volunteers_product_is_found_by_verify_alone(
    hub: Hub, run_tasks: RunTasks
) -> None:
    """The hub of these tests never draws a check, and audits nothing."""
    submit(hub, search("n < 0", split={"rows": 20}))
    run_tasks()
    volunteer = OneElementWrong(hub)
    volunteer.work_off()
    run_tasks()
    job_id = submit(hub, {**PRODUCT, "split": {"rows": 1}})
    run_tasks()
    reports = []
    while offer := volunteer.lease(4):
        for sub_job in offer.sub_jobs:
            volunteer.lies = len(reports) == 2
            reports.append(volunteer.compute(offer, sub_job))
    collection.take_results(hub, reports)
    assert states(hub, job_id) == ["settled", "settled", "judging", "settled"]
    run_tasks()
    assert [each.volunteer for each in catalogue.sub_jobs(hub, job_id)][2] == "hub"
    product = jobspec.check_document(json.dumps(PRODUCT).encode())
    run = jobspec.run_program(
        product.wasm, jobspec.range_chunk(product.plan, 0, 4), fuel=None, memory_bytes=1 << 26
    )
    right = [row for each in jobspec.merge(product.plan, [run.output]) for row in each.to_pylist()]
    assert answer(hub, job_id) == right


def test_what_verify_draws_is_the_hubs_and_another_each_time(hub: Hub, run_tasks: RunTasks) -> None:
    job_id = submit(hub, {**VERIFIED, "trust": {"verify": "random() < 0.5"}})
    run_tasks()
    volunteer = Volunteer(hub)
    offer = volunteer.leased(1)
    output = volunteer.compute(offer, offer.sub_jobs[0]).output
    assert output is not None
    with hub.database.read() as session:
        verify = verify_of(session, [job_id])[job_id]
        job = session.get(JobRow, job_id)
        assert job is not None
        plan = read_plan(job.plan)

    def found() -> list[bool]:
        # two rows of a hundred are there, so a quarter of the draws passes
        hubs = [replace(hub, draw=lambda at=at: at / 100) for at in range(100)]
        return [passes(each, verify, plan, output) for each in hubs]

    assert 10 < sum(found()) < 45
    assert found() == found()
