"""Whatever a document says, the compiler answers soon, in little memory, with words."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.compiling import check
from tests.fuzz.documents import document


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_no_document_makes_the_compiler_raise_or_spend(rng: Random) -> None:
    check(document(lambda below: rng.randrange(below) if below else 0))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_the_compiler_raise(raw: bytes) -> None:
    assert not check(raw).compiled
