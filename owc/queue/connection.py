"""Connections to the Redis-protocol server: every time limit is said, none is left to a default.

redis-py's own defaults have changed between releases, and RQ raises the limit of a pool only for
connections not yet made: a worker that blocks on its queues needs a connection from
`connect_blocking`, all else a limit, so that a dead server is an error and not a hang. Who waits
for news or tasks has nothing to send: the kernel (TCP) and PINGs find out that nobody is there.
"""

from __future__ import annotations

import socket
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 3.0


_CHECK_SECONDS = 10
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3}  # after 14 s it is lost


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
        health_check_interval=_CHECK_SECONDS,
        **_keepalive(url),
    )
    return client


def _keepalive(url: str) -> dict[str, Any]:
    if url.startswith("unix:"):
        return {}
    known = {
        getattr(socket, name): value for name, value in _KEEPALIVE.items() if hasattr(socket, name)
    }
    return {"socket_keepalive": True, "socket_keepalive_options": known}
