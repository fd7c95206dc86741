"""Signed tokens: for one purpose, for one key, for a time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from owc.clock import ManualClock
from owc.web.tokens import Purpose, TokenRefusedError, TokenSigner


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2030, 1, 1, tzinfo=UTC))


@pytest.fixture
def signer(clock: ManualClock) -> TokenSigner:
    return TokenSigner(b"k" * 32, clock, session_seconds=3600)


def refusal(signer: TokenSigner, token: str, *purposes: Purpose) -> str:
    with pytest.raises(TokenRefusedError) as raised:
        signer.read(token, *purposes)
    return raised.value.code


def test_a_token_says_whom_it_was_made_for(signer: TokenSigner) -> None:
    claims = signer.read(signer.issue(Purpose.SESSION, "vol_1"), Purpose.FRAME, Purpose.SESSION)
    assert (claims.purpose, claims.subject) == (Purpose.SESSION, "vol_1")


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_of_one_purpose_does_not_pass_for_another(
    signer: TokenSigner, purpose: Purpose
) -> None:
    others = [other for other in Purpose if other is not purpose]
    assert refusal(signer, signer.issue(purpose, "x"), *others) == "bad_token"


@pytest.mark.parametrize("token", ["", "x", "a.b", "W10.x", "é", "\x00", "[]", "." * 1000])
def test_what_is_no_token_is_refused(signer: TokenSigner, token: str) -> None:
    assert refusal(signer, token, *Purpose) == "bad_token"


def test_a_token_of_another_hub_is_refused(signer: TokenSigner, clock: ManualClock) -> None:
    other = TokenSigner(b"o" * 32, clock, session_seconds=3600)
    assert refusal(signer, other.issue(Purpose.SESSION, "x"), Purpose.SESSION) == "bad_token"


def test_a_changed_token_is_refused(signer: TokenSigner) -> None:
    token = signer.issue(Purpose.SESSION, "vol_1")
    forged = ("B" if token[0] == "A" else "A") + token[1:]
    assert refusal(signer, forged, Purpose.SESSION) == "bad_token"


def test_a_session_ends_after_its_time(signer: TokenSigner, clock: ManualClock) -> None:
    token = signer.issue(Purpose.SESSION, "vol_1")
    clock.advance(3599)
    signer.read(token, Purpose.SESSION)
    clock.advance(2)
    assert refusal(signer, token, Purpose.SESSION) == "token_expired"
