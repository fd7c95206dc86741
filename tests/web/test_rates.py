"""Rate limits: each key for itself, and a time to try again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from redis import Redis

from owc.queue import RedisServer, start_server
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


@pytest.mark.redis
def test_processes_that_share_a_redis_count_together(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as connection:
        connection.flushall()
    one, other = (RateLimits({"submit": "3/minute"}, redis_url=redis_server.url) for _ in range(2))
    one.take("submit", "ada")
    other.take("submit", "ada")
    one.take("submit", "ada")
    other.take("submit", "bob")
    with pytest.raises(RateExceededError) as raised:
        other.take("submit", "ada")
    assert 1 <= raised.value.retry_seconds <= 61


@pytest.mark.redis
def test_without_its_redis_each_process_counts_for_itself(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    limits = RateLimits({"submit": "2/minute"}, redis_url=server.url)
    limits.take("submit", "ada")
    server.stop()
    began = time.monotonic()
    limits.take("submit", "ada")
    limits.take("submit", "ada")
    assert time.monotonic() - began < 2, "it does not wait for a server that is away each time"
    with pytest.raises(RateExceededError):
        limits.take("submit", "ada")
