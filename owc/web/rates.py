"""How often one address, token or volunteer may do something; over it, 429 with Retry-After.

Windows live in this process's memory (`limits`): with several web processes each counts for itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


class RateExceededError(Exception):
    """Asked too often; `retry_seconds` until the window is over."""

    def __init__(self, rule: str, retry_seconds: int) -> None:
        super().__init__(f"Too many requests ({rule}): try again in {retry_seconds} s.")
        self.retry_seconds = retry_seconds


class RateLimits:
    """Counts uses of named rules, such as {"submit": "60/minute"}, by key."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self._rules: dict[str, RateLimitItem] = {name: parse(text) for name, text in rules.items()}
        self._windows = FixedWindowRateLimiter(MemoryStorage())

    def take(self, rule: str, key: str) -> None:
        """Count one use; raises RateExceededError when that was one too many."""
        item = self._rules[rule]
        if self._windows.hit(item, rule, key):
            return
        reset_time, _ = self._windows.get_window_stats(item, rule, key)
        raise RateExceededError(str(item), max(1, math.ceil(reset_time - time.time())))
