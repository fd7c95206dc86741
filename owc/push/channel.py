"""News over Redis PUBLISH: short JSON objects with a topic. Nothing here is durable.

Topics: `work` {queue, sub_jobs, strategy} (so many entered a queue), `jobs` {job_ids} (these
changed), `revoke` {volunteer_id, lease_id, sub_job_ids, reason} (a lease, or part of it, is gone),
`arrived` {volunteer_id, process_id, socket} (a volunteer is connected there now). Who misses one
finds out by asking.
"""

from __future__ import annotations

import json
from typing import Any, Final

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from owc import telemetry
from owc.errors import QueueUnavailable

CHANNEL: Final = "owc:events"
TOPICS: Final = frozenset({"arrived", "jobs", "revoke", "standing", "work"})


class Push:
    """Publishes news, and gives out subscriptions to them."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection

    def publish(self, topic: str, payload: dict[str, Any] | None = None) -> None:
        """Tell every subscriber; a Redis that is away is logged, since news are only a nudge."""
        if topic not in TOPICS:
            raise ValueError(f"unknown topic {topic!r}")
        text = json.dumps({"topic": topic, **(payload or {})}, default=str)
        try:
            self._connection.publish(CHANNEL, text)
        except RedisError as error:
            telemetry.event("delivery_failed", what=f"publish {topic}", reason=str(error))

    def subscribe(self) -> Subscription:
        """A subscription of its own connection; to be used by one thread, and closed."""
        return Subscription(self._connection)

    def close(self) -> None:
        self._connection.close()


class Subscription:
    """News as they come; subscribes again by itself after Redis was away."""

    def __init__(self, connection: Redis) -> None:
        self._pubsub: PubSub = connection.pubsub(  # type: ignore[no-untyped-call]  # redis-py
            ignore_subscribe_messages=True
        )
        self._subscribed = False

    def next(self, timeout_seconds: float) -> dict[str, Any] | None:
        """The next piece of news, or None when none came in time.

        Raises QueueUnavailable while Redis is away; calling again reconnects.
        """
        try:
            if not self._subscribed:
                self._pubsub.subscribe(CHANNEL)
                self._subscribed = True
            message = self._pubsub.get_message(timeout=timeout_seconds)
        except (RedisError, OSError) as error:
            raise QueueUnavailable(f"The Redis-protocol server does not answer: {error}") from error
        if message is None or message["type"] != "message":
            return None
        news = json.loads(message["data"])
        return news if isinstance(news, dict) else None

    def close(self) -> None:
        self._pubsub.close()
