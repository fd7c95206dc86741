"""Whatever a document says, the compiler answers soon, in little memory, with words."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import DocumentError, Limits, check_document
from tests.fuzz.compiling import check
from tests.fuzz.documents import document
from tests.jobspec import jobs

WITH_TEXTS = jobs.document(
    {"range": {"n": [0, 3]}},
    {"derive": {"s": "'" + "x" * 9_000 + "' || upper(CAST(n AS string))"}},
    {"aggregate": {"d": "count(DISTINCT s)"}},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_no_document_makes_the_compiler_raise_or_spend(rng: Random) -> None:
    check(document(lambda below: rng.randrange(below) if below else 0))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_the_compiler_raise(raw: bytes) -> None:
    assert not check(raw).compiled


def test_keys_that_a_join_repeats_are_counted_before_its_table_is_made() -> None:
    names = [f"n{number}" for number in range(250)]
    raw = jobs.document(
        {"range": {"n": [0, 3]}},
        {"derive": dict.fromkeys(names, "n")},
        {"join": {"table": "t", "on": dict.fromkeys(names, "k")}},
        shared={"t": {"rows": [{"k": number} for number in range(20_000)]}},
    )
    assert not check(raw).compiled


@pytest.mark.parametrize("memory_bytes", [0, 1, 4_096, 65_535])
def test_too_little_memory_for_the_texts_of_a_program_is_a_problem(memory_bytes: int) -> None:
    with pytest.raises(DocumentError) as raised:
        check_document(WITH_TEXTS, limits=Limits(memory_bytes=memory_bytes))
    assert [problem.code for problem in raised.value.problems] == ["program_too_large"]


def test_just_enough_memory_for_the_texts_of_a_program_is_enough() -> None:
    job = check_document(WITH_TEXTS, limits=Limits(memory_bytes=65_536))
    assert job.plan.requirement.memory_bytes == 65_536
