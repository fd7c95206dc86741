"""Liars for real: their processes, their sockets, a hub with its worker and its own trust.

What a test finds does not depend on chance: liars come first and are caught before the honest ones
begin, what those who turn bad say is drawn for checks until one is found, and all seeds are fixed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
import requests

from owc.cli import demo_jobs
from tests.attacks.hub import AttackedHub
from tests.cast.company import CAUGHT, Cast, Ledger, Player
from tests.cluster.work import Work
from tests.web.served import volunteering, wait_until

pytestmark = pytest.mark.redis

ROUNDS = 40_000
ROWS_EACH = 20
EARNED = 20
"""Agreements at which not even every other result is checked."""


def work_of(sub_jobs: int) -> Work:
    return Work(rows=sub_jobs * ROWS_EACH, rows_each=ROWS_EACH, rounds=ROUNDS)


def is_over(player: Player) -> bool:
    """Whether all of its lives are, the last of them too."""
    return len(player.volunteer_ids) == 3 and player.statuses[-1] in CAUGHT


def has_replayed(player: Player) -> bool:
    """Whether all that it said, and said again, was answered."""
    said, again = len(player.noted("said")), len(player.noted("replayed"))
    return said == player.part.most and player.receipts().total() >= said + again


def reopened(hub: AttackedHub, player: Player) -> int:
    """How many results were judged anew when it was caught."""
    marks = [f'trust_lost volunteer_id="{each}" reopened=' for each in player.volunteer_ids]
    lines = hub.log().splitlines()
    return sum(int(line.partition(mark)[2]) for line in lines for mark in marks if mark in line)


def sub_jobs(hub: AttackedHub, job_id: str) -> list[dict[str, Any]]:
    """All sub-jobs of a job, with the word that each rests on."""
    found: list[dict[str, Any]] = []
    after = -1
    while True:
        where = f"{hub.url}/job/{job_id}/sub-jobs"
        page = requests.get(where, params={"after": after, "limit": 200}, timeout=30).json()
        if not page["sub_jobs"]:
            return found
        found += page["sub_jobs"]
        after = page["after"]


def assert_caught(ledger: Ledger, players: Iterable[Player]) -> None:
    """They have heard that they were wrong, in their owners' logs too, and can look it up; what
    counts for them is no more than what they told truly."""
    for player in players:
        assert player.is_caught, player.part.name
        assert "A result of this device was not the same as" in player.log or (
            "It gets no work until" in player.log
        )
        standing = player.me()["standing"]
        assert standing["status"] in CAUGHT, player.part.name
        assert standing["agreed"] < standing["needed"], player.part.name
        assert all(each > 0 for each in ledger.disagreed(player)), player.part.name
        assert ledger.credit(player) <= player.true_rows, player.part.name


def assert_honoured(cast: Cast, ledger: Ledger, players: Sequence[Player]) -> None:
    """Never wrong, and every row that the hub has taken of them counts."""
    cast.await_all(players, lambda each: ledger.credit(each) == each.stored_rows)
    for player in players:
        assert set(player.statuses) <= {"new", "trusted"}, player.part.name
        assert ledger.disagreed(player) == [0], player.part.name
        assert player.lies == 0 < ledger.credit(player), player.part.name
        assert player.me()["standing"]["credit"] > 0, player.part.name


def assert_settled(hub: AttackedHub, ledger: Ledger, job_id: str, *, rows: int) -> None:
    """Every row once; and what counts for whom is what rests on whose word."""
    found = sub_jobs(hub, job_id)
    assert {each["state"] for each in found if each["state"] != "replaced"} == {"settled"}
    words: Counter[str] = Counter()
    for each in found:
        words[each["volunteer"]] += each["rows"]
    assert words.total() == rows
    del words["hub"]
    assert ledger.credit_of_job(job_id) == dict(words)


def test_what_liars_of_every_kind_say_is_not_in_the_result(hub: AttackedHub, cast: Cast) -> None:
    ledger, work, earning = Ledger(hub), work_of(260), work_of(130)
    first = hub.post(earning.summed())
    traitors = [
        cast.enter(
            "turning bad together", network=each, earns=EARNED, gate="go", truths=20, most=50
        )
        for each in (1, 2)
    ]
    cast.await_all(traitors, lambda each: each.has_earned and "trusted" in each.statuses)
    job = hub.post(work.listed())
    cast.open("go")
    cast.await_all(traitors, lambda each: each.is_caught)
    assert all(reopened(hub, each) > 0 for each in traitors)

    stalling = cast.enter("stalling", network=3, most=4)
    cast.await_all([stalling], lambda each: bool(each.noted("stalls")))
    newcomers = [
        cast.enter("random", network=4, most=6),
        cast.enter("lazy", network=5, most=6),
        cast.enter("copying", network=6, most=6),
        cast.enter("colluding", network=7, most=6),
        cast.enter("colluding", network=8, most=6),
        cast.enter("malformed", network=9, most=6),
    ]
    sybil = cast.enter("many identities", network=10, most=6)
    dying = cast.enter("honest", network=11, dies_after=3)
    boasting = cast.enter("boasting", network=12, most=8)
    replaying = cast.enter("replaying", network=13, most=8)
    impostor = cast.enter("answering for others", network=14, most=12)
    cast.await_all(newcomers, lambda each: each.is_caught)
    cast.await_all([sybil], is_over)
    cast.await_all([dying], lambda each: each.is_dead)
    cast.await_all([replaying], has_replayed)
    cast.await_all([impostor], lambda each: bool(each.noted("refused")))
    assert [each["code"] for each in impostor.noted("refused")] == ["bad_token"]
    assert ledger.is_active(stalling.noted("lease")[0]["lease_id"]), "only its own may release it"
    assert hub.job(job["id"])["state"] == "running", "there is something left for the honest"

    honest = [cast.enter("honest", network=each) for each in (20, 21)]
    ledger.await_success(job["id"])
    ledger.await_success(first["id"])
    assert hub.rows(job["id"]) == work.list
    assert hub.rows(first["id"]) == earning.sums
    wait_until(lambda: not ledger.leased(), what="the end of all leases")
    assert_settled(hub, ledger, job["id"], rows=work.rows)
    assert_settled(hub, ledger, first["id"], rows=earning.rows)
    assert_caught(ledger, [*traitors, *newcomers, sybil])
    assert ledger.credit(sybil) == 0
    assert all(each.lies > 0 for each in [*traitors, *newcomers, sybil])
    assert_honoured(cast, ledger, [*honest, boasting, replaying, impostor])
    assert ledger.credit(dying) <= dying.true_rows
    assert replaying.receipts()["stored"] <= len(replaying.noted("said"))
    assert impostor.receipts()["refused"] == len(impostor.noted("forged"))


def test_with_two_replicas_liars_that_do_not_know_each_other_get_nothing_through(
    hub: AttackedHub, cast: Cast
) -> None:
    ledger, work, earning = Ledger(hub), work_of(100), work_of(140)
    first = hub.post(earning.summed())
    traitors = [
        cast.enter("turning bad", network=each, earns=10, gate="lie", most=12) for each in (31, 32)
    ]
    honest = [cast.enter("honest", network=each, earns=10, gate="work") for each in (33, 34, 35)]
    cast.await_all([*traitors, *honest], lambda each: each.has_earned)
    job = hub.post({**work.listed(), "trust": {"replicas": 2}})
    newcomers = [
        cast.enter("random", network=36, most=6),
        cast.enter("colluding", network=37, most=6),
        cast.enter("colluding", network=38, most=6),
        cast.enter("copying", network=39, most=6),
    ]
    cast.await_all(newcomers, lambda each: each.is_caught)
    cast.open("lie")
    cast.await_all(traitors, lambda each: each.lies >= 3)
    cast.open("work")
    ledger.await_success(job["id"])
    ledger.await_success(first["id"])
    assert hub.rows(job["id"]) == work.list
    assert hub.rows(first["id"]) == earning.sums
    cast.await_all(traitors, lambda each: each.is_caught)
    wait_until(lambda: not ledger.leased(), what="the end of all leases")
    assert_caught(ledger, [*traitors, *newcomers])
    assert_honoured(cast, ledger, honest)
    words = {each["volunteer"] for each in sub_jobs(hub, job["id"])}
    assert not words & {one for each in newcomers for one in each.volunteer_ids}


def test_several_jobs_end_well_where_many_die_in_the_middle(hub: AttackedHub, cast: Cast) -> None:
    ledger, work, stop = Ledger(hub), work_of(60), 100_000
    jobs = [
        hub.post(demo_jobs.collatz_document(stop=stop, rows=2_000)),
        hub.post(work.listed()),
        hub.post(work.summed()),
    ]
    dying = [
        cast.enter("random", network=41, dies_after=1),
        cast.enter("colluding", network=42, dies_after=1),
        cast.enter("turning bad", network=43, truths=3, dies_after=4),
        cast.enter("honest", network=44, dies_after=0),
        cast.enter("honest", network=45, dies_after=5),
        cast.enter("honest", network=46, dies_after=9),
    ]
    liars = [cast.enter("random", network=47, most=6), cast.enter("lazy", network=48, most=6)]
    cast.await_all(dying, lambda each: each.is_dead)
    cast.await_all(liars, lambda each: each.is_caught)
    honest = cast.enter("honest", network=49)
    with volunteering(hub.url):
        for each in jobs:
            ledger.await_success(each["id"])
    answers = [demo_jobs.collatz_answer(stop=stop), work.list, work.sums]
    assert [hub.rows(each["id"]) for each in jobs] == answers
    wait_until(lambda: not ledger.leased(), what="the end of all leases")
    for each, rows in zip(jobs, (stop - 1, work.rows, work.rows), strict=True):
        assert_settled(hub, ledger, each["id"], rows=rows)
    assert_caught(ledger, liars)
    assert_honoured(cast, ledger, [honest])
    for player in dying:
        assert 0 <= ledger.credit(player) <= player.true_rows
