"""News between processes."""

from __future__ import annotations

import pytest
from redis import Redis

from owc.errors import QueueUnavailable
from owc.push import Push
from owc.queue import connect

pytestmark = pytest.mark.redis


def test_a_subscriber_hears_what_is_published(redis: Redis) -> None:
    push = Push(redis)
    subscription = push.subscribe()
    assert subscription.next(0.1) is None
    push.publish("revoke", {"volunteer_id": "vol_1", "lease_id": "lease_1"})
    push.publish("work")
    assert subscription.next(5) == {
        "topic": "revoke",
        "volunteer_id": "vol_1",
        "lease_id": "lease_1",
    }
    assert subscription.next(5) == {"topic": "work"}
    assert subscription.next(0.05) is None
    subscription.close()


def test_an_unknown_topic_is_our_mistake(redis: Redis) -> None:
    with pytest.raises(ValueError, match="topic"):
        Push(redis).publish("gossip")


def test_news_to_a_redis_that_is_away_are_lost_quietly(tmp_path) -> None:
    push = Push(connect(f"unix://{tmp_path}/none.sock"))
    push.publish("work")


def test_a_subscriber_of_a_redis_that_is_away_is_told_so(tmp_path) -> None:
    subscription = Push(connect(f"unix://{tmp_path}/none.sock")).subscribe()
    for _ in range(2):
        with pytest.raises(QueueUnavailable):
            subscription.next(0.01)
    subscription.close()
