"""Connections to the Redis-protocol server: every time limit is said, none is left to a default.

redis-py's own defaults have changed between releases, and RQ raises the limit of a pool only for
connections not yet made: a worker that blocks on its queues needs a connection from
`connect_blocking`, all else a limit, so that a dead server is an error and not a hang.
"""

from __future__ import annotations

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 10.0


def connect(url: str) -> Redis:
    """A client for short commands; connects at the first one."""
    return _connect(url, TIMEOUT_SECONDS)


def connect_blocking(url: str) -> Redis:
    """A client for commands that wait, such as BLPOP."""
    return _connect(url, None)


def _connect(url: str, timeout_seconds: float | None) -> Redis:
    client: Redis = Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # one retry: the server may have been restarted since the pool's connection was made
        retry=Retry(NoBackoff(), 1),
    )
    return client
