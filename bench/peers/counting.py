"""The rate at which a count that somebody else raises grows to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

_POLL_SECONDS = 0.005


def rate_of(count: Callable[[], int], total: int, *, seconds: float) -> float:
    """Wait until `count()` is `total`; units a second from the first that was seen to the last.

    Raises TimeoutError.
    """
    deadline = time.monotonic() + seconds
    first: tuple[float, int] | None = None
    while time.monotonic() < deadline:
        found, now = count(), time.monotonic()
        if first is None and found > 0:
            first = (now, found)
        if first is not None and found >= total > first[1]:
            return (found - first[1]) / (now - first[0])
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"{count()} of {total} after {seconds} s")
