"""Opaque ids: a prefix that names the noun, then 20 random lowercase letters and digits."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

LENGTH = 20
_RANDOM_BYTES = 13  # 104 bits, of which base 32 shows 100 in 20 characters
PREFIXES = frozenset({"job", "sub", "lease", "vol", "task", "token", "web", "site"})

_noise: Callable[[int], bytes] = os.urandom


@contextmanager
def noise_from(source: Callable[[int], bytes]) -> Iterator[None]:
    """Make ids of that many bytes of this instead of the system's randomness, for rehearsals that
    are to be the same each time. For one thread: ids made like this can be guessed."""
    global _noise  # noqa: PLW0603 - ids are made everywhere, and nobody hands their noise around
    before, _noise = _noise, source
    try:
        yield
    finally:
        _noise = before


def new_id(prefix: str) -> str:
    """A new id such as `job_x3…`; 100 random bits."""
    return new_ids(prefix, 1)[0]


def new_ids(prefix: str, count: int) -> Sequence[str]:
    """Many at once: the system is asked for randomness only once."""
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}")
    noise = _noise(_RANDOM_BYTES * count)
    return [
        f"{prefix}_"
        + base64.b32encode(noise[start : start + _RANDOM_BYTES]).decode().lower()[:LENGTH]
        for start in range(0, len(noise), _RANDOM_BYTES)
    ]
