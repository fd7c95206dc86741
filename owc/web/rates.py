"""How often one address, token or volunteer may do something; over it, 429 with Retry-After.

Windows (`limits`) live in Redis where several processes of a hub share one, else in this process's
memory. A Redis that does not answer stops nobody: for some seconds each process counts for itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from owc.queue import connect

_ALONE_SECONDS = 5.0
_PREFIX = "owc:rate"


class RateExceededError(Exception):
    """Asked too often; `retry_seconds` until the window is over."""

    def __init__(self, rule: str, retry_seconds: int) -> None:
        super().__init__(f"Too many requests ({rule}): try again in {retry_seconds} s.")
        self.retry_seconds = retry_seconds


class RateLimits:
    """Counts uses of named rules, such as {"submit": "60/minute"}, by key.

    `redis_url`: where those are counted that all processes share. Safe for several threads.
    """

    def __init__(self, rules: Mapping[str, str], *, redis_url: str | None = None) -> None:
        self._rules: dict[str, RateLimitItem] = {name: parse(text) for name, text in rules.items()}
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._shared = _shared_windows(redis_url) if redis_url is not None else None
        self._alone_until = 0.0

    def take(self, rule: str, key: str) -> None:
        """Count one use; raises RateExceededError when that was one too many."""
        item = self._rules[rule]
        for windows in self._windows():
            try:
                if windows.hit(item, rule, key):
                    return
                reset_time, _ = windows.get_window_stats(item, rule, key)
            except StorageError:
                self._alone_until = time.monotonic() + _ALONE_SECONDS
            else:
                raise RateExceededError(str(item), max(1, math.ceil(reset_time - time.time())))

    def _windows(self) -> Iterator[FixedWindowRateLimiter]:
        """Those to count in: the shared ones, then, if they do not answer, our own."""
        if self._shared is not None and time.monotonic() >= self._alone_until:
            yield self._shared
        yield self._own


def _shared_windows(redis_url: str) -> FixedWindowRateLimiter:
    storage = RedisStorage(
        redis_url,
        connection_pool=connect(redis_url).connection_pool,
        key_prefix=_PREFIX,
        wrap_exceptions=True,
    )
    return FixedWindowRateLimiter(storage)
