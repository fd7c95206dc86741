"""Rate limits: each key for itself, and a time to try again."""

from __future__ import annotations

import pytest

from owc.web.rates import RateExceededError, RateLimits


def test_one_too_many_is_refused_with_a_time_to_try_again() -> None:
    limits = RateLimits({"submit": "2/minute"})
    limits.take("submit", "ada")
    limits.take("submit", "ada")
    with pytest.raises(RateExceededError) as raised:
        limits.take("submit", "ada")
    assert 1 <= raised.value.retry_seconds <= 61


def test_keys_and_rules_are_counted_apart() -> None:
    limits = RateLimits({"submit": "1/minute", "upload": "1/minute"})
    limits.take("submit", "ada")
    limits.take("submit", "bob")
    limits.take("upload", "ada")
